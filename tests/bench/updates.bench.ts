/**
 * Status updates end to end, over real sockets: a master process, agents in a process of their own with a connection each,
 * and a scheduler that launches over HTTP, reads its stream and acknowledges every update with a call. CPU is the master's.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import type { SchedulerEvent, TaskInfo, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { RecordDecoder } from "#foundation/http/index.ts";
import { KernelProcesses } from "../conformance/kernel/kernel-processes.ts";
import { agentsOf } from "./agents-process.ts";
import { type Benchmark, type Figure, percentile } from "./frame.ts";
import { frameworkInfo, taskResources } from "./kernel-cores.ts";
import { cpuSecondsOf } from "./processes.ts";

const tasksPerAgent = 10;
const deadlineMs = 600_000;

/** A scheduler that launches as many tasks as fit its plan on each agent and acknowledges what it is told. */
class Scheduler {
  readonly #url: string;
  readonly #calls = new Agent({ keepAlive: true, maxSockets: 32 });
  readonly #launchedAt = new Map<string, number>();
  readonly #wanted: number;
  readonly delays: number[] = [];
  readonly done: Promise<void>;
  #finish: () => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;
  #stream: ReturnType<typeof httpRequest> | undefined;
  #streamId = "";
  #frameworkId = "";
  #acknowledged = 0;

  constructor(masterUrl: string, tasks: number) {
    this.#url = `${masterUrl}/api/v1/scheduler`;
    this.#wanted = tasks;
    this.done = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
  }

  start(): void {
    const records = new RecordDecoder();
    const headers = { "content-type": "application/json" };
    this.#stream = httpRequest(this.#url, { method: "POST", headers, agent: false }, (response) => {
      this.#streamId = String(response.headers["mesos-stream-id"]);
      response.on("data", (piece: Buffer) => {
        for (const record of records.push(piece)) this.#take(JSON.parse(String(record)) as SchedulerEvent);
      });
    });
    this.#stream.on("error", this.#fail);
    this.#stream.end(
      JSON.stringify({ type: "SUBSCRIBE", subscribe: { framework_info: frameworkInfo("updates") } }),
    );
  }

  close(): void {
    this.#stream?.destroy();
    this.#calls.destroy();
  }

  #take({ subscribed, offers, update }: SchedulerEvent): void {
    if (subscribed !== undefined) this.#frameworkId = subscribed.framework_id.value;
    for (const { id, agent_id } of offers?.offers ?? []) {
      const task_infos = this.#tasksFor(agent_id.value);
      const filters = { refuse_seconds: 3_600 };
      const operations = [{ type: "LAUNCH", launch: { task_infos } }];
      void this.#call("ACCEPT", { accept: { offer_ids: [id], operations, filters } });
    }
    if (update !== undefined) void this.#told(update.status);
  }

  #tasksFor(agentId: string): readonly TaskInfo[] {
    return Array.from({ length: tasksPerAgent }, () => {
      const id = `task.${this.#launchedAt.size}`;
      this.#launchedAt.set(id, performance.now());
      return {
        name: "sleep",
        task_id: { value: id },
        agent_id: { value: agentId },
        resources: taskResources,
        command: { value: "sleep 1000", shell: true },
      };
    });
  }

  async #told({ agent_id, task_id, uuid, state, message }: TaskStatus): Promise<void> {
    if (state !== "TASK_RUNNING") return this.#fail(new Error(`${task_id.value} is ${state}: ${message}`));
    this.delays.push(performance.now() - (this.#launchedAt.get(task_id.value) ?? 0));
    await this.#call("ACKNOWLEDGE", { acknowledge: { agent_id, task_id, uuid } });
    this.#acknowledged += 1;
    if (this.#acknowledged === this.#wanted) this.#finish();
  }

  #call(type: string, fields: object): Promise<void> {
    const body = JSON.stringify({ framework_id: { value: this.#frameworkId }, type, ...fields });
    const headers = { "content-type": "application/json", "mesos-stream-id": this.#streamId };
    return new Promise((resolve) => {
      const answered = (response: IncomingMessage): void => {
        response.resume();
        response.once("end", resolve);
        if (response.statusCode !== 202)
          this.#fail(new Error(`${type} was answered with ${response.statusCode}`));
      };
      const call = httpRequest(this.#url, { method: "POST", headers, agent: this.#calls }, answered);
      call.once("error", this.#fail);
      call.end(body);
    });
  }
}

async function run(agents: number): Promise<Figure> {
  const tasks = agents * tasksPerAgent;
  const world = await KernelProcesses.start();
  const child = await agentsOf({ masterUrl: world.masterUrl, agents });
  const scheduler = new Scheduler(world.masterUrl, tasks);
  const late = setTimeout(() => world.killMaster(), deadlineMs);
  try {
    const before = cpuSecondsOf(world.masterPid);
    const started = performance.now();
    scheduler.start();
    await scheduler.done;
    const wallSeconds = (performance.now() - started) / 1000;
    return {
      size: agents,
      operations: tasks,
      cpuMicros: ((cpuSecondsOf(world.masterPid) - before) * 1e6) / tasks,
      wallSeconds,
      rssMib: Number.NaN,
      more: {
        updatesPerSecond: tasks / wallSeconds,
        p50Ms: percentile(scheduler.delays, 0.5),
        p99Ms: percentile(scheduler.delays, 0.99),
      },
    };
  } finally {
    clearTimeout(late);
    scheduler.close();
    child.kill();
    await world.close();
  }
}

export const benchmarks: readonly Benchmark[] = [
  {
    name: "updates",
    operation: `one task launched over HTTP, said to run by its agent and acknowledged over HTTP; n agents with a real connection each, ${tasksPerAgent} tasks an agent`,
    target: "≥ 1,000 acknowledged updates a second (1 ms)",
    sizes: [100, 1_000, 4_000],
    isInProcess: false,
    run,
  },
];
