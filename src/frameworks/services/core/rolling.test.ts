import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideRolling, type RollingCounts, rollingLimits } from "./rolling.ts";

const idle = {
  oldKept: 0,
  oldServing: 0,
  oldActive: 0,
  newKept: 0,
  newServing: 0,
  newOccupying: 0,
};

/** `count` old ones that all run. */
const old = (count: number) => ({ oldKept: count, oldServing: count, oldActive: count });
/** `count` new ones of which `serving` run. */
const fresh = (count: number, serving: number) => ({
  newKept: count,
  newServing: serving,
  newOccupying: count,
});

describe("limits of a rolling replacement", () => {
  it.each([
    { instances: 10, min: 1, over: 1, minHealthy: 10, maxCapacity: 20 },
    { instances: 10, min: 0.5, over: 0, minHealthy: 5, maxCapacity: 10 },
    { instances: 3, min: 0.5, over: 0.5, minHealthy: 2, maxCapacity: 4 },
    { instances: 10, min: 0.9, over: 0.1, minHealthy: 9, maxCapacity: 11 },
    { instances: 7, min: 0, over: 0, minHealthy: 0, maxCapacity: 7 },
    { instances: 0, min: 1, over: 1, minHealthy: 0, maxCapacity: 0 },
    { instances: 3, min: 0.333_333, over: 0, minHealthy: 1, maxCapacity: 3 },
    { instances: 50, min: 0.7, over: 0.2, minHealthy: 35, maxCapacity: 60 },
  ])("$instances instances, $min / $over", ({ instances, min, over, ...expected }) => {
    expect(rollingLimits({ instances, minimumHealthCapacity: min, maximumOverCapacity: over })).toEqual(
      expected,
    );
  });
});

describe("one decision of a rolling replacement", () => {
  const cases: {
    name: string;
    counts: Partial<RollingCounts> & { instances: number };
    strategy: [number, number];
    kill: number;
    launch: number;
    done?: boolean;
  }[] = [
    {
      name: "full health and double capacity: launches all, kills none",
      counts: { instances: 4, ...old(4) },
      strategy: [1, 1],
      kill: 0,
      launch: 4,
    },
    {
      name: "full health: one new that serves lets one old go",
      counts: { instances: 4, ...old(4), ...fresh(4, 1) },
      strategy: [1, 1],
      kill: 1,
      launch: 0,
    },
    {
      name: "half health, no extra room: kills half, launches none yet",
      counts: { instances: 4, ...old(4) },
      strategy: [0.5, 0],
      kill: 2,
      launch: 0,
    },
    {
      name: "half health, no extra room: dying ones still hold their room",
      counts: { instances: 4, oldKept: 2, oldServing: 2, oldActive: 4 },
      strategy: [0.5, 0],
      kill: 0,
      launch: 0,
    },
    {
      name: "half health, no extra room: room of the dead is used",
      counts: { instances: 4, ...old(2) },
      strategy: [0.5, 0],
      kill: 0,
      launch: 2,
    },
    {
      name: "no health wanted, no extra room: kills all at once",
      counts: { instances: 4, ...old(4) },
      strategy: [0, 0],
      kill: 4,
      launch: 0,
    },
    {
      name: "deadlock guard: full health and no room gets one extra",
      counts: { instances: 4, ...old(4) },
      strategy: [1, 0],
      kill: 0,
      launch: 1,
    },
    {
      name: "deadlock guard in place: full health and no room ends one old instead",
      counts: { instances: 4, ...old(4), isInPlace: true },
      strategy: [1, 0],
      kill: 1,
      launch: 0,
    },
    {
      name: "deadlock guard in place: the next goes when the one before serves again",
      counts: { instances: 4, ...old(3), ...fresh(1, 1), isInPlace: true },
      strategy: [1, 0],
      kill: 1,
      launch: 0,
    },
    {
      name: "deadlock guard in place: while one is away nothing else goes",
      counts: { instances: 4, ...old(3), ...fresh(1, 0), isInPlace: true },
      strategy: [1, 0],
      kill: 0,
      launch: 0,
    },
    {
      name: "deadlock guard: only one extra at a time",
      counts: { instances: 4, ...old(4), ...fresh(1, 0) },
      strategy: [1, 0],
      kill: 0,
      launch: 0,
    },
    {
      name: "deadlock guard: the extra one serves, one old goes",
      counts: { instances: 4, ...old(4), ...fresh(1, 1) },
      strategy: [1, 0],
      kill: 1,
      launch: 0,
    },
    {
      name: "surplus guard: scaled down together with the change",
      counts: { instances: 4, ...old(10) },
      strategy: [1, 1],
      kill: 6,
      launch: 0,
    },
    {
      name: "surplus guard holds when few are healthy",
      counts: { instances: 4, oldKept: 10, oldServing: 3, oldActive: 10 },
      strategy: [1, 1],
      kill: 6,
      launch: 0,
    },
    {
      name: "a new version that never serves leaves the old ones alone",
      counts: { instances: 4, ...old(4), ...fresh(4, 0) },
      strategy: [1, 1],
      kill: 0,
      launch: 0,
    },
    {
      name: "sick old ones that hold all the room make way",
      counts: { instances: 4, oldKept: 4, oldServing: 2, oldActive: 4 },
      strategy: [1, 0],
      kill: 2,
      launch: 0,
    },
    {
      name: "all new serve: every old one goes, sick ones too",
      counts: { instances: 4, oldKept: 2, oldServing: 0, oldActive: 2, ...fresh(4, 4) },
      strategy: [1, 1],
      kill: 2,
      launch: 0,
    },
    {
      name: "finished when all new serve and no old is left",
      counts: { instances: 4, ...fresh(4, 4) },
      strategy: [1, 1],
      kill: 0,
      launch: 0,
      done: true,
    },
    {
      name: "not finished while an old one is dying",
      counts: { instances: 4, oldActive: 1, ...fresh(4, 4) },
      strategy: [1, 1],
      kill: 0,
      launch: 0,
    },
    {
      name: "no old ones at all: launches what is wanted",
      counts: { instances: 3 },
      strategy: [1, 1],
      kill: 0,
      launch: 3,
    },
    {
      name: "zero instances is finished at once",
      counts: { instances: 0 },
      strategy: [1, 1],
      kill: 0,
      launch: 0,
      done: true,
    },
  ];
  for (const { name, counts, strategy, kill, launch, done = false } of cases) {
    it(name, () => {
      const decision = decideRolling({
        ...idle,
        minimumHealthCapacity: strategy[0],
        maximumOverCapacity: strategy[1],
        ...counts,
      });
      expect(decision).toEqual({ kill, launch, isFinished: done });
    });
  }
});

/** A world of instances that does what is decided and, besides, what chance wants. */
interface World {
  instances: number;
  min: number;
  over: number;
  oldRunning: number;
  oldSick: number;
  oldDying: number;
  newStarting: number;
  newRunning: number;
}

function countsOf(world: World): RollingCounts {
  return {
    instances: world.instances,
    minimumHealthCapacity: world.min,
    maximumOverCapacity: world.over,
    oldKept: world.oldRunning + world.oldSick,
    oldServing: world.oldRunning,
    oldActive: world.oldRunning + world.oldSick + world.oldDying,
    newKept: world.newStarting + world.newRunning,
    newServing: world.newRunning,
    newOccupying: world.newStarting + world.newRunning,
  };
}

/** Applies a decision and says what it broke. */
function obey(world: World): string[] {
  const before = countsOf(world);
  const { minHealthy, maxCapacity } = rollingLimits(before);
  const decision = decideRolling(before);
  const broken: string[] = [];
  const sickKilled = Math.min(decision.kill, world.oldSick);
  const runningKilled = decision.kill - sickKilled;
  const servingBefore = world.oldRunning + world.newRunning;
  world.oldSick -= sickKilled;
  world.oldRunning -= runningKilled;
  world.oldDying += decision.kill;
  world.newStarting += decision.launch;
  const servingAfter = world.oldRunning + world.newRunning;
  if (world.oldRunning < 0) broken.push("killed more than there are");
  if (servingAfter < Math.min(servingBefore, minHealthy)) broken.push("killed below the minimum");
  const total = world.oldRunning + world.oldSick + world.oldDying + world.newStarting + world.newRunning;
  const allowed = maxCapacity + (minHealthy === maxCapacity ? 1 : 0);
  if (decision.launch > 0 && total > allowed) broken.push("launched over the maximum");
  if (world.newStarting + world.newRunning > world.instances) broken.push("launched more than wanted");
  return broken;
}

type Chance = "newRuns" | "newFails" | "oldDies" | "oldEnds" | "oldSickens" | "oldRecovers";

function happen(world: World, chance: Chance): void {
  const move = (from: keyof World, to: keyof World | undefined): void => {
    if (world[from] === 0) return;
    world[from] -= 1;
    if (to !== undefined) world[to] += 1;
  };
  switch (chance) {
    case "newRuns":
      return move("newStarting", "newRunning");
    case "newFails":
      // The same instance starts again.
      return move("newRunning", "newStarting");
    case "oldDies":
      return move("oldRunning", undefined);
    case "oldEnds":
      return move("oldDying", undefined);
    case "oldSickens":
      return move("oldRunning", "oldSick");
    case "oldRecovers":
      return move("oldSick", "oldRunning");
  }
}

const aWorld = fc.record({
  instances: fc.integer({ min: 0, max: 12 }),
  min: fc.constantFrom(0, 0.1, 0.25, 0.5, 0.75, 0.9, 1),
  over: fc.constantFrom(0, 0.1, 0.25, 0.5, 1),
  oldRunning: fc.integer({ min: 0, max: 15 }),
  oldSick: fc.integer({ min: 0, max: 5 }),
  oldDying: fc.integer({ min: 0, max: 3 }),
  newStarting: fc.constant(0),
  newRunning: fc.constant(0),
});

const chances = fc.array(
  fc.constantFrom<Chance>(
    "newRuns",
    "newRuns",
    "newFails",
    "oldDies",
    "oldEnds",
    "oldEnds",
    "oldSickens",
    "oldRecovers",
  ),
  { maxLength: 80 },
);

describe("any rolling replacement", () => {
  it("never goes below its minimum nor over its maximum by its own doing", () => {
    fc.assert(
      fc.property(aWorld, chances, (start, happenings) => {
        const world: World = { ...start };
        expect(obey(world)).toEqual([]);
        for (const chance of happenings) {
          happen(world, chance);
          expect(obey(world)).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("ends, once chance stops meddling, in a bounded number of steps", () => {
    fc.assert(
      fc.property(aWorld, chances, (start, happenings) => {
        const world: World = { ...start };
        obey(world);
        for (const chance of happenings) {
          happen(world, chance);
          obey(world);
        }
        for (let round = 0; round < 200; round += 1) {
          if (decideRolling(countsOf(world)).isFinished) return;
          obey(world);
          while (world.oldDying > 0) happen(world, "oldEnds");
          while (world.newStarting > 0) happen(world, "newRuns");
        }
        expect(countsOf(world)).toBe("finished");
      }),
      { numRuns: 500 },
    );
  });

  it("decides nothing twice: obeying and asking again gives no second kill or launch", () => {
    fc.assert(
      fc.property(aWorld, (start) => {
        const world: World = { ...start };
        obey(world);
        const again = decideRolling(countsOf(world));
        // What the first decision launched or killed is in the counts already.
        expect(again.launch).toBe(0);
      }),
    );
  });
});
