import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FrameworkInfo, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { LinkTask } from "#contracts/link/messages.ts";
import { aTask, MasterBench, noRegistry, wireResources } from "../testing.ts";
import { inService } from "./records.ts";

const aware = { capabilities: [{ type: "PARTITION_AWARE" }] } satisfies Partial<FrameworkInfo>;

/** One agent, one framework, one task that was launched. */
function running(info: Partial<FrameworkInfo> = {}): { bench: MasterBench; agentId: string; id: string } {
  const bench = new MasterBench();
  const agentId = bench.agent("link");
  const id = bench.framework("stream", info);
  bench.launch(id, "stream", [aTask("t", agentId)]);
  return { bench, agentId, id };
}

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

describe("accepting offers", () => {
  it("launches on the agent, and gives back what was not used", () => {
    const { bench, agentId } = running();
    expect(bench.toAgent("link").at(-1)).toMatchObject({
      kind: "runTask",
      role: "*",
      task: { task_id: { value: "t" } },
    });
    expect(bench.core.state.allocator.availableOn(agentId).toString()).toBe(
      "cpus:3; mem:3968; ports:[31000-31009]",
    );
    expect(bench.core.check()).toEqual([]);
  });

  it.each<[string, (agentId: string) => TaskInfo, string]>([
    ["an id with a slash", (agentId) => aTask("a/b", agentId), "slash"],
    ["no id", (agentId) => aTask("", agentId), "can't be the id"],
    ["an id that is in use", (agentId) => aTask("t", agentId), "exists already"],
    ["another agent", () => aTask("x", "elsewhere"), "elsewhere"],
    [
      "neither command nor executor",
      (agentId) => ({ ...aTask("x", agentId), command: undefined }) as never,
      "either a command or an executor",
    ],
    [
      "a custom executor",
      (agentId) =>
        ({ ...aTask("x", agentId), command: undefined, executor: { executor_id: { value: "e" } } }) as never,
      "executor",
    ],
    [
      "more than is offered",
      (agentId) => aTask("x", agentId, { resources: wireResources("cpus:100;mem:1") }),
      "of which the offers hold",
    ],
    ["no resources", (agentId) => aTask("x", agentId, { resources: [] }), "no resources"],
    [
      "negative resources",
      (agentId) =>
        aTask("x", agentId, { resources: [{ name: "cpus", type: "SCALAR", scalar: { value: -1 } }] }),
      "negative",
    ],
    ["a Docker container", (agentId) => aTask("x", agentId, { container: { type: "DOCKER" } }), "Docker"],
    [
      "a negative grace",
      (agentId) => aTask("x", agentId, { kill_policy: { grace_period: { nanoseconds: -1 } } }),
      "negative",
    ],
    [
      "a name for a fetched file outside the sandbox",
      (agentId) =>
        aTask("x", agentId, {
          command: { value: "true", uris: [{ value: "http://127.0.0.1/a", output_file: "../a" }] },
        }),
      "leaves the sandbox",
    ],
  ])("a task with %s gets TASK_ERROR, the others run", (_name, make, problem) => {
    const { bench, agentId, id } = running();
    bench.pass(6_000);
    bench.launch(id, "stream", [make(agentId), aTask("fine", agentId)]);
    const [status] = bench.updates("stream");
    expect(status).toMatchObject({
      state: "TASK_ERROR",
      reason: "REASON_TASK_INVALID",
      source: "SOURCE_MASTER",
    });
    expect(status?.message).toContain(problem);
    expect(status).not.toHaveProperty("uuid");
    expect(bench.toAgent("link").at(-1)).toMatchObject({
      kind: "runTask",
      task: { task_id: { value: "fine" } },
    });
    expect(bench.core.check()).toEqual([]);
  });

  it.each([
    [{}, "TASK_LOST"],
    [aware, "TASK_DROPPED"],
  ])("an offer used twice loses its tasks (%o: %s)", (info, state) => {
    const { bench, agentId, id } = running(info);
    const [offer] = bench.offers("stream");
    bench.call(id, {
      type: "ACCEPT",
      accept: {
        offer_ids: [offer?.id ?? { value: "" }],
        operations: [{ type: "LAUNCH", launch: { task_infos: [aTask("again", agentId)] } }],
      },
    });
    expect(bench.updates("stream")).toMatchObject([{ state, reason: "REASON_INVALID_OFFERS" }]);
  });

  it("offers of two agents in one call are refused, and their resources come back", () => {
    const bench = new MasterBench();
    const one = bench.agent("one");
    bench.agent("two");
    const id = bench.framework("stream");
    bench.call(id, {
      type: "ACCEPT",
      accept: {
        offer_ids: bench.offers("stream").map((offer) => offer.id),
        operations: [{ type: "LAUNCH", launch: { task_infos: [aTask("x", one)] } }],
      },
    });
    expect(bench.updates("stream")).toMatchObject([{ state: "TASK_LOST", reason: "REASON_INVALID_OFFERS" }]);
    expect(bench.core.state.offers.size).toBe(0);
    expect(bench.core.check()).toEqual([]);
  });

  it("a task group is refused task by task", () => {
    const bench = new MasterBench();
    const agentId = bench.agent("link");
    const id = bench.framework("stream");
    const [offer] = bench.offers("stream");
    bench.call(id, {
      type: "ACCEPT",
      accept: {
        offer_ids: [offer?.id ?? { value: "" }],
        operations: [
          {
            type: "LAUNCH_GROUP",
            launch_group: {
              executor: { executor_id: { value: "e" } },
              task_group: { tasks: [aTask("g1", agentId), aTask("g2", agentId)] },
            },
          },
        ],
      },
    });
    expect(bench.updates("stream").map(({ state, reason }) => [state, reason])).toEqual([
      ["TASK_ERROR", "REASON_TASK_GROUP_INVALID"],
      ["TASK_ERROR", "REASON_TASK_GROUP_INVALID"],
    ]);
  });
});

describe("updates", () => {
  it("go to the framework; the acknowledgement goes to the agent; a terminal one then ends the task", () => {
    const { bench, agentId, id } = running();
    bench.update("link", id, "t", "TASK_RUNNING", "u1");
    bench.acknowledge(id, agentId, "t", "u1");
    expect(bench.toAgent("link").at(-1)).toEqual({
      kind: "acknowledge",
      frameworkId: id,
      taskId: "t",
      uuid: "u1",
    });
    bench.update("link", id, "t", "TASK_FINISHED", "u2");
    expect(bench.core.state.frameworks.get(id)?.tasks.has("t")).toBe(true);
    bench.acknowledge(id, agentId, "t", "u2");
    expect(bench.core.state.frameworks.get(id)?.completedTasks.get("t")?.state).toBe("TASK_FINISHED");
    expect(bench.core.check()).toEqual([]);
  });

  it("free resources as soon as the newest state is terminal, though an older one is still told", () => {
    const { bench, agentId, id } = running();
    bench.update("link", id, "t", "TASK_RUNNING", "u1", "TASK_FINISHED");
    expect(bench.core.state.allocator.availableOn(agentId).scalarMillis("cpus")).toBe(4_000);
    expect(bench.updates("stream").map(({ state }) => state)).toEqual(["TASK_RUNNING"]);
    expect(bench.core.check()).toEqual([]);
  });

  it("of a framework that is away are neither told nor forgotten by the master's answer", () => {
    const { bench, id } = running();
    bench.do({ kind: "schedulerDisconnected", connection: "stream" });
    bench.update("link", id, "t", "TASK_FINISHED", "u");
    expect(bench.updates("stream")).toEqual([]);
    expect(bench.core.state.frameworks.get(id)?.tasks.has("t")).toBe(true);
  });
});

describe("kill", () => {
  it("is sent every time, with its policy", () => {
    const { bench, agentId, id } = running();
    const kill_policy = { grace_period: { nanoseconds: 5 } };
    bench.call(id, {
      type: "KILL",
      kill: { task_id: { value: "t" }, agent_id: { value: agentId }, kill_policy },
    });
    bench.call(id, { type: "KILL", kill: { task_id: { value: "t" } } });
    expect(bench.toAgent("link").filter(({ kind }) => kind === "killTask")).toEqual([
      { kind: "killTask", frameworkId: id, taskId: "t", killPolicy: kill_policy },
      { kind: "killTask", frameworkId: id, taskId: "t" },
    ]);
  });

  it("with the wrong agent is dropped", () => {
    const { bench, id } = running();
    bench.call(id, { type: "KILL", kill: { task_id: { value: "t" }, agent_id: { value: "other" } } });
    expect(bench.toAgent("link").some(({ kind }) => kind === "killTask")).toBe(false);
  });

  it("of a task nobody knows is answered like a reconciliation", () => {
    const { bench, agentId, id } = running();
    bench.call(id, { type: "KILL", kill: { task_id: { value: "x" }, agent_id: { value: agentId } } });
    expect(bench.updates("stream")).toMatchObject([{ state: "TASK_LOST", reason: "REASON_RECONCILIATION" }]);
  });

  it("while the agent is away is sent when it is back", () => {
    const { bench, agentId, id } = running();
    bench.do({ kind: "agentDisconnected", connection: "link" });
    bench.call(id, { type: "KILL", kill: { task_id: { value: "t" } } });
    bench.reregister("again", agentId, [linkTask(id, agentId, "t")]);
    expect(bench.toAgent("again").filter(({ kind }) => kind === "killTask")).toHaveLength(1);
  });

  it("before the agent has come back to a new master is not forgotten either", () => {
    const bench = new MasterBench(
      {},
      { ...noRegistry, agents: new Map([["A", { hostname: "A", standing: inService }]]) },
    );
    const id = bench.framework("stream", { id: { value: "F" } });
    bench.call(id, { type: "KILL", kill: { task_id: { value: "t" }, agent_id: { value: "A" } } });
    expect(bench.updates("stream")).toEqual([]);
    bench.reregister("link", "A", [linkTask("F", "A", "t")]);
    expect(bench.toAgent("link").at(-1)).toEqual({ kind: "killTask", frameworkId: "F", taskId: "t" });
  });
});

function linkTask(
  frameworkId: string,
  agentId: string,
  taskId: string,
  state: LinkTask["state"] = "TASK_RUNNING",
): LinkTask {
  return {
    name: taskId,
    task_id: { value: taskId },
    framework_id: { value: frameworkId },
    agent_id: { value: agentId },
    state,
    resources: wireResources("cpus:1;mem:128"),
  };
}

describe("reconciliation", () => {
  const cases: readonly [
    string,
    (bench: MasterBench, agentId: string) => { task: string; agent?: string },
    string | undefined,
    string | undefined,
  ][] = [
    ["a known task", (_bench, agent) => ({ task: "t", agent }), "TASK_STAGING", "TASK_STAGING"],
    [
      "a task of a registered agent that nobody knows",
      (_bench, agent) => ({ task: "x", agent }),
      "TASK_GONE",
      "TASK_LOST",
    ],
    ["an agent nobody knows", () => ({ task: "x", agent: "nobody" }), "TASK_UNKNOWN", "TASK_LOST"],
    ["no agent given", () => ({ task: "x" }), "TASK_UNKNOWN", "TASK_LOST"],
    [
      "an unreachable agent",
      (bench) => {
        bench.core.state.unreachable.set("U", { since: 5, hostname: "u", standing: inService });
        return { task: "x", agent: "U" };
      },
      "TASK_UNREACHABLE",
      "TASK_LOST",
    ],
    [
      "an agent that is gone for ever",
      (bench) => {
        bench.core.state.gone.set("G", { since: 5, hostname: "g" });
        return { task: "x", agent: "G" };
      },
      "TASK_GONE_BY_OPERATOR",
      "TASK_LOST",
    ],
    [
      "an agent of the registry that is not back",
      (bench) => {
        bench.core.state.recovered.set("R", { agentId: "R", hostname: "r", standing: inService });
        return { task: "x", agent: "R" };
      },
      undefined,
      undefined,
    ],
    [
      "no agent given, while one is not back",
      (bench) => {
        bench.core.state.recovered.set("R", { agentId: "R", hostname: "r", standing: inService });
        return { task: "x" };
      },
      undefined,
      undefined,
    ],
  ];

  it.each(cases)("of %s", (_name, arrange, forAware, forOthers) => {
    for (const [info, expected] of [
      [aware, forAware],
      [{}, forOthers],
    ] as const) {
      const { bench, agentId, id } = running(info);
      const { task, agent } = arrange(bench, agentId);
      bench.call(id, {
        type: "RECONCILE",
        reconcile: {
          tasks: [
            { task_id: { value: task }, ...(agent === undefined ? {} : { agent_id: { value: agent } }) },
          ],
        },
      });
      const told = bench.updates("stream");
      expect(told.map(({ state }) => state)).toEqual(expected === undefined ? [] : [expected]);
      for (const status of told) {
        expect(status).toMatchObject({ source: "SOURCE_MASTER", reason: "REASON_RECONCILIATION" });
        expect(status).not.toHaveProperty("uuid");
      }
    }
  });

  it("of nothing in particular tells every live task and no other", () => {
    const { bench, agentId, id } = running();
    bench.pass(6_000);
    bench.launch(id, "stream", [aTask("t2", agentId)]);
    bench.update("link", id, "t2", "TASK_FINISHED", "u");
    bench.acknowledge(id, agentId, "t2", "u");
    const before = bench.updates("stream").length;
    bench.call(id, { type: "RECONCILE", reconcile: {} });
    expect(
      bench
        .updates("stream")
        .slice(before)
        .map(({ task_id }) => task_id.value),
    ).toEqual(["t"]);
  });
});

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

describe("any history", () => {
  const step = fc.record({
    what: fc.constantFrom(
      "subscribe",
      "drop",
      "agent",
      "link breaks",
      "back",
      "launch",
      "running",
      "finished",
      "ack",
      "decline",
      "revive",
      "suppress",
      "kill",
      "teardown",
      "time",
      "pong",
    ),
    who: fc.nat(2),
    where: fc.nat(2),
    seconds: fc.constantFrom(1, 5, 20, 100),
  });

  it("keeps every invariant", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const bench = new MasterBench();
        const agents: string[] = ["", "", ""];
        const ids: string[] = ["", "", ""];
        let count = 0;
        for (const { what, who, where, seconds } of steps) {
          const id = ids[who] ?? "";
          const stream = `s${who}`;
          const link = `l${where}-${count}`;
          const agentId = agents[where] ?? "";
          const known = bench.core.state.agents.get(agentId);
          const task = [...(bench.core.state.frameworks.get(id)?.tasks.values() ?? [])][0];
          count += 1;
          if (what === "subscribe") {
            bench.do({ kind: "schedulerDisconnected", connection: stream });
            const known_ = bench.core.state.frameworks.has(id);
            ids[who] = bench.framework(stream, known_ ? { id: { value: id } } : {});
          } else if (what === "drop") bench.do({ kind: "schedulerDisconnected", connection: stream });
          else if (what === "agent" && known === undefined) agents[where] = bench.agent(link);
          else if (what === "link breaks" && known?.connection !== undefined)
            bench.do({ kind: "agentDisconnected", connection: known.connection });
          else if (what === "back" && agentId !== "") {
            const mine =
              known === undefined
                ? []
                : [...known.tasks].map((each) =>
                    linkTask(each.frameworkId, agentId, each.taskId, each.state),
                  );
            bench.reregister(link, agentId, mine);
          } else if (what === "launch") {
            const offer = [...(bench.core.state.frameworks.get(id)?.offers.values() ?? [])][0];
            if (offer !== undefined) {
              bench.call(id, {
                type: "ACCEPT",
                accept: {
                  offer_ids: [{ value: offer.id }],
                  operations: [
                    { type: "LAUNCH", launch: { task_infos: [aTask(`t${count}`, offer.agentId)] } },
                  ],
                  filters: { refuse_seconds: seconds },
                },
              });
            }
          } else if ((what === "running" || what === "finished") && task !== undefined) {
            const connection = bench.core.state.agents.get(task.agentId)?.connection;
            if (connection !== undefined)
              bench.update(
                connection,
                id,
                task.taskId,
                what === "running" ? "TASK_RUNNING" : "TASK_FINISHED",
                `u${count}`,
              );
          } else if (what === "ack" && task?.forwardedUuid !== undefined)
            bench.acknowledge(id, task.agentId, task.taskId, task.forwardedUuid);
          else if (what === "decline") {
            const offers = [...(bench.core.state.frameworks.get(id)?.offers.keys() ?? [])];
            bench.call(id, {
              type: "DECLINE",
              decline: {
                offer_ids: offers.map((value) => ({ value })),
                filters: { refuse_seconds: seconds },
              },
            });
          } else if (what === "revive") bench.call(id, { type: "REVIVE" });
          else if (what === "suppress") bench.call(id, { type: "SUPPRESS" });
          else if (what === "kill" && task !== undefined)
            bench.call(id, { type: "KILL", kill: { task_id: { value: task.taskId } } });
          else if (what === "teardown") bench.call(id, { type: "TEARDOWN" });
          else if (what === "pong" && known?.connection !== undefined)
            bench.do({ kind: "agentSaid", connection: known.connection, message: { kind: "pong" } });
          else if (what === "time") bench.pass(seconds * 1_000);
          expect(bench.core.check()).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });
});
