import { describe, expect, it } from "vitest";
import type { HealthCheck, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { AgentBench, aRunTask, kindsOf, statusUpdates } from "../testing.ts";
import type { ProbeResult } from "./check-results.ts";
import type { AgentEffect } from "./events.ts";

const tcp: HealthCheck = {
  type: "TCP",
  tcp: { port: 8080 },
  delay_seconds: 2,
  interval_seconds: 10,
  timeout_seconds: 5,
  consecutive_failures: 2,
  grace_period_seconds: 0,
};
const well: ProbeResult = { kind: "tcp", connected: true };
const ill: ProbeResult = { kind: "tcp", connected: false };

const probesOf = (effects: readonly AgentEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "runProbe" ? [effect] : []));

function running(task: Partial<TaskInfo>) {
  const bench = new AgentBench();
  bench.register();
  const containerId = bench.running(aRunTask("t1", { task }));
  return { bench, containerId };
}

/** The next probe is due after so long; answers it. */
function probe(bench: AgentBench, afterMs: number, result: ProbeResult): readonly AgentEffect[] {
  if (afterMs > 0) expect(probesOf(bench.advance(afterMs - 1))).toEqual([]);
  const [asked] = probesOf(bench.advance(1));
  if (asked === undefined) throw new Error(`no probe after ${afterMs} ms`);
  const { containerId, check, number } = asked;
  return bench.send({ kind: "probeEnded", containerId, check, number, result });
}

const told = (bench: AgentBench) =>
  statusUpdates(bench.effects).map(({ status }) => [status.state, status.healthy, status.reason]);
const lastTold = (bench: AgentBench) => statusUpdates(bench.effects).at(-1)?.status;

describe("a task's health check", () => {
  it("runs after its delay and then an interval after each end, and tells what changed", () => {
    const { bench } = running({ health_check: tcp });
    expect(kindsOf(probe(bench, 2_000, well))).toEqual(["sendFrame"]);
    bench.acknowledgeAll();
    expect(probe(bench, 10_000, well)).toEqual([]);
    bench.acknowledgeAll();
    bench.effects = [];
    probe(bench, 10_000, ill);
    expect(told(bench)).toEqual([["TASK_RUNNING", false, "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"]]);
    expect(lastTold(bench)?.message).toBe("Health check failed: no TCP connection");
  });

  it("ends the task after the failures it was told, with a last word on its health", () => {
    const { bench, containerId } = running({ health_check: tcp });
    probe(bench, 2_000, ill);
    bench.acknowledgeAll();
    const effects = probe(bench, 10_000, ill);
    expect(kindsOf(effects)).toContain("signalContainer");
    bench.acknowledgeAll();
    bench.effects = [];
    bench.exit(containerId, { kind: "signaled", signal: 15, signalName: "SIGTERM", core: false });
    expect(lastTold(bench)).toMatchObject({
      state: "TASK_KILLED",
      healthy: false,
      message: "Killed because its health check failed: no TCP connection",
    });
    expect(lastTold(bench)?.reason).toBeUndefined();
  });

  it("is asked no more once the task is being killed or has ended", () => {
    const { bench, containerId } = running({ health_check: tcp });
    bench.advance(2_000);
    const killed = bench.master({ kind: "killTask", frameworkId: "m-0000", taskId: "t1" });
    expect(kindsOf(killed)).toContain("cancelProbes");
    const [asked] = probesOf(bench.effects);
    const late = { kind: "probeEnded", containerId, check: "healthCheck", result: ill } as const;
    expect(bench.send({ ...late, number: asked?.number ?? 0 })).toEqual([]);
    expect(probesOf(bench.advance(2_000))).toEqual([]);
    bench.exit(containerId);
    expect(probesOf(bench.advance(100_000))).toEqual([]);
  });

  it("keeps its count over a restart of the agent", () => {
    const { bench, containerId } = running({ health_check: tcp });
    probe(bench, 2_000, ill);
    bench.acknowledgeAll();
    bench.restart();
    bench.register([{ kind: "running", containerId, pid: 100 }], 2);
    const [asked] = probesOf(bench.advance(10_000));
    const number = asked?.number ?? 0;
    const effects = bench.send({
      kind: "probeEnded",
      containerId,
      check: "healthCheck",
      number,
      result: ill,
    });
    expect(kindsOf(effects)).toContain("signalContainer");
  });

  it("stays in later updates, and what nobody acknowledges is bounded", () => {
    const { bench, containerId } = running({
      health_check: { ...tcp, consecutive_failures: 0, interval_seconds: 0.2 },
    });
    probe(bench, 2_000, ill);
    for (let round = 0; round < 100; round += 1) probe(bench, 200, ill);
    const waiting = [...bench.records.keys()].filter((key) => key.startsWith(`updates/${containerId}/`));
    expect(waiting.length).toBeLessThanOrEqual(16);
    bench.exit(containerId);
    const states = bench.acknowledgeAll();
    expect(states.at(-1)).toBe("TASK_FINISHED");
    expect(states.length).toBeLessThanOrEqual(17);
  });

  it("that makes no sense is refused with the field's name", () => {
    const bench = new AgentBench();
    bench.register();
    bench.master(aRunTask("t1", { task: { health_check: { type: "HTTP" } } }));
    expect(lastTold(bench)).toMatchObject({
      state: "TASK_FAILED",
      message: "TaskInfo.health_check.http is missing for type HTTP",
    });
  });
});

describe("a task's check", () => {
  const check = { type: "TCP", tcp: { port: 1 }, delay_seconds: 0, interval_seconds: 1 } as const;

  it("is in the first TASK_RUNNING without a result, and tells only what changed", () => {
    const bench = new AgentBench();
    bench.register();
    bench.running(aRunTask("t1", { task: { check } }), { acknowledged: false });
    bench.acknowledgeAll();
    bench.effects = [];
    probe(bench, 0, well);
    expect(lastTold(bench)).toMatchObject({
      state: "TASK_RUNNING",
      reason: "REASON_TASK_CHECK_STATUS_UPDATED",
      check_status: { type: "TCP", tcp: { succeeded: true } },
    });
    bench.acknowledgeAll();
    expect(probe(bench, 1_000, well)).toEqual([]);
    probe(bench, 1_000, { kind: "timedOut" });
    expect(lastTold(bench)?.check_status).toEqual({ type: "TCP", tcp: {} });
    expect(lastTold(bench)?.healthy).toBeUndefined();
  });

  it("goes beside a health check, each telling of both", () => {
    const { bench } = running({ check: { ...check, delay_seconds: 5 }, health_check: tcp });
    probe(bench, 2_000, well);
    bench.acknowledgeAll();
    bench.effects = [];
    probe(bench, 3_000, ill);
    expect(lastTold(bench)).toMatchObject({
      healthy: true,
      check_status: { type: "TCP", tcp: { succeeded: false } },
    });
  });
});
