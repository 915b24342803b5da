/** Builders and a small world for tests of the agent: a master and containers that obey. */
import type {
  ExecutorEvent,
  ExecutorInfo,
  FrameworkInfo,
  TaskInfo,
  TaskState,
} from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster, MasterToAgent, RunTask, StatusUpdate } from "#contracts/link/messages.ts";
import { parseResourcesText } from "#domain/resources/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { applyWrites } from "#foundation/runtime/index.ts";
import type { ContainerExit, ExitReport, RecoveredContainer } from "#kernel/containerizer/driver.ts";
import { AgentCore } from "./core/agent-core.ts";
import type { AgentEffect, AgentEvent } from "./core/events.ts";
import { type AgentFacts, type AgentPolicy, defaultPolicy } from "./core/policy.ts";

export const testFacts: AgentFacts = {
  hostname: "node-1",
  ip: "127.0.0.1",
  port: 5051,
  version: "0.1.0",
  bootId: "boot-1",
  resources: parseResourcesText("cpus:4;mem:4096;disk:10000;ports:[31000-31099]").toWire(),
  attributes: [{ name: "rack", type: "TEXT", text: { value: "a" } }],
  dataDir: "/data",
  workDir: "/data/work",
  runtimeDir: "/data/containers",
  canSwitchUser: false,
};

export const aFramework = (changes: Partial<FrameworkInfo> = {}): FrameworkInfo => ({
  user: "",
  name: "tests",
  id: { value: "m-0000" },
  checkpoint: true,
  ...changes,
});

export const aTask = (id = "t1", changes: Partial<TaskInfo> = {}): TaskInfo => ({
  name: id,
  task_id: { value: id },
  agent_id: { value: "m-S0" },
  command: { shell: true, value: "sleep 1000" },
  ...changes,
});

export const aRunTask = (
  id = "t1",
  changes: {
    readonly task?: Partial<TaskInfo>;
    readonly framework?: Partial<FrameworkInfo>;
    readonly resources?: string;
  } = {},
): RunTask => ({
  kind: "runTask",
  framework: aFramework(changes.framework),
  task: aTask(id, changes.task),
  role: "*",
  resources: parseResourcesText(changes.resources ?? "cpus:0.1;mem:32").toWire(),
});

/** A task for a framework's executor, which is a new one unless told otherwise. */
export const aRunAt = (
  id = "t1",
  changes: {
    readonly executor?: Partial<ExecutorInfo>;
    readonly framework?: Partial<FrameworkInfo>;
    readonly startsExecutor?: boolean;
  } = {},
): RunTask => {
  const { command: _command, ...task } = aTask(id);
  return {
    ...aRunTask(id, { framework: changes.framework ?? {} }),
    task: { ...task, executor: anExecutor(changes.executor) },
    startsExecutor: changes.startsExecutor ?? true,
  };
};

export const anExecutor = (changes: Partial<ExecutorInfo> = {}): ExecutorInfo => ({
  type: "CUSTOM",
  executor_id: { value: "e1" },
  framework_id: { value: "m-0000" },
  command: { shell: true, value: "./executor" },
  resources: parseResourcesText("cpus:0.1;mem:32").toWire(),
  ...changes,
});

export const executorUuid = (number: number): string =>
  Buffer.from(number.toString(16).padStart(32, "0"), "hex").toString("base64");

/** Drives a core by hand: keeps its records, and what it did. */
export class AgentBench {
  readonly records = new Map<string, JsonValue>();
  now = 1_600_000_000_000;
  effects: AgentEffect[] = [];
  core: AgentCore;
  readonly #facts: AgentFacts;
  readonly #policy: AgentPolicy;
  #life = 1;
  #link = 0;

  constructor(
    options: { readonly facts?: Partial<AgentFacts>; readonly policy?: Partial<AgentPolicy> } = {},
  ) {
    this.#facts = { ...testFacts, ...options.facts };
    this.#policy = { ...defaultPolicy, ...options.policy };
    this.core = this.#newCore(this.#facts);
  }

  /** The agent dies; what it wrote is what it starts again with. */
  restart(facts: Partial<AgentFacts> = {}): void {
    this.#life += 1;
    this.effects = [];
    this.core = this.#newCore({ ...this.#facts, ...facts });
  }

  send(event: AgentEvent): readonly AgentEffect[] {
    return this.#take(this.core.apply(event, this.now));
  }

  advance(ms: number): readonly AgentEffect[] {
    const until = this.now + ms;
    const all: AgentEffect[] = [];
    for (let at = this.core.wakeAt(); at !== undefined && at <= until; at = this.core.wakeAt()) {
      this.now = Math.max(this.now, at);
      all.push(...this.#take(this.core.wake(this.now)));
    }
    this.now = until;
    return all;
  }

  /** From nothing to registered with a master of the given epoch. */
  register(containers: readonly RecoveredContainer[] = [], epoch = 1): readonly AgentEffect[] {
    return [
      ...this.send({ kind: "started" }),
      ...this.send({ kind: "containersRecovered", containers }),
      ...this.greet(epoch),
    ];
  }

  /** Answers the newest link up to the registration. */
  greet(epoch = 1): readonly AgentEffect[] {
    const link = this.link();
    this.send({ kind: "linkOpened", link });
    const sent = framesOf(this.send(this.frame({ kind: "hello", version: 1, masterId: `m${epoch}`, epoch })));
    const again = sent.some(({ kind }) => kind === "reregister");
    return this.send(
      this.frame(
        again
          ? { kind: "reregistered", agentId: "m-S0", pingTimeoutMs: 75_000, reconcile: [] }
          : { kind: "registered", agentId: "m-S0", pingTimeoutMs: 75_000 },
      ),
    );
  }

  frame(message: MasterToAgent): AgentEvent {
    return { kind: "frameReceived", link: this.link(), message };
  }

  master(message: MasterToAgent): readonly AgentEffect[] {
    return this.send(this.frame(message));
  }

  /** Number of the newest link asked for. */
  link(): number {
    return this.#link;
  }

  /** Runs a task up to TASK_RUNNING, acknowledged unless told otherwise; its container. */
  running(run: RunTask = aRunTask(), options: { readonly acknowledged?: boolean } = {}): string {
    const containerId = this.launched(run);
    this.send({ kind: "containerStarted", containerId, pid: 100 });
    if (options.acknowledged !== false) this.acknowledgeAll();
    return containerId;
  }

  launched(run: RunTask = aRunTask()): string {
    const plans = this.master(run).flatMap((effect) =>
      effect.kind === "launchContainer" ? [effect.plan] : [],
    );
    return plans[0]?.containerId ?? "";
  }

  exit(
    containerId: string,
    exit: ContainerExit = { kind: "exited", status: 0 },
    more: Partial<ExitReport> = {},
  ) {
    return this.send({
      kind: "containerExited",
      report: { containerId, exit, message: "it ended", ...more },
    });
  }

  /** Acknowledges what is in flight until nothing is; the states in order. */
  acknowledgeAll(): readonly TaskState[] {
    const states: TaskState[] = [];
    const seen = new Set<string>();
    for (;;) {
      const next = statusUpdates(this.effects).find(({ status }) => !seen.has(status.uuid ?? ""));
      if (next === undefined) return states;
      seen.add(next.status.uuid ?? "");
      states.push(next.status.state);
      this.effects = this.effects.filter(
        (effect) =>
          effect.kind !== "sendFrame" ||
          effect.message.kind !== "statusUpdate" ||
          effect.message.status.uuid !== next.status.uuid,
      );
      this.master({
        kind: "acknowledge",
        frameworkId: next.frameworkId,
        taskId: next.status.task_id.value,
        uuid: next.status.uuid ?? "",
      });
    }
  }

  #newCore(facts: AgentFacts): AgentCore {
    return new AgentCore({
      facts,
      policy: this.#policy,
      random: seededRandom(this.#life),
      records: new Map(this.records),
    });
  }

  #take({ writes, effects }: ReturnType<AgentCore["apply"]>): readonly AgentEffect[] {
    // What is on a disk is text: Infinity and undefined do not survive it.
    applyWrites(this.records, JSON.parse(JSON.stringify(writes)) as typeof writes);
    this.effects.push(...effects);
    for (const effect of effects) if (effect.kind === "openLink") this.#link = effect.link;
    const broken = this.core.check();
    if (broken.length > 0) throw new Error(`invariants broken: ${broken.join("; ")}`);
    return effects;
  }
}

export function framesOf(effects: readonly AgentEffect[]): readonly AgentToMaster[] {
  return effects.flatMap((effect) => (effect.kind === "sendFrame" ? [effect.message] : []));
}

export function statusUpdates(effects: readonly AgentEffect[]): readonly StatusUpdate[] {
  return framesOf(effects).flatMap((message) => (message.kind === "statusUpdate" ? [message] : []));
}

export const kindsOf = (effects: readonly AgentEffect[]): readonly string[] =>
  effects.flatMap(({ kind }) => (kind === "log" ? [] : [kind]));

/** What executors were told, on any stream. */
export function executorEvents(effects: readonly AgentEffect[]): readonly ExecutorEvent[] {
  return effects.flatMap((effect) => (effect.kind === "tellExecutor" ? [effect.event] : []));
}
