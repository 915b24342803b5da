/** Rows 37 to 39, 88, 112 and 115 of the Mesos checklist: what is said of tasks whose agents come and go. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Offer, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { aTask, type SchedulerClient, StrictRecords } from "./scheduler-client.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const of = (name: string) => (offer: Offer) => offer.hostname === `${name}.test`;

/** The two kinds of framework, and what each is told where they differ. */
const kinds = [
  {
    name: "PARTITION_AWARE",
    info: { capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }] },
    gone: "TASK_GONE",
    unreachable: "TASK_UNREACHABLE",
    unknown: "TASK_UNKNOWN",
  },
  { name: "older", info: {}, gone: "TASK_LOST", unreachable: "TASK_LOST", unknown: "TASK_LOST" },
] as const;

let world: KernelProcesses;
let steady: string;
let shaky: string;

interface Agents {
  readonly slaves: readonly { readonly id: string; readonly hostname: string; readonly active: boolean }[];
  readonly recovered_slaves: readonly { readonly id: string }[];
}
const agents = async (): Promise<Agents> => (await world.get("/slaves")) as Agents;
const agentId = (name: string): Promise<string> =>
  eventually(
    `agent ${name}`,
    async () =>
      (await agents()).slaves.find(({ hostname, active }) => active && hostname === `${name}.test`)?.id,
  );

beforeAll(async () => {
  world = await KernelProcesses.start({
    pingIntervalMs: 500,
    missedPingsMax: 4,
    agentReregisterTimeoutMs: 6_000,
  });
  await Promise.all([world.startAgent("steady"), world.startAgent("shaky")]);
  [steady, shaky] = [await agentId("steady"), await agentId("shaky")];
}, 240_000);
afterAll(() => world?.close(), 240_000);

/** Asks about one task; the answer, which must be the master's own. */
async function ask(scheduler: SchedulerClient, taskId: string, agent?: string): Promise<TaskStatus> {
  const before = scheduler.statuses(taskId).length;
  await scheduler.reconcile({ taskId, ...(agent === undefined ? {} : { agentId: agent }) });
  const answer = await scheduler.until(`an answer about ${taskId}`, () => scheduler.statuses(taskId)[before]);
  expect(answer).toMatchObject({ source: "SOURCE_MASTER", reason: "REASON_RECONCILIATION" });
  expect([answer.uuid, answer.data, answer.labels]).toEqual([undefined, undefined, undefined]);
  return answer;
}

/** Has a task run on an agent, and wants no other offers for now. */
async function runOn(scheduler: SchedulerClient, name: string, taskId: string): Promise<void> {
  const offer = await scheduler.offer(of(name));
  await scheduler.launch(offer, aTask(taskId, offer));
  await scheduler.status(taskId, "TASK_RUNNING");
}

describe("with every agent there", () => {
  it("mesos.md§8#37 a question about nothing in particular is answered with every live task and no other", async () => {
    const scheduler = await world.subscribe();
    const offer = await scheduler.offer(of("steady"));
    const tasks = ["lives", "lives-too", "ends", "killed"];
    const commands = ["sleep 1000", "sleep 1000", "exit 0", "sleep 1000"];
    await scheduler.launch(
      offer,
      ...tasks.map((id, index) => aTask(id, offer, { command: commands[index] ?? "" })),
    );
    await scheduler.status("killed", "TASK_RUNNING");
    await scheduler.kill("killed");
    for (const [id, state] of [
      ["lives", "RUNNING"],
      ["lives-too", "RUNNING"],
      ["ends", "FINISHED"],
      ["killed", "KILLED"],
    ])
      await scheduler.status(id ?? "", `TASK_${state}`);
    // The master has the acknowledgements before what is asked next on the same connection, or soon after.
    const answers = await eventually("only live tasks", async () => {
      const before = scheduler.events.length;
      await scheduler.reconcile();
      await scheduler.reconcile({ taskId: `end-${before}` });
      await scheduler.status(`end-${before}`, "TASK_LOST");
      const told = scheduler.events
        .slice(before)
        .flatMap(({ update }) => update?.status ?? [])
        .slice(0, -1);
      return told.length === 2 && told;
    });
    expect(answers.map(({ task_id }) => task_id.value).sort()).toEqual(["lives", "lives-too"]);
    for (const status of answers) {
      expect(status).toMatchObject({
        state: "TASK_RUNNING",
        source: "SOURCE_MASTER",
        reason: "REASON_RECONCILIATION",
        agent_id: offer.agent_id,
      });
      expect(status.uuid).toBeUndefined();
    }
    await scheduler.teardown();
  });

  it.each(kinds)(
    "mesos.md§8#38 a $name framework is told of known tasks, and what became of others",
    async (kind) => {
      const scheduler = await world.subscribe(kind.info);
      scheduler.acknowledges = false;
      const offer = await scheduler.offer(of("steady"));
      await scheduler.launch(offer, aTask("known", offer, { command: "exit 0" }));
      const told = await scheduler.status("known", "TASK_STARTING");
      // The state that was told last, though the task is further by now.
      for (const agent of [steady, undefined, "nobody"]) {
        const answer = await ask(scheduler, "known", agent);
        expect(answer).toMatchObject({ state: "TASK_STARTING", agent_id: { value: steady } });
      }
      await scheduler.acknowledge(told);
      await scheduler.acknowledge(await scheduler.status("known", "TASK_RUNNING"));
      await scheduler.acknowledge(await scheduler.status("known", "TASK_FINISHED"));
      await eventually(
        "the task is over",
        async () => (await ask(scheduler, "known", steady)).state === kind.gone,
      );
      expect((await ask(scheduler, "never", steady)).state).toBe(kind.gone);
      expect((await ask(scheduler, "never", "nobody")).state).toBe(kind.unknown);
      const nowhere = await ask(scheduler, "never");
      expect([nowhere.state, nowhere.agent_id, nowhere.unreachable_time]).toEqual([
        kind.unknown,
        undefined,
        undefined,
      ]);
      await scheduler.teardown();
    },
  );
});

describe("an agent that does not answer", () => {
  /** Events of the operator's stream, by type. */
  async function watch(): Promise<{ readonly types: () => readonly string[]; readonly stop: () => void }> {
    const abort = new AbortController();
    const answer = await fetch(`${world.masterUrl}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "SUBSCRIBE" }),
      signal: abort.signal,
    });
    const types: string[] = [];
    const read = async (): Promise<void> => {
      const records = new StrictRecords();
      for await (const piece of answer.body ?? []) {
        for (const record of records.push(Buffer.from(piece)))
          types.push((JSON.parse(record.toString()) as { readonly type: string }).type);
      }
    };
    read().catch(() => undefined);
    return { types: () => types, stop: () => abort.abort() };
  }

  let operator: Awaited<ReturnType<typeof watch>>;
  /** A framework of each kind, with a task on the agent. */
  let schedulers: readonly (readonly [(typeof kinds)[number], SchedulerClient])[];
  /** One more, with an offer of the agent outstanding. */
  let holder: SchedulerClient;
  let held: Offer;
  beforeAll(async () => {
    operator = await watch();
    schedulers = [
      [kinds[0], await withTask(kinds[0].info)],
      [kinds[1], await withTask(kinds[1].info)],
    ];
    holder = await world.subscribe();
    held = await holder.offer(of("shaky"));
    world.freezeAgent("shaky");
    await holder.until("FAILURE", () => holder.events.find(({ type }) => type === "FAILURE"));
  });
  afterAll(async () => {
    world?.thawAgent("shaky");
    operator?.stop();
    for (const [, scheduler] of schedulers) await scheduler.teardown();
    await holder.teardown();
  });

  async function withTask(info: object): Promise<SchedulerClient> {
    const scheduler = await world.subscribe(info);
    await runOn(scheduler, "shaky", "there");
    await scheduler.rest();
    return scheduler;
  }

  it("mesos.md§8#115 its loss is told as RESCIND, UPDATE and FAILURE", async () => {
    await holder.until("RESCIND", () =>
      holder.events.find(({ rescind }) => rescind?.offer_id.value === held.id.value),
    );
    for (const [{ unreachable }, scheduler] of schedulers) {
      await scheduler.status("there", unreachable);
      const { failure } = await scheduler.until("FAILURE", () =>
        scheduler.events.find(({ type }) => type === "FAILURE"),
      );
      expect(failure).toEqual({ agent_id: { value: shaky } });
    }
  });

  it("mesos.md§8#38 makes every answer about it UNREACHABLE, or LOST, with the time since when", async () => {
    for (const [{ unreachable, unknown }, scheduler] of schedulers) {
      for (const task of ["there", "never"]) {
        const answer = await ask(scheduler, task, shaky);
        expect([answer.state, answer.agent_id?.value]).toEqual([unreachable, shaky]);
        expect(answer.unreachable_time?.nanoseconds).toBeGreaterThan(1.5e18);
      }
      expect((await ask(scheduler, "there")).state).toBe(unknown);
    }
  });

  it("mesos.md§8#112 keeps the ids of its tasks: another task of that id ends in TASK_ERROR", async () => {
    await holder.rest();
    for (const [, scheduler] of schedulers) {
      await scheduler.call("REVIVE");
      const offer = await scheduler.offer(of("steady"));
      await scheduler.launch(offer, aTask("there", offer));
      const refused = await scheduler.status("there", "TASK_ERROR");
      expect(refused).toMatchObject({ source: "SOURCE_MASTER", reason: "REASON_TASK_INVALID" });
      expect(refused.uuid).toBeUndefined();
      await scheduler.rest();
    }
  });

  it("mesos.md§8#88 reliability.md§4#F8 is unreachable, its tasks too, and when it answers again they run again", async () => {
    for (const [{ unreachable }, scheduler] of schedulers) {
      const lost = await scheduler.status("there", unreachable);
      expect(lost).toMatchObject({
        source: "SOURCE_MASTER",
        reason: "REASON_AGENT_REMOVED",
        agent_id: { value: shaky },
      });
      expect(lost.uuid).toBeUndefined();
      expect(lost.unreachable_time?.nanoseconds).toBeGreaterThan(1.5e18);
    }
    await eventually("AGENT_REMOVED", () => operator.types().includes("AGENT_REMOVED"));
    expect((await agents()).slaves.map(({ id }) => id)).toEqual([steady]);

    const before = schedulers.map(([, scheduler]) => scheduler.statuses("there").length);
    world.thawAgent("shaky");
    for (const [index, [, scheduler]] of schedulers.entries()) {
      const back = await scheduler.status("there", "TASK_RUNNING", before[index]);
      expect(back).toMatchObject({
        source: "SOURCE_MASTER",
        reason: "REASON_AGENT_REREGISTERED",
        agent_id: { value: shaky },
      });
      expect(back.uuid).toBeUndefined();
      expect((await ask(scheduler, "there", shaky)).state).toBe("TASK_RUNNING");
    }
    expect(await agentId("shaky")).toBe(shaky);
  });
});

describe("a new master", () => {
  it("mesos.md§8#39 mesos.md§8#38 says nothing of tasks on agents it waits for, then what it knows", async () => {
    const infos = kinds.map(({ info, name }) => ({ ...info, name, failover_timeout: 600 }));
    const before: SchedulerClient[] = [];
    for (const info of infos) {
      const scheduler = await world.subscribe(info);
      await runOn(scheduler, "shaky", "away");
      await runOn(scheduler, "steady", "back");
      await scheduler.rest();
      before.push(scheduler);
    }
    world.freezeAgent("shaky");
    await world.killMaster();
    await world.startMaster();
    expect(await agentId("steady")).toBe(steady);
    const after: SchedulerClient[] = [];
    for (const [index, info] of infos.entries()) {
      const { frameworkId } = before[index] as SchedulerClient;
      after.push(await world.subscribe(info, { frameworkId, suppressed: ["*"] }));
    }
    for (const [index, scheduler] of after.entries()) {
      expect(scheduler.frameworkId).toBe(before[index]?.frameworkId);
      await scheduler.reconcile({ taskId: "away", agentId: shaky }, { taskId: "away" }, { taskId: "never" });
      expect((await ask(scheduler, "back", steady)).state).toBe("TASK_RUNNING");
      expect((await ask(scheduler, "other", steady)).state).toBe(kinds[index]?.gone);
    }
    await pause(1_000);
    expect((await agents()).recovered_slaves.map(({ id }) => id)).toEqual([shaky]);
    for (const scheduler of after)
      expect([...scheduler.statuses("away"), ...scheduler.statuses("never")]).toEqual([]);

    await eventually(
      "the master gave the agent up",
      async () => (await agents()).recovered_slaves.length === 0,
    );
    for (const [index, scheduler] of after.entries()) {
      expect((await ask(scheduler, "away", shaky)).state).toBe(kinds[index]?.unreachable);
      expect((await ask(scheduler, "never")).state).toBe(kinds[index]?.unknown);
    }
    const seen = after.map((scheduler) => scheduler.statuses("away").length);
    world.thawAgent("shaky");
    for (const [index, scheduler] of after.entries()) {
      await scheduler.status("away", "TASK_RUNNING", seen[index] ?? 0);
      expect((await ask(scheduler, "away")).state).toBe("TASK_RUNNING");
      await scheduler.teardown();
    }
  });
});
