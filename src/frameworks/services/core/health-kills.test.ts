import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HealthCheck } from "#domain/definitions/app.ts";
import { HealthKills, healthKillsMax } from "./health-kills.ts";
import { newInstance } from "./instance.ts";
import { anApp } from "./testing/builders.ts";
import { World, type WorldOptions } from "./testing/world.ts";

const limits = { healthKillsMaxPercent: 25, healthKillHoldMs: 100 };
const anInstance = (id: string) =>
  newInstance({ id, appId: "/web", role: "*", createdAt: 0, version: 1, configVersion: 1 });

describe("places for instances that are away for their health", () => {
  it.each([
    [1, 25, 1],
    [7, 25, 1],
    [8, 25, 2],
    [1_000, 25, 250],
    [3, 1, 1],
    [0, 25, 1],
    [10, 100, undefined],
  ])("of %i instances at %i %%: %s", (instances, percent, max) => {
    expect(healthKillsMax(instances, { ...limits, healthKillsMaxPercent: percent })).toBe(max);
  });

  it("come back with health, with the end of the instance, and after a while", () => {
    const kills = new HealthKills();
    const [one, two] = [anInstance("one"), anInstance("two")];
    expect(kills.take(one, 4, 0, limits)).toBe(true);
    expect(kills.take(two, 4, 50, limits)).toBe(false);
    expect(kills.take(one, 4, 60, limits)).toBe(true);
    expect(kills.sinceOf(one)).toBe(0);
    expect(kills.take(two, 4, 100, limits)).toBe(true);
    kills.giveBack(two);
    expect(kills.take(one, 4, 101, limits)).toBe(true);
    expect(kills.sinceOf(one)).toBe(101);
  });

  it("are never more than the share within the time, in whatever order instances fail and recover", () => {
    const step = fc.record({ id: fc.nat(15), isWell: fc.boolean(), ms: fc.nat(40) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 16 }), (steps, wanted) => {
        const kills = new HealthKills();
        const away = new Map<string, number>();
        let now = 0;
        for (const { id, isWell, ms } of steps) {
          now += ms;
          const instance = anInstance(`i${id}`);
          if (isWell) {
            kills.giveBack(instance);
            away.delete(instance.id);
          } else if (kills.take(instance, wanted, now, limits) && !isHeld(away.get(instance.id), now)) {
            away.set(instance.id, now);
          }
          const held = [...away.values()].filter((since) => isHeld(since, now)).length;
          expect(held).toBeLessThanOrEqual(Math.max(1, Math.floor(wanted / 4)));
          expect(kills.held("/web", now, limits)).toBe(held);
        }
      }),
    );
  });
});

const isHeld = (since: number | undefined, now: number): boolean =>
  since !== undefined && now - since < limits.healthKillHoldMs;

const check: HealthCheck = {
  protocol: "HTTP",
  path: "/",
  portIndex: 0,
  gracePeriodSeconds: 0,
  intervalSeconds: 2,
  timeoutSeconds: 1,
  maxConsecutiveFailures: 2,
  ignoreHttp1xx: false,
  ipProtocol: "IPv4",
};

/** Eight instances that run, each seen healthy. */
function healthy(options: WorldOptions = {}, instances = 8): World {
  const world = World.started({ agents: 2, cpusEach: 8, ...options });
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: [{ definition: anApp({ instances, healthChecks: [check] }), expect: "any" }],
    removals: [],
    force: false,
  }));
  world.live(1_000, 100);
  rounds(world, 1, () => true);
  expect(world.core.queries.app("/web")?.tasksHealthy).toBe(instances);
  return world;
}

/** So many intervals, with an answer to each probe. */
function rounds(world: World, count: number, isGood: (taskId: string) => boolean): void {
  for (let round = 0; round < count; round += 1) {
    for (let part = 0; part < 4; part += 1) {
      world.pass(500);
      for (const { key } of world.probes.splice(0)) {
        const result = isGood(key.taskId)
          ? { kind: "success" as const }
          : { kind: "failure" as const, cause: "503" };
        world.apply({ kind: "probed", probe: key, result });
      }
      world.settle();
    }
  }
}

const killed = (world: World): ReadonlySet<unknown> =>
  new Set(world.ofType("unhealthy_instance_kill_event").map(({ instanceId }) => instanceId));
const firstReason = (world: World) =>
  world.core.own.explain("/web", { now: world.now, known: undefined, nodesMax: 0 })?.reasons[0];

describe("a check that finds everything ill", () => {
  it("ends only a share of a service; the others run on, which is told once each and by why", () => {
    const world = healthy();
    rounds(world, 20, () => false);
    expect(killed(world).size).toBe(2);
    expect(world.core.queries.app("/web")).toMatchObject({ tasksRunning: 8, tasksHealthy: 0 });
    expect(world.ofType("unhealthy_instance_spared_event")).toHaveLength(6);
    expect(firstReason(world)).toMatchObject({
      code: "healthKillsLimited",
      parameters: { count: 6, away: 2, max: 2, percent: 25, detail: "503" },
      commands: ["service logs /web"],
    });
    expect(world.problems()).toEqual([]);
    rounds(world, 1, () => true);
    expect(firstReason(world)?.code).toBe("asWished");
  });

  it("goes on with the next when those that were ended recovered", () => {
    const world = healthy();
    const isSecond = (taskId: string): boolean => taskId.endsWith(".2");
    rounds(world, 40, isSecond);
    expect(killed(world).size).toBe(8);
    expect(world.core.queries.app("/web")).toMatchObject({ tasksHealthy: 8 });
    expect(world.problems()).toEqual([]);
  });

  it("lets one that never recovers keep the place for a while only", () => {
    const world = healthy({ policy: { healthKillHoldMs: 60_000 } }, 4);
    const [bad, later] = world.core.queries.allTasks().map(({ id }) => id.replace(/\.\d+$/, ""));
    rounds(world, 10, (taskId) => !taskId.startsWith(bad ?? "?"));
    const isGood = (taskId: string): boolean =>
      !taskId.startsWith(bad ?? "?") && (!taskId.startsWith(later ?? "?") || taskId.endsWith(".2"));
    rounds(world, 15, isGood);
    expect(killed(world).size).toBe(1);
    rounds(world, 20, isGood);
    expect(killed(world).size).toBe(2);
  });

  it("is heeded for all when the limit is lifted, and for the only instance at any limit", () => {
    const lifted = healthy({ policy: { healthKillsMaxPercent: 100 } });
    rounds(lifted, 4, () => false);
    expect(killed(lifted).size).toBe(8);
    const single = healthy({}, 1);
    rounds(single, 20, () => false);
    expect(single.ofType("unhealthy_instance_kill_event").length).toBeGreaterThan(4);
    expect(single.ofType("unhealthy_instance_spared_event")).toEqual([]);
  });

  it("holds nobody who ends by itself: that is a failure of its own", () => {
    const world = healthy();
    rounds(world, 4, () => false);
    for (const task of world.master.alive()) world.master.endTask(task, "TASK_FAILED");
    world.live(130_000, 2_000);
    expect(world.core.queries.allTasks().every(({ id }) => /\.[23]$/.test(id))).toBe(true);
    expect(world.problems()).toEqual([]);
  });

  it("does not get another share from a process that takes over", () => {
    const world = healthy();
    rounds(world, 10, () => false);
    for (let life = 0; life < 3; life += 1) {
      world.crash();
      rounds(world, 8, () => false);
    }
    expect(killed(world).size).toBe(2);
    expect(world.problems()).toEqual([]);
  });
});

describe("what is known of health", () => {
  it("outlives the process: the next one knows it before it has asked anybody", () => {
    const world = healthy();
    rounds(world, 1, (taskId) => !taskId.startsWith(String(world.core.queries.allTasks()[0]?.id)));
    world.crash();
    world.drain();
    expect(world.core.queries.app("/web")).toMatchObject({ tasksHealthy: 7, tasksUnhealthy: 1 });
    expect(world.core.queries.allTasks()[0]?.healthCheckResults).toMatchObject([
      { alive: false, lastFailureCause: "503" },
    ]);
  });

  it("is of one task: what comes after it starts without", () => {
    const world = healthy();
    for (const task of world.master.alive()) world.master.endTask(task, "TASK_FAILED");
    world.live(5_000);
    world.crash();
    world.live(1_000);
    expect(world.core.queries.app("/web")).toMatchObject({ tasksHealthy: 0, tasksUnhealthy: 0 });
  });

  it("is not written again with each probe that says the same", () => {
    const world = healthy();
    const before = JSON.stringify([...world.store].filter(([key]) => key.startsWith("instances/")));
    rounds(world, 5, () => true);
    expect(JSON.stringify([...world.store].filter(([key]) => key.startsWith("instances/")))).toBe(before);
  });
});
