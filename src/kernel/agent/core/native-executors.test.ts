/** Executors of type DEFAULT: what of a group starts together, and what ends together. */
import { describe, expect, it } from "vitest";
import type { OfferOperation, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { RunGroup } from "#contracts/link/messages.ts";
import { parseResourcesText } from "#domain/resources/index.ts";
import type { ContainerExit } from "#kernel/containerizer/driver.ts";
import { AgentBench, aFramework, aRunTask, aTask, framesOf, kindsOf, statusUpdates } from "../testing.ts";
import type { AgentEffect } from "./events.ts";

const sharedVolume = (path = "volumes/data"): NonNullable<TaskInfo["container"]> => ({
  type: "MESOS",
  volumes: [
    {
      mode: "RW",
      container_path: "data",
      source: { type: "SANDBOX_PATH", sandbox_path: { type: "PARENT", path } },
    },
  ],
});

const aGroup = (
  ids: readonly string[],
  changes: { readonly task?: Partial<TaskInfo>; readonly startsExecutor?: boolean } = {},
): RunGroup => ({
  kind: "runGroup",
  framework: aFramework(),
  executor: {
    type: "DEFAULT",
    executor_id: { value: "e1" },
    container: { type: "MESOS" },
    resources: parseResourcesText("cpus:0.1;mem:32;disk:10").toWire(),
  },
  tasks: ids.map((id) => ({ task: aTask(id, changes.task), resources: aRunTask().resources })),
  role: "*",
  startsExecutor: changes.startsExecutor ?? true,
});

function registered(): AgentBench {
  const bench = new AgentBench();
  bench.register();
  return bench;
}

const plansOf = (effects: readonly AgentEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "launchContainer" ? [effect.plan] : []));
const told = (effects: readonly AgentEffect[]) =>
  statusUpdates(effects).map(({ status }) => `${status.task_id.value} ${status.state}`);

/** A group whose tasks run; their containers, by task. */
function running(bench: AgentBench, group = aGroup(["a", "b"])): Record<string, string> {
  const plans = plansOf(bench.master(group));
  for (const [index, { containerId }] of plans.entries())
    bench.send({ kind: "containerStarted", containerId, pid: 100 + index });
  bench.acknowledgeAll();
  return Object.fromEntries(plans.map(({ nested, containerId }) => [nested?.taskId ?? "", containerId]));
}

const exited = (status: number): ContainerExit => ({ kind: "exited", status });
const signaled: ContainerExit = { kind: "signaled", signal: 15, signalName: "SIGTERM", core: false };
const executorOf = (bench: AgentBench) => bench.core.view().executor("m-0000", "e1");

describe("a group of an executor that the agent plays", () => {
  it("starts at once: a container a task, within the executor's sandbox, with its own limits", () => {
    const bench = registered();
    const effects = bench.master(aGroup(["a", "b"], { task: { container: sharedVolume() } }));
    expect(told(effects)).toEqual(["a TASK_STARTING", "b TASK_STARTING"]);
    const [first, second] = plansOf(effects);
    if (first === undefined || second === undefined) throw new Error("two containers were expected");
    const executorDir = executorOf(bench)?.spec.sandboxDir;
    expect(first).toMatchObject({
      sandboxDir: `${executorDir}/containers/${first.containerId}`,
      limits: { cpusMillis: 100, memMib: 32 },
      volumes: [{ directory: `${executorDir}/volumes/data`, containerPath: "data" }],
      nested: { executorDir, taskId: "a", sharedFolders: ["volumes/data"] },
      environment: {
        MESOS_EXECUTOR_ID: "e1",
        MESOS_SANDBOX: first.sandboxDir,
        MESOS_CONTAINER_IP: "127.0.0.1",
      },
    });
    expect(second.volumes).toEqual(first.volumes);
    expect(bench.core.view().used.toString()).toContain("cpus:0.3");
    const started = bench.send({ kind: "containerStarted", containerId: first.containerId, pid: 7 });
    bench.acknowledgeAll();
    expect(kindsOf(started)).not.toContain("destroyContainer");
    expect(bench.core.view().frameworks.get("m-0000")?.runs[0]?.statuses.at(-1)).toMatchObject({
      state: "TASK_RUNNING",
      executor_id: { value: "e1" },
      container_status: {
        container_id: { value: first.containerId, parent: { value: executorOf(bench)?.spec.containerId } },
      },
    });
  });

  it("gives its tasks the persistent volumes of the executor, where they ask for these", () => {
    const bench = registered();
    const volume = {
      name: "disk",
      type: "SCALAR" as const,
      scalar: { value: 10 },
      reservations: [{ type: "DYNAMIC" as const, role: "web" }],
      disk: { persistence: { id: "v1" }, volume: { container_path: "data", mode: "RW" as const } },
    };
    const { disk: _disk, ...free } = volume;
    const order = (operation: OfferOperation): unknown =>
      bench.master({
        kind: "applyOperation",
        operationUuid: "00000000-0000-4000-8000-000000000001",
        operation,
      });
    order({ type: "RESERVE", reserve: { resources: [free] } });
    order({ type: "CREATE", create: { volumes: [volume] } });
    const mounts = (path: string, mode: "RO" | "RW" = "RW"): NonNullable<TaskInfo["container"]> => ({
      type: "MESOS",
      volumes: [
        {
          mode,
          container_path: "here",
          source: { type: "SANDBOX_PATH", sandbox_path: { type: "PARENT", path } },
        },
      ],
    });
    const launched = (containers: readonly NonNullable<TaskInfo["container"]>[]) => {
      const group = aGroup(containers.map((_, index) => `t-${index}`));
      return bench.master({
        ...group,
        executor: { ...group.executor, resources: [...(group.executor.resources ?? []), volume] },
        tasks: group.tasks.map(({ task, ...rest }, index) => ({
          ...rest,
          task: { ...task, container: containers[index] ?? mounts("data") },
        })),
      });
    };
    const refused = statusUpdates(launched([mounts("data/sub")]));
    expect(refused[0]?.status.message).toContain("the executor's persistent volume data is had as a whole");
    bench.acknowledgeAll();
    const plans = plansOf(launched([mounts("data"), mounts("data", "RO"), mounts("database")]));
    const [whole] = plans;
    const directory = whole?.volumes?.[0]?.directory ?? "";
    expect(directory).toMatch(/\/volumes\/roles\/web\/v1\//);
    const executorDir = executorOf(bench)?.spec.sandboxDir;
    expect(plans.map(({ volumes }) => volumes)).toEqual([
      [{ directory, containerPath: "here" }],
      [{ directory, containerPath: "here", isHosts: true, isReadOnly: true }],
      [{ directory: `${executorDir}/database`, containerPath: "here" }],
    ]);
    expect(plans.map(({ nested }) => [nested?.sharedFolders, nested?.sharedVolumes])).toEqual([
      [[], [directory]],
      [[], [directory]],
      [["database"], undefined],
    ]);
    const [run] = bench.core.view().frameworks.get("m-0000")?.runs ?? [];
    expect(run && bench.core.view().mountsOf(run)).toEqual([{ directory, containerPath: "here" }]);
  });

  it("ends with the first task that fails: the others are killed, each with its grace", () => {
    const bench = registered();
    const { a = "", b = "" } = running(bench);
    const effects = bench.exit(a, exited(3));
    expect(told(effects)).toEqual(["a TASK_FAILED"]);
    expect(effects).toContainEqual({ kind: "signalContainer", containerId: b, signal: "SIGTERM" });
    expect(kindsOf(bench.advance(3_000))).toContain("destroyContainer");
    expect(told(bench.exit(b, signaled))).toEqual(["b TASK_KILLED"]);
  });

  it("ends with the first task that is killed", () => {
    const bench = registered();
    const { a = "", b = "" } = running(bench);
    bench.master({ kind: "killTask", frameworkId: "m-0000", taskId: "a" });
    const effects = bench.exit(a, signaled);
    expect(told(effects)).toEqual(["a TASK_KILLED"]);
    expect(effects).toContainEqual({ kind: "signalContainer", containerId: b, signal: "SIGTERM" });
  });

  it("goes on when a task has finished, and the executor ends with its last", () => {
    const bench = registered();
    const { a = "", b = "" } = running(bench);
    const first = bench.exit(a, exited(0));
    expect(told(first)).toEqual(["a TASK_FINISHED"]);
    expect(kindsOf(first)).not.toContain("signalContainer");
    expect(executorOf(bench)?.progress.phase).toBe("running");
    const last = bench.exit(b, exited(0));
    expect(framesOf(last)).toContainEqual({
      kind: "executorExited",
      frameworkId: "m-0000",
      executorId: "e1",
      status: 0,
    });
    bench.acknowledgeAll();
    expect(
      [...bench.records.keys()].filter((key) => /^(tasks|executors|updates|frameworks)/.test(key)),
    ).toEqual([]);
    expect(bench.core.view().used.isEmpty).toBe(true);
  });

  it("killed while it is launched comes to nothing, all of it", () => {
    const bench = registered();
    const [a, b] = plansOf(bench.master(aGroup(["a", "b"]))).map(({ containerId }) => containerId);
    if (a === undefined || b === undefined) throw new Error("two containers were expected");
    bench.master({ kind: "killTask", frameworkId: "m-0000", taskId: "a" });
    const failed = { kind: "containerLaunchFailed", code: "destroyed", message: "destroyed" } as const;
    const effects = bench.send({ ...failed, containerId: a });
    expect(effects).toContainEqual({ kind: "destroyContainer", containerId: b });
    bench.send({ ...failed, containerId: b });
    const runs = bench.core.view().frameworks.get("m-0000")?.runs ?? [];
    expect(runs.map(({ statuses }) => statuses.at(-1)?.reason)).toEqual([
      "REASON_TASK_KILLED_DURING_LAUNCH",
      "REASON_TASK_KILLED_DURING_LAUNCH",
    ]);
  });

  it("does not end with another group of the same executor", () => {
    const bench = registered();
    const { a = "", b = "" } = running(bench);
    const { c = "" } = running(bench, aGroup(["c"], { startsExecutor: false }));
    bench.exit(a, exited(1));
    bench.exit(b, signaled);
    expect(executorOf(bench)?.progress.phase).toBe("running");
    expect(
      bench.core
        .view()
        .frameworks.get("m-0000")
        ?.runs.map(({ progress }) => progress.state),
    ).toContain("TASK_RUNNING");
    expect(told(bench.exit(c, exited(0)))).toEqual(["c TASK_FINISHED"]);
    expect(executorOf(bench)).toBeUndefined();
  });

  it("ends when its health check says so, and takes the group along", () => {
    const bench = registered();
    const group = aGroup(["a", "b"]);
    const checked = group.tasks.map((each, index) =>
      index > 0
        ? each
        : {
            ...each,
            task: {
              ...each.task,
              health_check: {
                type: "TCP" as const,
                tcp: { port: 31_000 },
                delay_seconds: 0,
                interval_seconds: 1,
                grace_period_seconds: 0,
                consecutive_failures: 1,
              },
            },
          },
    );
    const { a = "", b = "" } = running(bench, { ...group, tasks: checked });
    const [probe] = bench.advance(0).flatMap((effect) => (effect.kind === "runProbe" ? [effect] : []));
    if (probe === undefined) throw new Error("no probe");
    bench.send({
      kind: "probeEnded",
      containerId: a,
      check: "healthCheck",
      number: probe.number,
      result: { kind: "tcp", connected: false },
    });
    const effects = bench.exit(a, signaled);
    expect(effects).toContainEqual({ kind: "signalContainer", containerId: b, signal: "SIGTERM" });
    expect(bench.core.view().frameworks.get("m-0000")?.runs[0]?.statuses.at(-1)).toMatchObject({
      state: "TASK_KILLED",
      healthy: false,
    });
  });

  it("is taken up again by an agent that starts anew, and one that is gone takes its group along", () => {
    const bench = registered();
    const { a = "", b = "" } = running(bench);
    bench.restart();
    bench.register([
      { kind: "running", containerId: a, pid: 100 },
      { kind: "running", containerId: b, pid: 101 },
    ]);
    expect(executorOf(bench)?.progress.phase).toBe("running");
    bench.restart();
    const effects = bench.register([
      { kind: "running", containerId: a, pid: 100 },
      { kind: "ended", containerId: b, report: { containerId: b, exit: exited(1), message: "ended" } },
    ]);
    expect(effects).toContainEqual({ kind: "signalContainer", containerId: a, signal: "SIGTERM" });
    bench.exit(a, signaled);
    bench.acknowledgeAll();
    expect(executorOf(bench)).toBeUndefined();
    expect(bench.core.view().used.isEmpty).toBe(true);
  });

  it("is shut down with its executor, each task with its own grace and at most the executor's", () => {
    const bench = registered();
    const { a = "", b = "" } = running(
      bench,
      aGroup(["a", "b"], { task: { kill_policy: { grace_period: { nanoseconds: 60_000_000_000 } } } }),
    );
    const effects = bench.master({ kind: "shutdownExecutor", frameworkId: "m-0000", executorId: "e1" });
    expect(effects.filter(({ kind }) => kind === "signalContainer")).toHaveLength(2);
    expect(bench.advance(5_000).filter(({ kind }) => kind === "destroyContainer")).toHaveLength(2);
    bench.exit(a, signaled);
    bench.exit(b, signaled);
    expect(bench.acknowledgeAll()).toEqual(["TASK_KILLED", "TASK_KILLED"]);
  });

  it("is gone with its framework, and nobody is told", () => {
    const bench = registered();
    const { a = "", b = "" } = running(bench);
    bench.master({ kind: "shutdownFramework", frameworkId: "m-0000" });
    expect(told(bench.exit(a, signaled))).toEqual([]);
    expect(told(bench.exit(b, signaled))).toEqual([]);
    expect(bench.core.view().frameworks.size).toBe(0);
    expect(bench.core.view().used.isEmpty).toBe(true);
  });

  it.each([
    [
      "a volume of the machine that is nowhere in it",
      { type: "MESOS", volumes: [{ mode: "RW", container_path: "x", host_path: "../etc" }] },
    ],
    ["a folder above", sharedVolume("../others")],
    ["the folder of its fellows", sharedVolume("containers/x")],
    ["a folder deep below", sharedVolume("a/b/c")],
    ["an image of another kind", { type: "MESOS", mesos: { image: { type: "APPC" } } }],
  ] as const)("that wants %s is refused whole, with the field named", (_what, container) => {
    const bench = registered();
    const group = aGroup(["a", "b"]);
    const [first, second] = group.tasks;
    if (first === undefined || second === undefined) throw new Error("two tasks were expected");
    const effects = bench.master({
      ...group,
      tasks: [
        first,
        { ...second, task: { ...second.task, container: container as TaskInfo["container"] & {} } },
      ],
    });
    expect(told(effects)).toEqual(["a TASK_FAILED", "b TASK_FAILED"]);
    expect(statusUpdates(effects)[0]?.status.message).toMatch(/^TaskInfo\.container/);
    expect(plansOf(effects)).toEqual([]);
    // The master counted a new executor.
    expect(framesOf(effects).some(({ kind }) => kind === "executorExited")).toBe(true);
  });
});
