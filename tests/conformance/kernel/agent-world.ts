/** A real master and a real agent in this process, and a scheduler that speaks the v1 API, for conformance tests. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  CommandInfo,
  Offer,
  SchedulerEvent,
  TaskInfo,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import { createHttpClient, RecordDecoder } from "#foundation/http/index.ts";
import { silentLogger } from "#foundation/telemetry/index.ts";
import type { AgentEnvironment } from "#kernel/agent/config.ts";
import { type RunningAgent, start as startAgent } from "#kernel/agent/main.ts";
import { type RunningMaster, start as startMaster } from "#kernel/master/main.ts";
import { eventually } from "../../harness/cluster.ts";

const waitMs = 60_000;

export class KernelWorld {
  readonly dir = mkdtempSync(join(tmpdir(), "keelson-agent-"));
  readonly #client = createHttpClient();
  readonly #closers: (() => Promise<void> | void)[] = [];
  #master: RunningMaster | undefined;
  #agent: RunningAgent | undefined;

  static async start(options: Partial<AgentEnvironment> = {}): Promise<KernelWorld> {
    const world = new KernelWorld();
    // Tasks of other users pass through it to their volumes, as they do in a real data directory.
    chmodSync(world.dir, 0o711);
    world.#master = await startMaster({
      host: "127.0.0.1",
      port: 0,
      dataDir: join(world.dir, "kernel"),
      log: silentLogger,
    });
    await world.startAgent(options);
    return world;
  }

  get masterUrl(): string {
    return this.#master?.info.url ?? "";
  }

  get agentUrl(): string {
    return this.#agent?.info.url ?? "";
  }

  async startAgent(options: Partial<AgentEnvironment> = {}): Promise<void> {
    this.#agent = await startAgent({
      host: "127.0.0.1",
      port: 0,
      dataDir: join(this.dir, "agent-0"),
      masterUrl: this.masterUrl,
      resources: "cpus:4;mem:2048;disk:1000;ports:[31000-31099]",
      log: silentLogger,
      ...options,
    });
  }

  /** As a process that ends: its tasks go on. */
  async stopAgent(): Promise<void> {
    await this.#agent?.close();
    this.#agent = undefined;
  }

  async subscribe(info: object = {}): Promise<Scheduler> {
    const scheduler = new Scheduler(this.masterUrl, this.#client);
    this.#closers.push(() => scheduler.teardown());
    await scheduler.subscribe(info);
    return scheduler;
  }

  async get(
    path: string,
  ): Promise<{ readonly status: number; readonly body: Buffer; readonly json: () => unknown }> {
    const { status, body } = await this.#client.send(
      { method: "GET", url: `${this.agentUrl}${path}` },
      waitMs,
    );
    return { status, body, json: () => JSON.parse(body.toString()) as unknown };
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
    if (this.#agent !== undefined) await this.#untilNothingRuns();
    await this.#agent?.close();
    await this.#master?.close();
    await this.#client.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** A test leaves no process behind; its frameworks were torn down, which ends their tasks. */
  #untilNothingRuns(): Promise<unknown> {
    return eventually("every task of the test ended", async () => {
      const metrics = (await this.get("/metrics/snapshot")).json() as Readonly<Record<string, number>>;
      return metrics["slave/frameworks_active"] === 0;
    });
  }
}

export class Scheduler {
  readonly #url: string;
  readonly #client: ReturnType<typeof createHttpClient>;
  readonly events: SchedulerEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #streamId = "";
  frameworkId = "";
  /** Updates are acknowledged as they come. */
  acknowledges = true;
  #number = 0;
  #torn = false;

  constructor(masterUrl: string, client: ReturnType<typeof createHttpClient>) {
    this.#url = `${masterUrl}/api/v1/scheduler`;
    this.#client = client;
  }

  async subscribe(info: object): Promise<void> {
    const decoder = new RecordDecoder();
    const body = {
      type: "SUBSCRIBE",
      subscribe: {
        framework_info: {
          user: "",
          name: "conformance",
          roles: ["*"],
          checkpoint: true,
          failover_timeout: 600,
          capabilities: [{ type: "MULTI_ROLE" }],
          ...info,
        },
      },
    };
    this.#client.stream(
      {
        method: "POST",
        url: this.#url,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      },
      {
        onHead: (_status, headers) => {
          this.#streamId = String(headers["mesos-stream-id"] ?? "");
        },
        onData: (piece) => {
          for (const record of decoder.push(piece))
            this.#take(JSON.parse(record.toString()) as SchedulerEvent);
        },
        onEnd: () => undefined,
      },
    );
    const subscribed = await this.until("SUBSCRIBED", () =>
      this.events.find(({ type }) => type === "SUBSCRIBED"),
    );
    this.frameworkId = subscribed.subscribed?.framework_id.value ?? "";
  }

  async call(type: string, fields: object = {}): Promise<void> {
    const answer = await this.#client.send(
      {
        method: "POST",
        url: this.#url,
        headers: { "content-type": "application/json", "mesos-stream-id": this.#streamId },
        body: JSON.stringify({ framework_id: { value: this.frameworkId }, type, ...fields }),
      },
      waitMs,
    );
    if (answer.status !== 202) throw new Error(`${type}: ${answer.status} ${answer.body.toString()}`);
  }

  /** Launches on the next offer; the task's id. Without a command it has an executor in `more`. */
  async launch(
    command: object | undefined,
    more: Partial<TaskInfo> & { readonly mem?: number } = {},
    suits?: (offer: Offer) => boolean,
  ): Promise<string> {
    const { mem = 32, ...task } = more;
    const scalar = (name: string, value: number) => ({
      name,
      type: "SCALAR" as const,
      scalar: { value },
      allocation_info: { role: "*" },
    });
    return this.launchOn(
      () => ({
        // Whatever a test sends is what goes out.
        command: command as CommandInfo,
        resources: [scalar("cpus", 0.1), scalar("mem", mem)],
        ...task,
      }),
      suits,
    );
  }

  /** What is launched depends on the next offer that suits; the task's id. */
  async launchOn(
    describe: (offer: Offer) => Partial<TaskInfo>,
    suits: (offer: Offer) => boolean = () => true,
  ): Promise<string> {
    const offer = await this.until("an offer that suits", () => this.takeOffer(suits));
    this.#number += 1;
    const id = `task-${this.#number}`;
    await this.call("ACCEPT", {
      accept: {
        offer_ids: [offer.id],
        operations: [
          {
            type: "LAUNCH",
            launch: {
              task_infos: [
                {
                  name: id,
                  task_id: { value: id },
                  agent_id: offer.agent_id,
                  ...describe(offer),
                },
              ],
            },
          },
        ],
        filters: { refuse_seconds: 0 },
      },
    });
    return id;
  }

  shell(value: string, more: Partial<TaskInfo> & { readonly mem?: number } = {}): Promise<string> {
    return this.launch({ shell: true, value }, more);
  }

  async kill(taskId: string, graceSeconds?: number): Promise<void> {
    await this.call("KILL", {
      kill: {
        task_id: { value: taskId },
        ...(graceSeconds === undefined
          ? {}
          : { kill_policy: { grace_period: { nanoseconds: Math.round(graceSeconds * 1e9) } } }),
      },
    });
  }

  statuses(taskId: string): readonly TaskStatus[] {
    return this.events.flatMap((event) =>
      event.update?.status.task_id.value === taskId ? [event.update.status] : [],
    );
  }

  status(taskId: string, state: string): Promise<TaskStatus> {
    return this.until(`${taskId} in ${state}`, () =>
      this.statuses(taskId).find((status) => status.state === state),
    );
  }

  /** The first terminal status. */
  ended(taskId: string): Promise<TaskStatus> {
    return this.until(`the end of ${taskId}`, () =>
      this.statuses(taskId).find(({ state }) =>
        /TASK_(FINISHED|FAILED|KILLED|ERROR|LOST|DROPPED|GONE)/.test(state),
      ),
    );
  }

  async acknowledge(status: TaskStatus): Promise<void> {
    await this.call("ACKNOWLEDGE", {
      acknowledge: { agent_id: status.agent_id, task_id: status.task_id, uuid: status.uuid },
    });
  }

  async teardown(): Promise<void> {
    if (this.#torn) return;
    this.#torn = true;
    await this.call("TEARDOWN").catch(() => undefined);
  }

  /** Looks again at every event, up to a deadline that is only there to end a failing test. */
  until<Found>(what: string, look: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const told = (): string =>
        this.events
          .map(({ type, update }) => `${type} ${update?.status.state ?? ""} ${update?.status.message ?? ""}`)
          .join("; ");
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`never came: ${what}; there was: ${told()}`));
      }, waitMs);
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }

  takeOffer(suits: (offer: Offer) => boolean = () => true): Offer | undefined {
    const rescinded = new Set(this.events.map(({ rescind }) => rescind?.offer_id.value));
    for (const event of this.events) {
      const offer = event.offers?.offers?.[0];
      if (offer === undefined || rescinded.has(offer.id.value) || !suits(offer)) continue;
      this.events.splice(this.events.indexOf(event), 1);
      return offer;
    }
    return undefined;
  }

  #take(event: SchedulerEvent): void {
    this.events.push(event);
    const status = event.update?.status;
    if (this.acknowledges && status?.uuid !== undefined) void this.acknowledge(status).catch(() => undefined);
    for (const check of [...this.#waiting]) check();
  }
}
