/** Where runs go, what their tasks find there, and what one success starts: on two labelled agents. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { silentLogger } from "#foundation/telemetry/index.ts";
import { type RunningJobs, start } from "#frameworks/jobs/main.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { isAlive, JobsApi, TaskFiles } from "../../harness/jobs.ts";
import { KernelProcesses } from "../kernel/kernel-processes.ts";

let kernel: KernelProcesses;
let daemon: RunningJobs;
let jobs: JobsApi;
let web: Server;
/** Of a run while all that there is is reserved for others. */
let whyReserved: Why;
const dataDir = mkdtempSync(join(tmpdir(), "keelson-jobs-placing-"));
const files = new TaskFiles();

vi.setConfig({ testTimeout: 120_000 });
beforeAll(async () => {
  kernel = await KernelProcesses.start();
  await kernel.startAgent("others", { resources: "cpus(ops):1;mem(ops):512;disk(ops):100" });
  daemon = await start({
    host: "127.0.0.1",
    port: 0,
    dataDir,
    masterUrl: kernel.masterUrl,
    policy: { envVarsPrefix: "OURS_" },
    log: silentLogger,
  });
  jobs = new JobsApi(daemon.info.url);
  await jobs.create("reserved", { cmd: "true" });
  await jobs.start("reserved");
  whyReserved = await told("reserved", "roleMissing");
  await kernel.startAgent("a", { attributes: "rack:r1;kernel:5.10" });
  await kernel.startAgent("b", { attributes: "rack:r2;kernel:6" });
  web = createServer((_, response) => response.end("fetched\n"));
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
}, 240_000);
afterAll(async () => {
  for (const { id } of (await jobs.call("GET", "/v1/jobs")).body as unknown as readonly { id: string }[])
    for (const run of await jobs.activeRuns(id)) await jobs.stop(id, run.id);
  web.close();
  await daemon.close();
  await kernel.close();
  rmSync(dataDir, { recursive: true, force: true });
  files.remove();
}, 120_000);

interface Why {
  readonly reasons: readonly {
    readonly code: string;
    readonly message: string;
    readonly commands: string[];
  }[];
}

/** What is told of a job, once the first cause is that one. */
const told = (name: string, code: string): Promise<Why> =>
  eventually(
    `why ${name} tells ${code}`,
    async () => {
      const why = (await jobs.call("GET", `/keelson/v1/why?name=${name}`)).body as unknown as Why;
      if (why.reasons[0]?.code === code) return why;
      throw new Error(why.reasons.map(({ code: other, message }) => `${other}: ${message}`).join("; "));
    },
    60_000,
  );

const content = (name: string): string => readFileSync(files.path(name), "utf8");
const runs = async (id: string): Promise<number> => {
  const { successCount, failureCount } = await jobs.history(id);
  return successCount + failureCount + (await jobs.activeRuns(id)).length;
};

it("metronome.md§8#28 a run goes where its constraints let it, and waits where none does", async () => {
  const placed = (attribute: string, operator: string, value: string): object => ({
    cmd: `echo $OURS_HOST >> ${files.path("hosts")}`,
    placement: { constraints: [{ attribute, operator, value }] },
  });
  const wanted = [
    ["like", "LIKE", "r[2-9]", "b.test"],
    ["unlike", "UNLIKE", "r2", "a.test"],
    ["is", "IS", "r2", "b.test"],
    ["eq", "EQ", "r1", "a.test"],
  ] as const;
  for (const [id, operator, value, host] of wanted) {
    await jobs.create(id, placed("rack", operator, value));
    await jobs.start(id);
    await jobs.ended(id);
    expect([id, content("hosts").trim().split("\n").at(-1)]).toEqual([id, host]);
  }
  await jobs.create("nowhere", placed("rack", "LIKE", "x.*"));
  const { id } = await jobs.start("nowhere");
  await eventually("it waits", async () =>
    JSON.stringify((await jobs.call("GET", "/v1/queue")).body).includes(id),
  );
  await jobs.stop("nowhere", id);
  expect(content("hosts").trim().split("\n")).toHaveLength(wanted.length);
});

it("metronome.md§8#27 a job runs once after both its parents; circles and needed parents are refused", async () => {
  await jobs.create("a", { cmd: "true" });
  await jobs.create("b", { cmd: "true" });
  const dependencies = [{ id: "a" }, { id: "b" }];
  await jobs.create("c", { cmd: `echo ran >> ${files.path("c")}` }, { dependencies });
  await jobs.start("a");
  await jobs.ended("a");
  expect(await runs("c")).toBe(0);
  await jobs.start("b");
  await jobs.ended("c");
  expect(await jobs.history("c")).toMatchObject({ successCount: 1, failureCount: 0 });
  expect(content("c")).toBe("ran\n");
  // A second success of one parent starts nothing.
  await jobs.start("a");
  await jobs.ended("a", 2);
  expect(await runs("c")).toBe(1);
  const small = { cmd: "true", cpus: 0.01, mem: 32, disk: 0 };
  const circle = await jobs.call("PUT", "/v1/jobs/a", { id: "a", dependencies: [{ id: "c" }], run: small });
  expect(circle).toMatchObject({ status: 422, body: { message: expect.stringContaining("circle") } });
  const needed = await jobs.call("DELETE", "/v1/jobs/a");
  expect(needed).toMatchObject({ status: 409, body: { message: expect.stringContaining("c") } });
});

it.runIf(process.getuid?.() === 0)(
  "metronome.md§8#30 a task finds its files, the machine's folders, its environment and its user",
  async () => {
    const { port } = web.address() as AddressInfo;
    const user = "nobody";
    mkdirSync(files.path("ours"));
    writeFileSync(files.path("ours/note"), "of the machine\n");
    // Whose the folder is decides who may write: the user of the task may, where it isn't said to be read only.
    chmodSync(files.path("ours"), 0o777);
    const volumes = [
      { containerPath: "open", hostPath: files.path("ours"), mode: "RW" },
      { containerPath: "fixed", hostPath: files.path("ours"), mode: "RO" },
    ];
    await jobs.create(
      "group.outfit",
      {
        cmd: `{ cat greeting fixed/note; touch fixed/no 2>/dev/null || echo fixed; id -un; env; } > ${files.path("outfit")}; cp greeting open/made`,
        user,
        volumes,
        env: { OWN: "mine" },
        artifacts: [{ uri: `http://127.0.0.1:${port}/greeting`, extract: false }],
      },
      { labels: { team: "ops" } },
    );
    const run = await jobs.start("group.outfit");
    expect(await jobs.ended("group.outfit")).toMatchObject({ successCount: 1 });
    const lines = content("outfit").trim().split("\n");
    expect(lines.slice(0, 4)).toEqual(["fetched", "of the machine", "fixed", user]);
    const rest = lines.slice(4);
    expect(content("ours/made")).toBe("fetched\n");
    expect(rest).toEqual(
      expect.arrayContaining([
        "OWN=mine",
        `MARATHON_APP_ID=/group/outfit/${run.id}`,
        "MARATHON_APP_LABEL_TEAM=ops",
        expect.stringMatching(/^OURS_HOST=[ab]\.test$/),
        expect.stringMatching(new RegExp(`^MESOS_TASK_ID=group_outfit_${run.id}\\.`)),
      ]),
    );
    expect(rest.filter((line) => line.startsWith("PORT"))).toEqual([]);
  },
);

it("a folder that the machine doesn't have fails the run, and the run says which", async () => {
  const volumes = [{ containerPath: "data", hostPath: "/nowhere/at/all", mode: "RO" }];
  await jobs.create("no-folder", { cmd: "true", volumes });
  await jobs.start("no-folder");
  expect(await jobs.ended("no-folder")).toMatchObject({ failureCount: 1 });
  const { body } = await jobs.call("GET", "/keelson/v1/job-runs?job=no-folder&ended=true");
  expect(JSON.stringify(body)).toContain("/nowhere/at/all, is not there");
});

it("what a job waits for is told first: a person, its schedule, a schedule that is off, other jobs", async () => {
  const schedule = { id: "yearly", cron: "0 0 1 1 *" };
  await jobs.create("why-person", { cmd: "true" });
  await jobs.create("why-schedule", { cmd: "true" }, { schedules: [schedule] });
  await jobs.create("why-off", { cmd: "true" }, { schedules: [{ ...schedule, enabled: false }] });
  await jobs.create("why-parent", { cmd: "true" }, { dependencies: [{ id: "why-person" }] });
  const wanted = [
    ["why-person", "startedByHand", "idle", ["job run why-person"]],
    ["why-schedule", "jobScheduled", "scheduled", []],
    ["why-off", "scheduleDisabled", "disabled", ["job schedule enable why-off"]],
    ["why-parent", "waitsForJobs", "dependent", []],
  ] as const;
  for (const [name, code, status, commands] of wanted)
    expect((await jobs.call("GET", `/keelson/v1/why?name=${name}`)).body).toMatchObject({
      isAsWished: true,
      status,
      reasons: [{ code, commands }],
    });
});

it("a run that needs a GPU goes where one is, others leave that machine alone, and a run without one is told why", async () => {
  const gpu = (gpus: number): object => ({
    cmd: `echo $OURS_HOST $MARATHON_APP_RESOURCE_GPUS >> ${files.path("gpus")}`,
    gpus,
  });
  await jobs.create("drawing", gpu(2));
  await jobs.start("drawing");
  const why = await eventually(
    "it is told why",
    async () => {
      const { body } = await jobs.call("GET", "/keelson/v1/why?name=drawing");
      const [reason] =
        (body as unknown as { reasons?: readonly { code: string; message: string }[] }).reasons ?? [];
      return reason?.code === "gpusMissing" && reason;
    },
    60_000,
  );
  expect(why.message).toMatch(/no node has 2 GPUs free/);
  await kernel.startAgent("c", { resources: "cpus:4;mem:1024;disk:1000;gpus:2" });
  expect(await jobs.ended("drawing")).toMatchObject({ successCount: 1 });
  expect(content("gpus")).toBe("c.test 2\n");
  await jobs.create("plain", gpu(0));
  for (let count = 1; count <= 3; count++) {
    await jobs.start("plain");
    await jobs.ended("plain", count);
  }
  expect(content("gpus")).not.toContain("c.test 0");
});

it("metronome.md§8#30 a run that is stopped has its grace, and then no more", async () => {
  const stubborn = `trap 'echo asked > ${files.path("asked")}' TERM; echo $$ > ${files.path("pid")}; while :; do sleep 0.1; done`;
  await jobs.create("graceful", { cmd: stubborn, taskKillGracePeriodSeconds: 1 });
  const run = await jobs.start("graceful");
  const pid = await eventually("it runs", () => Number(content("pid").trim()) || undefined, 60_000);
  const askedAt = performance.now();
  await jobs.stop("graceful", run.id);
  await eventually("it is gone", () => !isAlive(pid), 60_000);
  expect(performance.now() - askedAt).toBeGreaterThan(900);
  expect(content("asked")).toBe("asked\n");
});

it("a run that finds only what is reserved for others waits, and is told so: roleMissing", async () => {
  expect(whyReserved.reasons[0]?.message).toMatch(/no node offers resources of the role \*; 1 node was/);
  expect(await jobs.ended("reserved")).toMatchObject({ successCount: 1 });
});

it("a run that keeps its schedule from starting another says so, and one whose node is drained: waitsForRun, nodeDraining", async () => {
  const schedules = [{ id: "yearly", cron: "0 0 1 1 *", concurrencyPolicy: "FORBID" }];
  await jobs.create("alone", { cmd: "exec sleep 100000" }, { schedules });
  const { id } = await jobs.start("alone");
  await jobs.running("alone", id);
  const [held] = (await told("alone", "waitsForRun")).reasons;
  expect(held?.message).toContain(`schedule yearly starts nothing while run ${id} is under way`);
  const runs = (await jobs.call("GET", "/keelson/v1/job-runs?job=alone")).body as {
    readonly items?: readonly { readonly tasks: readonly { readonly agentId: string }[] }[];
  };
  const agent_id = { value: runs.items?.[0]?.tasks[0]?.agentId };
  const order = async (type: string): Promise<void> => {
    const body = { type, [type.toLowerCase()]: { agent_id } };
    expect((await ask(`${kernel.masterUrl}/api/v1`, { method: "POST", body })).status).toBe(200);
  };
  await order("DRAIN_AGENT");
  const [drained] = (await told("alone", "nodeDraining")).reasons;
  expect(drained?.message).toMatch(/\.test was drained by an operator, which ended what ran there/);
  expect(await jobs.history("alone")).toMatchObject({ failureCount: 1 });
  await order("REACTIVATE_AGENT");
});
