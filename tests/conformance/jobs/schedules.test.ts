/** What schedules do over hours, told over HTTP: the core and the routes of the daemon, with a clock that the test moves. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHttpServer, type HttpServer } from "#foundation/http/index.ts";
import { World } from "#frameworks/jobs/core/testing/world.ts";
import { addJobRoutes, addSystemRoutes, Requests } from "#frameworks/jobs/shell/index.ts";
import { JobsApi, smallRun } from "../../harness/jobs.ts";

const second = 1_000;
const minute = 60_000;
const world = World.started({ cpusEach: 1_000 });
let server: HttpServer;
let jobs: JobsApi;

beforeAll(async () => {
  server = createHttpServer({ host: "127.0.0.1", port: 0 });
  const requests = new Requests((event) => {
    world.apply(event);
    const answer = "request" in event ? world.replies.get(event.request) : undefined;
    if ("request" in event && answer !== undefined) requests.settle(event.request, answer);
  }, world.core.queries);
  const context = { queries: world.core.queries, requests, now: () => world.now };
  addJobRoutes(server, context);
  addSystemRoutes(server, { ...context, leader: "", config: {}, metrics: { snapshot: () => ({}) } });
  jobs = new JobsApi((await server.listen()).url);
});
afterAll(() => server.close());

const create = async (id: string, schedule: object, run: object = {}): Promise<void> =>
  jobs.create(id, { cmd: "sleep", ...run }, { schedules: [{ id: "often", cron: "* * * * *", ...schedule }] });

/** Moves the clock; tasks start, and go on unless they are `ending`. */
function pass(ms: number, ending = true): void {
  for (let left = ms; left > 0; left -= second) {
    world.live(second, second);
    if (ending) for (const task of world.master.alive()) world.master.endTask(task, "TASK_FINISHED");
  }
  world.drain();
}

describe("a schedule of every minute", () => {
  it("metronome.md§8#16 produces runs a minute apart", async () => {
    await create("often", {});
    pass(6 * minute);
    const { successfulFinishedRuns } = await jobs.history("often");
    const made = successfulFinishedRuns.map(({ createdAt }) => Date.parse(createdAt)).reverse();
    expect(made.length).toBeGreaterThanOrEqual(4);
    for (const [index, at] of made.entries()) if (index > 0) expect(at - (made[index - 1] ?? 0)).toBe(minute);
    for (const at of made) expect(at % minute).toBe(0);
  });

  it("metronome.md§8#20 with FORBID one run is active, with ALLOW several are", async () => {
    await create("forbidden", { concurrencyPolicy: "FORBID" });
    await create("allowed", { concurrencyPolicy: "ALLOW" });
    pass(6 * minute, false);
    expect(await jobs.activeRuns("forbidden")).toHaveLength(1);
    expect((await jobs.activeRuns("allowed")).length).toBeGreaterThanOrEqual(4);
    // By hand a run starts beside another, and then holds the schedule back as well.
    await jobs.start("forbidden");
    expect(await jobs.activeRuns("forbidden")).toHaveLength(2);
    pass(3 * minute, false);
    expect(await jobs.activeRuns("forbidden")).toHaveLength(2);
  });

  it("metronome.md§8#21 fails what has no place when its time to start is over, and nothing else", async () => {
    await create("huge", { startingDeadlineSeconds: 20, concurrencyPolicy: "FORBID" }, { cpus: 100_000 });
    pass(minute - (world.now % minute) + 5 * second);
    const [scheduled] = await jobs.activeRuns("huge");
    expect(scheduled).toMatchObject({ status: "STARTING", tasks: [] });
    pass(20 * second);
    expect(await jobs.activeRuns("huge")).toEqual([]);
    const history = await jobs.history("huge");
    expect(history).toMatchObject({ successCount: 0, failureCount: 1 });
    expect(history.failedFinishedRuns[0]).toMatchObject({ id: scheduled?.id, tasks: [] });
    expect((await jobs.call("GET", "/v1/queue")).body).toEqual([]);
    // By hand: it may wait as long as it has to, and holds the schedule back.
    const byHand = await jobs.start("huge");
    pass(30 * minute);
    expect(await jobs.activeRuns("huge")).toMatchObject([{ id: byHand.id, status: "STARTING" }]);
    expect(await jobs.history("huge")).toMatchObject({ failureCount: 1 });
  });

  it("metronome.md§8#22 that is switched off starts nothing, and goes on when it is switched on", async () => {
    await create("switched", { enabled: false });
    pass(5 * minute);
    expect(await jobs.history("switched")).toMatchObject({ successCount: 0, failureCount: 0 });
    const at = "/v1/jobs/switched/schedules/often";
    await jobs.call("PUT", at, { cron: "* * * * *", enabled: true });
    pass(3 * minute);
    const { successCount } = await jobs.history("switched");
    expect(successCount).toBeGreaterThanOrEqual(2);
    await jobs.call("PUT", at, { cron: "* * * * *", enabled: false });
    pass(5 * minute);
    expect(await jobs.history("switched")).toMatchObject({ successCount });
  });
});

it("a schedule that is changed fires by the new one only", async () => {
  await create("changed", { cron: "* * * * *" });
  await jobs.call("PUT", "/v1/jobs/changed/schedules/often", { cron: "30 23 * * *" });
  pass(10 * minute);
  expect(await jobs.history("changed")).toMatchObject({ successCount: 0 });
  await jobs.call("PUT", "/v0/scheduled-jobs/changed", {
    id: "changed",
    run: { cmd: "sleep", ...smallRun },
    schedules: [{ id: "other", cron: "*/5 * * * *" }],
  });
  pass(11 * minute);
  expect(await jobs.history("changed")).toMatchObject({ successCount: 2 });
});
