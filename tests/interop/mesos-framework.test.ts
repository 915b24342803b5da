/**
 * A framework library nobody here wrote (npm `mesos-framework`, unmodified) drives a real cluster: it runs 50
 * tasks, acknowledges, kills, reconciles, and goes on after the master was restarted.
 */
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";

interface TaskStatus {
  readonly task_id: { readonly value: string };
  readonly agent_id?: { readonly value: string };
  readonly state: string;
  readonly reason?: string;
  readonly uuid?: string;
}

/** The part of the library's scheduler that this test uses. */
interface Scheduler {
  readonly frameworkId: string;
  readonly launchedTasks: readonly {
    readonly taskId: string;
    readonly runtimeInfo?: { readonly agentId: string; readonly state: string };
  }[];
  readonly pendingTasks: readonly unknown[];
  on(
    event: "ready" | "subscribed" | "sent_acknowledge" | "error",
    listener: (payload: unknown) => void,
  ): void;
  on(event: "update", listener: (update: { readonly status: TaskStatus }) => void): void;
  subscribe(): void;
  kill(taskId: string, agentId: string): void;
  reconcile(taskId: string, agentId: string): void;
  teardown(): void;
}

const require = createRequire(import.meta.url);
// The library has no types.
const { Scheduler: SchedulerOf, Mesos } = require("mesos-framework") as {
  readonly Scheduler: new (options: object) => Scheduler;
  readonly Mesos: { getMesos(): { readonly CommandInfo: new (...args: unknown[]) => object } };
};

const instances = 50;
let cluster: TestCluster;
let scheduler: Scheduler;
const updates: TaskStatus[] = [];
let acknowledged = 0;

beforeAll(async () => {
  cluster = await startCluster();
  const { hostname, port } = new URL(cluster.info.services.kernel);
  const mesos = Mesos.getMesos();
  scheduler = new SchedulerOf({
    masterUrl: hostname,
    port,
    frameworkName: "stranger",
    user: process.getuid?.() === 0 ? "nobody" : (process.env["USER"] ?? "nobody"),
    logging: { path: tmpdir(), fileName: "mesos-framework-test.log", level: "error" },
    tasks: {
      sleeper: {
        instances,
        priority: 1,
        commandInfo: new mesos.CommandInfo(null, null, true, "exec sleep 100000", null, null),
        resources: { cpus: 0.01, mem: 8, ports: 0, disk: 0 },
      },
    },
  });
  scheduler.on("update", ({ status }) => updates.push(status));
  scheduler.on("sent_acknowledge", () => {
    acknowledged += 1;
  });
  scheduler.on("error", (problem) => {
    // The library tells of a refused connection and leaves trying again to its program.
    const refused = String((problem as { readonly message?: string }).message).includes(
      "problem with the request",
    );
    if (refused) setTimeout(() => scheduler.subscribe(), 500);
  });
  await new Promise<void>((resolve) => scheduler.on("ready", () => resolve()));
  scheduler.subscribe();
}, 240_000);
afterAll(() => cluster.purge());

const runningTasks = (): readonly {
  readonly taskId: string;
  readonly runtimeInfo?: { readonly agentId: string };
}[] => scheduler.launchedTasks.filter(({ runtimeInfo }) => runtimeInfo?.state === "TASK_RUNNING");

async function frameworkInState(): Promise<{
  readonly active: boolean;
  readonly tasks: readonly { readonly state: string }[];
}> {
  const { body } = await ask(`${cluster.info.services.kernel}/state`);
  const { frameworks } = body as {
    readonly frameworks: readonly { id: string; active: boolean; tasks: { state: string }[] }[];
  };
  const found = frameworks.find(({ id }) => id === scheduler.frameworkId);
  if (found === undefined) throw new Error("the framework is not listed");
  return found;
}

describe("mesos-framework (npm), unmodified", () => {
  it("runs 50 tasks and acknowledges every update", async () => {
    await eventually("50 tasks run", () => runningTasks().length === instances, 60_000);
    const wanted = updates.filter(({ uuid }) => uuid !== undefined).length;
    await eventually("every update is acknowledged", () => acknowledged >= wanted);
    const { tasks } = await frameworkInState();
    expect(tasks.filter(({ state }) => state === "TASK_RUNNING")).toHaveLength(instances);
  }, 240_000);

  it("kills a task and hears of it", async () => {
    const victim = runningTasks()[0];
    scheduler.kill(victim?.taskId ?? "", victim?.runtimeInfo?.agentId ?? "");
    await eventually("TASK_KILLED is told", () =>
      updates.some(({ task_id, state }) => task_id.value === victim?.taskId && state === "TASK_KILLED"),
    );
  });

  it("reconciles a task it knows and one nobody knows", async () => {
    const known = runningTasks()[0];
    const agentId = known?.runtimeInfo?.agentId ?? "";
    scheduler.reconcile(known?.taskId ?? "", agentId);
    scheduler.reconcile("nobody-knows-this", agentId);
    const answers = await eventually("both answers", () => {
      const found = updates.filter(({ reason }) => reason === "REASON_RECONCILIATION");
      return found.length >= 2 && found;
    });
    expect(answers.find(({ task_id }) => task_id.value === known?.taskId)?.state).toBe("TASK_RUNNING");
    expect(answers.find(({ task_id }) => task_id.value === "nobody-knows-this")?.state).toBe("TASK_LOST");
    expect(answers.every(({ uuid }) => uuid === undefined)).toBe(true);
  });

  it("subscribes again after the master was restarted, with the same id and all its tasks", async () => {
    const before = runningTasks()
      .map(({ taskId }) => taskId)
      .sort();
    const id = scheduler.frameworkId;
    let resubscribed = false;
    scheduler.on("subscribed", () => {
      resubscribed = true;
    });
    process.kill(cluster.pid("kernel"), "SIGTERM");
    await eventually("it subscribed again", () => resubscribed, 60_000);
    expect(scheduler.frameworkId).toBe(id);
    const state = await eventually(
      "all tasks are known again",
      async () => {
        const found = await frameworkInState();
        return found.tasks.filter((task) => task.state === "TASK_RUNNING").length === before.length && found;
      },
      60_000,
    );
    expect(state.active).toBe(true);
    expect(
      runningTasks()
        .map(({ taskId }) => taskId)
        .sort(),
    ).toEqual(before);
  }, 120_000);

  it("ends with a teardown: its tasks are gone and its id is completed", async () => {
    const id = scheduler.frameworkId;
    scheduler.teardown();
    await eventually("it is listed as completed", async () => {
      const { body } = await ask(`${cluster.info.services.kernel}/state`);
      return (body as { readonly completed_frameworks: readonly { id: string }[] }).completed_frameworks.some(
        (done) => done.id === id,
      );
    });
  });
});
