/** How a framework begins, changes and ends. */
import { describe, expect, it } from "vitest";
import { decodeMessage } from "#contracts/kernel/json-codec.ts";
import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import { aTask, MasterBench, running } from "../testing.ts";

describe("an update of a framework", () => {
  const multiRole = { capabilities: [{ type: "MULTI_ROLE" as const }] };
  const update = (
    bench: MasterBench,
    id: string,
    info: Partial<FrameworkInfo>,
    suppressed: string[] = [],
  ) => {
    bench.effects.length = 0;
    const framework_info = { user: "u", name: "s", checkpoint: true, id: { value: id }, ...info };
    bench.do({
      kind: "frameworkUpdateAsked",
      request: 7,
      frameworkId: id,
      update: { framework_info, suppressed_roles: suppressed },
    });
    bench.pass(2_000);
    expect(bench.core.check()).toEqual([]);
    return bench.effects.find(({ kind }) => kind === "reply");
  };
  const offered = (bench: MasterBench) =>
    bench
      .events("s")
      .flatMap(({ offers }) => (offers?.offers ?? []).map((offer) => offer.allocation_info?.role));

  it("takes back what was offered to a role that left, and offers it to the one that came", () => {
    const bench = new MasterBench();
    bench.agent("link");
    const id = bench.framework("s", { ...multiRole, roles: ["a"] });
    bench.pass(2_000);
    expect(offered(bench)).toEqual(["a"]);
    expect(update(bench, id, { ...multiRole, roles: ["b"] })).toEqual({ kind: "reply", request: 7 });
    expect(bench.events("s").map(({ type }) => type)).toEqual(["RESCIND", "OFFERS"]);
    expect(offered(bench)).toEqual(["b"]);
  });

  it("offers nothing to a role that it suppresses, and leaves what was offered", () => {
    const bench = new MasterBench();
    bench.agent("link");
    const id = bench.framework("s", { ...multiRole, roles: ["a"] });
    bench.pass(2_000);
    update(bench, id, { ...multiRole, roles: ["a"] }, ["a"]);
    bench.agent("other");
    bench.pass(2_000);
    expect(bench.events("s").filter(({ type }) => type === "RESCIND" || type === "OFFERS")).toEqual([]);
    expect(bench.core.state.frameworks.get(id)?.offers.size).toBe(1);
  });

  it.each<[string, Partial<FrameworkInfo>]>([
    ["another user", { user: "v" }],
    ["another principal", { principal: "p" }],
    ["another checkpoint", { checkpoint: false }],
    ["roles without the capability", { roles: ["a"] }],
    ["a negative failover timeout", { failover_timeout: -1 }],
  ])("with %s changes nothing and says why", (_what, info) => {
    const bench = new MasterBench();
    const id = bench.framework("s");
    const before = bench.core.state.frameworks.get(id)?.info;
    expect(update(bench, id, info)).toMatchObject({ problem: expect.stringContaining("FrameworkInfo") });
    expect(bench.core.state.frameworks.get(id)?.info).toEqual(before);
  });

  it("reaches the agents that run something of it", () => {
    const { bench, id } = running();
    update(bench, id, { name: "renamed" });
    expect(bench.toAgent("link").at(-1)).toMatchObject({
      kind: "updateFramework",
      framework: { name: "renamed" },
    });
  });

  it("reaches the agents that keep an executor of it without a task", () => {
    const bench = new MasterBench();
    const agentId = bench.agent("link");
    const id = bench.framework("s");
    const { command: _command, ...task } = aTask("t", agentId);
    const executor = { executor_id: { value: "x" }, command: { value: "serve" } };
    bench.launch(id, "s", [{ ...task, executor }]);
    bench.update("link", id, "t", "TASK_FINISHED", "uuid");
    bench.acknowledge(id, agentId, "t", "uuid");
    expect(bench.core.state.frameworks.get(id)?.tasks.size).toBe(0);
    update(bench, id, { name: "renamed" });
    expect(bench.toAgent("link")).toContainEqual(expect.objectContaining({ kind: "updateFramework" }));
  });
});

describe("the role of a framework", () => {
  const multiRole = { capabilities: [{ type: "MULTI_ROLE" as const }], roles: ["a"] };

  it("is not said beside several, not even as *", () => {
    const bench = new MasterBench();
    bench.framework("s", { ...multiRole, role: "*" });
    expect(bench.events("s")).toMatchObject([
      { type: "ERROR", error: { message: expect.stringContaining("FrameworkInfo.role") } },
    ]);
  });

  it("is not made up for a framework that has several", () => {
    const bench = new MasterBench();
    const framework_info = { user: "u", name: "s", ...multiRole };
    const subscribe = decodeMessage("SchedulerCallSubscribe", { framework_info });
    bench.do({ kind: "schedulerSubscribed", connection: "s", subscribe });
    const [framework] = bench.core.state.frameworks.values();
    expect(framework?.roles).toEqual(["a"]);
    expect(framework?.info).not.toHaveProperty("role");
  });

  it("is that of its roles where an agent of an earlier version brings a role besides", () => {
    const bench = new MasterBench();
    const info = { user: "u", name: "s", id: { value: "earlier" }, role: "*", ...multiRole };
    bench.agent("link");
    bench.reregister("again", "another-agent", [], [info]);
    const framework = bench.core.state.frameworks.get("earlier");
    expect(framework?.roles).toEqual(["a"]);
    expect(framework?.info).not.toHaveProperty("role");
  });
});

describe("a subscription", () => {
  it("begins with SUBSCRIBED, then a heartbeat, and one more every interval", () => {
    const bench = new MasterBench();
    bench.framework("s");
    bench.pass(46_000);
    expect(bench.events("s").map(({ type }) => type)).toEqual([
      "SUBSCRIBED",
      "HEARTBEAT",
      "HEARTBEAT",
      "HEARTBEAT",
      "HEARTBEAT",
    ]);
  });

  it.each<[string, Partial<FrameworkInfo>]>([
    ["roles without the capability", { roles: ["a"] }],
    ["a role beside roles", { capabilities: [{ type: "MULTI_ROLE" }], role: "a", roles: ["b"] }],
    ["a role twice", { capabilities: [{ type: "MULTI_ROLE" }], roles: ["a", "a"] }],
    ["a role that is none", { role: "a//b" }],
    ["a negative failover timeout", { failover_timeout: -1 }],
    ["a failover timeout that is no number", { failover_timeout: Number.NaN }],
  ])("with %s is refused by an ERROR on the stream", (_name, info) => {
    const bench = new MasterBench();
    bench.framework("s", info);
    expect(bench.events("s").map(({ type }) => type)).toEqual(["ERROR"]);
    expect(bench.effects.at(-1)).toEqual({ kind: "closeStream", connection: "s" });
  });

  it("of a known id takes over: the old stream hears of it and closes, tasks stay", () => {
    const { bench, id } = running();
    const again = bench.framework("second", { id: { value: id } });
    expect(again).toBe(id);
    expect(bench.events("stream").at(-1)).toEqual({
      type: "ERROR",
      error: { message: "Framework failed over" },
    });
    expect(bench.core.state.frameworks.get(id)?.tasks.size).toBe(1);
    expect(bench.core.check()).toEqual([]);
  });

  it("that breaks keeps tasks until the failover timeout, and then for ever refuses the id", () => {
    const { bench, id } = running({ failover_timeout: 50 });
    bench.do({ kind: "schedulerDisconnected", connection: "stream" });
    bench.pass(49_000);
    expect(bench.core.state.frameworks.has(id)).toBe(true);
    bench.pass(2_000);
    expect(bench.core.state.completedFrameworks.get(id)?.completedTasks.get("t")?.state).toBe("TASK_KILLED");
    expect(bench.toAgent("link").at(-1)).toMatchObject({ kind: "shutdownFramework", frameworkId: id });
    bench.framework("late", { id: { value: id } });
    expect(bench.events("late")).toEqual([
      { type: "ERROR", error: { message: "Framework has been removed" } },
    ]);
    expect(bench.core.check()).toEqual([]);
  });

  it("with failover timeout 0 ends with its stream", () => {
    const { bench, id } = running({ failover_timeout: 0 });
    bench.do({ kind: "schedulerDisconnected", connection: "stream" });
    expect(bench.core.state.completedFrameworks.has(id)).toBe(true);
  });

  it("remembers the newest 50 frameworks that ended", () => {
    const bench = new MasterBench();
    for (let index = 0; index < 51; index += 1)
      bench.call(bench.framework(`s${index}`), { type: "TEARDOWN" });
    expect(bench.core.state.completedFrameworks.size).toBe(50);
  });
});
