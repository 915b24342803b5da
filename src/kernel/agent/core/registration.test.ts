import { describe, expect, it } from "vitest";
import { AgentBench, framesOf, kindsOf } from "../testing.ts";

function opened(): AgentBench {
  const bench = new AgentBench();
  bench.send({ kind: "started" });
  bench.send({ kind: "containersRecovered", containers: [] });
  bench.send({ kind: "linkOpened", link: bench.link() });
  return bench;
}

describe("registration", () => {
  it("greets, registers and keeps the id it is given", () => {
    const bench = new AgentBench();
    bench.register();
    expect(framesOf(bench.effects).map(({ kind }) => kind)).toEqual(["hello", "register"]);
    expect(bench.records.get("agent/identity")).toMatchObject({ agentId: "m-S0", bootId: "boot-1" });
  });

  it("comes back as itself with its tasks after a restart", () => {
    const bench = new AgentBench();
    bench.register();
    const containerId = bench.running();
    bench.restart();
    bench.register([{ kind: "running", containerId, pid: 100 }], 2);
    expect(framesOf(bench.effects).find(({ kind }) => kind === "reregister")).toMatchObject({
      info: { id: { value: "m-S0" } },
      frameworks: [{ id: { value: "m-0000" } }],
      tasks: [{ task_id: { value: "t1" }, state: "TASK_RUNNING" }],
    });
  });

  it("asks again with growing pauses while the master says nothing", () => {
    const bench = opened();
    bench.master({ kind: "hello", version: 1, masterId: "m", epoch: 1 });
    const count = framesOf(bench.advance(600_000)).filter(({ kind }) => kind === "register").length;
    expect(count).toBeGreaterThanOrEqual(9);
    expect(count).toBeLessThan(60);
  });

  it("waits no longer than 2^n seconds, and never over a minute, between links", () => {
    const bench = new AgentBench();
    bench.send({ kind: "started" });
    bench.send({ kind: "containersRecovered", containers: [] });
    for (let attempt = 0; attempt < 12; attempt += 1) {
      bench.send({ kind: "linkClosed", link: bench.link(), reason: "refused" });
      const wait = (bench.core.wakeAt() ?? 0) - bench.now;
      expect(wait).toBeLessThanOrEqual(Math.min(1_000 * 2 ** attempt, 60_000));
      bench.advance(Math.min(1_000 * 2 ** attempt, 60_000));
    }
  });

  it("leaves a master that leads no more, and is at the next one within a second", () => {
    const bench = new AgentBench();
    bench.register();
    const former = bench.link();
    expect(kindsOf(bench.send({ kind: "masterMoved" }))).toContain("closeLink");
    expect(bench.core.isRegistered).toBe(false);
    expect(kindsOf(bench.advance(1_000))).toContain("openLink");
    expect(bench.link()).not.toBe(former);
  });

  it("does not wait out the pause of the former master when another one leads", () => {
    const bench = new AgentBench();
    bench.send({ kind: "started" });
    bench.send({ kind: "containersRecovered", containers: [] });
    for (let attempt = 0; attempt < 12; attempt += 1) {
      bench.send({ kind: "linkClosed", link: bench.link(), reason: "refused" });
      if (attempt < 11) bench.advance(60_000);
    }
    bench.send({ kind: "masterMoved" });
    expect(kindsOf(bench.advance(1_000))).toContain("openLink");
  });

  it("looks for a master again when no ping came in time", () => {
    const bench = new AgentBench();
    bench.register();
    bench.advance(70_000);
    bench.master({ kind: "ping", connected: true });
    expect(kindsOf(bench.advance(74_999))).not.toContain("closeLink");
    expect(kindsOf(bench.advance(1))).toContain("closeLink");
    expect(kindsOf(bench.advance(2_000))).toContain("openLink");
  });

  it("registers again when a ping says that the master does not know it", () => {
    const bench = new AgentBench();
    bench.register();
    const sent = framesOf(bench.master({ kind: "ping", connected: false })).map(({ kind }) => kind);
    expect(sent).toEqual(["pong", "reregister"]);
  });

  it("does not obey a master older than one it knew, also after a restart", () => {
    const bench = new AgentBench();
    bench.register([], 5);
    bench.restart();
    bench.send({ kind: "started" });
    bench.send({ kind: "containersRecovered", containers: [] });
    bench.send({ kind: "linkOpened", link: bench.link() });
    const effects = bench.master({ kind: "hello", version: 1, masterId: "old", epoch: 4 });
    expect(kindsOf(effects)).toEqual(["closeLink"]);
  });

  it("ends when the master refuses it for good, and tries again when not", () => {
    const bench = opened();
    expect(kindsOf(bench.master({ kind: "refused", reason: "later", final: false }))).toEqual(["closeLink"]);
    const other = opened();
    const effects = other.master({ kind: "refused", reason: "gone", final: true });
    expect(effects.find(({ kind }) => kind === "shutDown")).toMatchObject({
      failure: expect.stringContaining("gone"),
    });
  });

  it("answers tasks the master believes here with TASK_LOST, or TASK_DROPPED where that is understood", () => {
    const bench = new AgentBench();
    bench.register();
    bench.running();
    bench.master({ kind: "ping", connected: false });
    bench.effects = [];
    bench.master({
      kind: "reregistered",
      agentId: "m-S0",
      pingTimeoutMs: 75_000,
      reconcile: [
        { frameworkId: "m-0000", taskIds: ["t1", "t9"] },
        {
          frameworkId: "m-0001",
          taskIds: ["t8"],
          framework: {
            user: "",
            name: "f",
            id: { value: "m-0001" },
            capabilities: [{ type: "PARTITION_AWARE" }],
          },
        },
      ],
    });
    expect(bench.acknowledgeAll()).toEqual(["TASK_LOST", "TASK_DROPPED"]);
  });
});
