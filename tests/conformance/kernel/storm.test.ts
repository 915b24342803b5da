/** F5 and F16: a cluster that starts cold, where everybody comes back at once and clients ask all along. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkPath, linkProtocol } from "#contracts/link/messages.ts";
import { type FramedLink, openFramedLink } from "#foundation/http/index.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { OperatorCalls } from "./operator-calls.ts";
import { frameworkInfo, type SchedulerClient, send } from "./scheduler-client.ts";

const agentCount = 400;
const tasksEach = 5;
const pollers = 20;
const scalar = (name: string, value: number) => ({ name, type: "SCALAR", scalar: { value } });

/** An agent as the master sees one: no processes, a real link. It comes back at once and as often as it must. */
class ManyAgents {
  readonly #url: string;
  readonly #links = new Map<number, FramedLink>();
  readonly ids = new Map<number, string>();
  frameworkId = "";
  #isOver = false;
  /** Answers of the master to registrations, of the present one. */
  registered = 0;

  constructor(url: string) {
    this.#url = url;
  }

  all(): void {
    for (let index = 0; index < agentCount; index += 1) this.#open(index);
  }

  close(): void {
    this.#isOver = true;
    for (const link of this.#links.values()) link.close("over");
  }

  #open(index: number): void {
    const again = (): void => {
      this.#links.delete(index);
      if (!this.#isOver) setTimeout(() => this.#open(index), 50);
    };
    openFramedLink(
      { url: `${this.#url}${linkPath}`, protocol: linkProtocol },
      (link) => {
        this.#links.set(index, link);
        const id = this.ids.get(index);
        link.send({
          kind: "hello",
          versions: { min: 1, max: 1 },
          bootId: `boot-${index}`,
          masterEpoch: 0,
          ...(id === undefined ? {} : { agentId: id }),
        });
        link.send({ ...this.#description(index, id), ...(id === undefined ? {} : this.#lists(index, id)) });
        return {
          onFrame: (frame) => {
            const { kind, agentId } = frame as { readonly kind: string; readonly agentId: string };
            if (kind === "ping") link.send({ kind: "pong" });
            if (kind !== "registered" && kind !== "reregistered") return;
            this.registered += 1;
            this.ids.set(index, agentId);
          },
          onClose: again,
        };
      },
      again,
    );
  }

  #description(index: number, id: string | undefined): object {
    const info = {
      hostname: `host-${index}`,
      port: 5051,
      resources: [scalar("cpus", 4), scalar("mem", 4_096)],
      ...(id === undefined ? {} : { id: { value: id } }),
    };
    return {
      kind: id === undefined ? "register" : "reregister",
      info,
      pid: `slave(1)@10.0.${index >> 8}.${index & 255}:5051`,
      version: "1.11.0",
      capabilities: [],
    };
  }

  #lists(index: number, id: string): object {
    const framework_id = { value: this.frameworkId };
    const tasks = Array.from({ length: tasksEach }, (_, task) => ({
      name: "sleep",
      task_id: { value: `t-${index}-${task}` },
      framework_id,
      agent_id: { value: id },
      state: "TASK_RUNNING",
      resources: [scalar("cpus", 0.1), scalar("mem", 32)],
      statuses: [{ task_id: { value: `t-${index}-${task}` }, state: "TASK_RUNNING", timestamp: 1 }],
    }));
    return { frameworks: [{ ...frameworkInfo(), id: framework_id }], executors: [], tasks };
  }
}

let world: KernelProcesses;
let agents: ManyAgents;
let owner: SchedulerClient;
const quota = [{ role: "sure", guarantees: { cpus: { value: 2 } }, limits: { cpus: { value: 8 } } }];

const figures = async (): Promise<Readonly<Record<string, number>>> =>
  (await world.get("/metrics/snapshot")) as Readonly<Record<string, number>>;

beforeAll(async () => {
  world = await KernelProcesses.start();
  agents = new ManyAgents(world.masterUrl);
  owner = await world.subscribe({}, { suppressed: ["*"] });
  agents.frameworkId = owner.frameworkId;
  const operator = new OperatorCalls(world.masterUrl);
  expect(await operator.call("UPDATE_QUOTA", { force: true, quota_configs: quota })).toMatchObject({
    status: 200,
  });
  agents.all();
  await eventually("all are registered", () => agents.registered === agentCount, 120_000);
}, 300_000);
afterAll(async () => {
  agents?.close();
  await world?.close();
}, 240_000);

describe("a master that is killed with everybody's links", { timeout: 300_000 }, () => {
  it("reliability.md§4#F5 reliability.md§4#F16 has all agents and tasks again when they come at once, answers who asks, and makes offers", async () => {
    await world.killMaster();
    agents.registered = 0;
    await world.startMaster();
    const again = await world.subscribe({}, { frameworkId: owner.frameworkId, suppressed: ["*"] });
    const fresh = await world.subscribe({ name: "fresh", roles: ["fresh"] });
    let isOver = false;
    const answers = new Map<number, number>();
    const polling = Array.from({ length: pollers }, async () => {
      while (!isOver) {
        const { status } = await send(`${world.masterUrl}/state`, { method: "GET" });
        answers.set(status, (answers.get(status) ?? 0) + 1);
      }
    });
    const offered = new Set<string>();
    const offering = (async () => {
      while (!isOver) {
        const offer = await fresh.offer();
        offered.add(offer.agent_id.value);
        await fresh.decline(offer, 0);
      }
    })();
    try {
      await eventually("all are back", () => agents.registered === agentCount, 120_000);
      await eventually("every task is known", async () => {
        const told = await figures();
        return (
          told["master/slaves_active"] === agentCount &&
          told["master/tasks_running"] === agentCount * tasksEach
        );
      });
      // It went on making offers, of those that were back.
      await eventually("offers", () => offered.size > 20);
    } finally {
      isOver = true;
      await fresh.call("REVIVE");
      await Promise.all([...polling, offering]);
    }
    // Right, or told to come again: never anything else.
    expect([...answers.keys()].filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
    expect(answers.get(200)).toBeGreaterThan(0);
    expect(again.events.filter(({ type }) => type === "UPDATE" || type === "FAILURE")).toEqual([]);
    const told = await figures();
    expect(told["master/slave_registrations"] ?? 0).toBe(0);
    expect(told["master/slave_reregistrations"]).toBe(agentCount);
    const operator = new OperatorCalls(world.masterUrl);
    expect((await operator.read("GET_QUOTA")).get_quota?.status.configs).toMatchObject(quota);
    expect(new Set(agents.ids.values()).size).toBe(agentCount);
  });
});
