/** F17: apps that never come up cost little, ever less often, and hurt no other. */
import { describe, expect, it } from "vitest";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

/** As much is remembered of ended tasks as fits these; both are full early on. */
const policy = {
  evidence: { keepMs: 3_600_000, maxOfService: 5, max: 20 },
  healthKillsMaxPercent: 100,
};
const delays = { backoffSeconds: 1, backoffFactor: 2, maxLaunchDelaySeconds: 60 };

function withApps(...apps: readonly Parameters<typeof anApp>[0][]): World {
  const world = World.started({ agents: 2, cpusEach: 8, policy });
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: apps.map((fields) => ({ definition: anApp(fields), expect: "any" as const })),
    removals: [],
    force: false,
  }));
  return world;
}

const tasksOf = (world: World, appId: string) =>
  world.core.queries
    .allTasks()
    .filter((task) => task.appId === appId)
    .map(({ id }) => id);

const bytesOf = (world: World): number => JSON.stringify([...world.store]).length;

/** One task comes and ends; what that cost. */
function crash(world: World, state: "TASK_FAILED" | "TASK_ERROR"): { writes: number; waitedMs: number } {
  const began = world.now;
  let writes = 0;
  const { store } = world;
  store.set = (...entry) => {
    writes += 1;
    return Map.prototype.set.apply(store, entry) as typeof store;
  };
  store.delete = (key) => {
    writes += 1;
    return Map.prototype.delete.call(store, key);
  };
  const alive = () => world.master.alive().find(({ info }) => info.name === "crashes");
  while (alive() === undefined) {
    world.pass(250);
    world.settle();
  }
  const waitedMs = world.now - began;
  const task = alive();
  if (task === undefined) throw new Error("no task");
  world.master.endTask(task, state);
  world.drain();
  return { writes, waitedMs };
}

describe("an app that never comes up", () => {
  it.each(["TASK_FAILED", "TASK_ERROR"] as const)(
    "reliability.md§4#F17 with %s waits twice as long each time, up to its most",
    (state) => {
      const world = withApps({ id: "/crashes", ...delays });
      const waits = Array.from({ length: 12 }, () => crash(world, state).waitedMs);
      const expected = [0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60].map((seconds) => seconds * 1_000);
      for (const [index, wait] of waits.entries()) {
        expect(wait).toBeGreaterThanOrEqual(expected[index] ?? 0);
        // Looked at every quarter of a second.
        expect(wait).toBeLessThanOrEqual((expected[index] ?? 0) + 500);
      }
    },
  );

  it("marathon.md§12 waits its most for good, though timers fire some milliseconds late", () => {
    const world = withApps({ id: "/crashes", ...delays });
    const left = () =>
      world.core.queries.queue(world.now, { lastUnusedOffers: false })[0]?.delay.timeLeftSeconds;
    for (let count = 0; count < 8; count += 1) crash(world, "TASK_FAILED");
    for (let count = 0; count < 3; count += 1) {
      expect(left()).toBe(60);
      world.now += 60_005;
      crash(world, "TASK_FAILED");
    }
  });

  it("reliability.md§4#F17 costs for its thousandth crash what it cost for its twentieth, in writes and in what is kept", () => {
    const world = withApps(
      { id: "/crashes", ...delays, maxLaunchDelaySeconds: 1 },
      { id: "/steady", instances: 2 },
    );
    let early: { writes: number; bytes: number; memory: number } | undefined;
    for (let count = 1; count <= 1_000; count += 1) {
      const { writes } = crash(world, "TASK_FAILED");
      const now = { writes, bytes: bytesOf(world), memory: JSON.stringify(world.core.snapshot()).length };
      if (count === 20) early = now;
      if (count !== 1_000 || early === undefined) continue;
      expect(now.writes).toBe(early.writes);
      // Numbers of incarnations have more digits.
      expect(now.bytes / early.bytes).toBeLessThan(1.02);
      expect(now.memory / early.memory).toBeLessThan(1.02);
    }
    expect(early?.writes).toBeGreaterThan(0);
    expect(world.problems()).toEqual([]);
  });

  it("reliability.md§4#F17 leaves others alone: they keep their tasks, and new ones come up at once", () => {
    const world = withApps({ id: "/crashes", ...delays, instances: 3 }, { id: "/steady", instances: 2 });
    world.live(2_000);
    const steady = tasksOf(world, "/steady");
    expect(steady).toHaveLength(2);
    for (let count = 0; count < 20; count += 1) crash(world, "TASK_FAILED");
    world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition: anApp({ id: "/new", instances: 2 }), expect: "absent" }],
      removals: [],
      force: false,
    }));
    world.settle();
    world.settle();
    expect(world.core.queries.app("/new")).toMatchObject({ tasksRunning: 2 });
    expect(tasksOf(world, "/steady")).toEqual(steady);
  });

  it("reliability.md§4#F17 for its health check is started no more often than its check takes to fail", () => {
    const check = {
      protocol: "HTTP" as const,
      path: "/",
      portIndex: 0,
      gracePeriodSeconds: 0,
      intervalSeconds: 2,
      timeoutSeconds: 1,
      maxConsecutiveFailures: 3,
      ignoreHttp1xx: false,
      ipProtocol: "IPv4" as const,
    };
    const world = withApps({ id: "/crashes", healthChecks: [check] }, { id: "/steady" });
    world.live(2_000);
    const steady = tasksOf(world, "/steady");
    const seen = new Set<string>();
    const began = world.now;
    let early = 0;
    for (let tick = 0; tick < 2_400; tick += 1) {
      world.pass(250);
      for (const probe of world.probes.splice(0))
        world.apply({ kind: "probed", probe: probe.key, result: { kind: "failure", cause: "503" } });
      world.settle();
      for (const id of tasksOf(world, "/crashes")) seen.add(id);
      if (tick === 600) early = bytesOf(world);
    }
    const seconds = (world.now - began) / 1_000;
    expect(seen.size).toBeGreaterThan(10);
    expect(seen.size).toBeLessThanOrEqual(seconds / (2 * 3) + 1);
    expect(bytesOf(world) / early).toBeLessThan(1.02);
    expect(tasksOf(world, "/steady")).toEqual(steady);
  });
});
