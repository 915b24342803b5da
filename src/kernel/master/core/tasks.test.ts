/** What frameworks do with offers and tasks, and what they are told of them. */
import { describe, expect, it } from "vitest";
import type { TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { aTask, aware, linkTask, MasterBench, noRegistry, running, wireResources } from "../testing.ts";
import { inService } from "./records.ts";

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
    ["a Docker container", (agentId) => aTask("x", agentId, { container: { type: "DOCKER" } }), "DOCKER"],
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

  it("a launch that is heard twice does not call its tasks dropped: what is known of them is told again", () => {
    const { bench, agentId, id } = running(aware);
    bench.pass(6_000);
    const offer = bench.offers("stream").at(-1);
    const accept = {
      offer_ids: [offer?.id ?? { value: "" }],
      operations: [
        { type: "LAUNCH", launch: { task_infos: [aTask("once", agentId)] } },
        {
          type: "LAUNCH",
          launch: { task_infos: [aTask("never", "another")] },
        },
      ] as const,
    };
    bench.call(id, { type: "ACCEPT", accept });
    bench.call(id, { type: "ACCEPT", accept });
    expect(
      bench.updates("stream").map(({ task_id, state, reason }) => [task_id.value, state, reason]),
    ).toEqual([
      ["never", "TASK_ERROR", "REASON_TASK_INVALID"],
      ["once", "TASK_STAGING", "REASON_RECONCILIATION"],
      ["never", "TASK_DROPPED", "REASON_INVALID_OFFERS"],
    ]);
    expect(bench.core.check()).toEqual([]);
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

  it("are not told again because the agent says at once that the task ended, but are when nobody acknowledges", () => {
    const { bench, id } = running();
    const told = () => bench.updates("stream").map(({ state }) => state);
    bench.update("link", id, "t", "TASK_RUNNING", "u1");
    bench.update("link", id, "t", "TASK_RUNNING", "u1", "TASK_FAILED");
    expect(told()).toEqual(["TASK_RUNNING"]);
    expect(bench.core.state.frameworks.get(id)?.tasks.get("t")).toMatchObject({ isReleased: true });
    bench.update("link", id, "t", "TASK_RUNNING", "u1", "TASK_FAILED");
    expect(told()).toEqual(["TASK_RUNNING", "TASK_RUNNING"]);
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
