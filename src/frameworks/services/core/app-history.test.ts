import { describe, expect, it } from "vitest";
import { factsOf } from "./app-facts.ts";
import { versionBefore, versionsToForget } from "./app-history.ts";
import type { AppVersion } from "./app-table.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

type Fields = Parameters<typeof anApp>[0];

/** Versions 1, 2, 3 … and the current one after them. */
function history(older: readonly Fields[], current: Fields) {
  const versionOf = (fields: Fields): AppVersion => {
    const definition = anApp(fields);
    return { definition, facts: factsOf(definition), origin: undefined };
  };
  return {
    definition: anApp(current),
    history: new Map(older.map((fields, index) => [index + 1, versionOf(fields)])),
  };
}

const cases: readonly {
  readonly name: string;
  readonly older: readonly Fields[];
  readonly current: Fields;
  readonly max: number;
  readonly inUse?: readonly number[];
  readonly forgotten: readonly number[];
}[] = [
  {
    name: "the oldest go first",
    older: [{ cmd: "a" }, { cmd: "b" }, { cmd: "c" }],
    current: { cmd: "d" },
    max: 3,
    forgotten: [1],
  },
  {
    name: "as many as may be kept stay",
    older: [{ cmd: "a" }],
    current: { cmd: "b" },
    max: 2,
    forgotten: [],
  },
  {
    name: "what an instance runs stays",
    older: [{ cmd: "a" }, { cmd: "b" }, { cmd: "c" }],
    current: { cmd: "d" },
    max: 2,
    inUse: [1],
    forgotten: [2],
  },
  {
    name: "scalings never push out the configuration to go back to",
    older: [{ cmd: "old" }, { instances: 1 }, { instances: 2 }, { instances: 3 }],
    current: { instances: 4 },
    max: 2,
    forgotten: [2, 3, 4],
  },
  {
    name: "the configuration before is kept even where one version may be",
    older: [{ cmd: "a" }, { cmd: "b" }],
    current: { cmd: "c" },
    max: 1,
    forgotten: [1],
  },
];

describe("versions to forget", () => {
  it.each(cases)("$name", ({ older, current, max, inUse = [], forgotten }) => {
    const app = history(older, current);
    expect(versionsToForget(app, { max, isInUse: (version) => inUse.includes(version) })).toEqual(forgotten);
  });
});

it("after a hundred scalings the configuration before comes back", () => {
  const world = World.started({ policy: { maxVersions: 5 } });
  const change = (fields: Fields): void => {
    world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition: anApp(fields), expect: "any" }],
      removals: [],
      force: true,
    }));
  };
  change({ cmd: "first" });
  for (let count = 0; count < 100; count += 1) change({ cmd: "second", instances: 1 + (count % 3) });
  world.crash();
  expect(world.core.queries.appVersions("/web")).toHaveLength(5);
  const planned = world.core.own.planRollback(
    { appId: "/web", withInstances: false },
    { now: world.now, known: undefined, nodesMax: 0 },
  );
  if ("code" in planned) throw new Error(planned.code);
  expect(planned.plan.services[0]?.changes).toContainEqual({
    path: "/cmd",
    before: "second",
    after: "first",
  });
});

it("a deployment that is taken back finds what it replaced, however few versions are kept", () => {
  const world = World.started({ policy: { maxVersions: 1 } });
  const change = (fields: Fields): void => {
    world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition: anApp(fields), expect: "any" }],
      removals: [],
      force: true,
    }));
  };
  change({ cmd: "first", instances: 2 });
  world.live(2_000);
  const running = world.core.queries.allTasks().map(({ id }) => id);
  change({ cmd: "never ready", instances: 2, cpus: 1_000 });
  world.crash();
  world.live(1_000);
  const [deployment] = world.core.queries.deployments();
  world.ask((request) => ({
    kind: "cancelDeployment",
    request,
    deploymentId: String(deployment?.["id"]),
    force: false,
  }));
  world.live(3_000);
  expect(world.core.queries.app("/web")?.definition.cmd).toBe("first");
  expect(world.core.queries.allTasks().map(({ id }) => id)).toEqual(running);
});

it("the version before is not looked for among scalings unless the number shall come back", () => {
  const app = history([{ cmd: "a" }, { cmd: "b", instances: 2 }], { cmd: "b", instances: 3 });
  expect(versionBefore(app, false)).toBe(1);
  expect(versionBefore(app, true)).toBe(2);
});
