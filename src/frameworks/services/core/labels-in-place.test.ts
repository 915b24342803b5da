/** Labels that change without a restart, where a service wishes it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";
import type { WishedChange } from "./wished-change.ts";

const strategy = { minimumHealthCapacity: 1, maximumOverCapacity: 1 };
const inPlace = { ...strategy, labelsInPlace: true as const };

const wishFor = (definition: AppDefinition): WishedChange => ({
  upserts: [{ definition, expect: "any" }],
  keepsInstances: new Set(),
  groups: [],
  removals: [],
});

const web = (fields: Partial<AppDefinition> = {}): AppDefinition =>
  anApp({ instances: 2, labels: { owner: "shop" }, ...fields });

function apply(world: World, definition: AppDefinition): void {
  world.ask((request) => ({ kind: "applyChange", request, wish: wishFor(definition), force: false }));
  world.live(5_000);
}

function running(definition: AppDefinition): World {
  const world = World.started();
  apply(world, definition);
  return world;
}

const taskIds = (world: World): readonly string[] => world.core.queries.allTasks().map(({ id }) => id);

const cases: readonly {
  readonly name: string;
  readonly before: Partial<AppDefinition>;
  readonly after: Partial<AppDefinition>;
  readonly effect: string;
  readonly restarts: number;
}[] = [
  {
    name: "without the wish other labels restart every instance, as in Marathon",
    before: {},
    after: { labels: { owner: "other" } },
    effect: "restart",
    restarts: 2,
  },
  {
    name: "with it they restart none",
    before: { upgradeStrategy: inPlace },
    after: { upgradeStrategy: inPlace, labels: { owner: "other" } },
    effect: "keep",
    restarts: 0,
  },
  {
    name: "the change that brings the wish is already as wished",
    before: {},
    after: { upgradeStrategy: inPlace, labels: {} },
    effect: "keep",
    restarts: 0,
  },
  {
    name: "labels with anything else restart",
    before: { upgradeStrategy: inPlace },
    after: { upgradeStrategy: inPlace, labels: {}, cmd: "other" },
    effect: "restart",
    restarts: 2,
  },
  {
    name: "another part of the strategy is something else",
    before: {},
    after: { upgradeStrategy: { ...inPlace, minimumHealthCapacity: 0.5 } },
    effect: "restart",
    restarts: 2,
  },
  {
    name: "labels with another number scale",
    before: { upgradeStrategy: inPlace },
    after: { upgradeStrategy: inPlace, labels: {}, instances: 3 },
    effect: "scale",
    restarts: 0,
  },
  {
    name: "a wish that is taken back with the labels restarts",
    before: { upgradeStrategy: inPlace },
    after: { labels: {} },
    effect: "restart",
    restarts: 2,
  },
];

describe("a change of labels", () => {
  it.each(cases)("$name", ({ before, after, effect, restarts }) => {
    const world = running(web(before));
    const was = taskIds(world);
    const plan = world.core.own.plan(wishFor(web(after)), { now: world.now, known: undefined, nodesMax: 0 });
    if ("code" in plan) throw new Error(plan.code);
    expect(plan.services[0]).toMatchObject({ effect, restarts });
    apply(world, web(after));
    expect(world.core.queries.deployments()).toEqual([]);
    expect(taskIds(world).filter((id) => was.includes(id))).toHaveLength(2 - restarts);
    expect(world.core.queries.app("/web")?.definition.labels).toEqual(web(after).labels);
    expect(world.problems()).toEqual([]);
  });

  it("has a version of its own, which says when the configuration last changed", () => {
    const world = running(web({ upgradeStrategy: inPlace }));
    const first = world.core.queries.app("/web")?.definition;
    apply(world, web({ upgradeStrategy: inPlace, labels: {} }));
    const second = world.core.queries.app("/web")?.definition;
    expect(second?.version).not.toBe(first?.version);
    expect(second?.versionInfo).toEqual(first?.versionInfo);
    world.crash();
    world.live(1_000);
    expect(world.core.queries.app("/web")?.definition).toEqual(second);
    expect(world.core.queries.appVersions("/web")).toHaveLength(2);
    // It is a version to go back to, which again replaces nothing.
    const planned = world.core.own.planRollback(
      { appId: "/web", withInstances: false },
      { now: world.now, known: undefined, nodesMax: 0 },
    );
    expect(planned).toMatchObject({ version: first?.version, plan: { services: [{ effect: "keep" }] } });
  });

  it("tells that running instances keep the labels they were started with", () => {
    const world = running(web({ upgradeStrategy: inPlace }));
    const after = web({ upgradeStrategy: inPlace, labels: {} });
    const plan = world.core.own.plan(wishFor(after), { now: world.now, known: undefined, nodesMax: 0 });
    expect(plan).toMatchObject({
      services: [
        { warnings: expect.arrayContaining([{ code: "oldLabelsStay", parameters: { relabelled: 2 } }]) },
      ],
    });
  });

  it("never replaces an instance, whatever labels follow each other", () => {
    const labels = fc.dictionary(fc.constantFrom("a", "b", "HAPROXY_GROUP"), fc.string(), { maxKeys: 3 });
    fc.assert(
      fc.property(fc.array(labels, { minLength: 1, maxLength: 6 }), (sequence) => {
        const world = running(web({ upgradeStrategy: inPlace }));
        const was = taskIds(world);
        for (const each of sequence) apply(world, web({ upgradeStrategy: inPlace, labels: each }));
        expect(taskIds(world)).toEqual(was);
        expect(world.core.queries.app("/web")?.definition.labels).toEqual(sequence.at(-1));
      }),
      { numRuns: 20 },
    );
  });
});
