import { describe, expect, it } from "vitest";
import { aJob, World } from "./testing/world.ts";

const second = 1_000;
const minute = 60_000;
/** 22:13:20 UTC, as worlds begin. */
const start = 1_700_000_000_000;
const firstFullMinute = start + 100 * second;

const scheduled = (schedule: object, rest: object = {}): object => ({
  ...rest,
  schedules: [{ id: "often", cron: "* * * * *", ...schedule }],
});
const runsOf = (world: World, jobId = "job") => world.core.queries.runs(jobId).map((run) => run.createdAt);
const skips = (world: World): readonly unknown[] =>
  world.published.filter(({ eventType }) => eventType === "job_run_skipped");

describe("a schedule", () => {
  it("fires at its own instants, the first a minute after it was set at the earliest, and does not drift", () => {
    const world = World.started();
    world.create(scheduled({}));
    const [shown] = world.core.queries.job("job", world.now)?.schedules ?? [];
    expect(shown?.nextRunAt).toBe("2023-11-14T22:15:00.000+0000");
    world.pass(firstFullMinute - start + 3 * minute);
    expect([...runsOf(world)].reverse()).toEqual([0, 1, 2, 3].map((n) => firstFullMinute + n * minute));
  });

  it("does not drift when every wake is late", () => {
    const world = World.started();
    world.create(scheduled({}));
    for (let count = 0; count < 200; count += 1) {
      world.now += 7_300;
      world.core.wake(world.now);
    }
    const fired = [...runsOf(world)].reverse();
    expect(fired.map((at) => Math.floor(at / minute))).toEqual(
      fired.map((_, index) => firstFullMinute / minute + index),
    );
    expect(fired).toHaveLength(Math.floor((world.now - firstFullMinute) / minute) + 1);
  });

  it("skips what was noticed too late, and what nobody was there for", () => {
    const world = World.started();
    world.create(scheduled({}));
    world.now = firstFullMinute + 10 * minute + 5 * second;
    world.pass(0);
    expect(runsOf(world)).toEqual([]);
    expect(skips(world)).toHaveLength(1);
    world.pass(2 * minute);
    expect(runsOf(world)).toHaveLength(1);
    world.now += 30 * minute;
    world.crash();
    world.drain();
    expect(runsOf(world)).toHaveLength(1);
    world.pass(2 * minute);
    expect(runsOf(world)).toHaveLength(2);
  });

  it("that fired is not fired again by the process that follows", () => {
    const world = World.started();
    world.create(scheduled({}));
    world.pass(firstFullMinute - start - 1);
    world.losesNextEffects = true;
    world.pass(1);
    world.crash();
    world.live(59 * second);
    expect(runsOf(world)).toEqual([firstFullMinute]);
  });

  it("that fired is not fired again by a process whose clock is behind", () => {
    const world = World.started();
    world.create(scheduled({}));
    world.pass(firstFullMinute - start);
    world.now -= 90 * second;
    world.crash();
    world.pass(90 * second + minute);
    expect(runsOf(world)).toEqual([firstFullMinute + minute, firstFullMinute]);
  });

  it("does not stand still because a clock was wrong once", () => {
    const world = World.started();
    world.create(scheduled({}));
    world.pass(firstFullMinute - start);
    world.now -= 60 * minute;
    world.crash();
    world.pass(2 * minute);
    expect(runsOf(world)).toHaveLength(3);
  });

  it("that is switched off or taken away does not fire, and does once it is back", () => {
    const world = World.started();
    world.create(scheduled({ enabled: false }));
    world.pass(5 * minute);
    expect(runsOf(world)).toEqual([]);
    const [schedule] = aJob(scheduled({})).schedules;
    if (schedule === undefined) throw new Error("no schedule");
    world.answer((request) => ({ kind: "replaceSchedule", request, jobId: "job", schedule }));
    world.pass(2 * minute);
    expect(runsOf(world)).toHaveLength(1);
    world.answer((request) => ({ kind: "deleteSchedule", request, jobId: "job", scheduleId: "often" }));
    world.pass(5 * minute);
    expect(runsOf(world)).toHaveLength(1);
  });

  it("with FORBID starts nothing beside another run, also one by hand", () => {
    const world = World.started();
    world.create(scheduled({ concurrencyPolicy: "FORBID" }));
    world.start("job");
    world.live(10 * second);
    world.pass(5 * minute);
    expect(runsOf(world)).toHaveLength(1);
    world.end("job", "TASK_FINISHED");
    world.pass(2 * minute);
    expect(runsOf(world)).toHaveLength(2);
  });

  it("with ALLOW starts one beside the other", () => {
    const world = World.started();
    world.create(scheduled({}));
    world.pass(5 * minute);
    expect(world.core.queries.activeRuns("job").length).toBeGreaterThan(2);
  });

  it("gives its runs so long to start; one by hand may wait for ever", () => {
    const world = World.started();
    world.create(scheduled({ startingDeadlineSeconds: 30, cron: "15 22 14 11 *" }, { run: { cpus: 99 } }));
    world.start("job");
    world.pass(firstFullMinute - start + 10 * second);
    expect(world.core.queries.activeRuns("job")).toHaveLength(2);
    world.crash();
    world.drain();
    world.pass(21 * second);
    expect(world.core.queries.activeRuns("job")).toHaveLength(1);
    expect(world.history("job")).toEqual([0, 1]);
    world.pass(60 * minute);
    expect(world.core.queries.waiting()).toHaveLength(1);
  });

  it("of a run that was active once does not end it when it waits again", () => {
    const world = World.started();
    const restart = { policy: "ON_FAILURE" };
    world.create(scheduled({ startingDeadlineSeconds: 30, cron: "15 22 14 11 *" }, { run: { restart } }));
    world.pass(firstFullMinute - start);
    world.live(5 * second);
    for (const agent of world.master.agents) world.master.loseAgent(agent);
    world.drain();
    world.pass(10 * minute);
    expect(world.core.queries.activeRuns("job")).toMatchObject([{ status: "STARTING" }]);
  });
});

it("a thousand schedules of one second fire once each, in that second, minute after minute", () => {
  // Where nothing is offered: this is about time.
  const world = World.started({ agents: 0 });
  const { definition, schedules } = aJob(scheduled({}));
  for (let index = 0; index < 1_000; index += 1)
    world.ask((request) => ({
      kind: "createJob",
      request,
      definition: { ...definition, id: `j${index}` },
      schedules,
    }));
  world.pass(firstFullMinute - start + 4 * minute);
  for (let index = 0; index < 1_000; index += 1) {
    const fired = [...runsOf(world, `j${index}`)].reverse();
    expect(fired).toEqual([0, 1, 2, 3, 4].map((n) => firstFullMinute + n * minute));
  }
});
