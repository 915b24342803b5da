/** Rows 90 to 93 of the Mesos checklist: agents that come back changed or from a reboot, masters that are killed. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "#foundation/base/json.ts";
import { openStore } from "#foundation/store/index.ts";
import { silentLogger } from "#foundation/telemetry/index.ts";
import { start as startAgent } from "#kernel/agent/main.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses, processesOf } from "./kernel-processes.ts";
import { OperatorCalls } from "./operator-calls.ts";
import { aTask, type SchedulerClient } from "./scheduler-client.ts";

let world: KernelProcesses;
let operator: OperatorCalls;
const subscribed: SchedulerClient[] = [];
beforeAll(async () => {
  world = await KernelProcesses.start();
  operator = new OperatorCalls(world.masterUrl);
}, 240_000);
afterAll(() => world?.close(), 240_000);
afterEach(async () => {
  for (const scheduler of subscribed.splice(0)) await scheduler.send("TEARDOWN").catch(() => undefined);
});

async function subscribe(...options: Parameters<KernelProcesses["subscribe"]>): Promise<SchedulerClient> {
  const scheduler = await world.subscribe(...options);
  subscribed.push(scheduler);
  return scheduler;
}

interface Slave {
  readonly id: string;
  readonly hostname: string;
  readonly active: boolean;
  readonly resources: { readonly cpus: number };
}
const slaves = async (): Promise<readonly Slave[]> =>
  ((await world.get("/slaves")) as { readonly slaves: readonly Slave[] }).slaves;
const slaveOf = (name: string): Promise<Slave> =>
  eventually(`agent ${name}`, async () =>
    (await slaves()).find(({ hostname, active }) => active && hostname === `${name}.test`),
  );

async function run(
  scheduler: SchedulerClient,
  agentId: string,
  ...taskIds: readonly string[]
): Promise<void> {
  await scheduler.call("REVIVE");
  const offer = await scheduler.offer(({ agent_id: id }) => id.value === agentId);
  await scheduler.launch(offer, ...taskIds.map((id) => aTask(id, offer, { cpus: 0.01, mem: 4 })));
  for (const id of taskIds) await scheduler.status(id, "TASK_RUNNING");
  await scheduler.rest();
}

describe("an agent that comes back", { timeout: 120_000 }, () => {
  it("mesos.md§8#90 changed refuses to start and says what to do; grown it starts where that is allowed", async () => {
    await world.startAgent("grows", { resources: "cpus:2;mem:512", attributes: "rack:a" });
    const { id } = await slaveOf("grows");
    const scheduler = await subscribe();
    await run(scheduler, id, "stays");
    await world.killAgent("grows");
    const dataDir = world.dataDirOf("grows");
    const start = (resources: string, attributes: string, reconfiguration?: "additive"): Promise<unknown> =>
      startAgent({
        host: "127.0.0.1",
        hostname: "grows.test",
        port: Number(new URL(world.agentUrl("grows")).port),
        dataDir,
        masterUrl: world.masterUrl,
        resources,
        attributes,
        log: silentLogger,
        ...(reconfiguration === undefined ? {} : { policy: { reconfiguration } }),
      });
    const remedy = new RegExp(`changed from .* to .*; start it with the former ones, .*or remove ${dataDir}`);
    await expect(start("cpus:3;mem:512", "rack:a")).rejects.toThrow(remedy);
    await expect(start("cpus:2;mem:512", "rack:a;row:1")).rejects.toThrow(remedy);
    await expect(start("cpus:1;mem:512", "rack:a", "additive")).rejects.toThrow(remedy);
    await expect(start("cpus:2;mem:512", "rack:b", "additive")).rejects.toThrow(remedy);
    expect(processesOf(scheduler.frameworkId)).not.toEqual([]);
    await world.startAgent("grows", {
      resources: "cpus:3;mem:512",
      attributes: "rack:a;row:1",
      policy: { reconfiguration: "additive", registrationBackoffMs: 50 },
    });
    const grown = await slaveOf("grows");
    expect([grown.id, grown.resources.cpus]).toEqual([id, 3]);
    await scheduler.reconcile({ taskId: "stays" });
    expect((await scheduler.status("stays", "TASK_RUNNING", 2)).agent_id?.value).toBe(id);
  });

  it("mesos.md§8#91 reliability.md§4#F7 from a reboot fails its tasks, is the same agent, and runs others", async () => {
    await world.startAgent("reboots");
    const { id } = await slaveOf("reboots");
    const [kept, lost] = [await subscribe({ checkpoint: true }), await subscribe({ checkpoint: false })];
    await run(kept, id, "kept");
    await run(lost, id, "lost");
    await world.killAgent("reboots");
    // No process of before is there after a boot, and the boot has another id.
    for (const { frameworkId } of [kept, lost]) for (const pid of processesOf(frameworkId)) killNow(pid);
    await otherBoot(world.dataDirOf("reboots"));
    await world.startAgent("reboots");
    expect((await slaveOf("reboots")).id).toBe(id);
    expect(await kept.status("kept", "TASK_FAILED")).toMatchObject({
      reason: "REASON_EXECUTOR_TERMINATED",
      message: "The machine was restarted",
    });
    expect(await lost.status("lost", "TASK_LOST")).toMatchObject({ reason: "REASON_AGENT_DISCONNECTED" });
    expect(processesOf(kept.frameworkId)).toEqual([]);
    await run(kept, id, "anew");
    expect(processesOf(kept.frameworkId)).not.toEqual([]);
  });
});

/** It may end by itself, with its parent. */
function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ESRCH");
  }
}

/** As if the records were written in an earlier boot. */
async function otherBoot(dataDir: string): Promise<void> {
  const store = await openStore(
    { kind: "embedded", path: join(dataDir, "meta", "agent.db") },
    { onLost: () => undefined },
  );
  const identity = (await store.load("")).get("agent/identity") as JsonObject;
  await store.commit([
    { kind: "put", key: "agent/identity", value: { ...identity, bootId: "an earlier one" } },
  ]);
  await store.close();
}

describe("a master that is killed", { timeout: 120_000 }, () => {
  it("mesos.md§8#92 under load is back within seconds, with every task and every scheduler", async () => {
    await Promise.all(["one", "two"].map((name) => world.startAgent(name)));
    const ids = [(await slaveOf("one")).id, (await slaveOf("two")).id];
    const scheduler = await subscribe();
    const settled = Array.from({ length: 20 }, (_, index) => `settled-${index}`);
    for (const [at, id] of ids.entries()) await run(scheduler, id, ...settled.slice(at * 10, at * 10 + 10));
    const pids = new Set(processesOf(scheduler.frameworkId));
    await scheduler.call("REVIVE");
    // More are on their way, and others end, when it dies.
    const offer = await scheduler.offer(({ agent_id: agent }) => ids.includes(agent.value));
    const flying = Array.from({ length: 20 }, (_, index) => `flying-${index}`);
    await scheduler.launch(offer, ...flying.map((id) => aTask(id, offer, { cpus: 0.01, mem: 4 })));
    await world.killMaster();
    const killedAt = performance.now();
    await world.startMaster();
    const again = await subscribe({}, { frameworkId: scheduler.frameworkId, suppressed: ["*"] });
    await Promise.all(["one", "two"].map(slaveOf));
    // Every task that anybody was told of, and every one that an agent had heard of, is known again.
    const known = async (): Promise<ReadonlyMap<string, string>> => {
      const { get_tasks: tasks } = await operator.read("GET_TASKS");
      return new Map((tasks?.tasks ?? []).map(({ task_id: id, state }) => [id.value, state]));
    };
    await eventually("all are known", async () => {
      const tasks = await known();
      return settled.every((id) => tasks.get(id) === "TASK_RUNNING");
    });
    expect(performance.now() - killedAt).toBeLessThan(150_000);
    expect([...pids].filter((pid) => !processesOf(scheduler.frameworkId).includes(pid))).toEqual([]);
    expect(
      [...settled, ...flying]
        .flatMap((id) => [...again.statuses(id), ...scheduler.statuses(id)])
        .map(({ state }) => state),
    ).not.toContain("TASK_LOST");
    // What was in flight either runs or never came to its agent; nothing is left in between.
    await again.reconcile(...flying.map((taskId) => ({ taskId, agentId: offer.agent_id.value })));
    for (const id of flying) await again.status(id, ["TASK_RUNNING", "TASK_LOST"]);
    const lost = flying.filter((id) => again.statuses(id).at(-1)?.state === "TASK_LOST");
    const tasks = await known();
    for (const id of flying) expect(tasks.has(id)).toBe(!lost.includes(id));
  });

  it("mesos.md§8#93 keeps whatever it said yes to", async () => {
    await Promise.all(["gone", "kept"].map((name) => world.startAgent(name)));
    const { id } = await slaveOf("gone");
    const windows = [
      {
        machine_ids: [{ hostname: "far.test", ip: "10.0.0.9" }],
        unavailability: { start: { nanoseconds: 4e18 } },
      },
    ];
    const quota = [{ role: "sure", guarantees: { cpus: { value: 0.5 } }, limits: { cpus: { value: 1 } } }];
    const { id: idle } = await slaveOf("kept");
    // The answer has come, the next moment it dies.
    const done = [
      () => operator.call("MARK_AGENT_GONE", { agent_id: { value: id } }),
      () => operator.call("UPDATE_MAINTENANCE_SCHEDULE", { schedule: { windows } }),
      () => operator.call("UPDATE_QUOTA", { force: true, quota_configs: quota }),
      () => operator.call("UPDATE_WEIGHTS", { weight_infos: [{ role: "sure", weight: 2.5 }] }),
      () => operator.call("DEACTIVATE_AGENT", { agent_id: { value: idle } }),
    ];
    for (const act of done) {
      expect(await act()).toMatchObject({ status: 200 });
      await world.killMaster();
      await world.startMaster();
    }
    expect(await operator.call("MARK_AGENT_GONE", { agent_id: { value: id } })).toMatchObject({
      status: 200,
    });
    expect(await operator.call("DRAIN_AGENT", { agent_id: { value: id } })).toMatchObject({
      status: 400,
      text: expect.stringContaining("gone for ever"),
    });
    expect((await operator.read("GET_MAINTENANCE_SCHEDULE")).get_maintenance_schedule).toEqual({
      schedule: { windows },
    });
    expect((await operator.read("GET_QUOTA")).get_quota?.status.configs).toMatchObject(quota);
    expect((await operator.read("GET_WEIGHTS")).get_weights?.weight_infos).toContainEqual({
      role: "sure",
      weight: 2.5,
    });
    await eventually("the agent is back", async () => (await slaves()).some(({ id: one }) => one === idle));
    expect(await operator.agent(idle)).toMatchObject({ deactivated: true });
  });
});
