import { describe, expect, it } from "vitest";
import type { Task } from "#contracts/kernel/messages.gen.ts";
import type { RecoveredContainer } from "#kernel/containerizer/driver.ts";
import { AgentBench, aRunTask, framesOf, kindsOf, statusUpdates } from "../testing.ts";

type Found = (containerId: string) => readonly RecoveredContainer[];

const running: Found = (containerId) => [{ kind: "running", containerId, pid: 100 }];
const exited =
  (status: number): Found =>
  (containerId) => [
    {
      kind: "ended",
      containerId,
      report: { containerId, exit: { kind: "exited", status }, message: "" },
    },
  ];
const neverStarted: Found = (containerId) => [
  { kind: "neverStarted", containerId, message: "Nothing was prepared" },
];

interface Case {
  readonly name: string;
  readonly found: Found;
  readonly before?: "launching" | "running" | "killed";
  readonly bootId?: string;
  readonly checkpoint?: boolean;
  /** States told after the restart, in order. */
  readonly told: readonly string[];
  readonly reason?: string;
  readonly effects?: readonly string[];
}

const cases: readonly Case[] = [
  { name: "a running task is adopted and nothing is told", found: running, told: [] },
  { name: "an end that nobody saw is told as it was", found: exited(0), told: ["TASK_FINISHED"] },
  { name: "a failure that nobody saw too", found: exited(3), told: ["TASK_FAILED"] },
  {
    name: "a container that is gone means EXECUTOR_TERMINATED",
    found: () => [],
    told: ["TASK_FAILED"],
    reason: "REASON_EXECUTOR_TERMINATED",
  },
  {
    name: "a launch that was cut off before the task ran means EXECUTOR_TERMINATED",
    before: "launching",
    found: neverStarted,
    told: ["TASK_STARTING", "TASK_FAILED"],
    reason: "REASON_EXECUTOR_TERMINATED",
  },
  {
    name: "a launch whose success was not heard of is told now",
    before: "launching",
    found: running,
    told: ["TASK_STARTING", "TASK_RUNNING"],
  },
  {
    name: "a killed task that ended with 0 was KILLED",
    before: "killed",
    found: exited(0),
    told: ["TASK_KILLED"],
  },
  {
    name: "a killed task that still runs is signalled again",
    before: "killed",
    found: running,
    told: [],
    effects: ["signalContainer"],
  },
  {
    name: "after a reboot every task FAILED, under the same agent id",
    bootId: "boot-2",
    found: () => [],
    told: ["TASK_FAILED"],
    reason: "REASON_EXECUTOR_TERMINATED",
  },
  {
    name: "a task of a framework without checkpoint is destroyed and not told of",
    checkpoint: false,
    found: running,
    told: [],
    effects: ["destroyContainer"],
  },
  {
    name: "an ended task of a framework without checkpoint is forgotten",
    checkpoint: false,
    found: exited(0),
    told: [],
  },
];

describe("an agent that starts again", () => {
  it("whose records are an earlier copy ends what came after it, says so and counts it", () => {
    const bench = new AgentBench();
    bench.register();
    const kept = bench.running(aRunTask("kept"));
    const ended = bench.running(aRunTask("ended"));
    const copy = new Map(bench.records);
    bench.exit(ended, { kind: "exited", status: 0 });
    bench.acknowledgeAll();
    const later = bench.running(aRunTask("later"));
    bench.records.clear();
    for (const [key, record] of copy) bench.records.set(key, record);
    bench.restart();
    bench.register([...running(kept), ...running(later)], 2);
    expect(bench.core.view().recovery?.errors).toBe(1);
    expect(bench.effects).toContainEqual({ kind: "destroyContainer", containerId: later });
    expect(bench.effects).toContainEqual(
      expect.objectContaining({ kind: "log", level: "error", event: "agent.storeIsOld" }),
    );
    const told = framesOf(bench.effects).find(({ kind }) => kind === "reregister");
    const states = ((told as { tasks?: readonly Task[] } | undefined)?.tasks ?? []).map(
      ({ task_id: { value }, state }) => `${value} ${state}`,
    );
    // Of what ended since the copy it can only say that it is gone.
    expect(states.sort()).toEqual(["ended TASK_FAILED", "kept TASK_RUNNING"]);
  });

  it.each(cases)(
    "$name",
    ({ before = "running", found, bootId, checkpoint = true, told, reason, effects = [] }) => {
      const bench = new AgentBench();
      bench.register();
      const run = aRunTask("t1", { framework: { checkpoint } });
      const containerId = before === "launching" ? bench.launched(run) : bench.running(run);
      if (before === "killed") bench.master({ kind: "killTask", frameworkId: "m-0000", taskId: "t1" });
      bench.advance(1_000);
      bench.restart(bootId === undefined ? {} : { bootId });
      bench.register(found(containerId), 2);
      expect(kindsOf(bench.effects)).toEqual(expect.arrayContaining([...effects]));
      expect(framesOf(bench.effects).find(({ kind }) => kind === "reregister")).toMatchObject({
        info: { id: { value: "m-S0" } },
      });
      const last = () => statusUpdates(bench.effects).at(-1)?.status;
      const states: string[] = [];
      let final = last();
      for (let update = last(); update !== undefined && states.length < 9; update = last()) {
        final = update;
        states.push(update.state);
        bench.effects = [];
        bench.master({ kind: "acknowledge", frameworkId: "m-0000", taskId: "t1", uuid: update.uuid ?? "" });
      }
      expect(states).toEqual(told);
      if (reason !== undefined) expect(final?.reason).toBe(reason);
    },
  );

  it("goes on with the rest of a grace, not with a new one", () => {
    const bench = new AgentBench();
    bench.register();
    const containerId = bench.running();
    bench.master({ kind: "killTask", frameworkId: "m-0000", taskId: "t1" });
    bench.advance(2_000);
    bench.restart();
    bench.register(running(containerId), 2);
    expect(kindsOf(bench.advance(999))).not.toContain("destroyContainer");
    expect(kindsOf(bench.advance(1))).toContain("destroyContainer");
  });

  it("counts max_completion_time from the first start", () => {
    const bench = new AgentBench();
    bench.register();
    const containerId = bench.running(
      aRunTask("t1", { task: { max_completion_time: { nanoseconds: 5e9 } } }),
    );
    bench.advance(4_000);
    bench.restart();
    bench.register(running(containerId), 2);
    expect(kindsOf(bench.advance(1_000))).toContain("destroyContainer");
  });

  it("destroys containers that no record knows", () => {
    const bench = new AgentBench();
    bench.send({ kind: "started" });
    const effects = bench.send({
      kind: "containersRecovered",
      containers: [{ kind: "running", containerId: "stray", pid: 9 }],
    });
    expect(effects).toContainEqual({ kind: "destroyContainer", containerId: "stray" });
  });

  it.each([
    { name: "with other resources", facts: { resources: [] } },
    { name: "with other attributes", facts: { attributes: [] } },
  ])("refuses $name and names the way out", ({ facts }) => {
    const bench = new AgentBench();
    bench.register();
    bench.restart(facts);
    const [effect] = bench.send({ kind: "started" });
    expect(effect).toMatchObject({ kind: "shutDown", failure: expect.stringContaining("remove /data") });
  });

  it("refuses records of a newer version with a sentence", () => {
    const bench = new AgentBench();
    bench.records.set("agent/identity", { formatVersion: 2 });
    bench.restart();
    const [effect] = bench.send({ kind: "started" });
    expect(effect).toMatchObject({ kind: "shutDown", failure: expect.stringContaining("newer version") });
  });
});

describe("sandboxes of ended tasks", () => {
  const ended = (): { bench: AgentBench; containerId: string } => {
    const bench = new AgentBench();
    bench.register();
    const containerId = bench.running();
    bench.exit(containerId);
    bench.acknowledgeAll();
    return { bench, containerId };
  };
  const removals = (bench: AgentBench, used: number) =>
    kindsOf(bench.send({ kind: "diskMeasured", used })).filter((kind) => kind === "removeSandbox").length;

  it.each([
    { name: "stay while the disk is empty and a week has not passed", used: 0, days: 6, expected: 0 },
    { name: "go after their time", used: 0, days: 7, expected: 1 },
    { name: "go at once when the disk is full", used: 0.95, days: 0, expected: 1 },
    { name: "stay their time on a disk that is half full", used: 0.5, days: 6.9, expected: 0 },
    { name: "go after half of it when the room gets small", used: 0.8, days: 3.6, expected: 1 },
  ])("$name", ({ used, days, expected }) => {
    const { bench } = ended();
    bench.now += days * 86_400_000;
    expect(removals(bench, used)).toBe(expected);
  });

  it("are tried again when they could not be removed, and known after a restart", () => {
    const { bench, containerId } = ended();
    expect(removals(bench, 1)).toBe(1);
    bench.send({ kind: "sandboxRemoved", containerId, failure: "EBUSY" });
    bench.restart();
    bench.register([], 2);
    expect(removals(bench, 1)).toBe(1);
    bench.send({ kind: "sandboxRemoved", containerId });
    const record = (): unknown => bench.records.get(`sandboxes/${containerId}`);
    expect(record()).toMatchObject({ filesRemovedAt: bench.now, ending: { state: "TASK_FINISHED" } });
    expect(removals(bench, 1)).toBe(0);
    bench.now += 8 * 86_400_000;
    removals(bench, 1);
    expect(record()).toBeUndefined();
  });

  it("are known in the order in which their tasks ended, over a restart too", () => {
    const bench = new AgentBench();
    bench.register();
    const ended = Array.from({ length: 5 }, (_, index) => {
      const containerId = bench.running(aRunTask(`t${index}`));
      bench.now += 1_000;
      bench.exit(containerId);
      bench.acknowledgeAll();
      return containerId;
    });
    expect([...bench.core.view().endings.keys()]).toEqual(ended);
    bench.restart();
    expect([...bench.core.view().endings.keys()]).toEqual(ended);
  });

  it("go for the budget, those that ended well first, and say what was known of their end", () => {
    const bench = new AgentBench({ policy: { evidenceBytesMax: 100 } });
    bench.register();
    const fails = bench.running(aRunTask("fails"));
    bench.exit(fails, { kind: "signaled", signal: 11, signalName: "SIGSEGV", core: false });
    const works = bench.running(aRunTask("works"));
    bench.exit(works);
    bench.send({ kind: "sandboxMeasured", containerId: fails, bytes: 60 });
    const went = bench.send({ kind: "sandboxMeasured", containerId: works, bytes: 60 });
    expect(went).toContainEqual({ kind: "removeSandbox", containerId: works, directory: expect.anything() });
    expect(bench.records.get(`sandboxes/${fails}`)).toMatchObject({
      bytes: 60,
      ending: { taskId: "fails", state: "TASK_FAILED", signal: "SIGSEGV", startedAt: bench.now },
    });
  });
});

it("reliability.md§1#M10 MESOS-9966: containers that nobody answers for are ended, those within others too", () => {
  const bench = new AgentBench();
  const effects = bench.register([
    { kind: "running", containerId: "root", pid: 7 },
    { kind: "running", containerId: "root.nested", pid: 8 },
    { kind: "neverStarted", containerId: "root.other", message: "" },
  ]);
  expect(kindsOf(effects).filter((kind) => kind.endsWith("Container"))).toEqual([
    "destroyContainer",
    "destroyContainer",
    "removeContainer",
  ]);
  for (const containerId of ["root", "root.nested"])
    expect(kindsOf(bench.exit(containerId))).toEqual(["removeContainer"]);
});
