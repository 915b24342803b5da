/** Agents come, go, and come back. */
import { describe, expect, it } from "vitest";
import { aware, linkTask, MasterBench, noRegistry, running, wireResources } from "../testing.ts";
import { inService } from "./records.ts";

describe("agents", () => {
  it("are admitted only after the registry is written", () => {
    const bench = new MasterBench();
    const { writes, effects } = bench.core.apply(
      {
        kind: "agentSaid",
        connection: "l",
        message: {
          kind: "register",
          info: { hostname: "h", resources: wireResources("cpus:1") },
          pid: "slave(1)@h:1",
          version: "1",
          capabilities: [],
        },
      },
      1_000,
    );
    expect(writes).toMatchObject([{ kind: "put", key: "agents/M-S0" }]);
    expect(
      effects.some((effect) => effect.kind === "sendToAgent" && effect.message.kind === "registered"),
    ).toBe(true);
  });

  it("that answer no ping for the whole time are unreachable, durably, and everybody is told", () => {
    const { bench, agentId, id } = running(aware);
    bench.pass(91_000);
    expect(bench.updates("stream")).toMatchObject([
      { state: "TASK_UNREACHABLE", unreachable_time: { nanoseconds: expect.any(Number) } },
    ]);
    expect(bench.events("stream").findLast(({ type }) => type !== "HEARTBEAT")).toEqual({
      type: "FAILURE",
      failure: { agent_id: { value: agentId } },
    });
    expect(bench.writes).toEqual(
      expect.arrayContaining([
        { kind: "delete", key: `agents/${agentId}` },
        expect.objectContaining({ key: `unreachable/${agentId}` }),
      ]),
    );
    expect(bench.core.state.frameworks.get(id)?.unreachableTasks.has("t")).toBe(true);
    expect(bench.core.check()).toEqual([]);
  });

  it("that answer pings stay", () => {
    const { bench } = running();
    for (let round = 0; round < 20; round += 1) {
      bench.pass(15_000);
      bench.do({ kind: "agentSaid", connection: "link", message: { kind: "pong" } });
    }
    expect(bench.core.state.agents.size).toBe(1);
  });

  it("that come back from being unreachable bring their tasks, and the framework is told", () => {
    const { bench, agentId, id } = running(aware);
    bench.pass(91_000);
    bench.reregister("back", agentId, [linkTask(id, agentId, "t")]);
    expect(bench.updates("stream").at(-1)).toMatchObject({
      state: "TASK_RUNNING",
      reason: "REASON_AGENT_REREGISTERED",
    });
    expect(bench.core.state.frameworks.get(id)?.tasks.has("t")).toBe(true);
    expect(bench.core.state.unreachable.has(agentId)).toBe(false);
    expect(bench.core.check()).toEqual([]);
  });

  it("that come back without a task that was sent to them are asked what became of it", () => {
    const { bench, agentId, id } = running();
    bench.do({ kind: "agentDisconnected", connection: "link" });
    bench.reregister("back", agentId, []);
    expect(bench.toAgent("back")).toMatchObject([
      { kind: "reregistered", reconcile: [{ frameworkId: id, taskIds: ["t"] }] },
    ]);
    // Those who follow the nodes hear of both.
    expect(bench.effects.filter(({ kind }) => kind === "changed").slice(-2)).toMatchObject([
      { change: { kind: "agentRemoved", agentId } },
      { change: { kind: "agentChanged", agentId } },
    ]);
  });

  it("whose link breaks take their offers along; tasks of frameworks that do not checkpoint are lost", () => {
    const { bench } = running({ checkpoint: false });
    bench.pass(6_000);
    expect(bench.core.state.offers.size).toBe(1);
    bench.do({ kind: "agentDisconnected", connection: "link" });
    expect(bench.events("stream").some(({ type }) => type === "RESCIND")).toBe(true);
    expect(bench.updates("stream")).toMatchObject([
      { state: "TASK_LOST", reason: "REASON_AGENT_DISCONNECTED" },
    ]);
    expect(bench.core.check()).toEqual([]);
  });

  it("of the registry that stay away are unreachable after the timeout", () => {
    const bench = new MasterBench(
      {},
      { ...noRegistry, agents: new Map([["A", { hostname: "A", standing: inService }]]) },
    );
    bench.pass(601_000);
    expect(bench.core.state.recovered.size).toBe(0);
    expect(bench.core.state.unreachable.has("A")).toBe(true);
  });

  it("that obeyed a newer master are refused", () => {
    const bench = new MasterBench();
    bench.do({
      kind: "agentSaid",
      connection: "l",
      message: { kind: "hello", versions: { min: 1, max: 1 }, bootId: "b", masterEpoch: 9 },
    });
    expect(bench.toAgent("l")).toMatchObject([{ kind: "refused", final: false }]);
  });

  it("with resources that can't be are refused for good", () => {
    const bench = new MasterBench();
    bench.do({
      kind: "agentSaid",
      connection: "l",
      message: {
        kind: "register",
        info: { hostname: "h", resources: [{ name: "cpus", type: "SCALAR", scalar: { value: -1 } }] },
        pid: "p",
        version: "1",
        capabilities: [],
      },
    });
    expect(bench.toAgent("l")).toMatchObject([
      { kind: "refused", final: true, reason: expect.stringContaining("negative") },
    ]);
  });
});

it("an agent that comes back in the millisecond in which it registered is counted once", () => {
  const { bench, agentId, id } = running();
  bench.reregister("second", agentId, [linkTask(id, agentId, "t", "TASK_STAGING")]);
  expect(bench.core.check()).toEqual([]);
});

it("an agent takes the place of another that says the same pid, wherever that one has moved", () => {
  const bench = new MasterBench();
  const moved = bench.agent("a");
  bench.reregister("moving", moved, [], [], undefined, [], "b");
  const second = bench.agent("a");
  expect([...bench.core.state.agents.keys()]).toEqual([moved, second]);
  const third = bench.agent("b");
  expect([...bench.core.state.agents.keys()]).toEqual([second, third]);
  expect(bench.core.check()).toEqual([]);
});
