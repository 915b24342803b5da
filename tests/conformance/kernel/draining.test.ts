/** Rows 84 to 87 of the Mesos checklist, with processes that are killed in between: what operators decide about agents. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses, processesOf } from "./kernel-processes.ts";
import { OperatorCalls } from "./operator-calls.ts";
import { aTask, postJson, type SchedulerClient } from "./scheduler-client.ts";

const on = (agentId: string) => (offer: Offer) => offer.agent_id.value === agentId;
const aware = { capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }] };

let world: KernelProcesses;
let operator: OperatorCalls;

interface Slave {
  readonly id: string;
  readonly hostname: string;
  readonly active: boolean;
  readonly deactivated: boolean;
  readonly drain_info?: { readonly state: string };
}
const slaves = async (): Promise<readonly Slave[]> =>
  ((await world.get("/slaves")) as { readonly slaves: readonly Slave[] }).slaves;
const slave = async (agentId: string) => (await slaves()).find(({ id }) => id === agentId);

/** A new agent; its id. */
async function startAgent(name: string): Promise<string> {
  await world.startAgent(name);
  return eventually(
    `agent ${name}`,
    async () => (await slaves()).find(({ hostname, active }) => active && hostname === `${name}.test`)?.id,
  );
}

async function run(scheduler: SchedulerClient, agentId: string, taskId: string, options = {}): Promise<void> {
  const offer = await scheduler.offer(on(agentId));
  await scheduler.launch(offer, aTask(taskId, offer, options));
  await scheduler.status(taskId, "TASK_RUNNING");
}

const order = async (type: string, agentId: string, more: object = {}) => {
  const { status, text } = await operator.call(type, { agent_id: { value: agentId }, ...more });
  return [status, text];
};
const drained = (agentId: string) =>
  eventually(
    "the agent is drained",
    async () => (await operator.agent(agentId))?.drain_info?.state === "DRAINED",
  );

const subscribed: SchedulerClient[] = [];
async function subscribe(...options: Parameters<KernelProcesses["subscribe"]>): Promise<SchedulerClient> {
  const scheduler = await world.subscribe(...options);
  subscribed.push(scheduler);
  return scheduler;
}

// A framework holds offers that the next test wants.
afterEach(async () => {
  for (const scheduler of subscribed.splice(0)) await scheduler.send("TEARDOWN").catch(() => undefined);
});

beforeAll(async () => {
  world = await KernelProcesses.start({
    pingIntervalMs: 500,
    missedPingsMax: 4,
    agentReregisterTimeoutMs: 20_000,
  });
  operator = new OperatorCalls(world.masterUrl);
}, 240_000);
afterAll(() => world?.close(), 240_000);

describe("draining", { timeout: 60_000 }, () => {
  it("mesos.md§8#84 kills within the grace, tells the reason, is over when all was acknowledged, and can be taken back", async () => {
    const agentId = await startAgent("drains");
    const scheduler = await subscribe();
    await run(scheduler, agentId, "polite");
    await run(scheduler, agentId, "stubborn", {
      command: "trap '' TERM; while :; do sleep 0.1; done",
      more: { kill_policy: { grace_period: { nanoseconds: 600e9 } } },
    });
    const held = await scheduler.offer(on(agentId));
    scheduler.acknowledges = false;
    expect(
      await operator.callProtobuf("DRAIN_AGENT", {
        agent_id: { value: agentId },
        max_grace_period: { seconds: 1 },
      }),
    ).toEqual({ status: 200, text: "" });
    await scheduler.until("RESCIND", () =>
      scheduler.events.find(({ rescind }) => rescind?.offer_id.value === held.id.value),
    );
    for (const taskId of ["polite", "stubborn"])
      expect(await scheduler.status(taskId, "TASK_KILLED")).toMatchObject({
        reason: "REASON_AGENT_DRAINING",
      });

    // Nobody has acknowledged: it is still draining, for everybody who asks.
    const info = { state: "DRAINING", config: { max_grace_period: { nanoseconds: 1e9 }, mark_gone: false } };
    const told = await operator.agent(agentId);
    expect(told).toMatchObject({ active: false, deactivated: true, drain_info: info });
    expect(told?.estimated_drain_start_time?.nanoseconds).toBeGreaterThan(1.5e18);
    expect(await operator.readProtobuf("GET_AGENTS")).toMatchObject({
      get_agents: { agents: [{ deactivated: true, drain_info: { state: "DRAINING", config: info.config } }] },
    });
    expect(await slave(agentId)).toMatchObject({ active: false, deactivated: true, drain_info: info });
    expect(((await world.get("/state")) as { slaves: unknown[] }).slaves).toMatchObject([
      { drain_info: info },
    ]);
    expect(await agentAnswer("drains")).toMatchObject({ drain_config: info.config });
    expect(await order("REACTIVATE_AGENT", agentId)).toEqual([
      400,
      expect.stringContaining("still draining"),
    ]);

    for (const taskId of ["polite", "stubborn"])
      for (const status of scheduler.statuses(taskId))
        if (status.uuid !== undefined) await scheduler.acknowledge(status);
    scheduler.acknowledges = true;
    await drained(agentId);
    await eventually("the agent knows too", async () => !("drain_config" in (await agentAnswer("drains"))));
    expect(scheduler.offers().filter(on(agentId))).toEqual([]);
    expect(await order("REACTIVATE_AGENT", agentId)).toEqual([200, ""]);
    await run(scheduler, agentId, "again");
    expect(await slave(agentId)).toMatchObject({ active: true, deactivated: false });
    expect(await slave(agentId)).not.toHaveProperty("drain_info");
  });

  it("mesos.md§8#84 goes on when master and agent are killed in the middle of it", async () => {
    const agentId = await startAgent("shaken");
    const scheduler = await subscribe();
    await run(scheduler, agentId, "slow", {
      command: "trap '' TERM; while :; do sleep 0.1; done",
      more: { kill_policy: { grace_period: { nanoseconds: 600e9 } } },
    });
    await scheduler.rest();
    expect(await order("DRAIN_AGENT", agentId)).toEqual([200, ""]);
    await world.killMaster();
    await world.killAgent("shaken");
    await world.startMaster();
    const again = await subscribe({}, { frameworkId: scheduler.frameworkId, suppressed: ["*"] });
    await world.startAgent("shaken");
    await eventually(
      "the agent is back",
      async () => (await slave(agentId))?.drain_info?.state === "DRAINING",
    );
    // Asked again: the newer order counts.
    expect(await order("DRAIN_AGENT", agentId, { max_grace_period: { seconds: 0 } })).toEqual([200, ""]);
    expect(await again.status("slow", "TASK_KILLED")).toMatchObject({ reason: "REASON_AGENT_DRAINING" });
    await drained(agentId);
  });

  it("mesos.md§8#85 with mark_gone ends with an agent that is gone for ever", async () => {
    const agentId = await startAgent("leaves");
    const [knowing, older] = [await subscribe(aware), await subscribe()];
    await run(knowing, agentId, "precise");
    await knowing.rest();
    await run(older, agentId, "plain");
    expect(await order("DRAIN_AGENT", agentId, { mark_gone: true })).toEqual([200, ""]);
    expect(await knowing.status("precise", "TASK_GONE_BY_OPERATOR")).toMatchObject({
      reason: "REASON_AGENT_DRAINING",
    });
    expect(await older.status("plain", "TASK_KILLED")).toMatchObject({ reason: "REASON_AGENT_DRAINING" });
    await knowing.until("FAILURE", () =>
      knowing.events.find(({ failure }) => failure?.agent_id?.value === agentId),
    );
    // So that a supervisor does not start it again.
    expect(await world.agentEnded("leaves")).toBe(3);
    expect(await slave(agentId)).toBeUndefined();
    expect(await order("MARK_AGENT_GONE", agentId)).toEqual([200, ""]);
    expect(await order("DRAIN_AGENT", agentId)).toEqual([400, expect.stringContaining("gone for ever")]);
    const before = knowing.statuses("precise").length;
    await knowing.reconcile({ taskId: "precise", agentId });
    expect(await knowing.status("precise", "TASK_GONE_BY_OPERATOR", before)).toMatchObject({
      reason: "REASON_RECONCILIATION",
    });
  });
});

describe("deactivating", { timeout: 60_000 }, () => {
  it("mesos.md§8#86 offers nothing more, lets tasks run, and outlives the master", async () => {
    const agentId = await startAgent("idle");
    const scheduler = await subscribe();
    await run(scheduler, agentId, "stays");
    const held = await scheduler.offer(on(agentId));
    expect(await order("DEACTIVATE_AGENT", agentId)).toEqual([200, ""]);
    await scheduler.until("RESCIND", () =>
      scheduler.events.find(({ rescind }) => rescind?.offer_id.value === held.id.value),
    );
    expect(await operator.agent(agentId)).toMatchObject({ active: false, deactivated: true });
    await world.killMaster();
    await world.startMaster();
    const again = await subscribe({}, { frameworkId: scheduler.frameworkId });
    await eventually("the agent is back", async () => (await slave(agentId)) !== undefined);
    expect(await slave(agentId)).toMatchObject({ active: false, deactivated: true });
    await again.reconcile({ taskId: "stays" });
    await again.status("stays", "TASK_RUNNING");
    // Another agent's offer comes, so that this one's would have come too.
    const other = await startAgent("busy");
    await again.offer(on(other));
    expect(again.offers().filter(on(agentId))).toEqual([]);
    expect(await order("REACTIVATE_AGENT", agentId)).toEqual([200, ""]);
    await run(again, agentId, "more");
    expect(again.statuses("stays").at(-1)?.state).toBe("TASK_RUNNING");
  });

  it.each([
    ["DEACTIVATE_AGENT", 400, "there is no agent"],
    ["REACTIVATE_AGENT", 400, "there is no agent"],
    ["DRAIN_AGENT", 400, "there is no agent"],
    ["MARK_AGENT_GONE", 404, "there is no agent"],
  ])("%s of an agent that nobody knows is refused", async (type, status, text) => {
    expect(await order(type, "nobody")).toEqual([status, expect.stringContaining(text)]);
    expect(await postJson(`${world.masterUrl}/api/v1`, { type })).toMatchObject({
      status: 400,
      text: `Expecting '${type.toLowerCase()}' to be present`,
    });
  });
});

describe("marking gone", { timeout: 60_000 }, () => {
  it("mesos.md§8#87 ends tasks by the operator's word, shuts the agent down, and its id is refused for ever", async () => {
    const agentId = await startAgent("doomed");
    const [knowing, older] = [await subscribe(aware), await subscribe()];
    await run(knowing, agentId, "precise");
    await knowing.rest();
    await run(older, agentId, "plain");
    world.freezeAgent("doomed");
    expect(await order("MARK_AGENT_GONE", agentId)).toEqual([200, ""]);
    expect(await knowing.status("precise", "TASK_GONE_BY_OPERATOR")).toMatchObject({
      source: "SOURCE_MASTER",
      reason: "REASON_AGENT_REMOVED_BY_OPERATOR",
    });
    expect(await older.status("plain", "TASK_LOST")).toMatchObject({ reason: "REASON_AGENT_REMOVED" });
    expect(processesOf(knowing.frameworkId)).not.toEqual([]);
    // Whatever it did not hear of: the next master refuses it too.
    await world.killMaster();
    await world.startMaster();
    world.thawAgent("doomed");
    expect(await world.agentEnded("doomed")).toBe(3);
    await eventually("its tasks are dead", () =>
      [knowing, older].every(({ frameworkId }) => processesOf(frameworkId).length === 0),
    );
    expect(await order("MARK_AGENT_GONE", agentId)).toEqual([200, ""]);
    // Its machine comes back as another agent.
    const next = await startAgent("doomed");
    expect(next).not.toBe(agentId);
  });
});

async function agentAnswer(name: string): Promise<object> {
  const { text } = await postJson(`${world.agentUrl(name)}/api/v1`, { type: "GET_AGENT" });
  return (JSON.parse(text) as { readonly get_agent: object }).get_agent;
}
