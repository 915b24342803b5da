/** What jobs tell of themselves while they change, run and end. */
import { expect, it } from "vitest";
import { aJob, World } from "./testing/world.ts";

const second = 1_000;
const schedule = { id: "s", cron: "0 3 * * *" };

/** As `eventType fact fact`, and forgotten. */
function told(world: World): readonly string[] {
  return world.published
    .splice(0)
    .map(({ eventType, jobId, runId, ...facts }) =>
      [eventType, jobId, ...(runId === undefined ? [] : ["run"]), ...Object.values(facts)].join(" "),
    );
}

it("a change of a job is told once it is stored, and what of it was changed", () => {
  const world = World.started();
  world.create({ id: "job" });
  expect(told(world)).toEqual(["job_created job"]);
  const { definition } = aJob({ id: "job", run: { cmd: "false" } });
  world.answer((request) => ({ kind: "replaceJob", request, definition }));
  expect(told(world)).toEqual(["job_updated job"]);
  const [parsed] = aJob({ schedules: [schedule] }).schedules;
  if (parsed === undefined) throw new Error("no schedule");
  world.answer((request) => ({ kind: "createSchedule", request, jobId: "job", schedule: parsed }));
  const off = { ...parsed, enabled: false };
  world.answer((request) => ({ kind: "replaceSchedule", request, jobId: "job", schedule: off }));
  world.answer((request) => ({ kind: "deleteSchedule", request, jobId: "job", scheduleId: "s" }));
  expect(told(world)).toEqual(Array(3).fill("job_updated job schedule"));
  world.answer((request) => ({ kind: "deleteJob", request, jobId: "job", stopsRuns: false }));
  expect(told(world)).toEqual(["job_deleted job"]);
});

it("a run is told when it begins, with each state of its task, and when it ends with what ended it", () => {
  const world = World.started();
  world.create({});
  told(world);
  world.start("job");
  world.live(second);
  world.end("job", "TASK_FINISHED");
  const events = told(world);
  expect([events[0], events.at(-1)]).toEqual([
    "job_run_started job run request",
    "job_run_finished job run succeeded",
  ]);
  expect(events).toContain("job_run_updated job run ACTIVE TASK_RUNNING");
  const { id } = world.start("job");
  world.answer((request) => ({ kind: "stopRun", request, jobId: "job", runId: id }));
  expect(told(world).at(-1)).toBe("job_run_failed job run stopped");
});

it("a change that is refused is not told", () => {
  const world = World.started();
  world.create({});
  told(world);
  world.create({});
  world.answer((request) => ({ kind: "deleteJob", request, jobId: "nobody", stopsRuns: false }));
  expect(told(world)).toEqual([]);
});
