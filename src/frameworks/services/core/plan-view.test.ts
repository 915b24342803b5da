import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { KnownNodes } from "#frameworks/base/core/known-nodes.ts";
import type { PlanFacts, PlannedServiceFacts } from "./plan-view.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";
import type { WishedChange } from "./wished-change.ts";

function wishFor(definitions: readonly AppDefinition[], fields: Partial<WishedChange> = {}): WishedChange {
  return {
    upserts: definitions.map((definition) => ({ definition, expect: "any" as const })),
    keepsInstances: new Set(),
    groups: [],
    removals: [],
    ...fields,
  };
}

/** What the small master would say of its agents. */
function nodesOf(world: World): KnownNodes {
  return {
    at: world.now,
    nodes: world.master.agents.map((agent) => {
      const total = { cpus: agent.cpus * 1_000, mem: 8_192_000, disk: 10_000_000 };
      const tasks = [...world.master.tasks.values()].filter(
        (task) => task.agentId === agent.id && task.state !== "ended",
      );
      const taken = (name: string): number =>
        tasks
          .flatMap(({ info }) => info.resources ?? [])
          .filter((resource) => resource.name === name)
          .reduce((sum, { scalar }) => sum + Math.round((scalar?.value ?? 0) * 1_000), 0);
      const free = { cpus: total.cpus - taken("cpus"), mem: total.mem - taken("mem"), disk: total.disk };
      return {
        agent: {
          agentId: agent.id,
          host: `${agent.id}.example`,
          region: undefined,
          zone: undefined,
          attributes: [],
        },
        isActive: true,
        byRole: { "*": { total, free } },
      };
    }),
  };
}

function plan(world: World, wish: WishedChange, known: KnownNodes = nodesOf(world)): PlanFacts {
  const planned = world.core.own.plan(wish, { now: world.now, known, nodesMax: 0 });
  if ("code" in planned) throw new Error(planned.code);
  return planned;
}

function apply(world: World, wish: WishedChange, fields: { basis?: string; force?: boolean } = {}) {
  const request = world.ask((id) => ({ kind: "applyChange", request: id, wish, force: false, ...fields }));
  return world.replies.get(request);
}

const only = ({ services }: PlanFacts): PlannedServiceFacts => {
  const [service] = services;
  if (service === undefined) throw new Error("the plan has no service");
  return service;
};

const web = (fields: Partial<AppDefinition> = {}): AppDefinition => anApp({ instances: 2, ...fields });

function running(...definitions: readonly AppDefinition[]): World {
  const world = World.started();
  apply(world, wishFor(definitions));
  world.live(5_000);
  return world;
}

const effects: readonly {
  readonly name: string;
  readonly wish: WishedChange;
  readonly expected: Partial<PlannedServiceFacts>;
}[] = [
  {
    name: "a new service is created",
    wish: wishFor([web({ id: "/new", instances: 3 })]),
    expected: { effect: "create", instancesBefore: 0, instancesAfter: 3, restarts: 0 },
  },
  {
    name: "a changed command restarts every instance",
    wish: wishFor([web({ cmd: "other" })]),
    expected: {
      effect: "restart",
      restarts: 2,
      changes: [{ path: "/cmd", before: "serve", after: "other" }],
    },
  },
  {
    name: "a changed command with fewer instances replaces only those that stay",
    wish: wishFor([web({ cmd: "other", instances: 1 })]),
    expected: { effect: "restart", instancesBefore: 2, instancesAfter: 1, restarts: 1 },
  },
  {
    name: "another number scales",
    wish: wishFor([web({ instances: 4 })]),
    expected: { effect: "scale", restarts: 0, changes: [{ path: "/instances", before: 2, after: 4 }] },
  },
  { name: "the same definition is unchanged", wish: wishFor([web()]), expected: { effect: "unchanged" } },
  {
    name: "a number that is not said stays",
    wish: wishFor([web({ instances: 1 })], { keepsInstances: new Set(["/web"]) }),
    expected: { effect: "unchanged", instancesAfter: 2 },
  },
  {
    name: "a restart that is asked for replaces every instance",
    wish: wishFor([], { restarts: ["/web"] }),
    expected: { effect: "restart", restarts: 2, instancesAfter: 2, changes: [] },
  },
  {
    name: "a number alone scales, and all else stays",
    wish: wishFor([], { instances: new Map([["/web", 3]]) }),
    expected: { effect: "scale", restarts: 0, changes: [{ path: "/instances", before: 2, after: 3 }] },
  },
  {
    name: "a restart and a number go together",
    wish: wishFor([], { restarts: ["/web"], instances: new Map([["/web", 1]]) }),
    expected: { effect: "restart", restarts: 1, instancesAfter: 1 },
  },
  {
    name: "a removal removes",
    wish: wishFor([], { removals: ["/web"] }),
    expected: { effect: "remove", instancesBefore: 2, instancesAfter: 0 },
  },
];

describe("groups in a plan", () => {
  it("are told when they come or say something else; one that a service makes is not", () => {
    const world = new World();
    const wish = wishFor([{ ...anApp(), id: "/shop/web", instances: 0 }], {
      groups: [{ id: "/shop" }, { id: "/ops", dependencies: ["/shop"] }, { id: "/empty" }],
    });
    const first = plan(world, wish);
    expect(first.groups).toEqual([
      { id: "/ops", effect: "create", changes: [{ path: "/dependencies", before: [], after: ["/shop"] }] },
      { id: "/empty", effect: "create", changes: [] },
    ]);
    apply(world, wish);
    expect(plan(world, wish)).toMatchObject({ isEmpty: true });
    expect(plan(world, wish).groups).toBeUndefined();
    expect(plan(world, wishFor([], { groups: [{ id: "/ops", enforceRole: true }] })).groups).toEqual([
      { id: "/ops", effect: "change", changes: [{ path: "/enforceRole", before: false, after: true }] },
    ]);
  });

  it("and one that moved since refuse a plan of before", () => {
    const world = new World();
    const wish = wishFor([], { groups: [{ id: "/ops", dependencies: ["/shop"] }] });
    const { basis } = plan(world, wish);
    apply(world, wishFor([], { groups: [{ id: "/ops", enforceRole: true }] }));
    expect(apply(world, wish, { basis })).toMatchObject({ refusal: { code: "BasisMoved" } });
    expect(apply(world, wish, { basis: plan(world, wish).basis })).toMatchObject({ kind: "applied" });
  });
});

describe("a plan", () => {
  for (const { name, wish, expected } of effects) {
    it(`says that ${name}`, () => {
      const world = running(web());
      const planned = plan(world, wish);
      expect(only(planned)).toMatchObject(expected);
      expect(planned.isEmpty).toBe(expected.effect === "unchanged");
      const before = world.core.snapshot();
      plan(world, wish);
      expect(world.core.snapshot()).toEqual(before);
    });
  }

  it("of a restart is what then happens, and of a service that is not there is refused", () => {
    const world = running(web());
    const before = [...world.master.tasks.values()].filter(({ state }) => state !== "ended");
    const wish = wishFor([], { restarts: ["/web"] });
    const planned = plan(world, wish);
    expect(apply(world, wish, { basis: planned.basis })).toMatchObject({ kind: "applied" });
    world.live(60_000);
    const after = [...world.master.tasks.values()].filter(({ state }) => state !== "ended");
    expect(after).toHaveLength(2);
    expect(after.filter((task) => before.includes(task))).toEqual([]);
    const unknown = wishFor([], { instances: new Map([["/nowhere", 1]]) });
    expect(world.core.own.plan(unknown, { now: world.now, known: nodesOf(world), nodesMax: 0 })).toEqual({
      code: "AppUnknown",
      appId: "/nowhere",
    });
    expect(apply(world, unknown)).toMatchObject({ kind: "refused" });
  });

  it("removes below a pruned group what nothing names, and nothing else", () => {
    const world = running(web({ id: "/a/one" }), web({ id: "/a/two" }), web({ id: "/b" }));
    const planned = plan(world, wishFor([web({ id: "/a/one" })], { pruneGroup: "/a" }));
    expect(planned.services.map(({ id, effect }) => [id, effect])).toEqual([
      ["/a/two", "remove"],
      ["/a/one", "unchanged"],
    ]);
  });

  it("has the steps, with the numbers before and after", () => {
    const planned = plan(running(web()), wishFor([web({ cmd: "other", instances: 3 }), web({ id: "/new" })]));
    expect(planned.steps.map(({ actions }) => actions)).toEqual([
      [{ action: "start", service: "/new", from: 0, to: 0 }],
      [
        { action: "restart", service: "/web", from: 2, to: 3 },
        { action: "scale", service: "/new", from: 0, to: 2 },
      ],
    ]);
  });

  it("is refused when something in it moved, and taken when something else did", () => {
    const world = running(web(), web({ id: "/other" }));
    const wish = wishFor([web({ cmd: "other" })]);
    const { basis } = plan(world, wish);
    apply(world, wishFor([web({ id: "/other", instances: 1 })]));
    world.live(2_000);
    expect(plan(world, wish).basis).toBe(basis);
    apply(world, wishFor([web({ instances: 1 })]));
    world.live(2_000);
    expect(apply(world, wish, { basis })).toMatchObject({ kind: "refused", refusal: { code: "BasisMoved" } });
  });

  it("names who holds a service, and since when", () => {
    const world = World.started();
    const stuck = wishFor([web({ cpus: 100 })]);
    world.ask((request) => ({
      kind: "applyChange",
      request,
      wish: stuck,
      force: false,
      origin: { user: "ann" },
    }));
    const { lockedBy } = plan(world, wishFor([web()]));
    expect(lockedBy).toMatchObject([{ user: "ann", services: ["/web"], since: world.now }]);
    expect(apply(world, wishFor([web()]))).toMatchObject({ kind: "refused", refusal: { code: "Locked" } });
    expect(apply(world, wishFor([web()]), { force: true })).toMatchObject({ kind: "applied" });
  });

  it.each([
    [
      "downForAWhile",
      web({ cmd: "other", upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 0 } }),
    ],
    [
      "fewerForAWhile",
      web({ cmd: "other", upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 } }),
    ],
    ["noHealthCheck", web({ cmd: "other" })],
    ["notEnoughRoom", web({ instances: 100 })],
  ] as const)("warns of %s", (code, definition) => {
    const { warnings } = only(plan(running(web()), wishFor([definition])));
    expect(warnings.map((warning) => warning.code)).toContain(code);
  });

  it("names the constraints that no node meets", () => {
    const constraints = [
      ["hostname", "LIKE", "agent-.*"],
      ["rack", "IS", "r1"],
    ];
    const { warnings } = only(plan(World.started(), wishFor([anApp({ constraints })])));
    expect(warnings).toContainEqual({
      code: "constraintNeverMet",
      parameters: { constraints: "rack IS r1" },
    });
    const met = only(
      plan(World.started(), wishFor([anApp({ constraints: [["hostname", "UNIQUE"]], instances: 9 })])),
    );
    expect(met.warnings.map(({ code }) => code)).not.toContain("constraintNeverMet");
  });

  it("places what only one node can take, exactly; and says how many have no place", () => {
    const world = World.started({ agents: 2, cpusEach: 4 });
    apply(world, wishFor([anApp({ id: "/hog", cpus: 3 })]));
    world.live(3_000);
    const [hog] = world.core.queries.tasks("/hog") ?? [];
    const placed = only(plan(world, wishFor([anApp({ cpus: 3, instances: 2 })])));
    expect(placed.unplaced).toBe(1);
    expect(placed.placements).toMatchObject([{ count: 1, certainty: "exact" }]);
    expect(placed.placements[0]?.agentId).not.toBe(hog?.slaveId);
    const anywhere = only(plan(world, wishFor([anApp({ id: "/small", cpus: 0.1, mem: 1 })])));
    expect(anywhere.placements).toMatchObject([{ count: 1, certainty: "likely" }]);
  });

  it("puts nothing on nodes that are drained or in a window of maintenance, so that one node left is exact", () => {
    const world = World.started({ agents: 3, policy: { drainingMs: 60_000 } });
    const known = nodesOf(world);
    const [drained, soon, left] = known.nodes;
    if (drained === undefined || soon === undefined || left === undefined) throw new Error("three nodes");
    const one = only(
      plan(world, wishFor([web()]), {
        ...known,
        nodes: [
          { ...drained, isActive: false, setAside: "draining" },
          { ...soon, maintenance: { startsAt: world.now + 30_000 } },
          { ...left, maintenance: { startsAt: world.now + 90_000 } },
        ],
      }),
    );
    expect(one.placements).toEqual([
      { agentId: left.agent.agentId, hostname: left.agent.host, count: 2, certainty: "exact" },
    ]);
    const none = only(
      plan(world, wishFor([web()]), { ...known, nodes: [{ ...left, maintenance: { startsAt: world.now } }] }),
    );
    expect(none).toMatchObject({ placements: [], unplaced: 2 });
    expect(none.warnings).toContainEqual({ code: "nodesSetAside", parameters: { nodes: 1 } });
  });

  it("is what then happens: restarts and counts always, places where they are exact", () => {
    const anyApp = fc.record({
      cpus: fc.constantFrom(0.5, 1, 2, 3),
      instances: fc.integer({ min: 0, max: 6 }),
      cmd: fc.constantFrom("one", "two"),
      constraints: fc.constantFrom<readonly (readonly string[])[]>(
        [],
        [["hostname", "UNIQUE"]],
        [["hostname", "MAX_PER", "2"]],
        [["hostname", "LIKE", "agent-1.*"]],
        [["hostname", "UNLIKE", "agent-1.*"]],
      ),
    });
    let exact = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 2, max: 6 }),
        fc.array(anyApp, { minLength: 2, maxLength: 4 }),
        (agents, cpusEach, changes) => {
          const world = World.started({ agents, cpusEach });
          for (const fields of changes) {
            const wish = wishFor([anApp(fields)]);
            const planned = only(plan(world, wish));
            const before = tasksOf(world);
            if (apply(world, wish)?.kind !== "applied") return;
            world.live(20_000);
            if (world.core.queries.deployments().length > 0) {
              // It can't be placed: then that was said.
              const codes = planned.warnings.map(({ code }) => code);
              expect(codes.includes("notEnoughRoom") || codes.includes("needsRoomOfOld")).toBe(true);
              return;
            }
            const after = tasksOf(world);
            const ended = before.filter(({ id }) => !after.some((task) => task.id === id)).length;
            const isRestart = planned.effect === "restart";
            expect(ended).toBe(isRestart ? before.length : Math.max(0, before.length - fields.instances));
            if (isRestart) expect(planned.restarts).toBe(Math.min(before.length, fields.instances));
            const fresh = after.filter(({ id }) => !before.some((task) => task.id === id));
            for (const { agentId, count, certainty } of planned.placements) {
              if (certainty !== "exact") continue;
              exact += 1;
              expect(fresh.filter((task) => task.slaveId === agentId)).toHaveLength(count);
            }
            expect(plan(world, wish).isEmpty).toBe(true);
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(exact).toBeGreaterThan(20);
  });
});

const tasksOf = (world: World) => world.core.queries.tasks("/web") ?? [];

describe("rolling back", () => {
  const back = (world: World, fields: { version?: string; withInstances?: boolean } = {}) => {
    const wish = { appId: "/web", withInstances: false, ...fields };
    const planned = world.core.own.planRollback(wish, { now: world.now, known: undefined, nodesMax: 0 });
    world.ask((request) => ({ kind: "rollBack", request, force: false, ...wish }));
    world.live(5_000);
    return planned;
  };

  it("brings back the newest version that is configured differently, with the present number", () => {
    const world = running(web({ cmd: "one" }));
    apply(world, wishFor([web({ cmd: "two" })]));
    world.live(5_000);
    apply(world, wishFor([web({ cmd: "two", instances: 3 })]));
    world.live(5_000);
    back(world);
    expect(world.core.queries.app("/web")?.definition).toMatchObject({ cmd: "one", instances: 3 });
    back(world);
    expect(world.core.queries.app("/web")?.definition).toMatchObject({ cmd: "two", instances: 3 });
  });

  it("says so when there is nothing to go back to", () => {
    expect(back(running(web()))).toMatchObject({ code: "VersionUnknown" });
    expect(back(running(web()), { version: "2020-01-01T00:00:00.000Z" })).toMatchObject({
      code: "VersionUnknown",
    });
  });
});

describe("history and evidence", () => {
  it("tell who changed what and why, also after the process died", () => {
    const world = running(web());
    const origin = { user: "ann", from: "10.0.0.1", message: "hotter" };
    const wish = wishFor([web({ cmd: "other" })]);
    world.ask((request) => ({ kind: "applyChange", request, wish, force: false, origin }));
    world.live(5_000);
    world.crash();
    world.live(5_000);
    const history = world.core.own.showHistory("/web", {});
    expect(history?.items).toMatchObject([
      { isCurrent: true, ...origin, changes: [{ path: "/cmd", before: "serve", after: "other" }] },
      { isCurrent: false, changes: [] },
    ]);
    expect(world.core.own.listDeployments({ filter: "user:ann" }).items).toMatchObject([
      { state: "succeeded", user: "ann", message: "hotter", done: 2, wanted: 2 },
    ]);
    const ended = world.core.own.listInstances({ service: "/web", ended: true, filter: "condition:Killed" });
    expect(ended?.items).toHaveLength(2);
  });

  it("keep the newest within their budget and say since when they are whole", () => {
    const evidence = { keepMs: 3_600_000, maxOfService: 3, max: 5 };
    const world = World.started({ policy: { evidence } });
    apply(world, wishFor([web({ instances: 1, backoffSeconds: 0 })]));
    for (let round = 0; round < 6; round += 1) {
      world.live(2_000);
      for (const task of [...world.master.tasks.values()]) world.master.endTask(task, "TASK_FAILED");
      world.live(2_000);
    }
    const list = world.core.own.listInstances({ service: "web", ended: true, filter: "condition:Failed" });
    expect(list?.items).toHaveLength(3);
    expect(list?.endedSince).toBeLessThan(list?.items.at(-1)?.endedAt ?? 0);
    expect(world.core.check()).toEqual([]);
    world.pass(2 * 3_600_000);
    const later = world.core.own.listInstances({ service: "web", ended: true, filter: "condition:Failed" });
    // The last failure stays as long as the service.
    expect(later?.items).toHaveLength(1);
  });
});
