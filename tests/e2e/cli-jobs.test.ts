/** Jobs by the command line, on one cluster: made, run, followed, explained, scheduled, applied, removed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { detectCgroups } from "#kernel/containerizer/index.ts";
import { environmentOf, keelson, startCli } from "../harness/cli.ts";
import { eventually, run, startCluster, type TestCluster } from "../harness/cluster.ts";

let cluster: TestCluster;
let folder = "";
beforeAll(async () => {
  cluster = await startCluster({ agents: 1 });
  folder = mkdtempSync(join(tmpdir(), "keelson-cli-jobs-"));
}, 180_000);
afterAll(async () => {
  await cluster?.purge();
  rmSync(folder, { recursive: true, force: true });
}, 240_000);

const limitsMemory = process.getuid?.() === 0 && detectCgroups() !== undefined;
const small = ["--cpus", "0.01", "--mem", "32"];
const inChinese = (...words: readonly string[]) =>
  run(keelson, [...words], {
    ...environmentOf({ KEELSON_DATA_DIR: cluster.dataDir }),
    LANG: "zh_CN.UTF-8",
  });

/** As when its node needed the room. */
async function removeSandbox(runs: string): Promise<void> {
  const [, taskId = ""] = /"id":"(backup_[^"]+)"/.exec(runs) ?? [];
  const { stdout } = await run("find", [cluster.dataDir, "-type", "d", "-name", taskId]);
  const folders = stdout.trim().split("\n");
  expect(folders).toHaveLength(1);
  for (const each of folders) rmSync(each, { recursive: true });
}

async function json(...words: readonly string[]): Promise<unknown> {
  const { stdout, stderr, code } = await cluster.cli(...words, "--json");
  expect({ words, code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout);
}

describe("a job", () => {
  it("is made from flags, shown in every form, and listed", async () => {
    const added = await cluster.cli(
      ...["job", "add", "backup", "--cmd", "echo saved; echo noted >&2", ...small],
      ...[
        "--cron",
        "0 3 * * *",
        "--timezone",
        "Asia/Kathmandu",
        "--label",
        "owner=shop",
        "--description",
        "saves",
      ],
    );
    expect(added).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^backup is there\. It runs next at .* 21:15:00 UTC/),
    });
    const list = await cluster.cli("job", "list");
    expect(list.stdout).toMatch(/JOB +STATUS +SCHEDULE +NEXT RUN/);
    expect(list.stdout).toMatch(/backup +scheduled +0 3 \* \* \* +\S+ 21:15:00/);
    expect((await cluster.cli("job", "list", "-o", "wide")).stdout).toMatch(/Asia\/Kathmandu .*owner=shop/);
    expect((await cluster.cli("jobs", "-o", "name")).stdout.trim()).toBe("backup");
    expect((await cluster.cli("job", "list", "--filter", "status:idle")).stdout).toContain("No job yet");
    expect(await json("job", "show", "backup")).toMatchObject({
      id: "backup",
      schedules: [{ id: "default", cron: "0 3 * * *", timezone: "Asia/Kathmandu" }],
      state: { status: "scheduled", successCount: 0 },
    });
    const yaml = await cluster.cli("job", "show", "backup", "-o", "yaml");
    expect(yaml.stdout).toMatch(/^id: backup$/m);
    expect((await cluster.cli("job", "show", "backup", "-o", "jsonpath=.run.mem")).stdout.trim()).toBe("32");
    const { url, token } = cluster.info;
    const door = environmentOf({ KEELSON_URL: url, KEELSON_TOKEN: token });
    expect((await run(keelson, ["job", "list", "-o", "name"], door)).stdout.trim()).toBe("backup");
    expect((await inChinese("job", "list")).stdout).toMatch(/作业 .*\n.*按计划/);
  }, 120_000);

  it("that is misspelt is asked about, and one that is not valid is refused with the field", async () => {
    expect(await cluster.cli("job", "show", "bakcup")).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/There is no job bakcup\. Did you mean .*backup/),
    });
    const refused = await cluster.cli("job", "add", "bad", "--cmd", "true", "--cron", "0 0 30 2 *");
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(/\/schedules\/0\/cron: no date/);
    expect(await cluster.cli("job", "add", "backup", "--cmd", "true")).toMatchObject({ code: 4 });
  }, 240_000);

  it("comes from a file as `dcos job` names it, with its schedule, and twice is told apart", async () => {
    const path = join(folder, "filed.json");
    writeFileSync(path, JSON.stringify({ id: "filed", run: { cmd: "true" } }));
    expect(await cluster.cli("job", "add", path)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^filed is there/),
    });
    expect(await cluster.cli("job", "add", path)).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/already.*job update filed/),
    });
    const times = join(folder, "times.json");
    writeFileSync(times, JSON.stringify({ id: "nightly", cron: "0 3 * * *" }));
    expect(await cluster.cli("job", "schedule", "add", "filed", times)).toMatchObject({ code: 0 });
    expect(await cluster.cli("job", "schedule", "remove", "filed", "hourly")).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/no schedule hourly: its schedule is nightly/),
    });
    // A zone without a time says nothing, and is not let go in silence.
    expect(await cluster.cli("job", "add", "zoned", "--cmd", "true", "--timezone", "UTC")).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/--cron/),
    });
    expect(await cluster.cli("job", "update", "filed")).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/job update JOB/),
    });
    const shown = await cluster.cli("job", "show", "filed", "--definition");
    expect(await cluster.cli("job", "remove", "filed")).toMatchObject({ code: 0 });
    writeFileSync(join(folder, "shown.json"), shown.stdout);
    expect(await cluster.cli("job", "add", "-f", join(folder, "shown.json"))).toMatchObject({ code: 0 });
    expect((await cluster.cli("job", "show", "filed", "--definition")).stdout).toBe(shown.stdout);
    expect(await cluster.cli("job", "remove", "filed")).toMatchObject({ code: 0 });
  }, 120_000);

  it("is run and followed to its end, and its log is there", async () => {
    const done = await cluster.cli("job", "run", "backup");
    expect(done).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^backup: run \S+ succeeded after/),
    });
    expect((await cluster.cli("job", "logs", "backup")).stdout.trim()).toBe("saved");
    expect((await cluster.cli("job", "logs", "backup", "--stderr", "-f")).stdout.trim()).toBe("noted");
    await removeSandbox(JSON.stringify(await json("job", "runs", "backup", "--all")));
    expect(await cluster.cli("job", "logs", "backup")).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringMatching(/what run \S+ wrote is no longer on 127\.0\.0\.1/),
    });
    expect((await cluster.cli("job", "history", "backup")).stdout).toMatch(/backup +succeeded/);
    expect((await cluster.cli("job", "runs")).stdout).toContain("No run is under way");
    expect(await json("job", "runs", "backup", "--all")).toMatchObject([
      { job: "backup", status: "SUCCESS", trigger: "person", tasks: [{ status: "TASK_FINISHED" }] },
    ]);
    const why = await cluster.cli("why", "backup");
    expect(why).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/schedule default .* starts it next/),
    });
    expect(why.stdout).toMatch(/backup runs next at .* 21:15:00 UTC/);
  }, 120_000);

  it("that fails says why, with its last lines and what to do next", async () => {
    await cluster.cli("job", "add", "broken", "--cmd", "echo no such table >&2; exit 3", ...small);
    const failed = await cluster.cli("job", "run", "broken");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/broken: run \S+ failed\. The cause:\nits command ended with status 3/);
    expect(failed.stderr).toContain("    no such table");
    expect(failed.stderr).toMatch(/`keelson job logs broken \S+ --stderr`/);
    const asJson = await cluster.cli("job", "run", "broken", "--json");
    expect(asJson.code).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      verdict: "failed",
      cause: { code: "exitedAtOnce" },
      lastLines: ["no such table"],
    });
    expect((await cluster.cli("why", "broken")).stdout).toMatch(
      /status 3[\s\S]*nothing starts it but a person/,
    );
    expect((await inChinese("job", "why", "broken")).stdout).toMatch(/状态|人工/);
  }, 120_000);

  it("that needs more memory than it has says so first", async () => {
    const cmd = "x=$(head -c 200000000 /dev/zero | tr '\\0' x); exit 3";
    await cluster.cli("job", "add", "greedy", "--cmd", cmd, ...small);
    const { code, stderr } = await cluster.cli("job", "run", "greedy");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      limitsMemory ? /The cause:\nit used more memory than its \d+ MiB on/ : /The cause:\n.* status 3/,
    );
  }, 120_000);

  it("that has no place says what it waits for, node by node, and is stopped", async () => {
    await cluster.cli("job", "add", "huge", "--cmd", "true", "--cpus", "1000", "--mem", "32");
    const late = await cluster.cli("job", "run", "huge", "--timeout", "2s");
    expect(late).toMatchObject({
      code: 124,
      stderr: expect.stringMatching(/is not over after 2s, and goes on/),
    });
    expect(late.stderr).toContain("no node is large enough");
    const queue = await cluster.cli("job", "queue");
    expect(queue.stdout).toMatch(/huge +waiting .*no node is large enough/);
    expect((await cluster.cli("job", "list", "--filter", "status:waiting", "-o", "name")).stdout.trim()).toBe(
      "huge",
    );
    expect((await cluster.cli("job", "why", "huge")).stdout).toMatch(/cpus: wants 1000, /);
    const refused = await cluster.cli("job", "remove", "huge");
    expect(refused.code).toBe(4);
    expect(await cluster.cli("job", "stop", "huge")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/huge: run \S+ is stopped/),
    });
    expect((await cluster.cli("job", "stop", "huge")).code).toBe(3);
    expect(await cluster.cli("job", "logs", "huge", "-f")).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/ended before it had a place .* was stopped by a person/),
    });
    expect((await cluster.cli("job", "history", "huge")).stdout).toMatch(/failed .*was stopped by a person/);
    expect((await cluster.cli("job", "remove", "huge")).code).toBe(0);
  }, 120_000);

  it("is changed field by field and from a file, and keeps its schedule unless the file has one", async () => {
    expect((await cluster.cli("job", "update", "backup", "mem=48", "description=saves more")).code).toBe(0);
    const file = join(folder, "backup.json");
    const run = { cmd: "echo saved", cpus: 0.01, mem: 64, disk: 0 };
    writeFileSync(file, JSON.stringify({ $schema: "job.json", id: "backup", run }));
    const shown = async (): Promise<unknown> => json("job", "show", "backup");
    expect(await shown()).toMatchObject({
      description: "saves more",
      run: { mem: 48 },
      schedules: [{ id: "default" }],
    });
    expect((await cluster.cli("job", "update", "backup", "-f", file)).code).toBe(0);
    expect(await shown()).toMatchObject({ run: { mem: 64 }, schedules: [{ id: "default" }] });
  }, 240_000);

  it("has a schedule that is set, switched off and on, and taken away", async () => {
    const set = await cluster.cli(
      "job",
      "schedule",
      "set",
      "broken",
      "--cron",
      "30 2 * * MON",
      "--policy",
      "FORBID",
    );
    expect(set).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^broken runs next at .* 02:30:00 UTC/),
    });
    expect((await cluster.cli("job", "schedule", "set", "broken", "--timezone", "Europe/Berlin")).code).toBe(
      0,
    );
    const shown = await cluster.cli("job", "schedule", "show", "broken");
    expect(shown.stdout).toMatch(/Europe\/Berlin/);
    expect(shown.stdout).toMatch(/FORBID[\s\S]*Next:\n( +\S+ \S+ UTC, in \S+\n?){5}/);
    expect((await cluster.cli("job", "schedule", "disable", "broken")).stdout).toContain("switched off");
    expect((await cluster.cli("job", "why", "broken")).stdout).toContain("is switched off");
    expect((await cluster.cli("job", "schedule", "enable", "broken")).stdout).toContain("runs next at");
    expect((await cluster.cli("job", "schedule", "remove", "broken")).code).toBe(0);
    expect((await cluster.cli("job", "schedule", "show", "broken")).code).toBe(3);
  }, 240_000);
});

describe("definitions of jobs in files", () => {
  it("are planned and applied with those of services, parents first", async () => {
    const run = { cmd: "true", cpus: 0.01, mem: 32, disk: 0 };
    writeFileSync(
      join(folder, "jobs.yaml"),
      JSON.stringify([
        { id: "report", dependencies: [{ id: "export" }], run },
        { id: "export", run },
        { id: "/web", cmd: "sleep 1000", cpus: 0.01, mem: 16 },
      ]),
    );
    const file = join(folder, "jobs.yaml");
    const saved = join(folder, "plan.json");
    const plan = await cluster.cli("plan", "-f", file, "--out", saved);
    expect(plan.code).toBe(2);
    expect(plan.stdout).toMatch(
      /\+ the job export is created\n +where: .+\n\+ the job report is created\n +where: .+\n\+ \/web/,
    );
    expect((await cluster.cli("apply", "--plan", saved)).code).toBe(0);
    expect(await cluster.cli("apply", "--plan", saved)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("Plan again"),
    });
    expect(await cluster.cli("plan", "-f", file)).toMatchObject({ code: 0 });
    writeFileSync(file, JSON.stringify({ id: "export", run: { ...run, mem: 40 } }));
    const changed = await cluster.cli("plan", "-f", file);
    expect(changed.stdout).toMatch(/~ the job export changes[\s\S]*\/run\/mem: 32 → 40/);
    expect((await cluster.cli("apply", "-f", file)).stdout).toContain("Done: the job export");
    writeFileSync(file, JSON.stringify({ id: "export", run: { ...run, mem: 1 } }));
    expect(await cluster.cli("apply", "-f", file)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("/run/mem: has to be at least 32"),
    });
  }, 120_000);

  it("that depend on each other run one after the other, and why says what is waited for", async () => {
    expect((await cluster.cli("job", "why", "report")).stdout).toContain("starts once export succeeded");
    expect((await cluster.cli("job", "run", "export")).code).toBe(0);
    await eventually("the report has run", async () =>
      (await cluster.cli("job", "history", "report")).stdout.includes("succeeded"),
    );
    expect((await json("job", "runs", "report", "-a")) as readonly object[]).toMatchObject([
      { trigger: "dependency" },
    ]);
    expect(await cluster.cli("job", "remove", "export")).toMatchObject({ code: 4 });
  }, 120_000);
});

it("what happens to jobs stands in the stream of events", async () => {
  const watching = startCli(["job", "list", "-w"], { KEELSON_DATA_DIR: cluster.dataDir });
  await watching.until("the watch shows something", (stdout) => stdout.trim().length > 0);
  await cluster.cli("job", "add", "told", "--cmd", "true", ...small);
  await watching.until("the new job", (stdout) => /^told /m.test(stdout));
  expect(await cluster.cli("job", "run", "told")).toMatchObject({ code: 0 });
  await cluster.cli("job", "schedule", "set", "told", "--cron", "0 3 * * *");
  await cluster.cli("job", "remove", "told", "-y");
  await watching.until("the job that went", (stdout) => stdout.includes("\n- told"));
  await watching.stop();
  // The door hears of it a moment later.
  const heard = await eventually(
    "the removal is told",
    async () => {
      const { stdout } = await cluster.cli("events", "--kind", "job", "--object", "told", "--json");
      const events = stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as { readonly kind: string; readonly change: string });
      return events.some(({ change }) => change === "removed") && events;
    },
    60_000,
  );
  expect(heard.every(({ kind }) => kind === "job")).toBe(true);
  const changes = heard.map(({ change }) => change);
  expect(changes.filter((change) => change !== "runChanged")).toEqual([
    "created",
    "runStarted",
    "runSucceeded",
    "scheduleChanged",
    "removed",
  ]);
  expect(changes).toContain("runChanged");
});

it("names of jobs are completed", async () => {
  // Whoever presses a key waits for a second at most: a busy machine may need some more.
  await eventually(
    "backup is offered",
    async () => (await cluster.cli("__complete", "--", "job", "show", "ba")).stdout.includes("backup"),
    200_000,
  );
}, 240_000);
