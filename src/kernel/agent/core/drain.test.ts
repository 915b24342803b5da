import { describe, expect, it } from "vitest";
import type { DrainOrder } from "#contracts/link/messages.ts";
import { AgentBench, aRunTask, framesOf, kindsOf, statusUpdates } from "../testing.ts";

const seconds = (count: number) => ({ grace_period: { nanoseconds: count * 1e9 } });
const aware = {
  capabilities: [{ type: "PARTITION_AWARE" as const }, { type: "TASK_KILLING_STATE" as const }],
};

function bench(): AgentBench {
  const made = new AgentBench();
  made.register();
  return made;
}

const drain = (made: AgentBench, order: Partial<DrainOrder> = {}) =>
  made.master({ kind: "drainAgent", drain: { markGone: false, ...order } });

describe("an agent that is drained", () => {
  it.each([
    { name: "the task's own grace", own: seconds(10), order: {}, expected: 10_000 },
    {
      name: "no more than the order allows",
      own: seconds(10),
      order: { maxGraceMs: 4_000 },
      expected: 4_000,
    },
    {
      name: "the default when the task has none",
      own: undefined,
      order: { maxGraceMs: 9_000 },
      expected: 3_000,
    },
    { name: "nothing when the order says so", own: seconds(10), order: { maxGraceMs: 0 }, expected: 0 },
  ])("gives each task $name", ({ own, order, expected }) => {
    const made = bench();
    made.running(aRunTask("t1", { task: own === undefined ? {} : { kill_policy: own } }));
    const start = made.now;
    made.effects = [];
    drain(made, order);
    while (!kindsOf(made.effects).includes("destroyContainer") && made.now < start + 60_000)
      made.advance(100);
    expect(made.now - start).toBe(expected);
  });

  it.each([
    { name: "KILLED", framework: {}, markGone: false, states: ["TASK_KILLED"] },
    {
      name: "KILLING and KILLED",
      framework: aware,
      markGone: false,
      states: ["TASK_KILLING", "TASK_KILLED"],
    },
    {
      name: "GONE_BY_OPERATOR",
      framework: aware,
      markGone: true,
      states: ["TASK_KILLING", "TASK_GONE_BY_OPERATOR"],
    },
    { name: "KILLED to older ones, gone or not", framework: {}, markGone: true, states: ["TASK_KILLED"] },
  ])("tells $name, with the reason", ({ framework, markGone, states }) => {
    const made = bench();
    const containerId = made.running(aRunTask("t1", { framework }));
    made.effects = [];
    drain(made, { markGone });
    made.exit(containerId, { kind: "signaled", signal: 15, signalName: "SIGTERM", core: false });
    made.advance(1);
    const told = statusUpdates(made.effects).map(({ status }) => status);
    expect(new Set(told.map(({ reason }) => reason))).toEqual(new Set(["REASON_AGENT_DRAINING"]));
    expect(made.acknowledgeAll()).toEqual(states);
  });

  it("says so also of a task that somebody else was killing", () => {
    const made = bench();
    const containerId = made.running();
    made.master({ kind: "killTask", frameworkId: "m-0000", taskId: "t1" });
    drain(made);
    made.exit(containerId);
    expect(statusUpdates(made.effects).at(-1)?.status).toMatchObject({
      state: "TASK_KILLED",
      reason: "REASON_AGENT_DRAINING",
    });
  });

  it("starts nothing until it is empty, and then takes tasks again", () => {
    const made = bench();
    const containerId = made.running();
    drain(made);
    made.effects = [];
    made.launched(aRunTask("late"));
    expect(statusUpdates(made.effects)[0]?.status).toMatchObject({
      state: "TASK_LOST",
      reason: "REASON_AGENT_DRAINING",
    });
    made.exit(containerId);
    made.acknowledgeAll();
    expect(made.core.view().drain).toBeUndefined();
    expect([...made.records.keys()]).not.toContain("agent/drain");
    expect(made.launched(aRunTask("next"))).not.toBe("");
  });

  it("goes on with it when it starts again, and kills what the order had not reached", () => {
    const made = bench();
    const containerId = made.running(aRunTask("t1", { task: { kill_policy: seconds(60) } }));
    drain(made, { maxGraceMs: 5_000 });
    made.restart();
    made.send({ kind: "started" });
    made.send({ kind: "containersRecovered", containers: [{ kind: "running", containerId, pid: 100 }] });
    expect(made.core.view().drain).toMatchObject({ maxGraceMs: 5_000 });
    expect(kindsOf(made.effects)).toContain("signalContainer");
    expect(kindsOf(made.advance(5_000))).toContain("destroyContainer");
  });

  it("hears it with its registration, and that it is over too", () => {
    const made = bench();
    made.running();
    made.send({ kind: "linkClosed", link: made.link(), reason: "broke" });
    made.advance(60_000);
    const registered = {
      kind: "reregistered",
      agentId: "m-S0",
      pingTimeoutMs: 75_000,
      reconcile: [],
    } as const;
    made.send({ kind: "linkOpened", link: made.link() });
    made.master({ kind: "hello", version: 1, masterId: "m1", epoch: 1 });
    made.effects = [];
    made.master({ ...registered, drain: { markGone: false } });
    expect(kindsOf(made.effects)).toContain("signalContainer");
    made.master({ kind: "ping", connected: false });
    made.master(registered);
    expect(made.core.view().drain).toBeUndefined();
  });
});

describe("an agent that is not wanted any more", () => {
  it("hears it in answer to its registration, ends its tasks and forgets who it was", () => {
    const made = bench();
    const containerId = made.running();
    made.restart();
    made.send({ kind: "started" });
    made.send({ kind: "containersRecovered", containers: [{ kind: "running", containerId, pid: 100 }] });
    made.send({ kind: "linkOpened", link: made.link() });
    const sent = framesOf(made.master({ kind: "hello", version: 1, masterId: "m2", epoch: 2 }));
    expect(sent[0]).toMatchObject({ kind: "reregister" });
    made.master({ kind: "shutdownAgent", message: "gone" });
    expect([...made.records.keys()]).not.toContain("agent/identity");
    made.exit(containerId);
    expect(made.effects.at(-1)).toMatchObject({ kind: "shutDown", isRemoved: true });
    expect(statusUpdates(made.effects)).toEqual([]);
  });

  it("listens to nobody whose epoch it has not judged", () => {
    const made = new AgentBench();
    made.send({ kind: "started" });
    made.send({ kind: "containersRecovered", containers: [] });
    made.send({ kind: "linkOpened", link: made.link() });
    made.master({ kind: "shutdownAgent", message: "gone" });
    expect(kindsOf(made.effects)).not.toContain("shutDown");
  });
});
