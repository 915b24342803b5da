/** Rolling replacements by the whole core: invariant 6 of the simulation, in small. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import { runsOf } from "#foundation/base/testing.ts";
import type { ServicesEvent } from "./events.ts";
import { rollingLimits } from "./rolling.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

interface Seen {
  readonly taskId?: string;
  readonly goal: string;
  readonly condition: string;
  readonly isKillWanted?: boolean;
}

function instancesIn(snapshot: JsonValue): readonly Seen[] {
  return (snapshot as unknown as { readonly instances: readonly Seen[] }).instances;
}

const isServing = (seen: Seen) =>
  seen.goal === "Running" && seen.condition === "Running" && seen.isKillWanted !== true;
const isHere = (seen: Seen) =>
  ["Provisioned", "Staging", "Starting", "Running", "Killing", "Unreachable"].includes(seen.condition);

function put(world: World, fields: Parameters<typeof anApp>[0], force = false): void {
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: [{ definition: anApp(fields), expect: "any" }],
    removals: [],
    force,
  }));
}

const strategies = fc.record({
  minimumHealthCapacity: fc.constantFrom(0, 0.25, 0.5, 0.9, 1),
  maximumOverCapacity: fc.constantFrom(0, 0.25, 0.5, 1),
});

type Chance = "deliver" | "start" | "fail" | "allocate" | "pass" | "crash";
const chances = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Chance>("deliver") },
    { weight: 3, arbitrary: fc.constant<Chance>("start") },
    { weight: 3, arbitrary: fc.constant<Chance>("allocate") },
    { weight: 2, arbitrary: fc.constant<Chance>("pass") },
    { weight: 1, arbitrary: fc.constant<Chance>("fail") },
    { weight: 1, arbitrary: fc.constant<Chance>("crash") },
  ),
  { minLength: 30, maxLength: 150, size: "max" },
);

function happen(world: World, chance: Chance, which: number): void {
  const { master } = world;
  switch (chance) {
    case "deliver":
      for (let count = 0; count < 4; count += 1) world.deliver();
      return;
    case "start":
      for (const task of [...master.tasks.values()].slice(0, 2 + which)) master.startTask(task);
      return;
    case "allocate":
      return master.allocate();
    case "pass":
      return world.pass(2_000);
    case "fail": {
      const alive = master.alive();
      const task = alive[which % Math.max(1, alive.length)];
      if (task !== undefined) master.endTask(task, "TASK_FAILED");
      return;
    }
    case "crash":
      return world.crash();
  }
}

describe("a rolling update", () => {
  it("never ends what it needs nor starts more than it may, whatever happens meanwhile, and it ends", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        strategies,
        chances,
        fc.nat(9),
        (instances, upgradeStrategy, all, which) => {
          const world = World.started({ agents: 4, cpusEach: 8 });
          const fields = { instances, upgradeStrategy, maxLaunchDelaySeconds: 10 };
          put(world, { ...fields, cmd: "one" });
          world.live(3_000);
          expect(world.master.alive()).toHaveLength(instances);
          const { minHealthy, maxCapacity } = rollingLimits({ instances, ...upgradeStrategy });
          const allowed = maxCapacity + (minHealthy === maxCapacity ? 1 : 0);
          world.watch = (event: ServicesEvent, before, after) => {
            const wasServing = instancesIn(before).filter(isServing);
            const serves = instancesIn(after).filter(isServing).length;
            const told = event.kind === "statusReceived" ? event.status.task_id.value : undefined;
            const lostByEvent = wasServing.filter(({ taskId }) => taskId === told).length;
            const ended = wasServing.length - serves - lostByEvent;
            if (ended > 0) expect(serves).toBeGreaterThanOrEqual(minHealthy);
            const here = instancesIn(after).filter(isHere).length;
            if (here > instancesIn(before).filter(isHere).length) expect(here).toBeLessThanOrEqual(allowed);
          };
          put(world, { ...fields, cmd: "two" });
          for (const chance of all) {
            happen(world, chance, which);
            expect(world.problems()).toEqual([]);
          }
          world.live(60_000, 1_000);
          expect(world.core.queries.deployments()).toEqual([]);
          expect(world.master.alive().map(({ info }) => info.command?.value)).toEqual(
            Array(instances).fill("two"),
          );
        },
      ),
      { numRuns: runsOf(100) },
    );
  });

  it("leaves the old version serving when the new one never comes up", () => {
    const world = World.started();
    put(world, { instances: 3, cmd: "one" });
    world.live(2_000);
    put(world, { instances: 3, cmd: "bad" });
    for (let round = 0; round < 20; round += 1) {
      for (const task of world.master.alive()) {
        if (task.info.command?.value === "bad") world.master.endTask(task, "TASK_FAILED");
      }
      world.drain();
      world.pass(1_000);
      world.master.allocate();
      world.drain();
    }
    expect(world.master.alive().filter(({ info }) => info.command?.value === "one")).toHaveLength(3);
    expect(world.core.queries.deployments()).toHaveLength(1);
  });

  it("replaces every instance on restart, with the same definition and another version", () => {
    const world = World.started();
    put(world, { instances: 2 });
    world.live(2_000);
    const before = world.core.queries.allTasks().map(({ id }) => id);
    const version = world.core.queries.app("/web")?.definition.version;
    world.ask((request) => ({ kind: "restartApp", request, appId: "/web", force: false }));
    world.live(4_000);
    const after = world.core.queries.allTasks();
    expect(after).toHaveLength(2);
    expect(after.some(({ id }) => before.includes(id))).toBe(false);
    const { definition } = world.core.queries.app("/web") ?? {};
    expect(definition?.version).not.toBe(version);
    expect(definition?.versionInfo?.lastScalingAt).toBe(version);
    expect(definition?.versionInfo?.lastConfigChangeAt).toBe(definition?.version);
  });

  it("goes on from the start in a new process and ends right", () => {
    const world = World.started();
    put(world, { instances: 4, cmd: "one" });
    world.live(2_000);
    put(world, { instances: 4, cmd: "two" });
    world.drain();
    world.crash();
    expect(world.core.queries.deployments()).toHaveLength(1);
    world.live(10_000);
    expect(world.core.queries.deployments()).toEqual([]);
    expect(world.master.alive().map(({ info }) => info.command?.value)).toEqual(["two", "two", "two", "two"]);
    expect(world.master.tasks.size).toBe(8);
  });

  it("when cancelled with force, leaves the definition and settles the number", () => {
    const world = World.started();
    put(world, { instances: 2, cmd: "one" });
    world.live(2_000);
    put(world, { instances: 2, cmd: "two" });
    world.drain();
    const [deployment] = world.core.queries.deployments();
    world.ask((request) => ({
      kind: "cancelDeployment",
      request,
      deploymentId: deployment?.id ?? "",
      force: true,
    }));
    world.live(3_000);
    expect(world.core.queries.app("/web")?.definition.cmd).toBe("two");
    expect(world.master.alive()).toHaveLength(2);
    expect(world.ofType("deployment_failed")).toHaveLength(1);
  });

  it("when reversed, restores the definition and keeps the instances that still run it", () => {
    const world = World.started();
    put(world, { instances: 2, cmd: "one" });
    world.live(2_000);
    const before = world.core.queries.allTasks().map(({ id }) => id);
    const version = world.core.queries.app("/web")?.definition.version;
    put(world, { instances: 2, cmd: "two" });
    world.drain();
    const [deployment] = world.core.queries.deployments();
    const request = world.ask((number) => ({
      kind: "cancelDeployment",
      request: number,
      deploymentId: deployment?.id ?? "",
      force: false,
    }));
    expect(world.replies.get(request)).toMatchObject({ kind: "deployed" });
    world.live(5_000);
    const { definition } = world.core.queries.app("/web") ?? {};
    expect([definition?.cmd, definition?.version]).toEqual(["one", version]);
    expect(world.core.queries.allTasks().map(({ id }) => id)).toEqual(before);
    expect(world.core.queries.deployments()).toEqual([]);
  });

  it("refuses a second change with the deployment in the way, and takes it by force", () => {
    const world = World.started();
    put(world, { instances: 2, cmd: "one" });
    world.live(2_000);
    put(world, { instances: 2, cmd: "two" });
    const [deployment] = world.core.queries.deployments();
    const locked = world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition: anApp({ instances: 2, cmd: "three" }), expect: "present" }],
      removals: [],
      force: false,
    }));
    expect(world.replies.get(locked)).toEqual({
      kind: "refused",
      refusal: {
        code: "Locked",
        holders: [{ deploymentId: deployment?.id, services: ["/web"], since: expect.any(Number) }],
        appIds: ["/web"],
      },
    });
    expect(world.core.queries.app("/web")?.definition.cmd).toBe("two");
    put(world, { instances: 2, cmd: "three" }, true);
    world.live(5_000);
    expect(world.ofType("deployment_failed")).toHaveLength(1);
    expect(world.master.alive().map(({ info }) => info.command?.value)).toEqual(["three", "three"]);
  });
});
