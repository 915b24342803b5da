/** Rows 49 to 53 and 60 of the Mesos checklist, on a real master, a real agent and real processes. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { detectCgroups } from "#kernel/containerizer/index.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

const isRoot = process.getuid?.() === 0;
const limitsMemory = isRoot && detectCgroups() !== undefined;

let world: KernelWorld;
let scheduler: Scheduler;
beforeAll(async () => {
  world = await KernelWorld.start();
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
});
afterAll(() => world.close());

interface AgentState {
  readonly frameworks: readonly Framework[];
  readonly completed_frameworks: readonly Framework[];
}
interface Framework {
  readonly executors: readonly { readonly id: string; readonly directory: string }[];
  readonly completed_executors: readonly { readonly id: string; readonly directory: string }[];
}

async function sandboxOf(task: string): Promise<string> {
  const state = (await world.get("/state")).json() as AgentState;
  const all = [...state.frameworks, ...state.completed_frameworks].flatMap((framework) => [
    ...framework.executors,
    ...framework.completed_executors,
  ]);
  const found = all.find(({ id }) => id === task);
  if (found === undefined) throw new Error(`${task} is not in the agent's state`);
  return found.directory;
}

/** Runs to the end; what it printed. */
async function outputOf(command: object): Promise<string> {
  const task = await scheduler.launch(command);
  const { state, message } = await scheduler.ended(task);
  expect(state, message).toBe("TASK_FINISHED");
  return readFileSync(join(await sandboxOf(task), "stdout"), "utf8");
}

describe("command tasks", { timeout: 120_000 }, () => {
  const environment = { variables: [{ name: "WORD", value: "hello" }] };

  it("mesos.md§8#49 variables expand in shell mode only, and argv[0] is what was given", async () => {
    expect(await outputOf({ shell: true, value: "echo $WORD", environment })).toBe("hello\n");
    const argv = ["echo", "$WORD"];
    expect(await outputOf({ shell: false, value: "/bin/echo", arguments: argv, environment })).toBe(
      "$WORD\n",
    );
    const named = ["another-name", "-c", "echo $0"];
    expect(await outputOf({ shell: false, value: "/bin/sh", arguments: named })).toBe("another-name\n");
  });

  it("mesos.md§8#50 a task sees the agent's variables, and the user's win", async () => {
    const variables = [{ name: "MESOS_SANDBOX", value: "mine" }];
    const text = await outputOf({ shell: true, value: "env", environment: { variables } });
    const seen = new Map(
      text.split("\n").map((line) => [line.split("=", 1)[0] ?? "", line.slice(line.indexOf("=") + 1)]),
    );
    expect(seen.get("MESOS_SANDBOX")).toBe("mine");
    expect(seen.get("MESOS_FRAMEWORK_ID")).toBe(scheduler.frameworkId);
    expect(seen.get("MESOS_CHECKPOINT")).toBe("1");
    expect(seen.get("MESOS_ALLOCATION_ROLE")).toBe("*");
    expect(seen.get("MESOS_AGENT_ENDPOINT")).toBe(new URL(world.agentUrl).host);
    expect(seen.get("MESOS_SLAVE_PID")).toBe(`slave(1)@${new URL(world.agentUrl).host}`);
    for (const name of [
      "MESOS_EXECUTOR_ID",
      "MESOS_DIRECTORY",
      "MESOS_SLAVE_ID",
      "MESOS_HTTP_COMMAND_EXECUTOR",
      "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD",
      "MESOS_RECOVERY_TIMEOUT",
      "MESOS_SUBSCRIPTION_BACKOFF_MAX",
      "LIBPROCESS_IP",
      "LIBPROCESS_PORT",
    ])
      expect(seen.has(name), name).toBe(true);
    expect(seen.has("HOME") && seen.get("HOME") === process.env["HOME"], "nothing of the agent's own").toBe(
      false,
    );
  });

  it("mesos.md§8#51 a task runs as its user in a sandbox of its own, or says why it cannot", async () => {
    const whoami = { shell: true, value: "id -un; stat -c '%U %a' ." };
    const own = isRoot ? "nobody" : userInfo().username;
    expect(await outputOf(whoami)).toBe(`${own}\n${own} 750\n`);
    if (isRoot) {
      expect(await outputOf({ ...whoami, user: "daemon" })).toBe("daemon\ndaemon 750\n");
      return;
    }
    const task = await scheduler.launch({ ...whoami, user: "daemon" });
    expect(await scheduler.ended(task)).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: expect.stringContaining("daemon"),
    });
  });

  it.skipIf(!limitsMemory)(
    "mesos.md§8#60 a task over its memory FAILED with CONTAINER_LIMITATION_MEMORY, its neighbour lives",
    async () => {
      const neighbour = await scheduler.shell("sleep 1000");
      await scheduler.status(neighbour, "TASK_RUNNING");
      const task = await scheduler.shell("x=$(head -c 200000000 /dev/zero | tr '\\0' x); sleep 1000");
      const end = await scheduler.ended(task);
      expect(end).toMatchObject({
        state: "TASK_FAILED",
        source: "SOURCE_AGENT",
        reason: "REASON_CONTAINER_LIMITATION_MEMORY",
        limitation: { resources: [{ name: "mem", type: "SCALAR" }] },
      });
      // What it used: more than its own, of what it and its executor's share were held to.
      const usedMib = end.limitation?.resources?.[0]?.scalar?.value ?? 0;
      expect(usedMib).toBeGreaterThan(32);
      expect(usedMib).toBeLessThanOrEqual(64);
      expect(scheduler.statuses(neighbour).map(({ state }) => state)).not.toContain("TASK_FAILED");
      await scheduler.kill(neighbour);
      await scheduler.ended(neighbour);
    },
  );
});

describe("the fetcher", { timeout: 120_000 }, () => {
  let server: Server;
  let base: string;
  const requests: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), "keelson-fetch-"));
  beforeAll(async () => {
    mkdirSync(join(folder, "in"));
    writeFileSync(join(folder, "in", "inside.txt"), "from the archive\n");
    execFileSync("tar", ["-czf", join(folder, "pack.tar.gz"), "-C", join(folder, "in"), "inside.txt"]);
    writeFileSync(join(folder, "run.sh"), "#!/bin/sh\necho executed\n");
    writeFileSync(join(folder, "plain.txt"), "plain\n");
    server = createServer((request, response) => {
      const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
      requests.push(`${pathname}${search}`);
      try {
        response.end(readFileSync(join(folder, pathname.slice(1))));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("mesos.md§8#52 files, archives, executables and names come into the sandbox, what is shared once; a failure is told", async () => {
    const uris = [
      { value: `${base}/plain.txt`, output_file: "sub/renamed.txt" },
      { value: `${base}/pack.tar.gz` },
      { value: `${base}/run.sh`, executable: true },
    ];
    const output = await outputOf({
      shell: true,
      value: "cat sub/renamed.txt inside.txt; ./run.sh; ls pack.tar.gz",
      uris,
    });
    expect(output).toBe("plain\nfrom the archive\nexecuted\npack.tar.gz\n");
    const shared = { value: `${base}/pack.tar.gz?shared`, output_file: "pack.tar.gz", cache: true };
    const asked = (): number => requests.filter((url) => url.endsWith("?shared")).length;
    const both = ["cat inside.txt; ls", "cat inside.txt"].map((value) =>
      outputOf({ shell: true, value, uris: [shared] }),
    );
    // An archive that is shared leaves only what was in it.
    expect((await both[0])?.split("\n")).toEqual(["from the archive", "inside.txt", "stderr", "stdout", ""]);
    expect(await both[1]).toBe("from the archive\n");
    expect(await outputOf({ shell: true, value: "cat inside.txt", uris: [shared] })).toBe(
      "from the archive\n",
    );
    expect(asked()).toBe(1);
    const metrics = (await world.get("/metrics/snapshot")).json() as Readonly<Record<string, number>>;
    expect(metrics["containerizer/fetcher/cache_size_used_bytes"]).toBeGreaterThan(0);
    expect(metrics["containerizer/fetcher/task_fetches_succeeded"]).toBeGreaterThanOrEqual(4);
    const task = await scheduler.launch({ shell: true, value: "true", uris: [{ value: `${base}/missing` }] });
    expect(await scheduler.ended(task)).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: expect.stringContaining("404"),
    });
  });
});

describe("files of a sandbox", { timeout: 120_000 }, () => {
  let sandbox: string;
  let latest: string;
  const ask = (route: string, path: string, more = "") =>
    world.get(`/files/${route}?path=${encodeURIComponent(path)}${more}`);

  beforeAll(async () => {
    const task = await scheduler.shell(
      "printf 'héllo' > small; head -c 200000 /dev/zero | tr '\\0' x > large; mkfifo pipe; mkdir folder; " +
        "ln -s /etc/passwd leak; ln -s /etc outside; ln -s small inner",
    );
    expect((await scheduler.ended(task)).state).toBe("TASK_FINISHED");
    sandbox = await sandboxOf(task);
    latest = `/frameworks/${scheduler.frameworkId}/executors/${task}/runs/latest`;
  });

  it("mesos.md§8#53 can be browsed, read in parts of 64 KiB at most, and downloaded, by each of their names", async () => {
    for (const root of [sandbox, latest, join(sandbox, "../latest")]) {
      const listed = (await ask("browse", root)).json() as readonly {
        path: string;
        mode: string;
        size: number;
      }[];
      const small = listed.find(({ path }) => path === `${root}/small`);
      expect(small).toMatchObject({ size: 6, nlink: 1, mode: expect.stringMatching(/^-rw/) });
      expect((await ask("read", `${root}/small`, "&offset=0")).json()).toEqual({ data: "héllo", offset: 0 });
      expect((await ask("download", `${root}/small`)).body.toString()).toBe("héllo");
    }
    expect((await ask("read", `${latest}/large`, "&offset=-1")).json()).toEqual({
      data: "",
      offset: 200_000,
    });
    expect((await ask("read", `${latest}/large`)).json()).toEqual({ data: "", offset: 200_000 });
    const part = (await ask("read", `${latest}/large`, "&offset=100&length=150000")).json() as {
      data: string;
    };
    expect(part.data).toHaveLength(65_536);
    expect((await ask("read", `${latest}/large`, "&offset=300000")).json()).toEqual({
      data: "",
      offset: 300_000,
    });
    const debug = (await world.get("/files/debug")).json() as Readonly<Record<string, string>>;
    expect(debug[latest]).toBe(sandbox);
    expect((await ask("read", `${latest}/inner`, "&offset=0")).json()).toEqual({ data: "héllo", offset: 0 });
  });

  it.each([
    ["read", "&offset=-2", 400],
    ["read", "&offset=x", 400],
    ["read", "&length=-5&offset=0", 400],
  ])("%s with %s is a bad request", async (route, more, status) => {
    expect((await ask(route, `${latest}/small`, more)).status).toBe(status);
  });

  it.each([
    ["read", "/leak", 403],
    ["download", "/leak", 403],
    ["browse", "/outside", 403],
    ["read", "/outside/passwd", 403],
    ["read", "/pipe", 400],
    ["download", "/pipe", 400],
    ["read", "/folder", 400],
    ["download", "/folder", 400],
    ["browse", "/small", 400],
    ["read", "/missing", 404],
    ["read", "/../../../../../../../../../../../../../../etc/passwd", 404],
    ["read", "/%2e%2e/%2e%2e/stdout", 404],
  ])("%s of %s never leads out of the sandbox or blocks", async (route, path, status) => {
    expect((await ask(route, `${latest}${path}`, "&offset=0")).status).toBe(status);
  });

  it.each(["/etc/passwd", "/", "", "/frameworks", "relative"])("%j is no virtual path", async (path) => {
    expect([400, 404]).toContain((await ask("read", path, "&offset=0")).status);
  });

  it("the agent's own records are not among them", async () => {
    const records = join(world.dir, "agent-0/meta/agent.db");
    expect(statSync(records).size).toBeGreaterThan(0);
    expect((await ask("download", records)).status).toBe(404);
    symlinkSync(records, join(sandbox, "records"));
    expect((await ask("download", `${latest}/records`)).status).toBe(403);
  });
});

describe("what tools ask an agent", { timeout: 120_000 }, () => {
  it.each(["/state", "/slave(1)/state", "/state.json", "/slave(1)/state.json"])(
    "%s is its state",
    async (path) => {
      expect((await world.get(path)).json()).toMatchObject({
        version: "1.11.0",
        resources: { cpus: 4, gpus: 0, mem: 2048, disk: 1000, ports: "[31000-31099]" },
        pid: `slave(1)@${new URL(world.agentUrl).host}`,
        frameworks: expect.any(Array),
        completed_frameworks: expect.any(Array),
      });
    },
  );

  it("counts and measures a running task", async () => {
    const task = await scheduler.shell("sleep 1000");
    await scheduler.status(task, "TASK_RUNNING");
    const metrics = (await world.get("/metrics/snapshot")).json();
    expect(metrics).toMatchObject({
      "slave/registered": 1,
      "slave/tasks_running": 1,
      "slave/cpus_used": 0.1,
    });
    expect((await world.get("/monitor/statistics.json")).json()).toMatchObject([
      {
        executor_id: task,
        framework_id: scheduler.frameworkId,
        statistics: { timestamp: expect.any(Number) },
      },
    ]);
    expect((await world.get("/containers")).json()).toMatchObject([
      { executor_id: task, container_id: expect.any(String) },
    ]);
    await scheduler.kill(task);
    await scheduler.ended(task);
  });

  it("answers health, version, flags and Prometheus", async () => {
    expect((await world.get("/health")).status).toBe(200);
    expect((await world.get("/version")).json()).toMatchObject({ version: "1.11.0" });
    expect((await world.get("/flags")).json()).toMatchObject({ flags: { resources: expect.any(String) } });
    expect((await world.get("/metrics")).body.toString()).toContain("agent_tasks_count");
  });
});
