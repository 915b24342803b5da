import { expect, it } from "vitest";
import { World } from "./testing/world.ts";

const second = 1_000;

/** C waits for A and B. */
function family(): World {
  const world = World.started();
  world.create({ id: "a" });
  world.create({ id: "b" });
  world.create({ id: "c", dependencies: [{ id: "a" }, { id: "b" }] });
  return world;
}

function runOnce(
  world: World,
  jobId: string,
  state: "TASK_FINISHED" | "TASK_FAILED" = "TASK_FINISHED",
): void {
  world.start(jobId);
  world.live(5 * second);
  world.end(jobId, state);
  world.live(second);
}

const started = (world: World): number => world.core.queries.runs("c").length;

it("a job runs once after all its parents have succeeded, in whichever order", () => {
  const world = family();
  runOnce(world, "b");
  expect(started(world)).toBe(0);
  runOnce(world, "a");
  expect(started(world)).toBe(1);
  expect(world.core.queries.run("c", world.core.queries.activeRuns("c")[0]?.id ?? "")).toMatchObject({
    origin: "dependencies",
  });
  world.end("c", "TASK_FINISHED");
  world.live(5 * second);
  expect(world.history("c")).toEqual([1, 0]);
  // One parent alone is not enough a second time.
  runOnce(world, "a");
  expect(started(world)).toBe(1);
  runOnce(world, "b");
  expect(started(world)).toBe(2);
});

it("a parent that failed last holds its children back until it succeeds again", () => {
  const world = family();
  runOnce(world, "a");
  runOnce(world, "a", "TASK_FAILED");
  runOnce(world, "b");
  expect(started(world)).toBe(0);
  runOnce(world, "a");
  expect(started(world)).toBe(1);
});

it("a run by hand uses up the successes before it", () => {
  const world = family();
  runOnce(world, "a");
  runOnce(world, "c");
  runOnce(world, "b");
  expect(started(world)).toBe(1);
  runOnce(world, "a");
  expect(started(world)).toBe(2);
});

it("what parents did is known after a crash, and the trigger is not pulled twice", () => {
  const world = family();
  runOnce(world, "a");
  world.crash();
  world.live(5 * second);
  world.start("b");
  world.live(5 * second);
  world.losesNextEffects = true; // the step that ends b and begins c
  world.end("b", "TASK_FINISHED");
  world.live(60 * second);
  expect(started(world)).toBe(1);
  expect(world.history("b")).toEqual([1, 0]);
  expect(world.problems()).toEqual([]);
});

it("circles, strangers and parents that are needed are refused", () => {
  const world = family();
  const refusal = (answer: ReturnType<World["create"]>): string =>
    answer.kind === "refused" ? answer.refusal.code : answer.kind;
  expect(refusal(world.create({ id: "d", dependencies: [{ id: "x" }] }))).toBe("DependenciesInvalid");
  expect(
    refusal(world.answer((request) => ({ kind: "deleteJob", request, jobId: "a", stopsRuns: true }))),
  ).toBe("NeededByOthers");
  const schedule = {
    id: "s1",
    cron: "* * * * *",
    timezone: "UTC",
    startingDeadlineSeconds: 900,
    concurrencyPolicy: "ALLOW",
    enabled: true,
  } as const;
  expect(
    refusal(world.answer((request) => ({ kind: "createSchedule", request, jobId: "c", schedule }))),
  ).toBe("DependenciesInvalid");
  expect(world.problems()).toEqual([]);
});

it("a success is newer than what was written before it, also by a process whose clock was ahead", () => {
  const world = family();
  runOnce(world, "a");
  runOnce(world, "b");
  world.end("c", "TASK_FINISHED");
  world.live(second);
  world.now -= 60 * second;
  world.crash();
  world.live(second);
  runOnce(world, "a");
  expect(started(world)).toBe(1);
  runOnce(world, "b");
  expect(started(world)).toBe(2);
});
