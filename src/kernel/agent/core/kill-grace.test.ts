import { describe, expect, it } from "vitest";
import type { KillPolicy } from "#contracts/kernel/messages.gen.ts";
import { AgentBench, aRunTask, kindsOf, statusUpdates } from "../testing.ts";

const seconds = (count: number): KillPolicy => ({ grace_period: { nanoseconds: count * 1e9 } });

/** When SIGKILL comes after the first of `kills`, in ms; each kill is [at, override]. */
function destroyedAt(
  task: KillPolicy | undefined,
  kills: readonly (readonly [number, KillPolicy?])[],
): number {
  const bench = new AgentBench();
  bench.register();
  bench.running(aRunTask("t1", { task: task === undefined ? {} : { kill_policy: task } }));
  const start = bench.now;
  bench.effects = [];
  for (const [at, override] of kills) {
    bench.advance(at - (bench.now - start));
    bench.master({
      kind: "killTask",
      frameworkId: "m-0000",
      taskId: "t1",
      ...(override === undefined ? {} : { killPolicy: override }),
    });
  }
  while (!kindsOf(bench.effects).includes("destroyContainer") && bench.now < start + 100_000)
    bench.advance(100);
  return bench.now - start;
}

describe("the grace of a kill", () => {
  it.each([
    { name: "is 3 s by default", task: undefined, kills: [[0]] as const, expected: 3_000 },
    { name: "is the task's own", task: seconds(10), kills: [[0]] as const, expected: 10_000 },
    {
      name: "is the call's before the task's",
      task: seconds(10),
      kills: [[0, seconds(1)]] as const,
      expected: 1_000,
    },
    { name: "none at all ends it at once", task: undefined, kills: [[0, seconds(0)]] as const, expected: 0 },
    {
      name: "is shortened by a later kill, counted from the first",
      task: seconds(60),
      kills: [[0], [2_000, seconds(5)]] as const,
      expected: 5_000,
    },
    {
      name: "that has passed already ends it now",
      task: seconds(60),
      kills: [[0], [8_000, seconds(5)]] as const,
      expected: 8_000,
    },
    {
      name: "is never lengthened",
      task: seconds(4),
      kills: [[0], [1_000, seconds(60)]] as const,
      expected: 4_000,
    },
  ])("$name", ({ task, kills, expected }) => {
    expect(destroyedAt(task, kills)).toBe(expected);
  });

  it("before the launch was done means TASK_KILLED, TASK_KILLED_DURING_LAUNCH", () => {
    const bench = new AgentBench();
    bench.register();
    const containerId = bench.launched();
    expect(kindsOf(bench.master({ kind: "killTask", frameworkId: "m-0000", taskId: "t1" }))).toContain(
      "destroyContainer",
    );
    bench.send({ kind: "containerLaunchFailed", containerId, code: "destroyed", message: "destroyed" });
    expect(bench.acknowledgeAll()).toEqual(["TASK_STARTING", "TASK_KILLED"]);
  });

  it("a container that starts in spite of the kill is destroyed, and nobody hears that it ran", () => {
    const bench = new AgentBench();
    bench.register();
    const containerId = bench.launched();
    bench.master({ kind: "killTask", frameworkId: "m-0000", taskId: "t1" });
    expect(kindsOf(bench.send({ kind: "containerStarted", containerId, pid: 7 }))).toContain(
      "destroyContainer",
    );
    bench.exit(containerId);
    expect(bench.acknowledgeAll()).toEqual(["TASK_STARTING", "TASK_KILLED"]);
  });

  it.each([
    { capabilities: [{ type: "TASK_KILLING_STATE" as const }], expected: ["TASK_KILLING"] },
    { capabilities: [], expected: [] },
  ])("TASK_KILLING is told exactly to frameworks that know it", ({ capabilities, expected }) => {
    const bench = new AgentBench();
    bench.register();
    bench.running(aRunTask("t1", { framework: { capabilities } }));
    bench.effects = [];
    bench.master({ kind: "killTask", frameworkId: "m-0000", taskId: "t1" });
    expect(statusUpdates(bench.effects).map(({ status }) => status.state)).toEqual(expected);
  });
});
