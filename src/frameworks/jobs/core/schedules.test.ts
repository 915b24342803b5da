import { describe, expect, it } from "vitest";
import { aJob, World } from "./testing/world.ts";

const second = 1_000;
const minute = 60_000;
/** 22:13:20 UTC, as worlds begin. */
const start = 1_700_000_000_000;
const firstFullMinute = start + 40 * second;

const scheduled = (schedule: object, rest: object = {}): object => ({
  ...rest,
  schedules: [{ id: "often", cron: "* * * * *", ...schedule }],
});
const runsOf = (world: World, jobId = "job") => world.core.queries.runs(jobId).map((run) => run.createdAt);
const skips = (world: World): readonly unknown[] =>
  world.published.filter(({ eventType }) => eventType === "job_run_skipped");

describe("a schedule", () => {
  it("fires at its own instants, from the first after it was set, and does not drift", () => {
    const world = World.started();
    world.create(scheduled({}));
    const [shown] = world.core.queries.job("job", world.now)?.schedules ?? [];
    expect(shown?.nextRunAt).toBe("2023-11-14T22:14:00.000+0000");
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
    world.pass(minute);
    expect(runsOf(world)).toHaveLength(1);
    world.now += 30 * minute;
    world.crash();
    world.drain();
    expect(runsOf(world)).toHaveLength(1);
    world.pass(minute);
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

  it("loses no time to a change of its job or its own, or to a process that follows, in the minute before it", () => {
    const world = World.started();
    const daily = (cmd: string, deadline: number) =>
      aJob(scheduled({ cron: "14 22 * * *", startingDeadlineSeconds: deadline }, { run: { cmd } }));
    world.create(scheduled({ cron: "14 22 * * *" }));
    world.pass(firstFullMinute - start - 2 * second);
    const { definition, schedules } = daily("date", 10);
    world.answer((request) => ({ kind: "replaceJob", request, definition }));
    world.answer((request) => ({ kind: "replaceJob", request, definition, schedules }));
    world.pass(second);
    world.crash();
    world.pass(second);
    expect(runsOf(world)).toEqual([firstFullMinute]);
    // Nor is the time that has come started again by a change in the minute after it.
    world.answer((request) => ({ kind: "replaceJob", request, ...daily("true", 20) }));
    world.crash();
    world.pass(60 * minute);
    expect(runsOf(world)).toEqual([firstFullMinute]);
  });

  it("that is switched off or taken away does not fire, and does once it is back", () => {
    const world = World.started();
    world.create(scheduled({ enabled: false }));
    world.pass(5 * minute);
    expect(runsOf(world)).toEqual([]);
    const [schedule] = aJob(scheduled({})).schedules;
    if (schedule === undefined) throw new Error("no schedule");
    world.answer((request) => ({ kind: "replaceSchedule", request, jobId: "job", schedule }));
    world.pass(minute);
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
    world.create(scheduled({ startingDeadlineSeconds: 30, cron: "14 22 14 11 *" }, { run: { cpus: 99 } }));
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
    world.create(scheduled({ startingDeadlineSeconds: 30, cron: "14 22 14 11 *" }, { run: { restart } }));
    world.pass(firstFullMinute - start);
    world.live(5 * second);
    for (const agent of world.master.agents) world.master.loseAgent(agent);
    world.drain();
    world.pass(10 * minute);
    expect(world.core.queries.activeRuns("job")).toMatchObject([{ status: "STARTING" }]);
  });
});

describe("a thousand schedules of one second", () => {
  const many = 1_000;
  const added = (world: World, schedule: object): void => {
    const { definition, schedules } = aJob(scheduled(schedule));
    for (let index = 0; index < many; index += 1)
      world.ask((request) => ({
        kind: "createJob",
        request,
        definition: { ...definition, id: `j${index}` },
        schedules,
      }));
  };
  const allFired = (world: World, instants: readonly number[]): void => {
    for (let index = 0; index < many; index += 1)
      expect([...runsOf(world, `j${index}`)].reverse()).toEqual(instants);
    expect(skips(world)).toEqual([]);
  };
  // Where nothing is offered: this is about time.
  const world = (): World => World.started({ agents: 0 });

  it("fire once each, in that second, minute after minute", () => {
    const of = world();
    added(of, {});
    of.pass(firstFullMinute - start + 4 * minute);
    allFired(
      of,
      [0, 1, 2, 3, 4].map((n) => firstFullMinute + n * minute),
    );
  });

  it("fire in steps that others come between, and one that is changed or deleted there has fired before", () => {
    const of = world();
    added(of, {});
    of.now = firstFullMinute;
    of.core.wake(of.now);
    const begun = of.core.queries.activeCount();
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(many);
    const { definition, schedules } = aJob(scheduled({ enabled: false }));
    const last = { ...definition, id: `j${many - 1}` };
    of.answer((request) => ({ kind: "replaceJob", request, definition: last, schedules }));
    expect(runsOf(of, last.id)).toEqual([firstFullMinute]);
    expect(
      of.answer((request) => ({ kind: "deleteJob", request, jobId: `j${many - 2}`, stopsRuns: false })),
    ).toMatchObject({ kind: "refused", refusal: { code: "RunsActive" } });
    of.pass(0);
    allFired(of, [firstFullMinute]);
  });

  it("fire once each over processes that die right before and right after that second", () => {
    const of = world();
    added(of, {});
    for (let index = 0; index < 4; index += 1) {
      of.pass(firstFullMinute + index * minute - of.now - 100);
      of.crash();
      of.pass(100);
      of.crash();
      of.pass(100);
    }
    allFired(
      of,
      [0, 1, 2, 3].map((n) => firstFullMinute + n * minute),
    );
  });

  it("fire once at most where a process dies in the middle of that second, and all of them the next time", () => {
    const of = world();
    added(of, {});
    of.pass(firstFullMinute - of.now - 1);
    of.losesNextEffects = true;
    of.pass(2);
    const begun = of.core.queries.activeCount();
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(many);
    of.pass(minute);
    for (let index = 0; index < many; index += 1) {
      const [newest, first = firstFullMinute, ...rest] = runsOf(of, `j${index}`);
      expect([newest, first, rest]).toEqual([firstFullMinute + minute, firstFullMinute, []]);
    }
    expect(of.core.queries.activeCount()).toBe(many + begun);
  });

  it.each([
    {
      name: "that is leapt over: right after the leap",
      cron: "30 2 * * *",
      day: [2_023, 2, 26],
      fires: [1, 0],
    },
    {
      name: "that comes twice: the first time alone",
      cron: "30 2 * * *",
      day: [2_023, 9, 29],
      fires: [0, 30],
    },
  ])("fire once each at a time of day $name", ({ cron, day: [year = 0, month = 0, day = 0], fires }) => {
    const of = world();
    const [hour = 0, minutes = 0] = fires;
    const at = Date.UTC(year, month, day, hour, minutes);
    of.now = at - 1_000;
    added(of, { cron, timezone: "Europe/Berlin" });
    of.pass(2_000);
    of.crash();
    of.pass(4 * 60 * minute);
    allFired(of, [at]);
  });
});
