/** What tasks use, on real processes. */
import { chmodSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { showUsage } from "#contracts/kernel/own-endpoints.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

let world: KernelWorld;
let scheduler: Scheduler;

beforeAll(async () => {
  world = await KernelWorld.start();
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
});
afterAll(() => world.close());

interface Statistics {
  readonly executor_id: string;
  readonly source: string;
  readonly framework_id: string;
  readonly statistics: Readonly<Record<string, number>>;
  readonly container_id?: string;
}

describe("usage", { timeout: 120_000 }, () => {
  it("tells a task that works from one that sleeps, and what the node has", async () => {
    const busy = await scheduler.shell("while :; do :; done", { mem: 64 });
    const idle = await scheduler.shell("sleep 1000");
    await scheduler.status(busy, "TASK_RUNNING");
    await scheduler.status(idle, "TASK_RUNNING");
    const usage = await eventually("the busy one to be seen", async () => {
      const now = (await world.get("/keelson/v1/usage")).json() as ReplyOf<typeof showUsage>;
      return (now.tasks.find(({ taskId }) => taskId === busy)?.cpus ?? 0) > 0.02 ? now : undefined;
    });
    const of = (taskId: string) => usage.tasks.find((task) => task.taskId === taskId);
    expect(of(busy)).toMatchObject({
      frameworkId: scheduler.frameworkId,
      cpusLimit: 0.1,
      memLimitBytes: 67_108_864,
    });
    expect(of(busy)?.cpuSeconds).toBeGreaterThan(0);
    expect(of(busy)?.processes).toBeGreaterThanOrEqual(1);
    expect(of(busy)?.memBytes).toBeGreaterThan(0);
    expect(of(idle)?.cpus).toBeLessThan(of(busy)?.cpus ?? 0);
    expect(usage.memTotalBytes).toBeGreaterThan(usage.memUsedBytes);
    expect(usage.diskTotalBytes).toBeGreaterThan(usage.diskUsedBytes);
    expect(usage.cpus).toBeGreaterThan(0);
    expect(usage.cpusTotal).toBeGreaterThanOrEqual(1);

    const statistics = (await world.get("/monitor/statistics")).json() as readonly Statistics[];
    const measured = statistics.find((each) => each.executor_id === busy);
    expect(measured).toMatchObject({ source: busy, framework_id: scheduler.frameworkId });
    expect(Object.keys(measured?.statistics ?? {})).toEqual(
      expect.arrayContaining([
        "timestamp",
        "cpus_limit",
        "cpus_user_time_secs",
        "cpus_system_time_secs",
        "mem_limit_bytes",
        "mem_rss_bytes",
        "mem_cache_bytes",
      ]),
    );
    const containers = (await world.get("/containers.json")).json() as readonly Statistics[];
    expect(containers.find((each) => each.executor_id === busy)?.container_id).toMatch(/^[0-9a-f-]{36}$/);
    await scheduler.kill(busy, 0);
    await scheduler.kill(idle, 0);
  });
});

describe("mesos.md§8#100 statistics", { timeout: 120_000 }, () => {
  it("cpu and memory of a known load are told within a tenth", async () => {
    // Three seconds by the kernel's own count; then `tail` holds what has no end of line until the end of it.
    const bytes = 100_000_000;
    const loop = "for (;;) { const { user, system } = process.cpuUsage(); if (user + system >= 3e6) break; }";
    const task = await scheduler.shell(
      `"${process.execPath}" -e '${loop}'; (head -c ${bytes} /dev/zero; sleep 1000) | tail`,
      { mem: 256 },
    );
    await scheduler.status(task, "TASK_RUNNING");
    const statistics = await eventually(
      "the load to be as it shall be",
      async () => {
        const all = (await world.get("/monitor/statistics")).json() as readonly Statistics[];
        const found = all.find((each) => each.executor_id === task)?.statistics;
        return (found?.["mem_rss_bytes"] ?? 0) > 0.9 * bytes ? found : undefined;
      },
      100_000,
    );
    const cpu = (statistics["cpus_user_time_secs"] ?? 0) + (statistics["cpus_system_time_secs"] ?? 0);
    expect(cpu).toBeGreaterThan(2.7);
    expect(cpu).toBeLessThan(3.3);
    expect(statistics["mem_rss_bytes"]).toBeLessThan(1.1 * bytes);
    await scheduler.kill(task, 0);
  }, 120_000);
});
