/** An agent of the soak: it runs what it is told, for as long as each task lives, and tells until it is acknowledged. */
import type { FrameworkInfo, TaskState, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster, LinkTask, MasterToAgent, RunTask } from "#contracts/link/messages.ts";
import type { Random } from "#foundation/base/random.ts";
import { agentResources } from "../bench/kernel-cores.ts";

interface SoakTask {
  readonly frameworkId: string;
  readonly taskId: string;
  readonly wire: LinkTask;
  readonly endsAt: number;
  state: TaskState;
  /** Told and not acknowledged. */
  pending: TaskStatus | undefined;
}

const meanLifeMs = 60_000;
const ended: ReadonlySet<TaskState> = new Set(["TASK_FINISHED", "TASK_KILLED"]);

export class SoakAgent {
  readonly index: number;
  /** A new one with every link. */
  connection: string | undefined;
  agentId: string | undefined;
  /** It answers nothing until then. */
  frozenUntil = 0;
  readonly #random: Random;
  readonly #tasks = new Map<string, SoakTask>();
  readonly #frameworks = new Map<string, FrameworkInfo>();
  #links = 0;

  constructor(index: number, random: Random) {
    this.index = index;
    this.#random = random;
  }

  get tasks(): number {
    return this.#tasks.size;
  }

  /** A new link, and what an agent says first on it. */
  connect(): AgentToMaster {
    this.#links += 1;
    this.connection = `agent-${this.index}-${this.#links}`;
    const description = {
      info: {
        hostname: `host-${this.index}`,
        port: 5051,
        resources: agentResources,
        ...(this.agentId === undefined ? {} : { id: { value: this.agentId } }),
      },
      pid: `slave(1)@10.${(this.index >> 16) & 255}.${(this.index >> 8) & 255}.${this.index & 255}:5051`,
      version: "1.11.0",
      capabilities: [],
    };
    if (this.agentId === undefined) return { kind: "register", ...description };
    return {
      kind: "reregister",
      ...description,
      frameworks: [...this.#frameworks.values()],
      executors: [],
      tasks: [...this.#tasks.values()].map(({ wire, state }) => ({ ...wire, state })),
    };
  }

  /** What it says to what it hears. */
  hear(message: MasterToAgent, now: number): readonly AgentToMaster[] {
    switch (message.kind) {
      case "registered":
      case "reregistered":
        this.agentId = message.agentId;
        return [...this.#tasks.values()].flatMap((task) => this.#telling(task));
      case "ping":
        return [{ kind: "pong" }];
      case "runTask":
        return this.#run(message, now);
      case "killTask": {
        const task = this.#tasks.get(keyOf(message));
        return task === undefined || ended.has(task.state) ? [] : this.#becomes(task, "TASK_KILLED", now);
      }
      case "acknowledge":
        return this.#acknowledged(message, now);
      case "shutdownFramework":
        for (const [key, { frameworkId }] of this.#tasks)
          if (frameworkId === message.frameworkId) this.#tasks.delete(key);
        this.#frameworks.delete(message.frameworkId);
        return [];
      case "refused":
      case "shutdownAgent":
        this.#tasks.clear();
        this.#frameworks.clear();
        this.agentId = undefined;
        return [];
      default:
        return [];
    }
  }

  /** Tasks whose time is over. */
  tick(now: number): readonly AgentToMaster[] {
    const says: AgentToMaster[] = [];
    for (const task of this.#tasks.values())
      if (task.endsAt <= now && task.pending === undefined && task.state === "TASK_RUNNING")
        says.push(...this.#becomes(task, "TASK_FINISHED", now));
    return says;
  }

  #run({ framework, task, resources, role }: RunTask, now: number): readonly AgentToMaster[] {
    const frameworkId = framework.id?.value ?? "";
    this.#frameworks.set(frameworkId, framework);
    const taskId = task.task_id.value;
    const made: SoakTask = {
      frameworkId,
      taskId,
      wire: {
        name: task.name,
        task_id: task.task_id,
        framework_id: { value: frameworkId },
        agent_id: task.agent_id,
        state: "TASK_STAGING",
        resources: resources.map((resource) => ({ ...resource, allocation_info: { role } })),
      },
      endsAt: now - meanLifeMs * Math.log(1 - this.#random.next()),
      state: "TASK_STAGING",
      pending: undefined,
    };
    this.#tasks.set(keyOf(made), made);
    return this.#becomes(made, "TASK_RUNNING", now);
  }

  #becomes(task: SoakTask, state: TaskState, now: number): readonly AgentToMaster[] {
    task.state = state;
    task.pending = {
      task_id: { value: task.taskId },
      agent_id: task.wire.agent_id,
      state,
      source: "SOURCE_EXECUTOR",
      timestamp: now / 1000,
      uuid: Buffer.from(`${this.#random.uuid().replaceAll("-", "")}`, "hex").toString("base64"),
    };
    return this.#telling(task);
  }

  #telling({ frameworkId, pending, state }: SoakTask): readonly AgentToMaster[] {
    return pending === undefined
      ? []
      : [{ kind: "statusUpdate", frameworkId, status: pending, latestState: state }];
  }

  #acknowledged(
    message: { readonly frameworkId: string; readonly taskId: string; readonly uuid: string },
    now: number,
  ): readonly AgentToMaster[] {
    const key = keyOf(message);
    const task = this.#tasks.get(key);
    if (task?.pending?.uuid !== message.uuid) return [];
    task.pending = undefined;
    if (ended.has(task.state)) this.#tasks.delete(key);
    else if (task.endsAt <= now) return this.#becomes(task, "TASK_FINISHED", now);
    return [];
  }
}

const keyOf = ({ frameworkId, taskId }: { readonly frameworkId: string; readonly taskId: string }): string =>
  `${frameworkId} ${taskId}`;
