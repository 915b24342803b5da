/** F12: a master and an agent whose disks fail under them, and a registry that is older than it was. */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../harness/cluster.ts";
import { type LinkLine, startLinkLine } from "../../harness/link-line.ts";
import { KernelProcesses, processesOf } from "./kernel-processes.ts";
import { OperatorCalls } from "./operator-calls.ts";
import { aTask, type SchedulerClient } from "./scheduler-client.ts";

/** strace may be absent, and tracing may be forbidden. */
const canTrace = spawnSync("strace", ["-o", "/dev/null", "-e", "trace=none", "true"]).status === 0;
let world: KernelProcesses;
let line: LinkLine;
let framework: SchedulerClient;
let operator: OperatorCalls;
let launched = 0;

/** From now on system calls of a process, in all its threads, end as said. */
async function breakDisk(pid: number, calls: string, error: string): Promise<void> {
  const tracer = spawn(
    "strace",
    ["-f", "-p", `${pid}`, "-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${calls}:error=${error}`],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let told = "";
  tracer.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  await eventually("the tracer is there", () => /attached/.test(told));
}

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);

async function run(): Promise<string> {
  launched += 1;
  const id = `t${launched}`;
  const offer = await framework.offer();
  await framework.launch(offer, aTask(id, offer));
  await framework.status(id, "TASK_RUNNING");
  return id;
}

const weight = (value: number): Promise<{ readonly status: number }> =>
  operator
    .call("UPDATE_WEIGHTS", { weight_infos: [{ role: "sure", weight: value }] })
    .catch(() => ({ status: 0 }));
async function weightNow(): Promise<number | undefined> {
  const { get_weights: told } = await operator.read("GET_WEIGHTS");
  return told?.weight_infos?.find(({ role }) => role === "sure")?.weight;
}

async function agentIsBack(): Promise<void> {
  await eventually("the agent is active", async () => {
    const { slaves } = (await world.get("/slaves")) as { readonly slaves: readonly { active: boolean }[] };
    return slaves.length === 1 && slaves[0]?.active === true;
  });
}

async function subscribeAgain(): Promise<void> {
  framework = await world.subscribe({}, { frameworkId: framework.frameworkId });
}

beforeAll(async () => {
  world = await KernelProcesses.start();
  operator = new OperatorCalls(world.masterUrl);
  line = await startLinkLine(world.masterUrl);
  await world.startAgent("a", { masterUrl: line.url });
  framework = await world.subscribe();
}, 240_000);
afterAll(async () => {
  await world?.close();
  await line?.close();
}, 240_000);

describe.skipIf(!canTrace)("on a faulty disk (strace)", { timeout: 240_000 }, () => {
  it.each([
    ["fails", "fdatasync,fsync", "EIO"],
    ["is full", "pwrite64", "ENOSPC"],
    ["is read-only", "pwrite64", "EROFS"],
  ])(
    "reliability.md§4#F12 that %s a master says yes to nothing more and ends; the next has what was said yes to",
    async (_name, calls, error) => {
      const sure = Math.round(1 + Math.random() * 1_000);
      expect((await weight(sure)).status).toBe(200);
      const pid = world.masterPid;
      await breakDisk(pid, calls, error);
      expect((await weight(sure + 1)).status).not.toBe(200);
      await eventually("it has ended", () => !isThere(pid));
      await world.killMaster();
      await world.startMaster();
      // The one that failed may have come to the disk; none of before is lost.
      expect([sure, sure + 1]).toContain(await weightNow());
      await agentIsBack();
      await subscribeAgain();
    },
  );

  it("reliability.md§4#F12 an agent ends and leaves its tasks as they are; the next one takes them up", async () => {
    const kept = await run();
    const before = processesOf(framework.frameworkId);
    const pid = world.agentPid("a");
    // Had before: an acknowledgement that is still on its way may end the agent too.
    const offer = await framework.offer();
    await breakDisk(pid, "fdatasync,fsync", "EIO");
    await framework.launch(offer, aTask("unlucky", offer));
    await eventually("it has ended", () => !isThere(pid));
    for (const each of before) expect(isThere(each)).toBe(true);
    await world.killAgent("a");
    await world.startAgent("a", { masterUrl: line.url });
    await agentIsBack();
    await framework.status("unlucky", ["TASK_RUNNING", "TASK_LOST", "TASK_FAILED", "TASK_FINISHED"]);
    expect(new Set(framework.statuses(kept).map(({ state }) => state))).toEqual(
      new Set(["TASK_STARTING", "TASK_RUNNING"]),
    );
    await framework.kill(kept);
    await framework.status(kept, "TASK_KILLED");
  });
});

describe("a registry", { timeout: 240_000 }, () => {
  it("reliability.md§4#F12 that is older than what its agents know is refused by them, and tasks run on; the right one is taken", async () => {
    const task = await run();
    const before = processesOf(framework.frameworkId);
    const folder = mkdtempSync(join(tmpdir(), "keelson-registry-"));
    const names = ["registry.db", "registry.db-wal", "registry.db.pid"];
    const copy = (from: string, to: string): void => {
      for (const name of names) {
        rmSync(join(to, name), { force: true });
        if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
      }
    };
    const kernel = world.dataDirOf("kernel");
    const older = mkdtempSync(join(folder, "older-"));
    const newer = mkdtempSync(join(folder, "newer-"));
    await world.killMaster();
    copy(kernel, older);
    for (const value of [22, 23]) {
      await world.startMaster();
      expect((await weight(value)).status).toBe(200);
      await agentIsBack();
      await world.killMaster();
    }
    copy(kernel, newer);
    copy(older, kernel);
    const refusals: string[] = [];
    line.treat = ({ document }) => {
      if (document.kind === "refused") refusals.push(String(document["reason"]));
      return [document];
    };
    await world.startMaster();
    expect(await weightNow()).not.toBe(23);
    await eventually("it is refused", () => refusals.length > 1);
    expect(new Set(refusals)).toEqual(new Set([expect.stringMatching(/its data is older/)]));
    expect(processesOf(framework.frameworkId)).toEqual(before);
    await world.killMaster();
    copy(newer, kernel);
    await world.startMaster();
    expect(await weightNow()).toBe(23);
    await agentIsBack();
    await subscribeAgain();
    expect(processesOf(framework.frameworkId)).toEqual(before);
    await framework.kill(task);
    await framework.status(task, "TASK_KILLED");
    rmSync(folder, { recursive: true });
  });
});
