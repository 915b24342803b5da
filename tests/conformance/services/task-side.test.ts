/** What a task finds around it when it starts: files that were fetched, secrets, and how far it may go. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { createApp, settled } from "../../harness/services.ts";

let cluster: TestCluster;
let files: FileServer;
beforeAll(async () => {
  files = await FileServer.start();
  cluster = await startCluster({ agents: 1 });
}, 240_000);
afterAll(async () => {
  await cluster.purge();
  await files.close();
});

const small = { cpus: 0.01, mem: 8 };
type Json = { readonly [name: string]: unknown };

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const answer = await ask(`${cluster.info.services.services}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, body: answer.body as Json };
}

/** Serves a folder, and counts what is asked for. */
class FileServer {
  readonly dir = mkdtempSync(join(tmpdir(), "keelson-files-"));
  readonly asked: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url ?? "";
      this.asked.push(path);
      const body = readFileSync(join(this.dir, path));
      response.writeHead(200, { "content-length": body.length }).end(body);
    });
  }

  static async start(): Promise<FileServer> {
    const server = new FileServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  uri(name: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${name}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What every instance of an app wrote, once each wrote its last line. */
async function outputsOf(id: string): Promise<readonly string[]> {
  const { tasks } = await settled(cluster, id);
  return Promise.all(
    tasks.map((task) =>
      eventually(`${task.id} wrote all`, async () => {
        const { stdout } = await cluster.cli("task", "log", task.id, "-n", "1000");
        return stdout.includes("the end") && stdout;
      }),
    ),
  );
}

describe("fetching", () => {
  it("marathon.md§24#66 files are unpacked, made executable, shared and put where they are wished", async () => {
    mkdirSync(join(files.dir, "site"));
    writeFileSync(join(files.dir, "site/page.txt"), "unpacked page\n");
    for (const name of ["site.tar.gz", "kept.tar.gz", "older.tgz"])
      execFileSync("tar", ["-czf", join(files.dir, name), "-C", join(files.dir, "site"), "page.txt"]);
    writeFileSync(join(files.dir, "plain.txt"), "plain text\n");
    writeFileSync(join(files.dir, "tool"), '#!/bin/sh\necho "tool says $1"\n');
    writeFileSync(join(files.dir, "shared.txt"), "shared text\n");
    const fetch = [
      { uri: files.uri("site.tar.gz") },
      { uri: files.uri("kept.tar.gz"), extract: false },
      { uri: files.uri("plain.txt"), destPath: "deep/down/name.txt" },
      { uri: files.uri("tool"), executable: true },
      { uri: files.uri("shared.txt"), cache: true },
    ];
    const cmd =
      "cat page.txt deep/down/name.txt shared.txt; tar -tzf kept.tar.gz; test -x plain.txt -o -x deep/down/name.txt || echo not executable; ./tool hello; echo the end; exec sleep 100000";
    await createApp(cluster, { id: "/fetching", cmd, fetch, ...small, instances: 2 });
    const outputs = await outputsOf("/fetching");
    expect(outputs).toHaveLength(2);
    for (const output of outputs)
      expect(output.trim().split("\n")).toEqual([
        "unpacked page",
        "plain text",
        "shared text",
        "page.txt",
        "not executable",
        "tool says hello",
        "the end",
      ]);
    const times = (name: string): number => files.asked.filter((path) => path === `/${name}`).length;
    expect({ shared: times("shared.txt"), tool: times("tool") }).toEqual({ shared: 1, tool: 2 });
    const app = (await call("GET", "/v2/apps/fetching")).body["app"] as Json;
    expect(app["fetch"]).toEqual(
      fetch.map((file) => ({ extract: true, executable: false, cache: false, ...file })),
    );

    // The older spelling unpacks by its suffix.
    const uris = [files.uri("older.tgz"), files.uri("plain.txt")];
    await createApp(cluster, {
      id: "/older",
      cmd: "cat page.txt plain.txt; echo the end; exec sleep 100000",
      uris,
      ...small,
    });
    expect((await outputsOf("/older"))[0]).toBe("unpacked page\nplain text\nthe end\n");
    for (const id of ["/fetching", "/older"]) await call("DELETE", `/v2/apps${id}`);
  }, 240_000);

  it("a file that is not there fails the launch and says which", async () => {
    const uri = "http://127.0.0.1:1/nothing.tgz";
    await createApp(cluster, { id: "/missing", cmd: "sleep 1", fetch: [{ uri }], ...small });
    const failure = await eventually("it failed", async () => {
      const app = (await call("GET", "/v2/apps/missing")).body["app"] as Json;
      return app["lastTaskFailure"] as Json | undefined;
    });
    expect(failure["message"]).toContain(uri);
    await call("DELETE", "/v2/apps/missing");
  });
});

describe.runIf(process.getuid?.() === 0)("folders of the machine", () => {
  it("are an app's without an image, to write to or to read only", async () => {
    const ours = mkdtempSync(join(tmpdir(), "keelson-ours-"));
    try {
      chmodSync(ours, 0o777);
      writeFileSync(join(ours, "note"), "of the machine\n");
      const look = (open: string, fixed: string): string =>
        `cat ${fixed}/note; touch ${fixed}/no 2>/dev/null || echo fixed; touch ${open}/$MARATHON_APP_RESOURCE_CPUS; echo the end; exec sleep 1000`;
      await createApp(cluster, {
        id: "/with-ours",
        cmd: look("open", "fixed"),
        ...small,
        container: {
          type: "MESOS",
          volumes: [
            { containerPath: "open", hostPath: ours, mode: "RW" },
            { containerPath: "fixed", hostPath: ours, mode: "RO" },
          ],
        },
      });
      const [output] = await outputsOf("/with-ours");
      expect(output).toBe("of the machine\nfixed\nthe end\n");
      expect(readdirSync(ours).sort()).toEqual(["0.01", "note"]);
    } finally {
      rmSync(ours, { recursive: true, force: true });
    }
  });
});

describe("limits", () => {
  interface State {
    readonly frameworks: readonly { readonly tasks: readonly (Json & { readonly state: string })[] }[];
  }
  const runningTask = (name: string): Promise<Json> =>
    eventually(`${name} runs`, async () => {
      const { body } = await ask(`${cluster.info.services.kernel}/state`);
      const tasks = (body as State).frameworks.flatMap(({ tasks: all }) => all);
      return tasks.find((task) => task["name"] === name && task.state === "TASK_RUNNING");
    });

  it("marathon.md§24#106 an instance may go beyond its share, as far as it says", async () => {
    const limits = { cpus: 0.5, mem: "unlimited" };
    const refused = await call("POST", "/v2/apps", {
      id: "/limited",
      cmd: "sleep 1",
      cpus: 1,
      mem: 64,
      resourceLimits: { cpus: 0.5, mem: 32 },
    });
    expect(refused.status).toBe(422);
    const { details } = refused.body as { readonly details: readonly { readonly path: string }[] };
    expect(details.map(({ path }) => path).sort()).toEqual(["/resourceLimits/cpus", "/resourceLimits/mem"]);

    await createApp(cluster, {
      id: "/limited",
      cmd: "exec sleep 100000",
      cpus: 0.1,
      mem: 16,
      resourceLimits: limits,
    });
    expect(await runningTask("limited")).toMatchObject({
      resources: { cpus: 0.1, mem: 16 },
      limits: { cpus: 0.5, mem: "Infinity" },
    });
    const { app } = (await call("GET", "/v2/apps/limited")).body as { readonly app: Json };
    expect(app["resourceLimits"]).toEqual(limits);
    // A change of something else keeps them.
    await call("PATCH", "/v2/apps/limited", { mem: 17 });
    expect((await settled(cluster, "/limited")) as unknown as Json).toMatchObject({ resourceLimits: limits });
    expect(await runningTask("limited")).toMatchObject({ limits: { cpus: 0.5, mem: "Infinity" } });

    const pod = {
      id: "/limited-pod",
      containers: [
        {
          name: "one",
          exec: { command: { shell: "exec sleep 100000" } },
          resources: { cpus: 0.1, mem: 16 },
          resourceLimits: { mem: 48 },
        },
      ],
    };
    const [container] = pod.containers;
    const low = { ...pod, containers: [{ ...container, resourceLimits: { mem: 8 } }] };
    expect((await call("POST", "/v2/pods", low)).status).toBe(422);
    expect((await call("POST", "/v2/pods", pod)).status).toBe(201);
    expect(await runningTask("one")).toMatchObject({ limits: { mem: 48 } });
    await call("DELETE", "/v2/apps/limited");
    await call("DELETE", "/v2/pods/limited-pod");
  }, 240_000);
});

describe("secrets", () => {
  const value = "a-secret-that-stands-nowhere-else";
  const digest = createHash("sha256").update(value).digest("hex");
  const hashes =
    'printf %s "$KEY" | sha256sum | cut -c1-64; sha256sum < below/key | cut -c1-64; stat -L -c %a below/key; echo the end; exec sleep 100000';

  beforeAll(async () => {
    for (const path of ["dev/key", "free", "solo/key"])
      expect(await cluster.cli("secret", "create", path, "--value", value)).toMatchObject({ code: 0 });
  });

  it("marathon.md§24#98 platform.md§15.7#S2 are a variable and a file of the task, and stand in no answer", async () => {
    const definition = {
      id: "/dev/web",
      cmd: hashes,
      ...small,
      env: { KEY: { secret: "key" }, PLAIN: "plain" },
      secrets: { key: { source: "dev/key" } },
      container: { type: "MESOS", volumes: [{ containerPath: "below/key", secret: "key" }] },
    };
    const { secrets: _secrets, ...undeclared } = definition;
    const refused = await call("POST", "/v2/apps", undeclared);
    expect(refused.status).toBe(422);
    const { details } = refused.body as { readonly details: readonly { readonly path: string }[] };
    expect(details.map(({ path }) => path).sort()).toEqual(["/container/volumes(0)/secret", "/env/KEY"]);

    await createApp(cluster, definition);
    expect(await outputsOf("/dev/web")).toEqual([`${digest}\n${digest}\n600\nthe end\n`]);
    const { app } = (await call("GET", "/v2/apps/dev/web")).body as { readonly app: Json };
    const { env, secrets, container } = definition;
    expect(app).toMatchObject({ env, secrets, container });

    const pod = {
      id: "/dev/pod",
      environment: { KEY: { secret: "key" } },
      secrets: { key: { source: "/dev/key" } },
      volumes: [{ name: "file", secret: "key" }],
      containers: [
        {
          name: "one",
          exec: { command: { shell: hashes } },
          resources: { cpus: 0.01, mem: 16 },
          volumeMounts: [{ name: "file", mountPath: "below/key", readOnly: true }],
        },
      ],
    };
    expect((await call("POST", "/v2/pods", pod)).status).toBe(201);
    await eventually("the pod wrote the same", async () => {
      const { stdout } = await cluster.cli("logs", "/dev/pod", "-c", "one", "-n", "100");
      return stdout.includes("the end") && stdout.split(digest).length === 3;
    });

    const { kernel, services } = cluster.info.services;
    const agent = cluster.info.agents[0]?.url;
    for (const url of [
      `${services}/v2/apps/dev/web`,
      `${services}/v2/pods/dev/pod::status`,
      `${services}/v2/groups?embed=group.apps&embed=group.apps.tasks`,
      `${services}/v2/queue`,
      `${services}/keelson/v1/instances`,
      `${kernel}/state`,
      `${kernel}/tasks`,
      `${agent}/state`,
      `${agent}/containers`,
    ]) {
      const { status, body } = await ask(url);
      expect({ url, status }).toEqual({ url, status: 200 });
      expectNowhere(url, JSON.stringify(body));
    }
    for (const file of filesBelow(cluster.dataDir)) expectNowhere(file, readFileSync(file));
    for (const path of ["/v2/apps/dev/web", "/v2/pods/dev/pod"]) await call("DELETE", `${path}?force=true`);
  }, 240_000);

  it("platform.md§15.7#S3 are for services below their folder; one that is not there, or not for it, fails the launch", async () => {
    const launched = async (id: string, source: string): Promise<string> => {
      await createApp(cluster, {
        id,
        cmd: 'test "$KEY" = "" || echo has it; echo the end; exec sleep 100000',
        ...small,
        env: { KEY: { secret: "key" } },
        secrets: { key: { source } },
      });
      const told = await eventually(`${id} is launched or refused`, async () => {
        const { app } = (await call("GET", `/v2/apps${id}`)).body as {
          readonly app: Json & { readonly tasksRunning: number };
        };
        const failure = app["lastTaskFailure"] as Json | undefined;
        return app.tasksRunning === 1 ? "runs" : (failure?.["message"] as string | undefined);
      });
      if (told === "runs") expect((await outputsOf(id))[0]).toContain("has it");
      await call("DELETE", `/v2/apps${id}?force=true`);
      return told;
    };
    expect(await launched("/dev/deep/web", "dev/key")).toBe("runs");
    expect(await launched("/solo", "solo/key")).toBe("runs");
    expect(await launched("/anywhere", "free")).toBe("runs");
    expect(await launched("/other/x", "dev/key")).toContain("the secret dev/key is not for /other/x");
    expect(await launched("/dev/missing", "dev/none")).toContain("keelson secret create dev/none");
    // What was deleted is asked for again with each launch.
    expect(await cluster.cli("secret", "update", "free", "--value", "other")).toMatchObject({ code: 0 });
    expect((await cluster.cli("secret", "get", "free")).stdout).toBe("other\n");
    expect((await cluster.cli("secret", "list")).stdout).toContain("dev/key");
    expect(await cluster.cli("secret", "delete", "free", "--yes")).toMatchObject({ code: 0 });
    expect((await cluster.cli("secret", "get", "free")).code).not.toBe(0);
    expect(await launched("/anywhere", "free")).toContain("keelson secret create free");
  }, 240_000);

  function expectNowhere(where: string, content: string | Buffer): void {
    for (const form of [value, Buffer.from(value).toString("base64")])
      expect({ where, has: content.includes(form) }).toEqual({ where, has: false });
  }
});

/** What a running task holds in memory alone is no file of the cluster. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
