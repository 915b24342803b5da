/** Services with persistent volumes: what is asked of the master, and what is kept. */
import { describe, expect, it } from "vitest";
import type { FrameworkCall } from "#frameworks/base/core/framework-call.ts";
import type { KnownNode } from "#frameworks/base/core/known-nodes.ts";
import { kindsOf, ResidentAgent, taskOf } from "./testing/resident-agent.ts";
import type { World } from "./testing/world.ts";

describe("an instance with a volume", () => {
  it("is reserved, made and launched in one call, and comes back to the same", () => {
    const agent = new ResidentAgent();
    agent.put();
    const first = agent.offer();
    expect(kindsOf(first)).toEqual(["RESERVE", "CREATE", "LAUNCH"]);
    agent.tell(taskOf(first), "TASK_RUNNING");
    agent.tell(taskOf(first), "TASK_FAILED");
    agent.world.pass(60_000);
    const again = agent.offer();
    expect(kindsOf(again)).toEqual(["LAUNCH"]);
    expect(taskOf(again)).not.toBe(taskOf(first));
    expect(agent.world.core.check()).toEqual([]);
  });

  it("gives up a reservation that never came to be, and one that turns up later is given back", () => {
    const agent = new ResidentAgent();
    agent.put();
    const lost = agent.offer({ isLost: true });
    agent.tell(taskOf(lost), "TASK_LOST");
    agent.world.pass(5_000);
    expect(agent.offer()).toEqual([]);
    agent.world.pass(30_000);
    const before = agent.total;
    // The first call was only late.
    agent.perform(lost);
    const second = agent.offer();
    expect(kindsOf(second)).toEqual(["DESTROY", "UNRESERVE", "RESERVE", "CREATE", "LAUNCH"]);
    agent.tell(taskOf(second), "TASK_RUNNING");
    agent.remove();
    agent.tell(taskOf(second), "TASK_KILLED");
    expect(kindsOf(agent.offer())).toEqual(["DESTROY", "UNRESERVE"]);
    expect(agent.total.equals(before)).toBe(true);
  });

  it("gives up a reservation whose launch the master knew of and the agent did not", () => {
    const agent = new ResidentAgent();
    agent.put();
    const lost = agent.offer({ isLost: true });
    agent.tell(taskOf(lost), "TASK_STAGING");
    agent.tell(taskOf(lost), "TASK_DROPPED");
    agent.world.pass(30_000);
    expect(kindsOf(agent.offer())).toEqual(["RESERVE", "CREATE", "LAUNCH"]);
  });

  it("waits for the end of its node's maintenance", () => {
    const agent = new ResidentAgent();
    agent.put();
    const first = agent.offer();
    agent.tell(taskOf(first), "TASK_RUNNING");
    agent.tell(taskOf(first), "TASK_FAILED");
    agent.world.pass(60_000);
    const unavailability = { start: { nanoseconds: (agent.world.now - 1_000) * 1e6 } };
    expect(agent.offer({ more: { unavailability } })).toEqual([]);
    const [entry] = agent.world.core.queries.queue(agent.world.now, { lastUnusedOffers: true });
    expect(entry?.["lastUnusedOffers"]).toMatchObject([
      { reason: ["UnfulfilledConstraint", "AgentMaintenance"] },
    ]);
    expect(kindsOf(agent.offer())).toEqual(["LAUNCH"]);
  });

  it("starts anew elsewhere when an operator has given its agent up, whether it was lost before or not", () => {
    for (const before of ["TASK_RUNNING", "TASK_UNREACHABLE"] as const) {
      const agent = new ResidentAgent();
      const { world } = agent;
      agent.put();
      const first = agent.offer();
      agent.tell(taskOf(first), "TASK_RUNNING");
      agent.tell(taskOf(first), before);
      const id = world.core.queries.allTasks()[0]?.id.replace(/\._app.*$/, "");
      agent.tell(taskOf(first), "TASK_GONE_BY_OPERATOR");
      world.pass(60_000);
      const again = agent.offer({ agentId: "agent-2" });
      expect(kindsOf(again)).toEqual(["RESERVE", "CREATE", "LAUNCH"]);
      // The same instance, without its data.
      expect(taskOf(again)).toBe(`${id}._app.2`);
      expect(world.core.check()).toEqual([]);
    }
  });

  it("is forgotten when it was stopped and an operator gives its agent up", () => {
    const agent = new ResidentAgent();
    const { world } = agent;
    agent.put();
    const first = agent.offer();
    agent.tell(taskOf(first), "TASK_RUNNING");
    agent.put({ instances: 0 });
    agent.tell(taskOf(first), "TASK_GONE_BY_OPERATOR");
    expect(world.core.queries.allTasks()).toEqual([]);
    expect(world.core.queries.deployments()).toEqual([]);
    agent.put({ instances: 1 });
    expect(kindsOf(agent.offer({ agentId: "agent-2" }))).toEqual(["RESERVE", "CREATE", "LAUNCH"]);
    expect(world.core.check()).toEqual([]);
  });

  it("is stopped when scaled away, and resumed first", () => {
    const agent = new ResidentAgent();
    agent.put({ instances: 1 });
    const first = agent.offer();
    agent.tell(taskOf(first), "TASK_RUNNING");
    agent.put({ instances: 0 });
    agent.tell(taskOf(first), "TASK_KILLED");
    expect(kindsOf(agent.offer())).toEqual([]);
    agent.put({ instances: 1 });
    expect(kindsOf(agent.offer())).toEqual(["LAUNCH"]);
    expect(agent.world.core.check()).toEqual([]);
  });
});

describe("why an instance with a volume waits", () => {
  /** It ran, failed, and its backoff is over. */
  function waiting(): { readonly agent: ResidentAgent; readonly instance: string } {
    const agent = new ResidentAgent();
    agent.put();
    const task = taskOf(agent.offer());
    agent.tell(task, "TASK_RUNNING");
    agent.world.pass(20_000);
    agent.tell(task, "TASK_FAILED");
    agent.world.pass(60_000);
    return { agent, instance: agent.world.core.queries.allTasks()[0]?.id.replace(/\._app.*$/, "") ?? "" };
  }

  const node = (more: Partial<KnownNode> = {}): KnownNode => ({
    agent: {
      agentId: "agent-1",
      host: "agent-1.example",
      region: undefined,
      zone: undefined,
      attributes: [],
    },
    isActive: true,
    byRole: {},
    ...more,
  });
  const other: KnownNode = { ...node(), agent: { ...node().agent, agentId: "agent-2" } };
  const cases: readonly {
    readonly name: string;
    readonly nodes: (instance: string) => readonly KnownNode[];
    readonly code: string;
  }[] = [
    { name: "its node is gone", nodes: () => [other], code: "volumesAway" },
    { name: "no node is there at all", nodes: () => [], code: "volumesAway" },
    { name: "its node is not active", nodes: () => [node({ isActive: false }), other], code: "volumesAway" },
    {
      name: "its node is drained",
      nodes: () => [node({ isActive: false, setAside: "drained" }), other],
      code: "nodesSetAside",
    },
    {
      name: "its node is under maintenance",
      nodes: () => [node({ maintenance: { startsAt: 0 } }), other],
      code: "nodesSetAside",
    },
    {
      name: "its node is there without the reservation",
      nodes: () => [node({ reservedFor: new Set(["another"]) }), other],
      code: "volumesLost",
    },
    {
      name: "its node has it, and has not offered it yet",
      nodes: (instance) => [node({ reservedFor: new Set([instance]) }), other],
      code: "noOffersYet",
    },
  ];
  it.each(cases)("$name: $code", ({ nodes, code }) => {
    const { agent, instance } = waiting();
    const { world } = agent;
    const known = { at: world.now, nodes: nodes(instance) };
    const found = world.core.own.explain("/db", { now: world.now, known, nodesMax: 10 });
    const told = found?.reasons.filter((reason) => !["exitedAtOnce", "launchRefused"].includes(reason.code));
    expect(told?.[0]).toMatchObject({ code, parameters: { count: 1, host: "agent-1.example", nodes: 1 } });
    expect(told?.[0]?.commands).not.toEqual([]);
  });
});

describe("a process that dies", () => {
  /** Tells what came of all calls so far, and offers what is left, for a while. */
  function live(agent: ResidentAgent, told: Set<string>): void {
    const { world } = agent;
    for (let round = 0; round < 15; round += 1) {
      // Only the stream itself is answered by the small master: the agent is this test.
      while (world.deliver())
        if (world.master.outbox[0]?.kind !== "subscribed") world.master.outbox.length = 0;
      for (const call of [...world.master.calls]) answer(agent, call, told);
      agent.offer();
      world.pass(3_000);
    }
  }

  function answer(agent: ResidentAgent, call: FrameworkCall, told: Set<string>): void {
    const tell = (taskId: string, state: "TASK_RUNNING" | "TASK_KILLED"): void => {
      if (told.has(`${taskId} ${state}`) || told.has(`${taskId} TASK_KILLED`)) return;
      told.add(`${taskId} ${state}`);
      agent.tell(taskId, state);
    };
    const launches = (call.accept?.operations ?? []).flatMap(({ launch }) => launch?.task_infos ?? []);
    for (const { task_id } of launches) tell(task_id.value, "TASK_RUNNING");
    if (call.kill !== undefined) tell(call.kill.task_id.value, "TASK_KILLED");
  }

  const volumesOn = (agent: ResidentAgent): readonly string[] =>
    agent.total.entries.flatMap(({ disk }) => disk?.persistence?.id ?? []);

  it.each([
    ["between two steps", (world: World) => world.crash()],
    [
      "between a step's writes and its effects",
      (world: World) => {
        world.losesNextEffects = true;
      },
    ],
  ] as const)("%s updates one on its own volume all the same, wherever that is", (_when, die) => {
    for (let death = 0; death < 14; death += 1) {
      const agent = new ResidentAgent();
      const told = new Set<string>();
      const steps: readonly (() => void)[] = [
        () => agent.put(),
        () => void agent.offer(),
        () => agent.world.pass(1_000),
        () => live(agent, told),
        () => agent.put({ cmd: "two" }),
        () => void agent.offer(),
        ...Array.from({ length: 8 }, () => () => {
          for (const call of agent.world.master.calls.slice(-1)) answer(agent, call, told);
          void agent.offer();
          agent.world.pass(1_000);
        }),
      ];
      for (const [index, step] of steps.entries()) {
        if (index === death) die(agent.world);
        step();
        if (index === 3) expect(volumesOn(agent), `death ${death}`).toHaveLength(1);
      }
      const [volume] = volumesOn(agent);
      live(agent, told);
      expect(agent.world.core.queries.deployments(), `death ${death}`).toEqual([]);
      expect(agent.world.core.queries.app("/db"), `death ${death}`).toMatchObject({ tasksRunning: 1 });
      expect(agent.world.core.queries.app("/db")?.definition.cmd).toBe("two");
      expect(volumesOn(agent), `death ${death}`).toEqual([volume]);
      expect(agent.world.core.check()).toEqual([]);
    }
  });
});
