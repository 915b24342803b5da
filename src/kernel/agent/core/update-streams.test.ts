import { describe, expect, it } from "vitest";
import { AgentBench, aRunTask, statusUpdates } from "../testing.ts";

function started(): AgentBench {
  const bench = new AgentBench();
  bench.register();
  bench.launched();
  return bench;
}

/** Keeps the master's pings coming, as a master would. */
function sentWithin(
  bench: AgentBench,
  ms: number,
): readonly { readonly at: number; readonly uuid: string }[] {
  const start = bench.now;
  const sent: { at: number; uuid: string }[] = [];
  while (bench.now < start + ms) {
    for (const { status } of statusUpdates(bench.advance(1_000)))
      sent.push({ at: (bench.now - start) / 1000, uuid: status.uuid ?? "" });
    if ((bench.now - start) % 15_000 === 0) bench.master({ kind: "ping", connected: true });
  }
  return sent;
}

describe("an update stream", () => {
  it("sends its head again after 10 s, doubling up to 10 minutes", () => {
    const sent = sentWithin(started(), 3_000_000);
    expect(sent.map(({ at }) => at)).toEqual([10, 30, 70, 150, 310, 630, 1230, 1830, 2430]);
    expect(new Set(sent.map(({ uuid }) => uuid)).size).toBe(1);
  });

  it("starts at 10 s again for a new head", () => {
    const bench = started();
    sentWithin(bench, 100_000);
    bench.acknowledgeAll();
    const [run] = bench.core.view().frameworks.get("m-0000")?.runs ?? [];
    bench.send({ kind: "containerStarted", containerId: run?.spec.containerId ?? "", pid: 1 });
    expect(sentWithin(bench, 40_000).map(({ at }) => at)).toEqual([10, 30]);
  });

  it("goes out at once when its framework is back, and starts at 10 s again", () => {
    const bench = started();
    sentWithin(bench, 100_000);
    bench.effects = [];
    bench.master({ kind: "updateFramework", framework: { user: "u", name: "n", id: { value: "another" } } });
    expect(statusUpdates(bench.effects)).toEqual([]);
    bench.master({ kind: "updateFramework", framework: { user: "u", name: "n", id: { value: "m-0000" } } });
    expect(statusUpdates(bench.effects)).toHaveLength(1);
    expect(sentWithin(bench, 40_000).map(({ at }) => at)).toEqual([10, 30]);
  });

  it("moves only for the head's uuid", () => {
    const bench = started();
    const acknowledge = { kind: "acknowledge", frameworkId: "m-0000", taskId: "t1" } as const;
    bench.master({ ...acknowledge, uuid: "AAAAAAAAAAAAAAAAAAAAAA==" });
    expect(sentWithin(bench, 10_000)).toHaveLength(1);
  });

  it("tells a task's end with the head that still waits, and frees nothing before", () => {
    const bench = new AgentBench();
    bench.register();
    const containerId = bench.running(aRunTask(), { acknowledged: false });
    bench.effects = [];
    bench.exit(containerId);
    expect(statusUpdates(bench.effects)).toMatchObject([
      { status: { state: "TASK_STARTING" }, latestState: "TASK_FINISHED" },
    ]);
  });

  it("is on the disk before it is sent, and goes on after a restart with the same uuid", () => {
    const bench = new AgentBench();
    bench.register();
    const containerId = bench.running(aRunTask(), { acknowledged: false });
    const [first] = statusUpdates(bench.effects);
    bench.restart();
    const sent = statusUpdates(bench.register([{ kind: "running", containerId, pid: 100 }]));
    expect(sent.map(({ status }) => status.uuid)).toEqual([first?.status.uuid]);
    expect(bench.acknowledgeAll()).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
  });

  it("waits while no master listens and goes on at once when one does", () => {
    const bench = started();
    bench.send({ kind: "linkClosed", link: bench.link(), reason: "gone" });
    expect(statusUpdates(bench.effects)).toHaveLength(1);
    bench.advance(1_000);
    expect(statusUpdates(bench.greet(2))).toHaveLength(1);
  });
});
