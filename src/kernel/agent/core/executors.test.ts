import { describe, expect, it } from "vitest";
import type { ExecutorCall, TaskState, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { RunGroup } from "#contracts/link/messages.ts";
import type { ContainerExit } from "#kernel/containerizer/driver.ts";
import {
  AgentBench,
  aFramework,
  anExecutor,
  aRunAt,
  aRunTask,
  aTask,
  executorEvents,
  executorUuid,
  framesOf,
  kindsOf,
  statusUpdates,
} from "../testing.ts";
import type { AgentEffect } from "./events.ts";

function registered(options: ConstructorParameters<typeof AgentBench>[0] = {}): AgentBench {
  const bench = new AgentBench(options);
  bench.register();
  return bench;
}

const ids = { executor_id: { value: "e1" }, framework_id: { value: "m-0000" } };

function subscribe(
  bench: AgentBench,
  connection = "c1",
  lists: NonNullable<ExecutorCall["subscribe"]> = {},
): readonly AgentEffect[] {
  const call: ExecutorCall = { ...ids, type: "SUBSCRIBE", subscribe: lists };
  return bench.send({ kind: "executorSubscribed", connection, call });
}

const statusOf = (state: TaskState, uuid: number, task = "t1"): TaskStatus => ({
  task_id: { value: task },
  state,
  source: "SOURCE_EXECUTOR",
  uuid: executorUuid(uuid),
});

const update = (bench: AgentBench, state: TaskState, uuid: number, task = "t1"): readonly AgentEffect[] =>
  bench.send({
    kind: "executorCalled",
    call: { ...ids, type: "UPDATE", update: { status: statusOf(state, uuid, task) } },
  });

/** An executor that runs one task; its container. */
function running(bench: AgentBench): string {
  const containerId = bench.launched(aRunAt());
  bench.send({ kind: "containerStarted", containerId, pid: 50 });
  subscribe(bench);
  update(bench, "TASK_RUNNING", 1);
  bench.acknowledgeAll();
  return containerId;
}

const typesOf = (effects: readonly AgentEffect[]) => executorEvents(effects).map(({ type }) => type);
const exited: ContainerExit = { kind: "signaled", signal: 9, signalName: "SIGKILL", core: false };

describe("the life of an executor", () => {
  it("begins with its container, and its tasks are given to it when it subscribes", () => {
    const bench = registered();
    const effects = bench.master(aRunAt());
    const plan = effects.flatMap((effect) => (effect.kind === "launchContainer" ? [effect.plan] : []))[0];
    expect(plan?.environment).toMatchObject({
      MESOS_FRAMEWORK_ID: "m-0000",
      MESOS_EXECUTOR_ID: "e1",
      MESOS_AGENT_ENDPOINT: "127.0.0.1:5051",
      MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: "5secs",
      MESOS_RECOVERY_TIMEOUT: "15mins",
      MESOS_SUBSCRIPTION_BACKOFF_MAX: "2secs",
      MESOS_CHECKPOINT: "1",
    });
    expect(plan?.sandboxDir).toContain("/executors/e1/runs/");
    expect(plan?.limits).toEqual({ cpusMillis: 200, memMib: 64 });
    expect(bench.records.has(`executors/${plan?.containerId}/spec`)).toBe(true);
    bench.send({ kind: "containerStarted", containerId: plan?.containerId ?? "", pid: 50 });
    expect(bench.core.view().used.toString()).toContain("cpus:0.2");
    const told = subscribe(bench);
    expect(typesOf(told)).toEqual(["SUBSCRIBED", "LAUNCH"]);
    const [first, second] = executorEvents(told);
    expect(first?.subscribed).toMatchObject({
      executor_info: { executor_id: { value: "e1" } },
      framework_info: { name: "tests" },
      agent_info: { id: { value: "m-S0" } },
      container_id: { value: plan?.containerId },
    });
    expect(second?.launch?.task.task_id.value).toBe("t1");
  });

  it("takes more tasks, at once while it listens", () => {
    const bench = registered();
    running(bench);
    const effects = bench.master(aRunAt("t2", { startsExecutor: false }));
    expect(typesOf(effects)).toEqual(["LAUNCH"]);
    expect(effects.some(({ kind }) => kind === "launchContainer")).toBe(false);
    expect(effects.flatMap((effect) => (effect.kind === "updateContainer" ? [effect.limits] : []))).toEqual([
      { cpusMillis: 300, memMib: 96 },
    ]);
  });

  it("gets a group as a group", () => {
    const bench = registered();
    const group: RunGroup = {
      kind: "runGroup",
      framework: aFramework(),
      executor: anExecutor(),
      tasks: ["a", "b"].map((id) => ({ task: aTask(id), resources: aRunTask().resources })),
      role: "*",
      startsExecutor: true,
    };
    bench.master(group);
    const told = executorEvents(subscribe(bench));
    expect(told[1]?.launch_group?.task_group.tasks?.map(({ task_id }) => task_id.value)).toEqual(["a", "b"]);
  });

  it("an update is on the disk, then told and acknowledged to the executor, and twice is once", () => {
    const bench = registered();
    bench.launched(aRunAt());
    subscribe(bench);
    const effects = update(bench, "TASK_RUNNING", 1);
    expect(kindsOf(effects)).toEqual(["sendFrame", "tellExecutor"]);
    expect(executorEvents(effects)[0]).toEqual({
      type: "ACKNOWLEDGED",
      acknowledged: { task_id: { value: "t1" }, uuid: executorUuid(1) },
    });
    expect(statusUpdates(effects)[0]?.status).toMatchObject({
      state: "TASK_RUNNING",
      uuid: executorUuid(1),
      agent_id: { value: "m-S0" },
      executor_id: { value: "e1" },
      container_status: { container_id: { value: expect.any(String) } },
    });
    const again = update(bench, "TASK_RUNNING", 1);
    expect(statusUpdates(again)).toEqual([]);
    expect(typesOf(again)).toEqual(["ACKNOWLEDGED"]);
  });

  it("a task that ended gives its share back, and the executor lives on", () => {
    const bench = registered();
    running(bench);
    update(bench, "TASK_FINISHED", 2);
    expect(bench.acknowledgeAll()).toEqual(["TASK_FINISHED"]);
    expect(bench.core.view().used.toString()).toContain("cpus:0.1");
    expect(bench.core.view().executor("m-0000", "e1")?.progress.phase).toBe("running");
    expect(bench.core.view().frameworks.get("m-0000")?.info.name).toBe("tests");
  });

  it("that ends takes its tasks along, given or not, and the master hears of its end", () => {
    const bench = registered();
    const containerId = running(bench);
    bench.send({ kind: "executorDisconnected", connection: "c1" });
    bench.master(aRunAt("t2", { startsExecutor: false }));
    const effects = bench.exit(containerId, exited, { waitStatus: 9 });
    expect(
      statusUpdates(effects).map(({ status }) => [status.task_id.value, status.state, status.reason]),
    ).toEqual([
      ["t1", "TASK_FAILED", "REASON_EXECUTOR_TERMINATED"],
      ["t2", "TASK_FAILED", "REASON_EXECUTOR_TERMINATED"],
    ]);
    expect(framesOf(effects)).toContainEqual({
      kind: "executorExited",
      frameworkId: "m-0000",
      executorId: "e1",
      status: 9,
    });
    bench.acknowledgeAll();
    expect(
      [...bench.records.keys()].filter((key) => /^(tasks|executors|updates|frameworks)/.test(key)),
    ).toEqual([]);
    expect(bench.core.view().used.isEmpty).toBe(true);
  });

  it("that never subscribes is killed after its time, and its tasks are told so", () => {
    const bench = registered({ policy: { executorRegistrationTimeoutMs: 10_000 } });
    const containerId = bench.launched(aRunAt());
    bench.send({ kind: "containerStarted", containerId, pid: 50 });
    expect(kindsOf(bench.advance(9_999))).not.toContain("destroyContainer");
    expect(kindsOf(bench.advance(1))).toContain("destroyContainer");
    const [told] = statusUpdates(bench.exit(containerId, exited));
    expect(told?.status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
      message: expect.stringContaining("10 s"),
    });
  });

  it("whose launch fails fails its tasks", () => {
    const bench = registered();
    const containerId = bench.launched(aRunAt());
    const effects = bench.send({
      kind: "containerLaunchFailed",
      containerId,
      code: "fetch",
      message: "Failed to fetch",
    });
    expect(statusUpdates(effects)[0]?.status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: "Failed to fetch",
    });
  });

  it("is asked to end, and killed when its grace is over", () => {
    const bench = registered();
    const containerId = running(bench);
    const effects = bench.master({ kind: "shutdownExecutor", frameworkId: "m-0000", executorId: "e1" });
    expect(typesOf(effects)).toEqual(["SHUTDOWN"]);
    expect(statusUpdates(update(bench, "TASK_KILLED", 2))[0]?.status.state).toBe("TASK_KILLED");
    expect(kindsOf(bench.advance(5_000))).toContain("destroyContainer");
    bench.exit(containerId);
    bench.acknowledgeAll();
    expect(bench.core.view().frameworks.size).toBe(0);
  });

  it("is ended with its framework, and nobody is told", () => {
    const bench = registered();
    const containerId = running(bench);
    expect(typesOf(bench.master({ kind: "shutdownFramework", frameworkId: "m-0000" }))).toEqual(["SHUTDOWN"]);
    expect(bench.core.view().used.isEmpty).toBe(true);
    expect(framesOf(bench.exit(containerId))).toEqual([]);
    expect(bench.core.view().frameworks.size).toBe(0);
  });

  it("messages pass in both directions, and are lost when it does not listen", () => {
    const bench = registered();
    running(bench);
    const call: ExecutorCall = { ...ids, type: "MESSAGE", message: { data: "AAE=" } };
    expect(framesOf(bench.send({ kind: "executorCalled", call }))).toEqual([
      { kind: "executorMessage", frameworkId: "m-0000", executorId: "e1", data: "AAE=" },
    ]);
    const down = { kind: "frameworkMessage", frameworkId: "m-0000", executorId: "e1", data: "/w==" } as const;
    expect(executorEvents(bench.master(down))).toEqual([{ type: "MESSAGE", message: { data: "/w==" } }]);
    bench.send({ kind: "executorDisconnected", connection: "c1" });
    expect(executorEvents(bench.master(down))).toEqual([]);
    expect(bench.core.view().counters.messages).toEqual({ passedOn: 2, lost: 1 });
  });

  it("hears a heartbeat now and then", () => {
    const bench = registered({ policy: { executorHeartbeatMs: 1_000 } });
    running(bench);
    expect(typesOf(bench.advance(2_000))).toEqual(["HEARTBEAT", "HEARTBEAT"]);
  });

  it("a second stream takes the place of the first", () => {
    const bench = registered();
    running(bench);
    const effects = subscribe(bench, "c2", { unacknowledged_tasks: [aTask()] });
    expect(effects).toContainEqual({ kind: "closeExecutor", connection: "c1" });
    bench.send({ kind: "executorDisconnected", connection: "c1" });
    expect(bench.core.view().executor("m-0000", "e1")?.connection).toBe("c2");
  });
});

describe("kills of tasks that an executor runs", () => {
  const kill = { kind: "killTask", frameworkId: "m-0000", taskId: "t1" } as const;

  it("go to the executor, with what the call said", () => {
    const bench = registered();
    running(bench);
    const killPolicy = { grace_period: { nanoseconds: 5 } };
    expect(executorEvents(bench.master({ ...kill, killPolicy }))).toEqual([
      { type: "KILL", kill: { task_id: { value: "t1" }, kill_policy: killPolicy } },
    ]);
  });

  it("before it was given are its end, and that of an executor that has nothing else", () => {
    const bench = registered();
    bench.launched(aRunAt());
    const effects = bench.master(kill);
    expect(statusUpdates(effects)[0]?.status).toMatchObject({
      state: "TASK_KILLED",
      reason: "REASON_TASK_KILLED_DURING_LAUNCH",
    });
    expect(kindsOf(effects)).toContain("destroyContainer");
  });

  it("are told again to an executor that comes back", () => {
    const bench = registered();
    running(bench);
    bench.send({ kind: "executorDisconnected", connection: "c1" });
    bench.master(kill);
    expect(typesOf(subscribe(bench, "c2"))).toEqual(["SUBSCRIBED", "KILL"]);
  });
});

describe("launches for an executor that is not there", () => {
  const cases = [
    { name: "has ended", prepare: () => undefined, reason: "REASON_EXECUTOR_TERMINATED" },
    {
      name: "is ending",
      prepare: (bench: AgentBench) => {
        running(bench);
        bench.master({ kind: "shutdownExecutor", frameworkId: "m-0000", executorId: "e1" });
      },
      reason: "REASON_EXECUTOR_TERMINATED",
    },
  ];
  it.each(cases)("are dropped when it $name", ({ prepare, reason }) => {
    const bench = registered();
    prepare(bench);
    const effects = bench.master(aRunAt("t9", { startsExecutor: false }));
    expect(statusUpdates(effects)[0]?.status).toMatchObject({ state: "TASK_LOST", reason });
  });

  it("that is refused is told as gone, since the master counts it", () => {
    const bench = registered();
    const effects = bench.master(aRunAt("t1", { executor: { type: "DEFAULT" } }));
    expect(framesOf(effects).map(({ kind }) => kind)).toEqual(["statusUpdate", "executorExited"]);
  });
});

describe("an executor and the end of its agent", () => {
  const found = (containerId: string) => [{ kind: "running", containerId, pid: 50 }] as const;

  it("comes back, brings what was not acknowledged, and goes on", () => {
    const bench = registered();
    const containerId = running(bench);
    bench.restart();
    bench.register(found(containerId));
    const lists = { unacknowledged_updates: [{ status: statusOf("TASK_FINISHED", 2) }] };
    expect(typesOf(subscribe(bench, "c2", lists))).toEqual(["SUBSCRIBED", "ACKNOWLEDGED"]);
    expect(bench.acknowledgeAll()).toEqual(["TASK_FINISHED"]);
    expect(kindsOf(bench.advance(60_000))).not.toContain("destroyContainer");
  });

  it("is told of again to the master", () => {
    const bench = registered();
    const containerId = running(bench);
    bench.restart();
    bench.register(found(containerId));
    const again = framesOf(bench.effects).find(({ kind }) => kind === "reregister");
    expect(again).toMatchObject({
      executors: [{ executor_id: { value: "e1" }, framework_id: { value: "m-0000" } }],
      tasks: [{ executor_id: { value: "e1" }, state: "TASK_RUNNING" }],
    });
  });

  it("a task that never reached it is dropped when it does not know it", () => {
    const bench = registered();
    const containerId = bench.launched(aRunAt());
    bench.send({ kind: "containerStarted", containerId, pid: 50 });
    subscribe(bench);
    bench.restart();
    bench.register(found(containerId));
    const told = statusUpdates(subscribe(bench, "c2"));
    expect(told[0]?.status).toMatchObject({ state: "TASK_LOST", reason: "REASON_AGENT_RESTARTED" });
    const other = registered();
    const second = other.launched(aRunAt());
    subscribe(other);
    other.restart();
    other.register(found(second));
    expect(statusUpdates(subscribe(other, "c2", { unacknowledged_tasks: [aTask()] }))).toEqual([]);
  });

  it("is killed when it does not come back in time", () => {
    const bench = registered();
    const containerId = running(bench);
    bench.restart();
    bench.register(found(containerId));
    expect(kindsOf(bench.advance(2_000))).toContain("destroyContainer");
    expect(statusUpdates(bench.exit(containerId, exited))[0]?.status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
    });
  });

  it("that died meanwhile fails its tasks", () => {
    const bench = registered();
    const containerId = running(bench);
    bench.restart();
    bench.register([{ kind: "ended", containerId, report: { containerId, exit: exited, message: "" } }]);
    expect(statusUpdates(bench.effects)[0]?.status.reason).toBe("REASON_EXECUTOR_TERMINATED");
  });

  it("does not outlive it without checkpoints, and nothing is told", () => {
    const bench = registered();
    const containerId = bench.launched(aRunAt("t1", { framework: { checkpoint: false } }));
    bench.send({ kind: "containerStarted", containerId, pid: 50 });
    subscribe(bench);
    bench.restart();
    bench.register(found(containerId));
    expect(kindsOf(bench.effects)).toContain("destroyContainer");
    expect(framesOf(bench.exit(containerId)).map(({ kind }) => kind)).toEqual([]);
  });

  it("all of it is over after a reboot", () => {
    const bench = registered();
    running(bench);
    bench.restart({ bootId: "boot-2" });
    bench.register();
    expect(statusUpdates(bench.effects)[0]?.status).toMatchObject({
      reason: "REASON_EXECUTOR_TERMINATED",
      message: "The machine was restarted",
    });
  });
});
