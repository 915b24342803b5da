import { beforeEach, describe, expect, it } from "vitest";
import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import { applyWrites } from "#foundation/runtime/index.ts";
import { aTask, MasterBench } from "../testing.ts";
import type { AgentOrder } from "./events.ts";
import { readRegistry } from "./registry.ts";

const aware = { capabilities: [{ type: "PARTITION_AWARE" }] } satisfies Partial<FrameworkInfo>;
const drainOrder: AgentOrder = { kind: "drain", drain: { markGone: false } };

let bench: MasterBench;
let agentId: string;

beforeEach(() => {
  bench = new MasterBench();
  agentId = bench.agent("link");
});

/** Orders something and answers what was replied. */
function order(asked: AgentOrder, of: string = agentId, at = bench) {
  at.effects.length = 0;
  at.do({ kind: "agentOrdered", request: 7, agentId: of, order: asked });
  expect(at.core.check()).toEqual([]);
  return at.effects.find(({ kind }) => kind === "reply");
}

const done = { kind: "reply", request: 7 };
const standing = (at = bench, id = agentId) => at.core.state.agents.get(id)?.standing.kind;

/** Another master on what this one wrote, before any agent is back. */
function failOver(): MasterBench {
  const records = new Map();
  applyWrites(records, bench.writes);
  return new MasterBench({}, readRegistry(records));
}

function runTask(info: Partial<FrameworkInfo> = {}): string {
  const id = bench.framework("stream", info);
  bench.launch(id, "stream", [aTask("t", agentId)]);
  bench.update("link", id, "t", "TASK_RUNNING", "u1");
  bench.acknowledge(id, agentId, "t", "u1");
  return id;
}

describe("a deactivated agent", () => {
  it("is offered to nobody, what was offered is taken back, and its tasks go on", () => {
    const id = runTask();
    bench.pass(6_000);
    expect(bench.offers("stream").length).toBe(2);
    expect(order({ kind: "deactivate" })).toEqual(done);
    expect(bench.events("stream").map(({ type }) => type)).toEqual(["RESCIND"]);
    bench.pass(60_000);
    expect(bench.offers("stream")).toEqual([]);
    expect(bench.core.state.frameworks.get(id)?.tasks.get("t")?.state).toBe("TASK_RUNNING");
    expect(order({ kind: "reactivate" })).toEqual(done);
    bench.pass(1_000);
    expect(bench.offers("stream").length).toBe(1);
  });

  it("stays so through a new link, a new master and a time of being unreachable", () => {
    order({ kind: "deactivate" });
    bench.do({ kind: "agentDisconnected", connection: "link" });
    bench.reregister("link2", agentId);
    expect(standing()).toBe("deactivated");
    const next = failOver();
    next.framework("stream");
    next.reregister("link", agentId);
    next.pass(2_000);
    expect([standing(next), next.offers("stream").length]).toEqual(["deactivated", 0]);
    bench.do({ kind: "agentDisconnected", connection: "link2" });
    bench.pass(600_000);
    expect(bench.core.state.unreachable.get(agentId)?.standing.kind).toBe("deactivated");
    const later = failOver();
    later.reregister("link", agentId);
    expect(standing(later)).toBe("deactivated");
    expect(order({ kind: "reactivate" })).toEqual(done);
    expect(bench.core.state.unreachable.get(agentId)?.standing.kind).toBe("inService");
  });

  it.each([
    ["a drained one can be offered again", [drainOrder], undefined],
    ["an agent in service can't", [], "is not deactivated"],
  ] as const)("%s", (_name, before, problem) => {
    for (const each of before) order(each);
    const reply = order({ kind: "reactivate" });
    if (problem === undefined) expect([reply, standing()]).toEqual([done, "inService"]);
    else expect(reply).toMatchObject({ problem: expect.stringContaining(problem) });
  });
});

describe("a draining agent", () => {
  it("is told so, and is drained only when the last end was acknowledged", () => {
    const id = runTask();
    expect(order({ kind: "drain", drain: { markGone: false, maxGraceMs: 5 } })).toEqual(done);
    expect(bench.toAgent("link")).toEqual([
      { kind: "drainAgent", drain: { markGone: false, maxGraceMs: 5 } },
    ]);
    expect(standing()).toBe("draining");
    expect(order({ kind: "reactivate" })).toMatchObject({
      problem: expect.stringContaining("still draining"),
    });
    bench.update("link", id, "t", "TASK_KILLED", "u2");
    bench.pass(20_000);
    expect(standing()).toBe("draining");
    bench.acknowledge(id, agentId, "t", "u2");
    expect(standing()).toBe("drained");
    bench.pass(20_000);
    expect(bench.core.check()).toEqual([]);
    expect(failOver().core.state.recovered.get(agentId)?.standing.kind).toBe("drained");
  });

  it("is drained at once when nothing runs there, and the newest order counts", () => {
    runTask();
    order(drainOrder);
    order({ kind: "drain", drain: { markGone: true, maxGraceMs: 9 } });
    expect(bench.core.state.agents.get(agentId)?.standing).toMatchObject({
      order: { markGone: true, maxGraceMs: 9 },
    });
    const empty = bench.agent("other");
    order(drainOrder, empty);
    expect(standing(bench, empty)).toBe("drained");
  });

  it("is told again by the next master, which does not call it drained before it is back", () => {
    const id = runTask();
    order(drainOrder);
    const next = failOver();
    next.pass(10_000);
    expect(next.core.state.recovered.get(agentId)?.standing.kind).toBe("draining");
    next.framework("stream", { id: { value: id } });
    const resources = bench.core.state.agents.get(agentId)?.total.toWire() ?? [];
    next.reregister("link", agentId, [
      {
        name: "t",
        task_id: { value: "t" },
        framework_id: { value: id },
        agent_id: { value: agentId },
        state: "TASK_RUNNING",
        resources,
      },
    ]);
    expect(next.toAgent("link").at(-1)).toMatchObject({ kind: "reregistered", drain: { markGone: false } });
    expect(standing(next)).toBe("draining");
    next.update("link", id, "t", "TASK_KILLED", "u");
    next.acknowledge(id, agentId, "t", "u");
    expect(standing(next)).toBe("drained");
    expect(next.core.check()).toEqual([]);
  });

  it("that was unreachable when that was ordered drains when it is back", () => {
    bench.do({ kind: "agentDisconnected", connection: "link" });
    bench.pass(600_000);
    expect(order(drainOrder)).toEqual(done);
    bench.reregister("back", agentId);
    expect(bench.toAgent("back")).toMatchObject([{ kind: "reregistered", drain: { markGone: false } }]);
    expect(standing()).toBe("drained");
  });

  it("is gone for ever when it is empty, if that was ordered", () => {
    const id = runTask(aware);
    order({ kind: "drain", drain: { markGone: true } });
    bench.update("link", id, "t", "TASK_GONE_BY_OPERATOR", "u2");
    expect(bench.core.state.gone.has(agentId)).toBe(false);
    bench.acknowledge(id, agentId, "t", "u2");
    expect(bench.core.state.gone.has(agentId)).toBe(true);
    expect(bench.toAgent("link").at(-1)).toMatchObject({ kind: "shutdownAgent" });
  });

  it("must be capable of it", () => {
    const agent = bench.core.state.agents.get(agentId);
    if (agent !== undefined) agent.capabilities = [];
    expect(order(drainOrder)).toMatchObject({ problem: expect.stringContaining("not capable of draining") });
    expect(standing()).toBe("inService");
  });
});

describe("an agent that is gone for ever", () => {
  it.each([
    ["PARTITION_AWARE", aware, "TASK_GONE_BY_OPERATOR", "REASON_AGENT_REMOVED_BY_OPERATOR"],
    ["older", {}, "TASK_LOST", "REASON_AGENT_REMOVED"],
  ] as const)("ends its tasks, as %s frameworks understand it", (_name, info, state, reason) => {
    const id = runTask(info);
    expect(order({ kind: "markGone" })).toEqual(done);
    expect(bench.updates("stream")).toMatchObject([{ state, reason, source: "SOURCE_MASTER" }]);
    expect(bench.events("stream").map(({ type }) => type)).toContain("FAILURE");
    expect(bench.toAgent("link")).toMatchObject([{ kind: "shutdownAgent" }]);
    expect(bench.effects).toContainEqual(expect.objectContaining({ kind: "closeLink", connection: "link" }));
    expect(bench.core.state.frameworks.get(id)?.completedTasks.get("t")?.state).toBe(state);
    expect(order({ kind: "markGone" })).toEqual(done);
  });

  it("ends those too that were unreachable until then", () => {
    const id = runTask(aware);
    bench.do({ kind: "agentDisconnected", connection: "link" });
    bench.pass(90_000);
    expect(bench.core.state.frameworks.get(id)?.unreachableTasks.has("t")).toBe(true);
    expect(order({ kind: "markGone" })).toEqual(done);
    expect(bench.updates("stream")).toMatchObject([{ state: "TASK_GONE_BY_OPERATOR" }]);
    expect(bench.core.state.frameworks.get(id)?.unreachableTasks.has("t")).toBe(false);
  });

  it("is sent home whenever it comes back, also by the next master", () => {
    order({ kind: "markGone" });
    for (const at of [bench, failOver()]) {
      at.reregister("again", agentId);
      expect(at.toAgent("again")).toMatchObject([{ kind: "shutdownAgent" }]);
      expect(at.core.state.agents.size).toBe(0);
      expect(order(drainOrder, agentId, at)).toMatchObject({ cause: "notFound" });
      expect(order({ kind: "markGone" }, agentId, at)).toEqual(done);
    }
  });

  it("was known before: another id is refused", () => {
    for (const asked of [
      { kind: "markGone" },
      { kind: "deactivate" },
      { kind: "reactivate" },
      drainOrder,
    ] as const)
      expect(order(asked, "nobody")).toMatchObject({
        problem: "there is no agent nobody",
        cause: "notFound",
      });
  });

  it("is remembered up to a bound, the newest ones", () => {
    const small = new MasterBench({ goneAgentsMax: 2 });
    const ids = ["a", "b", "c"].map((link) => small.agent(link));
    for (const id of ids) order({ kind: "markGone" }, id, small);
    expect([...small.core.state.gone.keys()]).toEqual(ids.slice(1));
    const records = new Map();
    applyWrites(records, small.writes);
    expect([...readRegistry(records).gone.keys()]).toEqual(ids.slice(1));
  });
});
