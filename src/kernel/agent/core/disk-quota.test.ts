import { describe, expect, it } from "vitest";
import { AgentBench, aRunAt, aRunTask, kindsOf, statusUpdates } from "../testing.ts";
import type { AgentEffect } from "./events.ts";

const mib = 1_048_576;
const policy = { enforcesDisk: true, containerDiskWatchMs: 1_000 };
const withDisk = aRunTask("t1", { resources: "cpus:0.1;mem:32;disk:10" });

const measured = (effects: readonly AgentEffect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === "measureSandbox" ? [effect.containerId] : []));

function registered(more: object = {}): AgentBench {
  const bench = new AgentBench({ policy: { ...policy, ...more } });
  bench.register();
  return bench;
}

const killed = { kind: "signaled", signal: 9, signalName: "SIGKILL", core: false } as const;

describe("the quota of disk", () => {
  it("kills a task that has written more, and tells how much it was given", () => {
    const bench = registered();
    const containerId = bench.running(withDisk);
    expect(measured(bench.advance(1_000))).toEqual([containerId]);
    const effects = bench.send({ kind: "sandboxMeasured", containerId, bytes: 11 * mib });
    expect(kindsOf(effects)).toEqual(["destroyContainer"]);
    expect(statusUpdates(bench.exit(containerId, killed))[0]?.status).toMatchObject({
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      reason: "REASON_CONTAINER_LIMITATION_DISK",
      message: "Disk usage (11MB) exceeds quota (10MB)",
      limitation: { resources: [{ name: "disk", scalar: { value: 10 } }] },
    });
  });

  it("leaves one alone that has not, and looks again, one look at a time", () => {
    const bench = registered();
    const containerId = bench.running(withDisk);
    expect(measured(bench.advance(3_000))).toEqual([containerId]);
    expect(kindsOf(bench.send({ kind: "sandboxMeasured", containerId, bytes: 10 * mib }))).toEqual([]);
    expect(measured(bench.advance(1_000))).toEqual([containerId]);
  });

  it("is of no concern to a task that was given no disk, or where it is not enforced", () => {
    const bench = registered();
    bench.running();
    expect(measured(bench.advance(5_000))).toEqual([]);
    const free = registered({ enforcesDisk: false });
    free.running(withDisk);
    expect(measured(free.advance(5_000))).toEqual([]);
  });

  it("counts what an executor and its tasks were given together", () => {
    const bench = registered();
    const run = aRunAt();
    const containerId = bench.launched({ ...run, resources: withDisk.resources });
    bench.send({ kind: "containerStarted", containerId, pid: 50 });
    expect(measured(bench.advance(1_000))).toEqual([containerId]);
    bench.send({ kind: "sandboxMeasured", containerId, bytes: 11 * mib });
    expect(statusUpdates(bench.exit(containerId, killed))[0]?.status.reason).toBe(
      "REASON_CONTAINER_LIMITATION_DISK",
    );
  });
});
