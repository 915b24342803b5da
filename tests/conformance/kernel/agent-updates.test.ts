/** Rows 33 to 36, 40 to 43, 59 and 89 of the Mesos checklist, on a real master and a real agent. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AgentBench, statusUpdates } from "#kernel/agent/testing.ts";
import { KernelWorld } from "./agent-world.ts";

describe("status updates, without waiting for minutes", () => {
  it("mesos.md§8#33 an update that is not acknowledged comes again with its uuid after 10, 20 and 40 s", () => {
    const bench = new AgentBench();
    bench.register();
    bench.launched();
    const start = bench.now;
    const [first] = statusUpdates(bench.effects);
    const times: number[] = [];
    while (bench.now < start + 71_000) {
      for (const { status } of statusUpdates(bench.advance(1_000))) {
        expect(status.uuid).toBe(first?.status.uuid);
        times.push((bench.now - start) / 1000);
      }
      bench.master({ kind: "ping", connected: true });
    }
    expect(times).toEqual([10, 30, 70]);
  });
});

describe("status updates and kills of a real agent", { timeout: 120_000 }, () => {
  let world: KernelWorld;
  /** Takes connections and never answers: a fetch from it never ends. */
  let silent: Server;
  beforeAll(async () => {
    world = await KernelWorld.start();
    silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    silent?.closeAllConnections();
    silent?.close();
    await world?.close();
  });

  it("mesos.md§8#34 FINISHED waits for the acknowledgement of RUNNING, and the resources do not", async () => {
    const scheduler = await world.subscribe();
    scheduler.acknowledges = false;
    const task = await scheduler.shell("exit 0");
    const starting = await scheduler.status(task, "TASK_STARTING");
    await scheduler.acknowledge(starting);
    const running = await scheduler.status(task, "TASK_RUNNING");
    // What was left of the offer may come back before the task ends: together they are the whole.
    await scheduler.until("all resources offered again", () => {
      const offered = scheduler.events
        .flatMap((event) => event.offers?.offers ?? [])
        .flatMap(({ resources = [] }) => resources)
        .reduce((sum, { name, scalar }) => sum + (name === "mem" ? (scalar?.value ?? 0) : 0), 0);
      return offered === 2048 ? true : undefined;
    });
    expect(scheduler.statuses(task).map(({ state }) => state)).not.toContain("TASK_FINISHED");
    await scheduler.acknowledge(running);
    const finished = await scheduler.status(task, "TASK_FINISHED");
    await scheduler.acknowledge(finished);
    await scheduler.teardown();
  });

  it("mesos.md§8#35 updates of the agent carry a uuid, those that the master made do not", async () => {
    const scheduler = await world.subscribe();
    const task = await scheduler.shell("exit 0");
    await scheduler.ended(task);
    expect(scheduler.statuses(task).every(({ uuid }) => /^.{22}==$/.test(uuid ?? ""))).toBe(true);
    await scheduler.call("RECONCILE", { reconcile: { tasks: [{ task_id: { value: "nobody" } }] } });
    expect((await scheduler.ended("nobody")).uuid).toBeUndefined();
    await scheduler.teardown();
  });

  it("mesos.md§8#36 an update that was not acknowledged is told again by an agent that started again", async () => {
    const scheduler = await world.subscribe();
    scheduler.acknowledges = false;
    const task = await scheduler.shell("sleep 1000");
    const { uuid } = await scheduler.status(task, "TASK_STARTING");
    await world.stopAgent();
    const before = scheduler.statuses(task).length;
    await world.startAgent();
    const again = await scheduler.until("the update again", () => scheduler.statuses(task)[before]);
    expect(again.uuid).toBe(uuid);
    await scheduler.teardown();
  });

  it("mesos.md§8#40 a task killed before it ran is KILLED, TASK_KILLED_DURING_LAUNCH", async () => {
    const scheduler = await world.subscribe();
    const { port } = silent.address() as AddressInfo;
    const task = await scheduler.launch({
      shell: true,
      value: "sleep 1000",
      uris: [{ value: `http://127.0.0.1:${port}/never` }],
    });
    await scheduler.status(task, "TASK_STARTING");
    await scheduler.kill(task);
    expect(await scheduler.ended(task)).toMatchObject({
      state: "TASK_KILLED",
      reason: "REASON_TASK_KILLED_DURING_LAUNCH",
    });
    expect(scheduler.statuses(task).map(({ state }) => state)).not.toContain("TASK_RUNNING");
    await scheduler.teardown();
  });

  it("mesos.md§8#41 a task that ignores SIGTERM dies at its grace, which a second kill shortens", async () => {
    const scheduler = await world.subscribe();
    const stubborn = 'trap "" TERM; while :; do sleep 1; done';
    const own = await scheduler.shell(stubborn, { kill_policy: { grace_period: { nanoseconds: 3e8 } } });
    await scheduler.status(own, "TASK_RUNNING");
    await scheduler.kill(own);
    expect((await scheduler.ended(own)).state).toBe("TASK_KILLED");
    const long = await scheduler.shell(stubborn, { kill_policy: { grace_period: { nanoseconds: 600e9 } } });
    await scheduler.status(long, "TASK_RUNNING");
    await scheduler.kill(long);
    await scheduler.kill(long, 0.1);
    expect((await scheduler.ended(long)).state).toBe("TASK_KILLED");
    await scheduler.teardown();
  });

  it("mesos.md§8#42 TASK_KILLING is told only to a framework with the capability", async () => {
    const states = async (capabilities: readonly object[]): Promise<readonly string[]> => {
      const scheduler = await world.subscribe({ capabilities });
      const task = await scheduler.shell("sleep 1000");
      await scheduler.status(task, "TASK_RUNNING");
      await scheduler.kill(task);
      await scheduler.ended(task);
      const told = scheduler.statuses(task).map(({ state }) => state);
      await scheduler.teardown();
      return told;
    };
    expect(await states([{ type: "MULTI_ROLE" }, { type: "TASK_KILLING_STATE" }])).toContain("TASK_KILLING");
    expect(await states([{ type: "MULTI_ROLE" }])).not.toContain("TASK_KILLING");
  });

  it("mesos.md§8#43 a kill of an unknown task is answered with LOST, or UNKNOWN where that is understood", async () => {
    const scheduler = await world.subscribe();
    await scheduler.kill("never-launched");
    const lost = await scheduler.until("an answer", () => scheduler.statuses("never-launched")[0]);
    expect(lost.state).toBe("TASK_LOST");
    await scheduler.teardown();
    const aware = await world.subscribe({
      capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }],
    });
    await aware.kill("never-launched");
    const unknown = await aware.until("an answer", () => aware.statuses("never-launched")[0]);
    expect(unknown.state).toBe("TASK_UNKNOWN");
    await aware.teardown();
  });

  it("mesos.md§8#59 a task over its max_completion_time FAILED with that reason", async () => {
    const scheduler = await world.subscribe();
    const task = await scheduler.shell("sleep 1000", { max_completion_time: { nanoseconds: 2e8 } });
    expect(await scheduler.ended(task)).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_MAX_COMPLETION_TIME_REACHED",
    });
    await scheduler.teardown();
  });

  it("mesos.md§8#89 tasks survive an agent's restart with checkpoint and die without", async () => {
    const kept = await world.subscribe({ checkpoint: true });
    const lost = await world.subscribe({ checkpoint: false });
    const keptTask = await kept.shell("sleep 1000");
    const lostTask = await lost.shell("sleep 1000");
    const pidOf = async (scheduler: typeof kept, task: string): Promise<number> =>
      (await scheduler.status(task, "TASK_RUNNING")).container_status?.executor_pid ?? 0;
    const [keptPid, lostPid] = [await pidOf(kept, keptTask), await pidOf(lost, lostTask)];
    await world.stopAgent();
    await world.startAgent();
    expect((await lost.ended(lostTask)).state).toBe("TASK_LOST");
    await expect.poll(() => isAlive(lostPid), { timeout: 10_000 }).toBe(false);
    expect(isAlive(keptPid)).toBe(true);
    await kept.kill(keptTask);
    expect((await kept.ended(keptTask)).state).toBe("TASK_KILLED");
    await kept.teardown();
    await lost.teardown();
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
