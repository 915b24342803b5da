/** What becomes of runs on a real cluster, row by row of the contract's checklist. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { isAlive, JobsApi, TaskFiles } from "../../harness/jobs.ts";

let cluster: TestCluster;
let jobs: JobsApi;
const files = new TaskFiles();
vi.setConfig({ testTimeout: 120_000 });
beforeAll(async () => {
  cluster = await startCluster({ agents: 2 });
  jobs = new JobsApi(cluster.info.services.jobs);
}, 240_000);
afterAll(async () => {
  await cluster.purge();
  files.remove();
});

const file = (name: string): string => files.path(name);
const content = (name: string): string => readFileSync(file(name), "utf8");

/** A job that tells its process and stays. */
const staying = (name: string): object => ({ cmd: `echo $$ > ${file(name)}; exec sleep 100000` });
const pidIn = (name: string): Promise<number> =>
  eventually(`${name} was written`, () => Number(content(name).trim()) || undefined, 60_000);

it("metronome.md§8#9 a run whose process wrote what it should succeeds and is no longer active", async () => {
  await jobs.create("ok.first", { cmd: `echo nonce-4711 > ${file("nonce")}` });
  const run = await jobs.start("ok.first");
  expect(run).toMatchObject({ jobId: "ok.first", status: "INITIAL", completedAt: null, tasks: [] });
  expect(run.id).toMatch(/^\d{14}[0-9A-Za-z]{5}$/);
  const history = await jobs.ended("ok.first");
  expect(content("nonce")).toBe("nonce-4711\n");
  expect(history).toMatchObject({ successCount: 1, failureCount: 0, lastFailureAt: null });
  expect(history.successfulFinishedRuns).toMatchObject([{ id: run.id }]);
  expect(history.successfulFinishedRuns[0]?.tasks[0]).toMatch(new RegExp(`^ok_first_${run.id}\\.`));
  expect(await jobs.activeRuns("ok.first")).toEqual([]);
  expect((await jobs.call("GET", `/v1/jobs/ok.first/runs/${run.id}`)).status).toBe(404);
  const { body } = await jobs.call("GET", "/v1/jobs/ok.first?embed=historySummary");
  expect(body).toHaveProperty("historySummary.successCount", 1);
});

it("metronome.md§8#10 a run whose process says 1 fails, with its task in the history", async () => {
  await jobs.create("bad", { cmd: "exit 1" });
  const run = await jobs.start("bad");
  const history = await jobs.ended("bad");
  expect(history).toMatchObject({ successCount: 0, failureCount: 1, lastSuccessAt: null });
  const [failed] = history.failedFinishedRuns;
  expect(failed?.id).toBe(run.id);
  expect(failed?.tasks).toHaveLength(1);
  expect(failed?.tasks[0]).toMatch(new RegExp(`^bad_${run.id}\\.`));
});

it("metronome.md§8#11 ON_FAILURE: one run, three tasks, and then it succeeds", async () => {
  const cmd = `n=$(cat ${file("tries")} 2>/dev/null || echo 0); n=$((n+1)); echo $n > ${file("tries")}; [ $n -ge 3 ]`;
  await jobs.create("stubborn", { cmd, restart: { policy: "ON_FAILURE" } });
  const run = await jobs.start("stubborn");
  const history = await jobs.ended("stubborn");
  expect(history).toMatchObject({ successCount: 1, failureCount: 0 });
  expect(history.successfulFinishedRuns[0]?.id).toBe(run.id);
  expect(new Set(history.successfulFinishedRuns[0]?.tasks).size).toBe(3);
  expect(content("tries")).toBe("3\n");
});

it("metronome.md§8#12 after activeDeadlineSeconds nothing is tried again", async () => {
  const cmd = "sleep 1; exit 1";
  await jobs.create("late", { cmd, restart: { policy: "ON_FAILURE", activeDeadlineSeconds: 3 } });
  const run = await jobs.start("late");
  const history = await jobs.ended("late");
  const [failed] = history.failedFinishedRuns;
  expect(history).toMatchObject({ successCount: 0, failureCount: 1 });
  expect(failed?.id).toBe(run.id);
  expect(failed?.tasks.length).toBeGreaterThan(1);
  const lastedMs = Date.parse(failed?.finishedAt ?? "") - Date.parse(failed?.createdAt ?? "");
  expect(lastedMs).toBeGreaterThanOrEqual(3_000);
});

it("metronome.md§8#13 a run that is stopped: its process is gone, and it counts as a failure", async () => {
  await jobs.create("stopped", staying("stopped-pid"));
  const run = await jobs.start("stopped");
  const pid = await pidIn("stopped-pid");
  const stopped = await jobs.call("POST", `/v1/jobs/stopped/runs/${run.id}/actions/stop`);
  expect(stopped.status).toBe(200);
  expect(stopped.body).toMatchObject({ id: run.id, jobId: "stopped", status: "FAILED" });
  await eventually("the process is gone", () => !isAlive(pid), 60_000);
  expect((await jobs.call("GET", `/v1/jobs/stopped/runs/${run.id}`)).status).toBe(404);
  expect((await jobs.call("POST", `/v1/jobs/stopped/runs/${run.id}/actions/stop`)).status).toBe(404);
  expect(await jobs.history("stopped")).toMatchObject({ successCount: 0, failureCount: 1 });
});

it("metronome.md§8#15 a run that no machine is large enough for is in the queue", async () => {
  await jobs.create("group.huge", { cmd: "true", cpus: 1_000 });
  const run = await jobs.start("group.huge");
  const { body } = await jobs.call("GET", "/v1/queue");
  // Upstream shows the first segment of the id as the job's.
  expect(body).toContainEqual({ jobId: "group", runs: [{ runId: run.id }] });
  expect(await jobs.activeRuns("group.huge")).toMatchObject([{ status: "STARTING", tasks: [] }]);
  await jobs.call("POST", `/v1/jobs/group.huge/runs/${run.id}/actions/stop`);
  expect((await jobs.call("GET", "/v1/queue")).body).toEqual([]);
});

it("metronome.md§8#14 a run passes STARTING and then is ACTIVE", async () => {
  const switchNodes = async (verb: "deactivate" | "reactivate"): Promise<void> => {
    for (const { id } of cluster.info.agents)
      expect(await cluster.cli("node", verb, id)).toMatchObject({ code: 0 });
  };
  const isShownAs = (status: string) => async (): Promise<boolean> => {
    const { body } = await jobs.call("GET", "/v1/jobs/passing?embed=activeRuns");
    const [shown] = body["activeRuns"] as readonly { readonly id: string; readonly status: string }[];
    return shown?.id === run.id && shown.status === status;
  };
  // No node takes it until it has been seen.
  await switchNodes("deactivate");
  await jobs.create("passing", staying("passing-pid"));
  const run = await jobs.start("passing");
  await eventually("it is starting", isShownAs("STARTING"));
  await switchNodes("reactivate");
  await eventually("it is active", isShownAs("ACTIVE"));
  const list = (await jobs.call("GET", "/v1/jobs?embed=activeRuns")).body as unknown as readonly object[];
  const byId = (id: string): object | undefined => list.find((job) => "id" in job && job.id === id);
  expect(byId("passing")).toHaveProperty("activeRuns.0.id", run.id);
  expect(byId("bad")).not.toHaveProperty("activeRuns");
  expect((await jobs.call("GET", "/v1/jobs/bad?embed=activeRuns")).body).toHaveProperty("activeRuns", []);
});

it("metronome.md§8#26 a job with an active run is deleted only together with it", async () => {
  const pid = await pidIn("passing-pid");
  expect((await jobs.call("DELETE", "/v1/jobs/passing")).status).toBe(409);
  expect(isAlive(pid)).toBe(true);
  const deleted = await jobs.call("DELETE", "/v1/jobs/passing?stopCurrentJobRuns=true");
  expect(deleted.status).toBe(200);
  expect(deleted.body).toHaveProperty("id", "passing");
  await eventually("the process is gone", () => !isAlive(pid), 60_000);
  expect((await jobs.call("GET", "/v1/jobs/passing")).status).toBe(404);
});

it("metronome.md§8#31 a run goes on over the death of its scheduler: the same task, and one entry in the history", async () => {
  const go = file("go-on");
  await jobs.create("outliving", { cmd: `until [ -e ${go} ]; do sleep 0.2; done` });
  const run = await jobs.start("outliving");
  const before = await jobs.running("outliving", run.id);
  cluster.kill("frameworks");
  const after = await jobs.running("outliving", run.id);
  expect(after.tasks.map(({ id }) => id)).toEqual(before.tasks.map(({ id }) => id));
  files.write("go-on");
  const history = await jobs.ended("outliving");
  expect(history).toMatchObject({ successCount: 1, failureCount: 0 });
  expect(history.successfulFinishedRuns).toMatchObject([{ id: run.id, tasks: [before.tasks[0]?.id] }]);
});

it("a task gets the secrets it is meant to have, and a run without them fails and says why", async () => {
  const value = "a-secret-of-jobs";
  expect(await cluster.cli("secret", "create", "dev/key", "--value", value)).toMatchObject({ code: 0 });
  const wanting = (name: string): object => ({
    cmd: `{ echo $KEY; cat key.txt; } > ${file(name)}`,
    env: { KEY: { secret: "key" } },
    secrets: { key: { source: "dev/key" } },
    volumes: [{ containerPath: "key.txt", secret: "key" }],
  });
  await jobs.create("dev.secretive", wanting("secret"));
  await jobs.start("dev.secretive");
  expect(await jobs.ended("dev.secretive")).toMatchObject({ successCount: 1 });
  expect(content("secret")).toBe(`${value}\n${value}`);
  expect(JSON.stringify((await jobs.call("GET", "/v1/jobs/dev.secretive?embed=history")).body)).not.toContain(
    value,
  );
  await jobs.create("other", wanting("none"));
  await jobs.start("other");
  expect(await jobs.ended("other")).toMatchObject({ successCount: 0, failureCount: 1 });
  const { body } = await jobs.call("GET", "/keelson/v1/job-runs?job=other&ended=true");
  expect(JSON.stringify(body)).toContain("the secret dev/key is not for /other");
});

it("is found behind the door as Metronome is", async () => {
  const { url, token } = cluster.info;
  const headers = { authorization: `token=${token}` };
  const listed = await ask(`${url}/service/metronome/v1/jobs`, { headers });
  expect(listed.status).toBe(200);
  expect((await ask(`${url}/service/metronome/ping`, { headers })).body).toBe("pong");
  expect((await ask(`${url}/service/metronome/v1/jobs`)).status).toBe(401);
});
