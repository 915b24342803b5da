import { describe, expect, it } from "vitest";
import { seededRandom } from "#foundation/base/random.ts";
import { DefinitionInvalid, ShapeInvalid } from "../definitions/problems.ts";
import {
  formatJobInstant,
  isRunId,
  newRunId,
  objectNotValid,
  parseJob,
  parseSchedule,
  shownJob,
} from "./index.ts";

const small = { id: "backup", run: { cmd: "true", cpus: 0.1, mem: 32, disk: 0 } };
const schedule = { id: "nightly", cron: "0 3 * * *" };
const withRun = (run: object): object => ({ ...small, run: { ...small.run, ...run } });

/** `path: sentence` of each problem, as the API gives them. */
function refused(parse: () => unknown): readonly string[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionInvalid || error instanceof ShapeInvalid)) throw error;
    const { message, details } = objectNotValid(error.details);
    expect(message).toBe("Object is not valid");
    return details.map(({ path, errors }) => `${path}: ${errors.join("; ")}`);
  }
}

describe("a job", () => {
  it("gets the defaults of what is left out", () => {
    expect(parseJob(small)).toEqual({
      job: {
        id: "backup",
        dependencies: [],
        labels: {},
        run: {
          cpus: 0.1,
          mem: 32,
          disk: 0,
          gpus: 0,
          cmd: "true",
          env: {},
          secrets: {},
          artifacts: [],
          volumes: [],
          networks: [],
          placement: { constraints: [] },
          maxLaunchDelay: 3_600,
          restart: { policy: "NEVER" },
        },
      },
      schedules: [],
    });
  });

  it("brings its schedule, and a canonical job is its own canonical job", () => {
    const parsed = parseJob({ ...small, description: "each night", schedules: [schedule] });
    expect(parsed.schedules).toEqual([
      {
        ...schedule,
        timezone: "UTC",
        startingDeadlineSeconds: 900,
        concurrencyPolicy: "ALLOW",
        enabled: true,
      },
    ]);
    const shown = shownJob(parsed.job, parsed.schedules, Date.UTC(2026, 0, 1));
    expect(shown.schedules[0]?.nextRunAt).toBe("2026-01-01T03:00:00.000+0000");
    expect(parseJob(shown)).toEqual(parsed);
  });

  it("stores EQ as IS", () => {
    const { job } = parseJob(
      withRun({ placement: { constraints: [{ attribute: "rack", operator: "EQ", value: "a" }] } }),
    );
    expect(job.run.placement.constraints).toEqual([{ attribute: "rack", operator: "IS", value: "a" }]);
  });

  it("takes the id of the path, whatever the body says", () => {
    expect(parseJob(small, { id: "other" }).job.id).toBe("other");
    expect(parseSchedule({ cron: "* * * * *" }, { id: "often" }).id).toBe("often");
  });

  it.each(["a", "a.b", "a--b", "a1-2.c"])("may be called %s", (id) => {
    expect(parseJob({ ...small, id }).job.id).toBe(id);
  });

  it.each(["", "A", "-a", "a-", "a..b", ".a", "a.", "a_b", "/a"])("cannot be called %j", (id) => {
    expect(refused(() => parseJob({ ...small, id }))).toHaveLength(1);
  });

  const cases: readonly (readonly [string, object, ...string[]])[] = [
    ["a body without a run", { id: "a" }, "/run"],
    ["a field that jobs do not have", { ...small, cmd: "true" }, "/cmd"],
    ["a field that runs do not have", withRun({ instances: 2 }), "/run/instances"],
    [
      "a field that artifacts do not have",
      withRun({ artifacts: [{ uri: "http://a/b", destPath: "x" }] }),
      "/run/artifacts/0/destPath",
    ],
    ["bounds", withRun({ cpus: 0, mem: 16, disk: -1 }), "/run/cpus", "/run/mem", "/run/disk"],
    ["nothing to run", { id: "a", run: { cpus: 1, mem: 32, disk: 0 } }, "/run"],
    ["an empty command", withRun({ cmd: "" }), "/run/cmd"],
    ["docker and ucr", withRun({ docker: { image: "a" }, ucr: { image: { id: "a" } } }), "/run/docker"],
    ["a restart without a policy", withRun({ restart: { activeDeadlineSeconds: 5 } }), "/run/restart/policy"],
    [
      "a host network with a name",
      withRun({ networks: [{ mode: "host", name: "a" }] }),
      "/run/networks/0/name",
    ],
    ["two host networks", withRun({ networks: [{ mode: "host" }, { mode: "host" }] }), "/run/networks"],
    [
      "a bridge without a container",
      withRun({ networks: [{ mode: "container/bridge" }] }),
      "/run/networks/0/mode",
    ],
    [
      "a container network without a name",
      withRun({ networks: [{ mode: "container" }] }),
      "/run/networks/0/name",
      "/run/networks/0/mode",
    ],
    ["a secret that is not declared", withRun({ env: { A: { secret: "s" } } }), "/run/env/A"],
    [
      "a secret whose path is none",
      withRun({ env: { A: { secret: "s" } }, secrets: { s: { source: "a b" } } }),
      "/run/secrets/s/source",
    ],
    ["a secret that is not used", withRun({ secrets: { s: { source: "/a" } } }), "/run/secrets/s"],
    [
      "a volume of two kinds",
      withRun({ volumes: [{ containerPath: "a", hostPath: "/b", mode: "RO", secret: "s" }] }),
      "/run/volumes/0",
      "/run/volumes/0/secret",
    ],
    ["a volume of no kind", withRun({ volumes: [{ containerPath: "a" }] }), "/run/volumes/0"],
    [
      "a path of the machine that is nowhere in it",
      withRun({ volumes: [{ containerPath: "a", hostPath: "b/../c", mode: "RO" }] }),
      "/run/volumes/0/hostPath",
    ],
    [
      "a folder above the sandbox",
      withRun({ volumes: [{ containerPath: "../a", hostPath: "/b", mode: "RO" }] }),
      "/run/volumes/0/containerPath",
    ],
    [
      "a secret outside the sandbox",
      withRun({ volumes: [{ containerPath: "/a", secret: "s" }], secrets: { s: { source: "/a" } } }),
      "/run/volumes/0/containerPath",
    ],
    [
      "a constraint that is no expression",
      withRun({ placement: { constraints: [{ attribute: "a", operator: "LIKE", value: "(" }] } }),
      "/run/placement/constraints/0/value",
    ],
    [
      "a constraint of another operator",
      withRun({ placement: { constraints: [{ attribute: "a", operator: "UNIQUE" }] } }),
      "/run/placement/constraints/0/operator",
    ],
    ["two schedules", { ...small, schedules: [schedule, { ...schedule, id: "b" }] }, "/schedules"],
    [
      "a schedule beside dependencies",
      { ...small, schedules: [schedule], dependencies: [{ id: "a" }] },
      "/dependencies",
    ],
    ["a dependency on itself", { ...small, dependencies: [{ id: "backup" }] }, "/dependencies/0"],
    ["a dependency named twice", { ...small, dependencies: [{ id: "a" }, { id: "a" }] }, "/dependencies"],
    [
      "a cron expression that never fits",
      { ...small, schedules: [{ ...schedule, cron: "0 0 30 2 *" }] },
      "/schedules/0/cron",
    ],
    [
      "a zone that is none",
      { ...small, schedules: [{ ...schedule, timezone: "Mars/Olympus" }] },
      "/schedules/0/timezone",
    ],
    ["what is null", { ...small, description: null }, "/description"],
    ["what is no object", [], "/"],
  ];
  it.each(cases)("is refused for %s, with the field named", (_name, body, ...paths) => {
    const problems = refused(() => parseJob(body));
    expect(problems.map((problem) => problem.split(": ")[0]).sort()).toEqual([...new Set(paths)].sort());
    for (const problem of problems) expect(problem).not.toMatch(/error\.|undefined|^\S+: *$/);
  });
});

it("what stands beside the id of a dependency is let go, and a deadline of none is one", () => {
  const { job } = parseJob({ ...small, dependencies: [{ id: "a", since: "always" }] });
  expect(job.dependencies).toEqual([{ id: "a" }]);
  const restart = { policy: "ON_FAILURE", activeDeadlineSeconds: 0 };
  expect(parseJob(withRun({ restart })).job.run.restart).toEqual(restart);
});

it.each([
  [withRun({ maxLaunchDelay: 1.5 }), "/run/maxLaunchDelay: has to be a whole number, without quotes"],
  [withRun({ cpus: "1" }), "/run/cpus: has to be a number, without quotes"],
  [{ run: small.run }, "/id: id is missing"],
  [{ ...small, id: "a".repeat(256) }, "/id: is too long: 255 at most"],
  [{ ...small, schedules: [schedule, schedule] }, "/schedules: is too long: 1 at most"],
  [{ ...small, schedules: [{ cron: "* * * * *" }] }, "/schedules/0/id: id is missing"],
])("says what is wrong so that it can be mended: %j", (body, sentence) => {
  expect(refused(() => parseJob(body))).toEqual([sentence]);
});

describe("a schedule", () => {
  it("tolerates fields it does not have", () => {
    expect(parseSchedule({ ...schedule, nextRunAt: "2026-01-01T03:00:00.000+0000" }).id).toBe("nightly");
  });

  it("has an id of two characters at least, and of one only inside a job", () => {
    expect(refused(() => parseSchedule({ ...schedule, id: "a" }))).toHaveLength(1);
    expect(parseJob({ ...small, schedules: [{ ...schedule, id: "a" }] }).schedules).toHaveLength(1);
    // The one that is there can be changed.
    expect(parseSchedule(schedule, { id: "a" }).id).toBe("a");
  });

  it.each([
    { startingDeadlineSeconds: 0 },
    { concurrencyPolicy: "REPLACE" },
    { cron: "* * * *" },
    { enabled: "yes" },
  ])("is refused with %j", (change) => {
    expect(refused(() => parseSchedule({ ...schedule, ...change }))).toHaveLength(1);
  });
});

it("instants have an offset without a colon", () => {
  expect(formatJobInstant(Date.UTC(2026, 0, 31, 8, 0, 0, 7))).toBe("2026-01-31T08:00:00.007+0000");
});

it("ids of runs are the instant and five letters or digits", () => {
  const id = newRunId(Date.UTC(2026, 0, 31, 8, 0, 59), seededRandom(7));
  expect(id).toMatch(/^20260131080059[0-9A-Za-z]{5}$/);
  expect(isRunId(id)).toBe(true);
  expect(isRunId("backup")).toBe(false);
});
