/** F21: a machine that has no more files, inodes or processes to give: clear words, no harm to what runs, and back again. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Offer, Resource, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses, processesOf } from "./kernel-processes.ts";
import { aTask, type SchedulerClient } from "./scheduler-client.ts";

const isRoot = process.getuid?.() === 0;
const pidsRoot = "/sys/fs/cgroup/pids";
const group = join(pidsRoot, `keelson-test-${process.pid}`);

describe.skipIf(!isRoot || !existsSync(pidsRoot))("an agent on a machine that", { timeout: 60_000 }, () => {
  let world: KernelProcesses;
  let framework: SchedulerClient;
  let count = 0;

  beforeAll(async () => {
    world = await KernelProcesses.start();
    const dataDir = world.dataDirOf("a");
    mkdirSync(dataDir);
    execFileSync("mount", ["-t", "tmpfs", "-o", "nr_inodes=400,size=64m", "tmpfs", dataDir]);
    await world.startAgent("a");
    framework = await world.subscribe();
    expect((await run("sleep 1000", ["TASK_RUNNING"])).state).toBe("TASK_RUNNING");
  }, 240_000);
  afterAll(async () => {
    const dataDir = world.dataDirOf("a");
    await world.close().catch(() => undefined);
    execFileSync("umount", ["-l", dataDir]);
    rmSync(dataDir, { recursive: true, force: true });
    if (existsSync(group)) rmdirSync(group);
  }, 240_000);

  async function run(command: string, until: readonly string[] = []): Promise<TaskStatus> {
    count += 1;
    const id = `t${count}`;
    const offer = await framework.offer();
    await framework.launch(offer, aTask(id, offer, { command }));
    return framework.status(id, [...until, "TASK_FINISHED", "TASK_FAILED", "TASK_LOST"]);
  }

  /** Told as the failure of a launch that it is; what ran goes on; and nothing of the failure stays in the way. */
  async function failsAndIsBack(wanted: RegExp, giveBack: () => void): Promise<void> {
    const before = world.agentPid("a");
    try {
      // Offers come a second apart: meanwhile the agent has looked after what runs.
      for (const _time of ["once", "again"])
        expect(await run("true")).toMatchObject({
          state: "TASK_FAILED",
          reason: "REASON_CONTAINER_LAUNCH_FAILED",
          message: expect.stringMatching(wanted),
        });
    } finally {
      giveBack();
    }
    await eventually("a task runs again", async () => (await run("true")).state === "TASK_FINISHED");
    expect(framework.statuses("t1").map(({ state }) => state)).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
    expect(processesOf(framework.frameworkId)).not.toEqual([]);
    expect(existsSync(`/proc/${before}`)).toBe(true);
  }

  it("reliability.md§4#F21 has no more ports offers none, and has them again when they are free", async () => {
    const ports = ({ resources = [] }: Offer): Resource | undefined =>
      resources.find(({ name }) => name === "ports");
    const offer = await framework.offer((each) => ports(each) !== undefined);
    const task = aTask("ports", offer);
    const held = ports(offer) as Resource;
    await framework.launch(offer, { ...task, resources: [...(task.resources ?? []), held] });
    await framework.status("ports", "TASK_RUNNING");
    const without = await framework.offer((each) => each.id.value !== offer.id.value);
    expect(ports(without)).toBeUndefined();
    await framework.decline(without, 0);
    expect((await run("true")).state).toBe("TASK_FINISHED");
    await framework.kill("ports");
    await framework.status("ports", "TASK_KILLED");
    const again = await framework.offer((each) => ports(each) !== undefined);
    expect(ports(again)?.ranges).toEqual(held.ranges);
    await framework.decline(again, 0);
  });

  it("reliability.md§4#F21 has no more inodes fails the launch, and is well when there are", async () => {
    const dir = join(world.dataDirOf("a"), "fill");
    mkdirSync(dir);
    for (let index = 0; ; index += 1) {
      try {
        writeFileSync(join(dir, String(index)), "");
      } catch {
        break;
      }
    }
    await failsAndIsBack(/ENOSPC|No space left/, () => rmSync(dir, { recursive: true }));
  });

  it("reliability.md§4#F21 gives it no more files fails the launch, and is well when it does", async () => {
    const pid = String(world.agentPid("a"));
    const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
    let free = 0;
    while (used.has(free)) free += 1;
    const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
    const hard = /Max open files\s+\d+\s+(\d+)/.exec(limits)?.[1];
    execFileSync("prlimit", ["--pid", pid, `--nofile=${free}:${hard}`]);
    await failsAndIsBack(/EMFILE|too many open files/i, () =>
      execFileSync("prlimit", ["--pid", pid, `--nofile=${hard}:${hard}`]),
    );
  });

  it("reliability.md§4#F21 has no more processes fails the launch, and is well when there are", async () => {
    mkdirSync(group);
    const agent = world.agentPid("a");
    const children = readFileSync(`/proc/${agent}/task/${agent}/children`, "utf8").trim().split(" ");
    for (const pid of [String(agent), ...children]) writeFileSync(join(group, "cgroup.procs"), pid);
    writeFileSync(join(group, "pids.max"), "1");
    await failsAndIsBack(/fork|Resource temporarily unavailable|EAGAIN|could not be started/, () => {
      writeFileSync(join(group, "pids.max"), "max");
    });
    for (const pid of readFileSync(join(group, "cgroup.procs"), "utf8").trim().split("\n"))
      writeFileSync(join(pidsRoot, "cgroup.procs"), pid);
  });
});
