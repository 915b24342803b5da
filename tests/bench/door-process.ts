/**
 * What the benchmark of the door runs in processes of their own, by its first argument: `backend` answers with as many
 * bytes as its path says, `door` is the door with its identity service before it. Each says where it is in one line.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "#foundation/telemetry/index.ts";
import { start as startDoor } from "#platform/admin-router/main.ts";
import { start as startIam } from "#platform/iam/main.ts";

const host = "127.0.0.1";
const [, , part, backendUrl = ""] = process.argv;
const password = "a long enough password";

if (part === "backend") backend();
else await door();
for (const signal of ["disconnect", "SIGTERM"]) process.once(signal, () => process.exit(0));

function backend(): void {
  const bodies = new Map<number, Buffer>();
  const server = createServer((request, response) => {
    const bytes = Number(/(\d+)$/.exec(request.url ?? "")?.[1] ?? 0);
    const body = bodies.get(bytes) ?? Buffer.alloc(bytes, "x");
    bodies.set(bytes, body);
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes });
    response.end(body);
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, host, () =>
    process.send?.({ url: `http://${host}:${(server.address() as AddressInfo).port}` }),
  );
}

async function door(): Promise<void> {
  const doorSecret = "a secret of the benchmark";
  const shared = { host, port: 0, doorSecret, log: silentLogger };
  const dataDir = mkdtempSync(join(tmpdir(), "keelson-bench-iam-"));
  process.once("exit", () => rmSync(dataDir, { recursive: true, force: true }));
  const iam = await startIam({ ...shared, dataDir });
  const running = await startDoor({
    ...shared,
    token: "the-clusters-own",
    upstreams: {
      kernel: backendUrl,
      services: backendUrl,
      jobs: backendUrl,
      iam: iam.info.url,
      secrets: backendUrl,
    },
  });
  const call = async (method: string, path: string, body: object, authorization = ""): Promise<unknown> => {
    const answer = await fetch(`${running.info.url}/acs/api/v1${path}`, {
      method,
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify(body),
    });
    return answer.status === 200 ? answer.json() : undefined;
  };
  await call("PUT", "/users/bench", { password }, "token=the-clusters-own");
  const { token } = (await call("POST", "/auth/login", { uid: "bench", password })) as {
    readonly token: string;
  };
  process.send?.({ url: running.info.url, token });
}
