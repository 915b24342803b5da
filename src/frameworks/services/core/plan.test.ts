import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { affectedApps, dependencyDepths, type PlannedApp, type PlanStep, planDeployment } from "./plan.ts";

const app = (id: string, instances: number, configVersionMs = 1): PlannedApp => ({
  id,
  instances,
  configVersionMs,
});
const apps = (...all: PlannedApp[]) => new Map(all.map((each) => [each.id, each]));
const brief = (steps: readonly PlanStep[]) =>
  steps.map(({ actions }) =>
    actions.map((action) =>
      action.kind === "scale"
        ? `scale ${action.appId} ${action.instances}`
        : `${action.kind} ${action.appId}`,
    ),
  );

describe("a deployment plan", () => {
  const cases: {
    name: string;
    from: PlannedApp[];
    to: PlannedApp[];
    depths?: Record<string, number>;
    steps: string[][];
  }[] = [
    { name: "nothing to do has no steps", from: [], to: [], steps: [] },
    { name: "an app that stays as it is has no steps", from: [app("/a", 2)], to: [app("/a", 2)], steps: [] },
    {
      name: "a new app is started, then scaled",
      from: [],
      to: [app("/a", 2)],
      steps: [["start /a"], ["scale /a 2"]],
    },
    {
      name: "a new app of no instances is scaled to none",
      from: [],
      to: [app("/a", 0)],
      steps: [["start /a"], ["scale /a 0"]],
    },
    { name: "a deleted app is stopped", from: [app("/a", 2)], to: [], steps: [["stop /a"]] },
    { name: "more instances", from: [app("/a", 2)], to: [app("/a", 5)], steps: [["scale /a 5"]] },
    { name: "fewer instances", from: [app("/a", 5)], to: [app("/a", 2)], steps: [["scale /a 2"]] },
    { name: "another configuration", from: [app("/a", 2)], to: [app("/a", 2, 2)], steps: [["restart /a"]] },
    {
      name: "another configuration and number",
      from: [app("/a", 2)],
      to: [app("/a", 4, 2)],
      steps: [["restart /a"]],
    },
    {
      name: "another configuration of no instances",
      from: [app("/a", 2)],
      to: [app("/a", 0, 2)],
      steps: [["scale /a 0"]],
    },
    {
      name: "stops come first, then starts, then the rest side by side",
      from: [app("/gone", 1), app("/same", 1), app("/more", 1)],
      to: [app("/same", 1), app("/more", 2), app("/new", 1)],
      steps: [["stop /gone"], ["start /new"], ["scale /more 2", "scale /new 1"]],
    },
    {
      name: "dependencies come before what depends on them",
      from: [],
      to: [app("/front", 1), app("/back", 1), app("/db", 1)],
      depths: { "/front": 2, "/back": 1 },
      steps: [
        ["start /front", "start /back", "start /db"],
        ["scale /db 1"],
        ["scale /back 1"],
        ["scale /front 1"],
      ],
    },
  ];
  for (const { name, from, to, depths = {}, steps } of cases) {
    it(name, () => {
      const plan = planDeployment({ from: apps(...from), to: apps(...to), depthOf: (id) => depths[id] ?? 0 });
      expect(brief(plan)).toEqual(steps);
    });
  }

  it("scales an app whose number stays, when instances of it are sentenced", () => {
    const plan = planDeployment({
      from: apps(app("/a", 2)),
      to: apps(app("/a", 2)),
      depthOf: () => 0,
      sentenced: new Map([["/a", ["i-1"]]]),
    });
    expect(plan).toEqual([{ actions: [{ kind: "scale", appId: "/a", instances: 2, sentenced: ["i-1"] }] }]);
  });

  it("touches each app at most once per step, and only apps that change", () => {
    const some = fc.uniqueArray(
      fc.record({
        id: fc.constantFrom("/a", "/b", "/c", "/d", "/e"),
        instances: fc.integer({ min: 0, max: 3 }),
        configVersionMs: fc.integer({ min: 1, max: 2 }),
      }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(some, some, (before, after) => {
        const from = apps(...before);
        const to = apps(...after);
        const plan = planDeployment({ from, to, depthOf: (id) => id.charCodeAt(1) % 3 });
        for (const { actions } of plan) {
          expect(new Set(actions.map(({ appId }) => appId)).size).toBe(actions.length);
          expect(actions.length).toBeGreaterThan(0);
        }
        const touched = new Set(plan.flatMap(({ actions }) => actions.map(({ appId }) => appId)));
        const changed = affectedApps({ from, to }).filter((id) => {
          const one = from.get(id);
          const other = to.get(id);
          return (
            one === undefined ||
            other === undefined ||
            one.instances !== other.instances ||
            one.configVersionMs !== other.configVersionMs
          );
        });
        expect([...touched].sort()).toEqual(changed.sort());
      }),
    );
  });
});

describe("dependency depths", () => {
  const graph: Record<string, string[]> = {
    a: ["b", "c"],
    b: ["c"],
    c: [],
    d: ["d"],
    e: ["f"],
    f: ["g"],
    g: ["e"],
  };
  const dependenciesOf = (id: string) => graph[id] ?? [];

  it("are the longest chain below", () => {
    const { depthOf, cycle } = dependencyDepths(["a"], dependenciesOf);
    expect([depthOf("a"), depthOf("b"), depthOf("c"), depthOf("unknown")]).toEqual([2, 1, 0, 0]);
    expect(cycle).toBeUndefined();
  });

  it("name a cycle", () => {
    expect(dependencyDepths(["d"], dependenciesOf).cycle).toEqual(["d"]);
    expect([...(dependencyDepths(["e"], dependenciesOf).cycle ?? [])].sort()).toEqual(["e", "f", "g"]);
  });

  it("survive a chain of 100,000", () => {
    const { depthOf } = dependencyDepths(["0"], (id) =>
      Number(id) < 100_000 ? [String(Number(id) + 1)] : [],
    );
    expect(depthOf("0")).toBe(100_000);
  });
});
