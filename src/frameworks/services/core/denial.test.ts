/** A40: who asks for more than there will ever be is refused with what is allowed, and leaves nothing behind. */
import { describe, expect, it } from "vitest";
import type { RequestResult } from "./effects.ts";
import { defaultServicesPolicy } from "./policy.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

type Fields = Parameters<typeof anApp>[0];

const change = (world: World, ...apps: readonly Fields[]): RequestResult | undefined =>
  world.replies.get(
    world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: apps.map((fields) => ({ definition: anApp(fields), expect: "any" })),
      removals: [],
      force: false,
    })),
  );
const small: Fields = { portDefinitions: [] };

describe("reliability.md§5#A40 a client that wants", () => {
  it("a million instances is told how many there may be, of one app or of many together", () => {
    const world = World.started();
    change(world, { ...small, id: "/first", instances: 1 });
    world.live(2_000);
    const before = JSON.stringify(world.core.snapshot());
    const { maxInstances } = defaultServicesPolicy;
    for (const apps of [
      [{ ...small, id: "/many", instances: 1_000_000 }],
      [{ ...small, id: "/first", instances: 1_000_000 }],
      Array.from({ length: 1_000 }, (_, index) => ({ ...small, id: `/many-${index}`, instances: 1_000 })),
    ]) {
      const answer = change(world, ...apps);
      expect(answer).toMatchObject({ kind: "refused", refusal: { code: "Invalid" } });
      expect(JSON.stringify(answer)).toContain(`all apps together may want ${maxInstances} instances`);
    }
    expect(JSON.stringify(world.core.snapshot())).toBe(before);
  });

  it("ten thousand deployments gets those that may be under way at a time, and is refused the others", () => {
    const world = World.started();
    const { maxRunningDeployments: max } = defaultServicesPolicy;
    const answers = Array.from({ length: 10_000 }, (_, index) =>
      change(world, { ...small, id: `/app-${index}`, cpus: 1_000 }),
    );
    expect(answers.filter((answer) => answer?.kind === "deployed")).toHaveLength(max);
    expect(answers.at(-1)).toEqual({ kind: "refused", refusal: { code: "TooManyDeployments", max } });
    expect(world.core.queries.deployments()).toHaveLength(max);
  });
});
