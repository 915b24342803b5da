/** Rows 75 to 77 of the Marathon checklist: an agent is lost with an instance of each strategy on it, and comes back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServices, start } from "#frameworks/services/main.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "../kernel/kernel-processes.ts";

const inactiveAfterSeconds = 4;
const after = (inactive: number, expunge: number) => ({
  inactiveAfterSeconds: inactive,
  expungeAfterSeconds: expunge,
});
const apps = {
  "/young": { unreachableStrategy: after(inactiveAfterSeconds, 3_600), killSelection: "YOUNGEST_FIRST" },
  "/old": { unreachableStrategy: after(inactiveAfterSeconds, 3_600), killSelection: "OLDEST_FIRST" },
  "/late": { unreachableStrategy: after(2, 5) },
  "/forgotten": { unreachableStrategy: after(0, 0) },
  "/stays": { unreachableStrategy: "disabled" },
  "/wiped": { unreachableStrategy: "disabled" },
} as const;
type AppId = keyof typeof apps;
const ids = Object.keys(apps) as AppId[];

interface Task {
  readonly id: string;
  readonly host: string;
  readonly state: string;
  readonly stagedAt: string;
}
interface Answer {
  readonly tasks?: readonly Task[];
  readonly queue?: readonly unknown[];
}
/** A task as the kernel's daemons tell of it. */
interface KernelTask {
  readonly id: string;
  readonly state: string;
  readonly statuses: readonly { readonly state: string; readonly timestamp: number }[];
}
interface Executor {
  readonly tasks: readonly KernelTask[];
}

let kernel: KernelProcesses;
let services: RunningServices;
const dataDir = mkdtempSync(join(tmpdir(), "keelson-lost-"));
/** The task of each app on the agent that is lost. */
const lost = {} as Record<AppId, string>;

beforeAll(async () => {
  kernel = await KernelProcesses.start({ pingIntervalMs: 500, missedPingsMax: 4 });
  await kernel.startAgent("a");
  services = await start({ host: "127.0.0.1", port: 0, dataDir, masterUrl: kernel.masterUrl });
  for (const id of ids) {
    const { status } = await call("POST", "/v2/apps", {
      id,
      cmd: "exec sleep 100000",
      cpus: 0.01,
      mem: 4,
      ...apps[id],
    });
    expect(status).toBe(201);
  }
  for (const id of ids) lost[id] = (await tasks(id, { "a.test": "TASK_RUNNING" }))[0]?.id ?? "";
  await kernel.startAgent("b");
  kernel.freezeAgent("a");
}, 120_000);
afterAll(async () => {
  kernel.thawAgent("a");
  expect((await call("DELETE", "/v2/groups?force=true")).status).toBe(200);
  // Every end is acknowledged, also of what was thought unreachable meanwhile and therefore forgotten.
  for (const agent of ["a", "b"]) {
    await eventually(
      `nothing is left on ${agent}`,
      async () => {
        const { body } = await ask(`${kernel.agentUrl(agent)}/metrics/snapshot`);
        return (body as Readonly<Record<string, number>>)["slave/frameworks_active"] === 0;
      },
      60_000,
    );
  }
  await services.close();
  await kernel.close();
  rmSync(dataDir, { recursive: true, force: true });
}, 120_000);

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: Answer }> {
  const { status, body: answer } = await ask(`${services.info.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { status, body: (answer ?? {}) as Answer };
}

/** Exactly one task on each host, in this state, and no other. */
function tasks(id: AppId, states: Readonly<Record<string, string>>): Promise<readonly Task[]> {
  const wanted = Object.entries(states).sort().join();
  return eventually(
    `${id} has ${wanted}`,
    async () => {
      const found = (await call("GET", `/v2/apps${id}/tasks`)).body.tasks ?? [];
      const seen = found.map(({ host, state }) => [host, state]).sort();
      if (seen.join() === wanted) return found;
      throw new Error(`it has ${seen.join()}`);
    },
    60_000,
  );
}

const instanceOf = (taskId: string): string => taskId.replace(/\.[^.]*\.\d+$/, "");

async function masterTasks(kind: "completed_tasks" | "unreachable_tasks"): Promise<readonly KernelTask[]> {
  const state = (await kernel.get("/state")) as {
    readonly frameworks: readonly Readonly<Record<typeof kind, readonly KernelTask[]>>[];
  };
  return state.frameworks.flatMap((framework) => framework[kind]);
}

async function runningOn(agent: string): Promise<readonly string[]> {
  const { body } = await ask(`${kernel.agentUrl(agent)}/state`);
  const { frameworks } = body as {
    readonly frameworks: readonly { readonly executors: readonly Executor[] }[];
  };
  const executors = frameworks.flatMap((framework) => framework.executors);
  return executors.flatMap((executor) => executor.tasks.map(({ id }) => id)).sort();
}

describe("an agent is lost", { timeout: 120_000 }, () => {
  it("marathon.md§24#75 an instance on it is unreachable, and at first nothing takes its place", async () => {
    const [only] = await tasks("/young", { "a.test": "TASK_UNREACHABLE" });
    expect(only?.id).toBe(lost["/young"]);
  });

  it.each(["/young", "/old"] as const)(
    "marathon.md§24#75 %s is replaced by a new instance after inactiveAfterSeconds",
    async (id) => {
      const unreachable = (await masterTasks("unreachable_tasks")).find((task) => task.id === lost[id]);
      const since = (unreachable?.statuses.at(-1)?.timestamp ?? Number.NaN) * 1_000;
      const both = await tasks(id, { "a.test": "TASK_UNREACHABLE", "b.test": "TASK_RUNNING" });
      const replacement = both.find(({ host }) => host === "b.test");
      expect(both.map((task) => task.id)).toContain(lost[id]);
      expect(instanceOf(replacement?.id ?? "")).not.toBe(instanceOf(lost[id]));
      // A timestamp in seconds has lost a little on its way.
      const waited = Date.parse(replacement?.stagedAt ?? "") - since;
      expect(waited).toBeGreaterThanOrEqual(inactiveAfterSeconds * 1_000 - 10);
    },
  );

  it.each(["/late", "/forgotten"] as const)(
    "marathon.md§24#76 %s is forgotten after expungeAfterSeconds; its replacement is all there is",
    async (id) => {
      const [only] = await tasks(id, { "b.test": "TASK_RUNNING" });
      expect(instanceOf(only?.id ?? "")).not.toBe(instanceOf(lost[id]));
    },
  );

  it("marathon.md§24#77 whose strategy is disabled stays unreachable while others were replaced and forgotten", async () => {
    const [only] = await tasks("/stays", { "a.test": "TASK_UNREACHABLE" });
    expect(only?.id).toBe(lost["/stays"]);
    const { body } = await call("GET", "/v2/queue");
    expect(body.queue).toEqual([]);
  });

  it("marathon.md§24#77 until it is wiped by hand", async () => {
    const [only] = await tasks("/wiped", { "a.test": "TASK_UNREACHABLE" });
    expect((await call("DELETE", `/v2/apps/wiped/tasks/${only?.id}?wipe=true`)).status).toBe(200);
    await tasks("/wiped", { "b.test": "TASK_RUNNING" });
  });
});

describe("it returns", { timeout: 120_000 }, () => {
  it("marathon.md§24#76 before expungeAfterSeconds there is one too many: it goes by killSelection", async () => {
    const before = await tasks("/old", { "a.test": "TASK_UNREACHABLE", "b.test": "TASK_RUNNING" });
    kernel.thawAgent("a");
    const [young] = await tasks("/young", { "a.test": "TASK_RUNNING" });
    expect(young?.id).toBe(lost["/young"]);
    const [old] = await tasks("/old", { "b.test": "TASK_RUNNING" });
    expect(before.map(({ id }) => id)).toContain(old?.id);
  });

  it("marathon.md§24#77 what was never replaced runs on", async () => {
    const [only] = await tasks("/stays", { "a.test": "TASK_RUNNING" });
    expect(only?.id).toBe(lost["/stays"]);
  });

  it("marathon.md§24#76 what was forgotten is killed as unknown", async () => {
    for (const id of ["/late", "/forgotten", "/wiped"] as const) {
      await eventually(`the former task of ${id} is killed`, async () => {
        const ended = await masterTasks("completed_tasks");
        return ended.some((task) => task.id === lost[id] && task.state === "TASK_KILLED");
      });
      await tasks(id, { "b.test": "TASK_RUNNING" });
    }
    const alive = [lost["/young"], lost["/stays"]].sort();
    await eventually("nothing else runs there", async () => {
      const found = await runningOn("a");
      if (found.join() === alive.join()) return true;
      throw new Error(found.join());
    });
  });
});
