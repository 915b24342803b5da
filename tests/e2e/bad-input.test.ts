/** Whatever a client sends or a task does: a clear answer, and nothing else notices. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, run, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, getApp, settled } from "../harness/services.ts";

let cluster: TestCluster;
let folder: string;

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "keelson-bad-"));
  await createApp(cluster, { id: "/neighbour", cmd: "exec sleep 100000", cpus: 0.01, mem: 8 });
  await settled(cluster, "/neighbour");
}, 240_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(folder, { recursive: true });
});

const services = (): string => cluster.info.services.services;
const kernel = (): string => cluster.info.services.kernel;

/** Everything still answers, and the neighbour still runs. */
async function othersAreWell(): Promise<void> {
  expect((await ask(`${kernel()}/health`)).status).toBe(200);
  expect((await ask(`${services()}/ping`)).status).toBe(200);
  for (const { url } of cluster.info.agents) expect((await ask(`${url}/health`)).status).toBe(200);
  expect((await getApp(cluster, "/neighbour")).tasksRunning).toBe(1);
}

async function post(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
  return { status: answer.status, text: await answer.text() };
}

describe("bad requests", () => {
  it("malformed JSON is named at both APIs", async () => {
    const app = await post(`${services()}/v2/apps`, '{"id": "/x", ');
    expect(app.status).toBe(400);
    expect(JSON.parse(app.text)).toMatchObject({ message: "Invalid JSON" });
    const call = await post(`${kernel()}/api/v1/scheduler`, '{"type": ');
    expect(call.status).toBe(400);
    expect(call.text.length).toBeGreaterThan(5);
    await othersAreWell();
  });

  it("wrong types are answered with the path", async () => {
    const { status, text } = await post(
      `${services()}/v2/apps`,
      JSON.stringify({ id: "/x", cmd: 7, cpus: "many" }),
    );
    expect(status).toBe(422);
    expect(text).toContain("/cmd");
    expect(text).toContain("/cpus");
  });

  it("unknown ids are 404 with a sentence", async () => {
    const { status, body } = await ask(`${services()}/v2/apps/none`);
    expect(status).toBe(404);
    expect(body).toEqual({ message: "App '/none' does not exist" });
  });

  it.each([
    ["services", () => `${services()}/v2/apps`],
    ["kernel", () => `${kernel()}/api/v1/scheduler`],
  ])("a body of 100 MB is refused by %s while it arrives", async (_name, url) => {
    const status = await new Promise<number>((resolve, reject) => {
      const { hostname, port, pathname } = new URL(url());
      const socket = connect(Number(port), hostname);
      let answer = "";
      socket.on("data", (part) => {
        answer += String(part);
        const found = /^HTTP\/1\.1 (\d+)/.exec(answer);
        if (found === null) return;
        resolve(Number(found[1]));
        socket.destroy();
      });
      socket.on("error", () => (answer === "" ? reject(new Error("closed without an answer")) : undefined));
      const size = 100_000_000;
      socket.write(
        `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
      );
      const block = Buffer.alloc(65_536, 0x20);
      let sent = 0;
      const push = (): void => {
        while (sent < size && !socket.destroyed) {
          sent += block.length;
          if (!socket.write(block)) return void socket.once("drain", push);
        }
      };
      push();
    });
    expect(status).toBe(413);
    await othersAreWell();
  });

  it("a client that sends one byte a second does not keep others from being served, and is let go", async () => {
    const { hostname, port } = new URL(services());
    const slow: Socket[] = Array.from({ length: 50 }, () => connect(Number(port), hostname));
    for (const socket of slow) {
      socket.on("error", () => undefined);
      socket.write("POST /v2/apps HTTP/1.1\r\nHo");
    }
    await othersAreWell();
    for (const socket of slow) socket.destroy();
  });

  it("readers that never read are bounded, and others hear everything", async () => {
    const { hostname, port } = new URL(services());
    const deaf = Array.from({ length: 20 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => undefined);
      socket.pause();
      socket.write(
        `GET /v2/events HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept: text/event-stream\r\n\r\n`,
      );
      return socket;
    });
    for (let index = 0; index < 30; index += 1) {
      await createApp(cluster, { id: `/noise-${index}`, cmd: "sleep 1", instances: 0 });
    }
    await othersAreWell();
    for (const socket of deaf) socket.destroy();
    for (let index = 0; index < 30; index += 1)
      await ask(`${services()}/v2/apps/noise-${index}`, { method: "DELETE" });
  });

  it("a page of another origin and a rebound Host are refused on every port", async () => {
    for (const url of [
      `${kernel()}/state`,
      `${services()}/v2/apps`,
      ...cluster.info.agents.map((agent) => `${agent.url}/state`),
    ]) {
      const foreign = await fetch(url, { headers: { origin: "https://evil.example" } });
      expect({ url, status: foreign.status }).toEqual({ url, status: 403 });
      const { hostname, port, pathname } = new URL(url);
      const rebound = await run("/bin/bash", [
        "-c",
        `exec 3<>/dev/tcp/${hostname}/${port}; printf 'GET ${pathname} HTTP/1.1\\r\\nHost: evil.example\\r\\nConnection: close\\r\\n\\r\\n' >&3; head -1 <&3`,
      ]);
      expect({ url, answer: rebound.stdout.trim() }).toMatchObject({
        url,
        answer: expect.stringMatching(/^HTTP\/1\.1 421/),
      });
    }
  });

  it("a LIKE constraint that would explode in other engines is answered at once", async () => {
    const started = performance.now();
    const { status } = await ask(`${services()}/v2/apps`, {
      method: "POST",
      body: {
        id: "/regex",
        cmd: "sleep 1",
        cpus: 0.01,
        mem: 8,
        constraints: [["hostname", "LIKE", "(a+)+$"]],
      },
    });
    expect(status).toBe(201);
    await eventually("it waits for its constraint", async () => {
      const { body } = await ask(`${services()}/v2/queue`);
      return JSON.stringify(body).includes("UnfulfilledConstraint");
    });
    expect(performance.now() - started).toBeLessThan(60_000);
    await ask(`${services()}/v2/apps/regex`, { method: "DELETE" });
    await othersAreWell();
  });

  it("keys like __proto__ are data", async () => {
    const { status } = await post(
      `${services()}/v2/apps`,
      '{"id":"/proto","cmd":"sleep 1","instances":0,"labels":{"__proto__":"x","constructor":"y"},"env":{"toString":"z"}}',
    );
    expect(status).toBe(201);
    expect(((await getApp(cluster, "/proto")) as unknown as { labels: object }).labels).toHaveProperty(
      "constructor",
      "y",
    );
    await ask(`${services()}/v2/apps/proto`, { method: "DELETE" });
  });

  it("JSON a hundred thousand levels deep is refused", async () => {
    const { status } = await post(`${services()}/v2/apps`, `${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    expect([400, 422]).toContain(status);
    await othersAreWell();
  });
});

describe("bad tasks", () => {
  it("a service larger than the cluster waits and says why; others go on", async () => {
    await createApp(cluster, { id: "/larger", cmd: "sleep 1", cpus: 100_000, mem: 8 });
    await eventually("the shortage is counted", async () => {
      const { body } = await ask(`${services()}/v2/queue`);
      return JSON.stringify(body).includes('"InsufficientCpus"');
    });
    await ask(`${services()}/v2/apps/larger`, { method: "DELETE" });
    await othersAreWell();
  });

  it("a task that logs 1 GB fills no more than its rotation allows", async () => {
    await createApp(cluster, {
      id: "/flood",
      cmd: "head -c 1000000000 /dev/zero | tr '\\0' 'x'; echo; echo the end; exec sleep 100000",
      cpus: 0.1,
      mem: 64,
    });
    const app = await settled(cluster, "/flood");
    const task = app.tasks[0]?.id ?? "";
    await eventually(
      "the end is written",
      async () => (await cluster.cli("task", "log", task, "-n", "1")).stdout.includes("the end"),
      240_000,
    );
    const listing = JSON.parse((await cluster.cli("task", "ls", task, "--json")).stdout) as readonly {
      readonly size: number;
    }[];
    expect(listing.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(100_000_000);
    await ask(`${services()}/v2/apps/flood`, { method: "DELETE" });
    await othersAreWell();
  }, 400_000);

  it("an archive with ../ fails its task with a message and writes nothing outside", async () => {
    const victim = join(folder, "escaped");
    writeFileSync(join(folder, "payload"), "out");
    const made = await run("tar", [
      "-cf",
      join(folder, "evil.tar"),
      "-P",
      `--transform=s|.*payload|../../../../../../../../../../..${victim}|`,
      join(folder, "payload"),
    ]);
    expect(made.code).toBe(0);
    const server: Server = createServer((_request, response) => {
      void import("node:fs").then(({ createReadStream }) =>
        createReadStream(join(folder, "evil.tar")).pipe(response),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await createApp(cluster, {
      id: "/archive",
      cmd: "sleep 1000",
      cpus: 0.01,
      mem: 8,
      fetch: [{ uri: `http://127.0.0.1:${port}/evil.tar`, extract: true }],
    });
    const failure = await eventually(
      "the failure is told",
      async () => (await getApp(cluster, "/archive")).lastTaskFailure,
    );
    expect(failure.message).toContain("..");
    expect((await run("test", ["-e", victim])).code).toBe(1);
    await ask(`${services()}/v2/apps/archive`, { method: "DELETE" });
    await new Promise((resolve) => server.close(resolve));
    await othersAreWell();
  });
});
