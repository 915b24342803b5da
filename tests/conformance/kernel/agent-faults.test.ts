/** Faults of agents, their shims and their links (rows F6, F8, F9, F12 and F14), on processes of their own. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkPath, linkProtocol } from "#contracts/link/messages.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { openFramedLink } from "#foundation/http/index.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses, processesOf } from "./kernel-processes.ts";
import { aTask, type SchedulerClient, send } from "./scheduler-client.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const isRoot = process.getuid?.() === 0;
const memoryRoot = "/sys/fs/cgroup/memory";
const patienceMs = 60_000;
let world: KernelProcesses;
let scheduler: SchedulerClient;
let launched = 0;
let build: string | undefined;

beforeAll(async () => {
  // With the times that are shipped: an agent that starts again is not given up for it, however busy the machine.
  world = await KernelProcesses.start();
  await world.startAgent("a");
  scheduler = await world.subscribe();
}, 240_000);
afterAll(async () => {
  await world?.close();
  if (build !== undefined) rmSync(build, { recursive: true });
}, 60_000);

async function run(command: string): Promise<string> {
  launched += 1;
  const id = `t${launched}`;
  const offer = await scheduler.offer();
  await scheduler.launch(offer, aTask(id, offer, { command }));
  await scheduler.status(id, "TASK_RUNNING");
  return id;
}

function sandboxOf(task: string): string {
  const work = join(world.dataDirOf("a"), "work");
  const run = readdirSync(work, { recursive: true, encoding: "utf8" }).find(
    (path) => path.includes(`/executors/${task}/runs/`) && path.endsWith("/stdout"),
  );
  return join(work, run ?? "", "..");
}

const containerOf = (task: string): string =>
  scheduler.statuses(task).find(({ container_status: status }) => status !== undefined)?.container_status
    ?.container_id?.value ?? "";

/** The same program as of another version, in a folder of its own. */
function anotherBuild(version: string): string {
  const folder = mkdtempSync(join(tmpdir(), "keelson-build-"));
  for (const name of ["src", "package.json"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const name of ["native", "node_modules"]) symlinkSync(join(root, name), join(folder, name));
  const config = join(folder, "src/contracts/kernel/mesos-version.ts");
  const text = readFileSync(config, "utf8");
  const other = text.replace(/(mesosVersion = )"[^"]+"/, `$1"${version}"`);
  expect(other).not.toBe(text);
  writeFileSync(config, other);
  return folder;
}

/** What the kernel still has of a container. */
const cgroupsOf = (container: string): readonly string[] =>
  ["memory", "cpu", "cpuacct", "pids", "freezer", "unified"]
    .map((controller) => `/sys/fs/cgroup/${controller}/keelson/${container}`)
    .filter(existsSync);

const parentOf = (pid: number): number =>
  Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

/** The process that writes this, and is a task's own. */
const writesPid = (task: string): Promise<number> =>
  eventually(
    "its pid",
    () =>
      Number(/^pid (\d+)$/m.exec(readFileSync(join(sandboxOf(task), "stdout"), "utf8"))?.[1]) || undefined,
    patienceMs,
  );

async function agentIsBack(version = ""): Promise<void> {
  await eventually(
    "the agent is active",
    async () => {
      const { slaves } = (await world.get("/slaves")) as {
        readonly slaves: readonly { readonly active: boolean; readonly version: string }[];
      };
      return slaves.length === 1 && slaves[0]?.active === true && slaves[0].version.startsWith(version);
    },
    patienceMs,
  );
}

const states = (task: string): readonly string[] => scheduler.statuses(task).map(({ state }) => state ?? "");

describe("an agent", { timeout: 180_000 }, () => {
  it("reliability.md§4#F6 that is killed, and started again as another version, loses no process, no line and no exit", async () => {
    const writes = await run(
      'echo "pid $$"; n=0; while :; do n=$((n + 1)); echo "line $n"; sleep 0.02; done',
    );
    const ends = await run("while [ ! -e go ]; do sleep 0.05; done; exit 7");
    const pid = await writesPid(writes);
    const lines = (): readonly number[] =>
      ["stdout.1", "stdout"]
        .map((name) => join(sandboxOf(writes), name))
        .filter(existsSync)
        .flatMap((path) => [...readFileSync(path, "utf8").matchAll(/^line (\d+)$/gm)])
        .map(([, line]) => Number(line));
    for (const version of ["1.11.0", "1.11.7"]) {
      const before = lines().length;
      await world.killAgent("a");
      await eventually("it goes on writing", () => lines().length > before + 10, patienceMs);
      if (!existsSync(join(sandboxOf(ends), "go"))) {
        const victim = processesOf(scheduler.frameworkId).length;
        writeFileSync(join(sandboxOf(ends), "go"), "");
        await eventually(
          "the other has ended",
          () => processesOf(scheduler.frameworkId).length < victim,
          patienceMs,
        );
      }
      if (version !== "1.11.0") world.agentBuild = build = anotherBuild(version);
      await world.startAgent("a");
      await agentIsBack(version);
      const there = lines().length;
      await eventually("it writes on", () => lines().length > there, patienceMs);
    }
    expect(await scheduler.status(ends, "TASK_FAILED")).toMatchObject({
      source: "SOURCE_EXECUTOR",
      message: expect.stringMatching(/status 7/),
    });
    const seen = lines();
    expect(seen).toEqual(seen.map((_line, index) => index + 1));
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    expect(new Set(states(writes))).toEqual(new Set(["TASK_STARTING", "TASK_RUNNING"]));
    await scheduler.kill(writes);
    await scheduler.status(writes, "TASK_KILLED");
  });

  it("reliability.md§4#F8 that is silent for less than its time keeps its tasks, and nobody hears of it", async () => {
    const task = await run("sleep 1000");
    world.freezeAgent("a");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    world.thawAgent("a");
    // What is sent to it is done: it is as it was.
    const other = await run("sleep 1000");
    expect(states(task)).not.toContain("TASK_LOST");
    expect(scheduler.events.filter(({ type }) => type === "FAILURE")).toEqual([]);
    for (const id of [task, other]) {
      await scheduler.kill(id);
      await scheduler.status(id, "TASK_KILLED");
    }
  });

  it("reliability.md§4#F12 whose records are an earlier copy keeps what they tell of, ends the rest, and says so", async () => {
    const [records, copy] = ["meta", "copy"].map((name) => join(world.dataDirOf("a"), name));
    if (records === undefined || copy === undefined) throw new Error("two folders");
    const kept = await run("echo pid $$; sleep 1000");
    const keptPid = await writesPid(kept);
    const returned = async (): Promise<number> => {
      const { slaves } = (await world.get("/slaves")) as {
        readonly slaves: readonly { readonly active: boolean; readonly reregistered_time?: number }[];
      };
      return slaves[0]?.active === true ? (slaves[0].reregistered_time ?? 0) : -1;
    };
    const before = await returned();
    await world.killAgent("a");
    cpSync(records, copy, { recursive: true });
    await world.startAgent("a");
    await eventually("it is back", async () => (await returned()) > before, patienceMs);
    // Offers of before were taken back when it came; none of them is to be launched on.
    await scheduler.rest();
    await scheduler.call("REVIVE");
    const later = await run("echo pid $$; sleep 1000");
    const laterPid = await writesPid(later);
    await world.killAgent("a");
    rmSync(records, { recursive: true });
    cpSync(copy, records, { recursive: true });
    await world.startAgent("a");
    expect(await scheduler.status(later, "TASK_LOST")).toMatchObject({ message: expect.any(String) });
    await eventually("nothing of it runs", () => !existsSync(`/proc/${laterPid}`), patienceMs);
    const { text } = await send(`${world.agentUrl("a")}/metrics/snapshot`, { method: "GET" });
    expect(JSON.parse(text)).toMatchObject({ "slave/recovery_errors": 1 });
    expect(existsSync(`/proc/${keptPid}`)).toBe(true);
    expect(states(kept)).not.toContain("TASK_LOST");
    await scheduler.kill(kept);
    await scheduler.status(kept, "TASK_KILLED");
    rmSync(copy, { recursive: true });
  });

  it("reliability.md§4#F9 a shim that is killed takes its task along, which is told; nothing of either is left", async () => {
    const task = await run('echo "pid $$"; sleep 1000 & sleep 1000');
    const pid = await writesPid(task);
    const container = containerOf(task);
    const family = processesOf(scheduler.frameworkId);
    process.kill(parentOf(pid), "SIGKILL");
    expect(await scheduler.status(task, ["TASK_FAILED", "TASK_LOST"])).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_TERMINATED",
    });
    await eventually(
      "no process is left",
      () => !family.some((each) => existsSync(`/proc/${each}`)),
      patienceMs,
    );
    await eventually("no cgroup is left", () => cgroupsOf(container).length === 0, patienceMs);
    expect(container).not.toBe("");
  });

  it("reliability.md§4#F9 a task's first process that is killed ends the task with its signal; nothing is left", async () => {
    const task = await run('echo "pid $$"; sleep 1000 & sleep 1000');
    const container = containerOf(task);
    const pid = await writesPid(task);
    process.kill(pid, "SIGKILL");
    expect(await scheduler.status(task, ["TASK_FAILED", "TASK_LOST"])).toMatchObject({
      state: "TASK_FAILED",
      message: expect.stringMatching(/signal|SIGKILL/i),
    });
    await eventually("no process is left", () => processesOf(scheduler.frameworkId).length === 0, patienceMs);
    await eventually("no cgroup is left", () => cgroupsOf(container).length === 0, patienceMs);
  });

  it.skipIf(!isRoot || !existsSync(memoryRoot))(
    "reliability.md§4#F14 that is killed for its memory leaves its tasks as they are",
    async () => {
      const task = await run('echo "pid $$"; sleep 1000');
      const pid = await writesPid(task);
      const group = join(memoryRoot, `keelson-test-${process.pid}`);
      mkdirSync(group);
      const agent = world.agentPid("a");
      try {
        writeFileSync(join(group, "cgroup.procs"), String(agent));
        // Memory that it has already is not counted; of what it takes from now on there is little.
        writeFileSync(join(group, "memory.limit_in_bytes"), String(8 * 2 ** 20));
        const body = `{"type":"${"x".repeat(900_000)}"}`;
        const url = `${world.agentUrl("a")}/api/v1`;
        const headers = { "content-type": "application/json" };
        await eventually(
          "it is killed",
          async () => {
            await Promise.allSettled(Array.from({ length: 20 }, () => send(url, { headers, body })));
            return !existsSync(`/proc/${agent}`) || readFileSync(`/proc/${agent}/cmdline`).length === 0;
          },
          patienceMs,
        );
        expect(readFileSync(join(group, "memory.oom_control"), "utf8")).toMatch(/oom_kill [1-9]/);
      } finally {
        await world.killAgent("a");
        await eventually("its memory is free", () => {
          rmdirSync(group);
          return true;
        });
      }
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      await world.startAgent("a");
      await agentIsBack();
      const other = await run("sleep 1000");
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      expect(new Set(states(task))).toEqual(new Set(["TASK_STARTING", "TASK_RUNNING"]));
      for (const id of [task, other]) {
        await scheduler.kill(id);
        await scheduler.status(id, "TASK_KILLED");
      }
    },
  );
});

describe("a link to the master", { timeout: 120_000 }, () => {
  const cpus = { name: "cpus", type: "SCALAR", scalar: { value: -1 } };
  const description = {
    info: { hostname: "broken", resources: [] },
    pid: "slave(1)@10.0.0.9:5051",
    version: "1",
    capabilities: [],
  };
  const hello = { kind: "hello", versions: { min: 1, max: 1 }, bootId: "b", masterEpoch: 0 };
  const lists = { frameworks: [], executors: [], tasks: [] };

  /** Registers as an agent, then says this. Answers why the link ended. */
  function says(...frames: readonly JsonObject[]): Promise<string> {
    return new Promise((resolve, reject) => {
      openFramedLink(
        { url: `${world.masterUrl}${linkPath}`, protocol: linkProtocol },
        (link) => {
          for (const frame of [hello, { kind: "register", ...description }, ...frames]) link.send(frame);
          return { onFrame: () => undefined, onClose: resolve };
        },
        reject,
      );
    });
  }

  it.each<[string, JsonObject]>([
    ["resources below nothing", { kind: "agentResources", resources: [cpus] }],
    ["resources that are none", { kind: "agentResources" }],
    ["an operation that is none", { kind: "operationStatus" }],
    [
      "an operation with resources below nothing",
      {
        kind: "operationStatus",
        operationUuid: "u",
        info: { type: "RESERVE" },
        status: { state: "OPERATION_FINISHED", converted_resources: [cpus] },
      },
    ],
    ["an update that is none", { kind: "statusUpdate" }],
    ["no lists", { kind: "reregister", ...description }],
    ["a task that is none", { kind: "reregister", ...description, ...lists, tasks: [{}] }],
    ["no kind", { what: 1 }],
  ])(
    "reliability.md§1#M13 MESOS-9482: that tells of %s ends, and the master does not",
    async (_what, frame) => {
      const master = world.masterPid;
      expect(await says(frame)).not.toBe("");
      await eventually(
        "the master answers",
        async () => (await world.get("/slaves")) !== undefined,
        patienceMs,
      );
      expect(world.masterPid).toBe(master);
      expect(existsSync(`/proc/${master}`)).toBe(true);
    },
  );

  it("reliability.md§1#M13 the framework beside it is served", async () => {
    const task = await run("sleep 1000");
    await scheduler.kill(task);
    await scheduler.status(task, "TASK_KILLED");
  });
});
