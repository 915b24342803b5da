/** What needs no machine: definitions, schedules, answers. A real daemon whose master is away. Row by row of the contract's checklist. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "#foundation/telemetry/index.ts";
import { type RunningJobs, start } from "#frameworks/jobs/main.ts";
import { ask } from "../../harness/cluster.ts";

const dataDir = mkdtempSync(join(tmpdir(), "keelson-jobs-api-"));
let daemon: RunningJobs;
const boot = async (): Promise<void> => {
  daemon = await start({
    host: "127.0.0.1",
    port: 0,
    dataDir,
    masterUrl: "http://somebody:a-word@127.0.0.1:9",
    log: silentLogger,
  });
};
beforeAll(boot);
afterAll(async () => {
  await daemon.close();
  rmSync(dataDir, { recursive: true, force: true });
});

type Json = { readonly [name: string]: unknown };
interface Answer {
  readonly status: number;
  readonly body: Json;
}

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await ask(`${daemon.info.url}${path}`, { method, ...(body === undefined ? {} : { body }) });
  return { status: answer.status, body: answer.body as Json };
}

const run = { cmd: "true", cpus: 0.1, mem: 32, disk: 0 };
const job = (id: string, rest: object = {}): object => ({ id, run, ...rest });
const withRun = (id: string, more: object): object => ({ id, run: { ...run, ...more } });
const create = async (body: object): Promise<Json> => {
  const answer = await call("POST", "/v1/jobs", body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
};
/** Paths of what is wrong. */
async function refused(body: object): Promise<readonly string[]> {
  const answer = await call("POST", "/v1/jobs", body);
  expect(answer).toMatchObject({ status: 422, body: { message: "Object is not valid" } });
  const details = answer.body["details"] as readonly { readonly path: string; readonly errors: string[] }[];
  for (const { errors } of details) expect(errors.length).toBeGreaterThan(0);
  return details.map(({ path }) => path);
}

describe("jobs", () => {
  it("metronome.md§8#1 are created once, and shown as they were made", async () => {
    const created = await create(job("first", { description: "the first", labels: { a: "b" } }));
    expect(await call("GET", "/v1/jobs/first")).toEqual({ status: 200, body: created });
    expect((await call("GET", "/v1/jobs")).body).toContainEqual(created);
    const again = await call("POST", "/v1/jobs", job("first"));
    expect(again).toMatchObject({ status: 409, body: { message: expect.stringContaining("first") } });
    expect((await call("GET", "/v1/jobs/none")).body).toEqual({ id: "none", message: "Job not found" });
  });

  it("metronome.md§8#2 get the defaults of what is left out", async () => {
    expect(await create(job("defaults"))).toMatchObject({
      dependencies: [],
      labels: {},
      schedules: [],
      run: {
        ...run,
        gpus: 0,
        env: {},
        secrets: {},
        artifacts: [],
        volumes: [],
        networks: [],
        placement: { constraints: [] },
        maxLaunchDelay: 3_600,
        restart: { policy: "NEVER" },
      },
    });
  });

  it("metronome.md§8#3 have no fields but their own", async () => {
    expect(await refused(withRun("closed", { instances: 3 }))).toEqual(["/run/instances"]);
    expect(await refused(job("closed", { cmd: "true" }))).toEqual(["/cmd"]);
    expect((await call("GET", "/v1/jobs/closed")).status).toBe(404);
  });

  it("metronome.md§8#4 are held to bounds, by path", async () => {
    expect(await refused(withRun("tiny", { mem: 16, cpus: 0 }))).toEqual(["/run/cpus", "/run/mem"]);
    const absurd = { cpus: 1e300, mem: 1e16, disk: 1e300, taskKillGracePeriodSeconds: 1e12 };
    expect((await refused(withRun("vast", { ...absurd, maxLaunchDelay: 1e300 }))).toSorted()).toEqual(
      ["cpus", "disk", "maxLaunchDelay", "mem", "taskKillGracePeriodSeconds"].map((name) => `/run/${name}`),
    );
  });

  it("metronome.md§8#5 have something to run, of one kind", async () => {
    expect(await refused({ id: "idle", run: { cpus: 1, mem: 32, disk: 0 } })).toEqual(["/run"]);
    const both = withRun("both", { docker: { image: "a" }, ucr: { image: { id: "a" } } });
    expect((await refused(both)).length).toBeGreaterThan(0);
  });

  it("metronome.md§8#6 say IS where they said EQ", async () => {
    const constraints = [{ attribute: "rack", operator: "EQ", value: "a" }];
    await create(withRun("eq", { placement: { constraints } }));
    expect((await call("GET", "/v1/jobs/eq")).body).toHaveProperty("run.placement.constraints", [
      { attribute: "rack", operator: "IS", value: "a" },
    ]);
  });

  it("metronome.md§8#7 use the secrets they declare, and declare those they use", async () => {
    expect(await refused(withRun("secret", { env: { A: { secret: "s" } } }))).toContain("/run/env/A");
    expect(await refused(withRun("secret", { secrets: { s: { source: "/a" } } }))).toContain(
      "/run/secrets/s",
    );
  });

  it("metronome.md§8#8 have networks that fit together", async () => {
    const networks = (...list: readonly object[]): Promise<readonly string[]> =>
      refused(withRun("net", { networks: list }));
    expect(await networks({ mode: "host", name: "a" })).toContain("/run/networks/0/name");
    expect(await networks({ mode: "container/bridge" })).toContain("/run/networks/0/mode");
    expect((await networks({ mode: "host" }, { mode: "container", name: "a" })).length).toBeGreaterThan(0);
  });

  it("are changed and deleted; a change keeps the id of the path", async () => {
    await create(job("changing"));
    const changed = await call("PUT", "/v1/jobs/changing", withRun("other", { cmd: "false" }));
    expect(changed).toMatchObject({ status: 200, body: { id: "changing", run: { cmd: "false" } } });
    expect((await call("PUT", "/v1/jobs/nobody", job("nobody"))).status).toBe(404);
    expect((await call("DELETE", "/v1/jobs/changing")).body).toMatchObject({ id: "changing" });
    expect((await call("DELETE", "/v1/jobs/changing")).status).toBe(404);
  });

  it("outlive the daemon, with what waits", async () => {
    await create(job("lasting", { schedules: [{ id: "yearly", cron: "0 0 1 1 *" }] }));
    const started = await call("POST", "/v1/jobs/lasting/runs");
    expect(started.status).toBe(201);
    const before = (await call("GET", "/v1/jobs/lasting?embed=activeRuns&embed=history")).body;
    await daemon.close();
    await boot();
    expect((await call("GET", "/v1/jobs/lasting?embed=activeRuns&embed=history")).body).toEqual(before);
    expect(before).toHaveProperty("activeRuns.0.id", started.body["id"]);
  });
});

describe("schedules", () => {
  const next = async (cron: string, timezone = "UTC"): Promise<string> => {
    const answer = await call("PUT", "/v0/scheduled-jobs/timed", {
      id: "timed",
      run,
      schedules: [{ id: "when", cron, timezone }],
    });
    expect(answer).toMatchObject({ status: 200 });
    const [schedule] = answer.body["schedules"] as readonly { readonly nextRunAt: string }[];
    return schedule?.nextRunAt ?? "";
  };
  beforeAll(async () => {
    await create(job("timed"));
  });

  /** The UTC instant of a wall clock time in a zone, found by asking what the clock shows there. */
  function instantOf(wall: string, timezone: string): string {
    const shown = (at: number): string =>
      new Intl.DateTimeFormat("sv-SE", {
        timeZone: timezone,
        dateStyle: "short",
        timeStyle: "medium",
      }).format(at);
    const guess = Date.parse(`${wall.replace(" ", "T")}Z`);
    for (let minutes = -16 * 60; minutes <= 16 * 60; minutes += 15) {
      const at = guess - minutes * 60_000;
      if (shown(at) === wall) return new Date(at).toISOString().replace("Z", "+0000");
    }
    throw new Error(`${wall} does not come in ${timezone}`);
  }

  it("metronome.md§8#17 fire by the clock of their zone, in summer and in winter", async () => {
    const year = new Date().getUTCFullYear() + 1;
    for (const timezone of ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]) {
      for (const [month, day] of [
        ["01", "15"],
        ["07", "15"],
        ["03", "30"],
        ["10", "27"],
      ] as const) {
        const wall = `${year}-${month}-${day} 08:30:00`;
        expect(await next(`30 8 ${day} ${month} * ${year}`, timezone)).toBe(instantOf(wall, timezone));
      }
    }
    // The night in which 02:30 does not come in Berlin, and the one in which it comes twice.
    const springs = new Map([
      [2_027, 28],
      [2_028, 26],
    ]); // last Sundays of March
    for (const [of, day] of springs) {
      if (of <= new Date().getUTCFullYear()) continue;
      expect(await next(`30 2 ${day} 3 * ${of}`, "Europe/Berlin")).toBe(`${of}-03-${day}T01:00:00.000+0000`);
    }
    const again = new Map([
      [2_027, 31],
      [2_028, 29],
    ]); // last Sundays of October
    for (const [of, day] of again) {
      if (of <= new Date().getUTCFullYear()) continue;
      expect(await next(`30 2 ${day} 10 * ${of}`, "Europe/Berlin")).toBe(`${of}-10-${day}T00:30:00.000+0000`);
    }
  });

  it("metronome.md§8#18 want both day fields to fit, where both say something", async () => {
    const year = new Date().getUTCFullYear() + 1;
    const shown = await next(`0 0 13 * FRI ${year}-${year + 4}`);
    const date = new Date(Date.parse(shown));
    let expected = Date.UTC(year, 0, 13);
    while (new Date(expected).getUTCDay() !== 5)
      expected = Date.UTC(
        year,
        new Date(expected).getUTCMonth() + 1 + 12 * (new Date(expected).getUTCFullYear() - year),
        13,
      );
    expect(date.getTime()).toBe(expected);
  });

  it.each(["", "* * * *", "60 * * * *", "0 0 30 2 *", "x * * * *", "* * * * * * *"])(
    "metronome.md§8#19 cannot be %j",
    async (cron) => {
      const schedules = [{ id: "bad", cron }];
      const answer = await call("POST", "/v1/jobs", job("badly-timed", { schedules }));
      expect(answer.status).toBe(422);
      const posted = await call("POST", "/v1/jobs/timed/schedules", { id: "bad", cron });
      expect(posted.status).toBe(422);
    },
  );

  it("metronome.md§8#23 are one at most", async () => {
    await create(job("one"));
    const cron = "0 3 * * *";
    const first = await call("POST", "/v1/jobs/one/schedules", { id: "first", cron });
    expect(first).toMatchObject({
      status: 201,
      body: {
        id: "first",
        cron,
        timezone: "UTC",
        startingDeadlineSeconds: 900,
        concurrencyPolicy: "ALLOW",
        enabled: true,
        nextRunAt: expect.any(String),
      },
    });
    expect((await call("POST", "/v1/jobs/one/schedules", { id: "second", cron })).status).toBe(409);
    expect((await call("POST", "/v1/jobs/one/schedules", { id: "first", cron })).status).toBe(409);
    expect((await call("GET", "/v1/jobs/one/schedules")).body).toMatchObject([{ id: "first" }]);
  });

  it("are shown, changed and deleted by their id", async () => {
    const at = "/v1/jobs/one/schedules/first";
    expect((await call("GET", at)).body).toMatchObject({ id: "first" });
    const off = await call("PUT", at, { cron: "0 4 * * *", enabled: false });
    expect(off).toMatchObject({ status: 200, body: { id: "first", cron: "0 4 * * *", enabled: false } });
    // Also of one that is switched off.
    expect(off.body["nextRunAt"]).toMatch(/T04:00:00\.000\+0000$/);
    expect(await call("PUT", "/v1/jobs/one/schedules/other", { cron: "0 4 * * *" })).toEqual({
      status: 404,
      body: { id: "other", message: "Schedule not found" },
    });
    expect(await call("DELETE", at)).toEqual({ status: 200, body: "" });
    expect((await call("DELETE", at)).status).toBe(404);
    expect((await call("GET", "/v1/jobs/nobody/schedules")).body).toMatchObject({ message: "Job not found" });
  });

  it("that came with their job are changed by the id they came with, and an id that is none is unknown", async () => {
    await create(job("short", { schedules: [{ id: "a", cron: "0 3 * * *" }] }));
    const changed = await call("PUT", "/v1/jobs/short/schedules/a", { id: "a", cron: "0 4 * * *" });
    expect(changed).toMatchObject({ status: 200, body: { id: "a", cron: "0 4 * * *" } });
    expect(await call("PUT", "/v1/jobs/short/schedules/B", { cron: "0 4 * * *" })).toEqual({
      status: 404,
      body: { id: "B", message: "Schedule not found" },
    });
  });

  const scheduled = (id: string, cron: string): object => ({ ...job(id), schedules: [{ id: "s1", cron }] });

  it("metronome.md§8#24 stay when their job is changed", async () => {
    await create(scheduled("kept", "0 3 * * *"));
    const changed = await call("PUT", "/v1/jobs/kept", scheduled("kept", "0 5 * * *"));
    expect(changed).toMatchObject({ status: 200, body: { schedules: [{ id: "s1", cron: "0 3 * * *" }] } });
    await call("PUT", "/v1/jobs/kept", job("kept"));
    expect((await call("GET", "/v1/jobs/kept/schedules")).body).toMatchObject([{ id: "s1" }]);
  });

  it("metronome.md§8#25 are replaced with their job by the older call", async () => {
    const made = await call("POST", "/v0/scheduled-jobs", scheduled("older", "0 3 * * *"));
    expect(made).toMatchObject({ status: 201, body: { schedules: [{ cron: "0 3 * * *" }] } });
    const changed = await call("PUT", "/v0/scheduled-jobs/older", scheduled("older", "0 5 * * *"));
    expect(changed).toMatchObject({ status: 200, body: { schedules: [{ id: "s1", cron: "0 5 * * *" }] } });
    expect((await call("GET", "/v1/jobs/older/schedules/s1")).body).toMatchObject({ cron: "0 5 * * *" });
    await call("PUT", "/v0/scheduled-jobs/older", job("older"));
    expect((await call("GET", "/v1/jobs/older/schedules")).body).toEqual([]);
    expect((await call("PUT", "/v0/scheduled-jobs/nobody", job("nobody"))).status).toBe(404);
  });
});

describe("answers", () => {
  it("metronome.md§8#33 an unknown embed is refused with the path that was asked", async () => {
    for (const path of ["/v1/jobs", "/v1/jobs/first"]) {
      const answer = await call("GET", `${path}?embed=activeRuns,nonsense`);
      expect(answer).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining("nonsense"), requestPath: path },
      });
    }
  });

  it("a list has windows and chosen fields for who asks for them, and what makes no sense is refused", async () => {
    const all = (await call("GET", "/v1/jobs")).body as unknown as readonly { readonly id: string }[];
    const window = await fetch(`${daemon.info.url}/v1/jobs?keelson.limit=2&keelson.fields=id,run.cmd`);
    expect(await window.json()).toEqual(all.slice(0, 2).map(({ id }) => ({ id, run: { cmd: "true" } })));
    expect(window.headers.get("keelson-total")).toBe(String(all.length));
    expect(window.headers.get("link")).toContain("keelson.offset=2");
    expect(await call("GET", "/v1/jobs?keelson.limit=many")).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("keelson.limit wants"), requestPath: "/v1/jobs" },
    });
  });

  it("what is known may be embedded, in one word or in several", async () => {
    const { body } = await call("GET", "/v1/jobs/first?embed=activeRuns,history&embed=historySummary");
    const summary = { successCount: 0, failureCount: 0, lastSuccessAt: null, lastFailureAt: null };
    expect(body).toMatchObject({
      activeRuns: [],
      historySummary: summary,
      history: { ...summary, successfulFinishedRuns: [], failedFinishedRuns: [] },
    });
  });

  it("metronome.md§8#34 instants end in +0000", async () => {
    await create(job("instant", { schedules: [{ id: "s1", cron: "0 3 * * *" }] }));
    const started = await call("POST", "/v1/jobs/instant/runs");
    const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/;
    expect(started.body["createdAt"]).toMatch(shape);
    const stopped = await call("POST", `/v1/jobs/instant/runs/${started.body["id"]}/actions/stop`);
    expect(stopped.body["completedAt"]).toMatch(shape);
    const { body } = await call("GET", "/v1/jobs/instant?embed=history");
    const { schedules, history } = body as unknown as {
      readonly schedules: readonly { readonly nextRunAt: string }[];
      readonly history: {
        readonly lastFailureAt: string;
        readonly failedFinishedRuns: readonly { readonly createdAt: string; readonly finishedAt: string }[];
      };
    };
    const [failed] = history.failedFinishedRuns;
    for (const text of [
      schedules[0]?.nextRunAt,
      history.lastFailureAt,
      failed?.createdAt,
      failed?.finishedAt,
    ])
      expect(text).toMatch(shape);
  });

  it("what is not meant for a browser harms none: paths and messages are escaped", async () => {
    const answer = await call("GET", "/v1/nothing/%3Cscript%3E");
    expect(answer.status).toBe(404);
    expect(answer.body).toHaveProperty("requestPath");
    expect(JSON.stringify(answer.body)).not.toContain("<");
    expect((await call("GET", "/v1/jobs/A%3Cb%3E")).body).toMatchObject({
      message: expect.stringContaining("&lt;"),
    });
  });

  it("bad bodies, bad ids and unknown ways are told apart", async () => {
    const post = (body: string, type: string): Promise<Response> =>
      fetch(`${daemon.info.url}/v1/jobs`, { method: "POST", body, headers: { "content-type": type } });
    const broken = await post("{", "application/json");
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({ requestPath: "/v1/jobs", message: expect.any(String) });
    expect((await post("{}", "application/yaml")).status).toBe(415);
    expect((await call("GET", "/v1/jobs/Bad_Id")).status).toBe(400);
    expect((await call("PATCH", "/v1/jobs/first")).status).toBe(404);
    expect(await call("GET", "/v1/jobs/first/runs/20260101000000abcde")).toEqual({
      status: 404,
      body: { jobSpec: "first", id: "20260101000000abcde", message: "Job Run not found" },
    });
  });

  it("dependencies that can't be are told at /v1, and only fail at /v0", async () => {
    await create(job("p1"));
    const unknown = await call("POST", "/v1/jobs", job("p2", { dependencies: [{ id: "nobody" }] }));
    expect(unknown).toEqual({ status: 422, body: { message: expect.stringContaining("nobody") } });
    const older = await call("PUT", "/v0/scheduled-jobs/p1", job("p1", { dependencies: [{ id: "nobody" }] }));
    expect(older).toEqual({ status: 500, body: { requestPath: "/v0/scheduled-jobs/p1" } });
  });

  it("HEAD answers as GET does, without the body, and a path that ends in a slash is none", async () => {
    for (const path of ["/ping", "/v1/jobs", "/v1/jobs/first", "/v1/queue"]) {
      const answer = await fetch(daemon.info.url + path, { method: "HEAD" });
      expect([path, answer.status, await answer.text()]).toEqual([path, 200, ""]);
    }
    expect((await fetch(`${daemon.info.url}/v1/jobs/nobody`, { method: "HEAD" })).status).toBe(404);
    expect(await call("GET", "/v1/jobs/")).toMatchObject({ status: 404, body: { requestPath: "/v1/jobs/" } });
  });

  it("says what it is", async () => {
    expect((await call("GET", "/ping")).body).toBe("pong");
    expect(await call("GET", "/leader")).toMatchObject({
      status: 200,
      body: { leader: daemon.info.url.slice("http://".length) },
    });
    expect((await call("GET", "/info")).body).toMatchObject({
      version: expect.stringMatching(/^0\.6\./),
      libVersion: expect.any(String),
      config: expect.objectContaining({
        "metronome.framework.name": "metronome",
        "metronome.mesos.master.url": "http://127.0.0.1:9",
        "metronome.history.count": 1_000,
      }),
    });
  });

  it("metronome.md§8#35 counts what was started and what failed", async () => {
    const counts = async (): Promise<readonly unknown[]> => {
      const { body } = await call("GET", "/v1/metrics");
      const { counters } = body as unknown as {
        readonly counters: Record<string, { readonly count: number }>;
      };
      return ["started", "failed"].map((name) => counters[`metronome.jobs.${name}.counter`]?.count ?? -1);
    };
    const [started = 0, failed = 0] = (await counts()) as readonly number[];
    const begun = await call("POST", "/v1/jobs/first/runs");
    expect(await counts()).toEqual([started + 1, failed]);
    await call("POST", `/v1/jobs/first/runs/${begun.body["id"]}/actions/stop`);
    expect(await counts()).toEqual([started + 1, failed + 1]);
  });

  it("the rest of its metrics has Marathon's names behind its own prefix", async () => {
    const { body } = await call("GET", "/v1/metrics");
    expect(body).toMatchObject({
      gauges: {
        "metronome.jobs.active.gauge": { value: expect.any(Number) },
        "metronome.uptime.gauge.seconds": { value: expect.any(Number) },
        // This very question.
        "metronome.http.requests.active.gauge": { value: 1 },
      },
      counters: {
        "metronome.mesos.offers.incoming.counter": { count: expect.any(Number) },
        "metronome.mesos.task-updates.task-running.counter": { count: expect.any(Number) },
      },
      meters: { "metronome.http.responses.2xx.rate.meter": { count: expect.any(Number) } },
      timers: { "metronome.http.requests.get.duration.timer.seconds": { count: expect.any(Number) } },
    });
    const again = (await call("GET", "/v1/metrics")).body as unknown as {
      readonly timers: Record<string, { readonly count: number }>;
    };
    const before = body as unknown as typeof again;
    const name = "metronome.http.requests.get.duration.timer.seconds";
    expect(again.timers[name]?.count).toBeGreaterThan(before.timers[name]?.count ?? 0);
  });
});

describe("reliability.md§5#A28 an expression that explodes", () => {
  const limited = (value: string): object =>
    withRun("limited", { placement: { constraints: [{ attribute: "rack", operator: "LIKE", value }] } });

  it.each([
    ["a program of millions", `(${"a".repeat(2_000)}){1000}`],
    ["repetitions without end", "\\pL{900}".repeat(1_000)],
    ["groups in groups", "(".repeat(200_000)],
    ["what needs backtracking", "(a+)+\\1$"],
  ])("as a constraint is refused: %s", async (_what, pattern) => {
    expect(await refused(limited(pattern))).toEqual(["/run/placement/constraints/0/value"]);
  });

  it("in linear time is a constraint like others", async () => {
    await create(limited("(a+)+$"));
  });

  it("is none of ours: ids as long as a body are judged at once", async () => {
    for (const unit of ["a", "a-", "-", "."]) {
      const id = `${unit.repeat(500_000 / unit.length)}!`;
      expect((await call("POST", "/v1/jobs", job(id))).status).toBe(422);
      expect((await call("POST", "/v1/jobs/first/schedules", { id, cron: "* * * * *" })).status).toBe(422);
    }
  });
});
