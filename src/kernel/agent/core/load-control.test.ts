import { describe, expect, it } from "vitest";
import type { FrameworkInfo, Resource } from "#contracts/kernel/messages.gen.ts";
import type { RunTask } from "#contracts/link/messages.ts";
import { parseResourcesText } from "#domain/resources/index.ts";
import { AgentBench, aFramework, aRunAt, aRunTask, aTask, kindsOf, statusUpdates } from "../testing.ts";
import type { AgentEffect } from "./events.ts";

const revocable = (text: string): readonly Resource[] =>
  parseResourcesText(text)
    .toWire()
    .map((resource) => ({ ...resource, revocable: {} }));
const facts = {
  resources: [...parseResourcesText("cpus:4;mem:1024").toWire(), ...revocable("cpus:4;mem:1024")],
};
const lent = revocable("cpus:1;mem:32");
const partitionAware: Partial<FrameworkInfo> = { capabilities: [{ type: "PARTITION_AWARE" }] };
const killed = { kind: "signaled", signal: 9, signalName: "SIGKILL", core: false } as const;

function registered(policy: object = { loadThreshold5Min: 4 }): AgentBench {
  const bench = new AgentBench({ facts, policy });
  bench.register();
  return bench;
}

const onLent = (id: string, framework: Partial<FrameworkInfo> = {}): RunTask => ({
  ...aRunTask(id, { framework }),
  resources: lent,
});
const load = (bench: AgentBench, over5Min: number, over15Min = 0): readonly AgentEffect[] =>
  bench.send({ kind: "loadMeasured", load: { over5Min, over15Min } });
const destroyed = (effects: readonly AgentEffect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === "destroyContainer" ? [effect.containerId] : []));

describe("the control of load", () => {
  it("looks now and then, and not at all without a threshold", () => {
    const looks = (policy: object) =>
      kindsOf(registered(policy).advance(45_000)).filter((kind) => kind === "measureLoad").length;
    expect(looks({ loadThreshold15Min: 4 })).toBe(3);
    expect(looks({ loadThreshold5Min: 4, qosCorrectionIntervalMs: 1_000 })).toBe(45);
    expect(looks({})).toBe(0);
  });

  const cases = [
    { policy: { loadThreshold5Min: 4 }, loads: [4, 99], message: undefined },
    {
      policy: { loadThreshold5Min: 4 },
      loads: [4.1, 0],
      message: "Preempted: the load over 5 minutes is 4.1, above 4",
    },
    { policy: { loadThreshold15Min: 2 }, loads: [99, 2], message: undefined },
    {
      policy: { loadThreshold15Min: 2 },
      loads: [0, 2.5],
      message: "Preempted: the load over 15 minutes is 2.5, above 2",
    },
  ] as const;
  it.each(cases)("$policy and a load of $loads: $message", ({ policy, loads, message }) => {
    const bench = registered(policy);
    const containerId = bench.running(onLent("low"));
    bench.running(aRunTask("own"));
    expect(destroyed(load(bench, loads[0], loads[1]))).toEqual(message === undefined ? [] : [containerId]);
    if (message === undefined) return;
    expect(statusUpdates(bench.exit(containerId, killed))[0]?.status).toMatchObject({
      state: "TASK_LOST",
      source: "SOURCE_AGENT",
      reason: "REASON_CONTAINER_PREEMPTED",
      message,
    });
    expect(bench.core.view().used.toString()).toBe("cpus:0.1; mem:32");
  });

  it("orders each end once, whatever the load is meanwhile", () => {
    const bench = registered();
    const containerId = bench.running(onLent("low"));
    expect(destroyed([...load(bench, 9), ...load(bench, 9)])).toEqual([containerId]);
    expect(bench.core.view().counters.preempted).toBe(1);
  });

  it("ends a task's checks with it: what a probe under way answers is not heard (lending, seed 1)", () => {
    const bench = registered();
    const check = { type: "TCP" as const, tcp: { port: 8080 }, delay_seconds: 2, consecutive_failures: 1 };
    const task = aTask("low", { health_check: check });
    const containerId = bench.running({ ...onLent("low"), task });
    const probe = bench.advance(2_000).find((effect) => effect.kind === "runProbe");
    if (probe?.kind !== "runProbe") throw new Error("nothing is probed");
    expect(destroyed(load(bench, 9))).toEqual([containerId]);
    expect(bench.core.check()).toEqual([]);
    const result = { kind: "tcp", connected: false } as const;
    const { number } = probe;
    expect(bench.send({ kind: "probeEnded", containerId, check: "healthCheck", number, result })).toEqual([]);
    expect(kindsOf(bench.advance(60_000))).not.toContain("runProbe");
  });

  it("tells GONE to those who know partitions", () => {
    const bench = registered();
    const containerId = bench.running(onLent("low", partitionAware));
    load(bench, 9);
    expect(statusUpdates(bench.exit(containerId, killed))[0]?.status.state).toBe("TASK_GONE");
  });

  it("takes a launch that is under way as well", () => {
    const bench = registered();
    const containerId = bench.launched(onLent("low", partitionAware));
    expect(destroyed(load(bench, 9))).toEqual([containerId]);
    bench.send({ kind: "containerLaunchFailed", containerId, code: "destroyed", message: "it was" });
    expect(bench.acknowledgeAll()).toEqual(["TASK_STARTING", "TASK_GONE"]);
    const late = bench.launched(onLent("late", partitionAware));
    load(bench, 9);
    const effects = bench.send({ kind: "containerStarted", containerId: late, pid: 7 });
    expect(kindsOf(effects)).toEqual(["destroyContainer"]);
  });

  it("takes an executor whose own share or whose task's is lent, with all its tasks", () => {
    const bench = registered();
    const containerId = bench.launched({ ...aRunAt("t1"), resources: lent });
    bench.send({ kind: "containerStarted", containerId, pid: 50 });
    expect(destroyed(load(bench, 9))).toEqual([containerId]);
    expect(destroyed(load(bench, 9))).toEqual([]);
    expect(statusUpdates(bench.exit(containerId, killed))[0]?.status).toMatchObject({
      state: "TASK_LOST",
      reason: "REASON_CONTAINER_PREEMPTED",
    });
  });

  it("takes every task of an executor that the agent plays", () => {
    const bench = registered();
    const effects = bench.master({
      kind: "runGroup",
      framework: aFramework(partitionAware),
      executor: { type: "DEFAULT", executor_id: { value: "e1" }, resources: revocable("cpus:0.1;mem:32") },
      tasks: ["a", "b"].map((id) => ({ task: aTask(id), resources: aRunTask().resources })),
      role: "*",
      startsExecutor: true,
    });
    const containers = effects.flatMap((effect) =>
      effect.kind === "launchContainer" ? [effect.plan.containerId] : [],
    );
    for (const containerId of containers) bench.send({ kind: "containerStarted", containerId, pid: 9 });
    bench.acknowledgeAll();
    expect(destroyed(load(bench, 9))).toEqual(containers);
    // All of them are of one executor.
    expect(bench.core.view().counters.preempted).toBe(1);
    const ends = containers.flatMap((containerId) => statusUpdates(bench.exit(containerId, killed)));
    expect(ends.map(({ status }) => [status.task_id.value, status.state])).toEqual([
      ["a", "TASK_GONE"],
      ["b", "TASK_GONE"],
    ]);
  });

  it("is carried out by the next life of an agent that died over it", () => {
    const bench = registered();
    const containerId = bench.running(onLent("low"));
    load(bench, 9);
    bench.restart();
    const effects = bench.register([{ kind: "running", containerId, pid: 100 }]);
    expect(destroyed(effects)).toEqual([containerId]);
    bench.restart();
    bench.register([{ kind: "neverStarted", containerId, message: "no trace" }]);
    expect(bench.acknowledgeAll()).toEqual(["TASK_LOST"]);
  });
});
