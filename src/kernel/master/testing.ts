/** A master core with a clock of its own, and the moves of agents and frameworks in few words. */
import type {
  AgentInfo,
  ExecutorInfo,
  FrameworkInfo,
  Offer,
  OfferOperation,
  OperationStatus,
  SchedulerCall,
  SchedulerEvent,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import type { LinkTask, MasterToAgent, OperationStatusUpdate } from "#contracts/link/messages.ts";
import { parseResourcesText } from "#domain/resources/index.ts";
import type { Write } from "#foundation/base/core.ts";
import { seededRandom } from "#foundation/base/random.ts";
import {
  createMasterCore,
  defaultMasterPolicy,
  type MasterCore,
  type MasterEffect,
  type MasterEvent,
  type MasterIdentity,
  type MasterPolicy,
  type Registry,
} from "./core/index.ts";

export const noRegistry: Registry = {
  epoch: 0,
  agents: new Map(),
  unreachable: new Map(),
  gone: new Map(),
  maintenance: { windows: [], down: [] },
  weights: new Map(),
  quotas: new Map(),
};

export const wireResources = (text: string) => parseResourcesText(text).toWire();

export class MasterBench {
  readonly core: MasterCore;
  now = 1_000;
  readonly effects: MasterEffect[] = [];
  readonly writes: Write[] = [];

  constructor(
    policy: Partial<MasterPolicy> = {},
    registry: Registry = noRegistry,
    identity: Partial<MasterIdentity> = {},
  ) {
    this.core = createMasterCore({
      identity: {
        id: "M",
        epoch: registry.epoch + 1,
        hostname: "h",
        ip: "127.0.0.1",
        port: 5050,
        version: "1",
        ...identity,
      },
      policy: { ...defaultMasterPolicy, ...policy },
      random: seededRandom(1),
      registry,
      startedAt: this.now,
    });
  }

  do(event: MasterEvent): void {
    const { writes, effects } = this.core.apply(event, this.now);
    this.writes.push(...writes);
    this.effects.push(...effects);
  }

  /** Lets time pass, waking the core whenever it wants. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let at = this.core.wakeAt(); at !== undefined && at <= end; at = this.core.wakeAt()) {
      this.now = Math.max(this.now, at);
      const { writes, effects } = this.core.wake(this.now);
      this.writes.push(...writes);
      this.effects.push(...effects);
    }
    this.now = end;
  }

  /** Registers an agent on a link of its name and answers its id. */
  agent(
    link: string,
    resources = "cpus:4;mem:4096;ports:[31000-31009]",
    info: Partial<AgentInfo> = {},
  ): string {
    const description = this.#description(link, resources);
    this.do({
      kind: "agentSaid",
      connection: link,
      message: { kind: "hello", versions: { min: 1, max: 1 }, bootId: "b", masterEpoch: 0 },
    });
    this.do({
      kind: "agentSaid",
      connection: link,
      message: { kind: "register", ...description, info: { ...description.info, ...info } },
    });
    const answer = this.toAgent(link).findLast(({ kind }) => kind === "registered");
    return answer?.kind === "registered" ? answer.agentId : "";
  }

  reregister(
    link: string,
    agentId: string,
    tasks: readonly LinkTask[] = [],
    frameworks: readonly FrameworkInfo[] = [],
    resources = "cpus:4;mem:4096;ports:[31000-31009]",
    operations: readonly OperationStatusUpdate[] = [],
    /** Its host name, and where it answers. */
    name = agentId,
    executors: readonly ExecutorInfo[] = [],
  ): void {
    const description = this.#description(name, resources);
    this.do({
      kind: "agentSaid",
      connection: link,
      message: {
        kind: "reregister",
        ...description,
        info: { ...description.info, id: { value: agentId } },
        frameworks,
        executors,
        tasks,
        operations,
      },
    });
  }

  #description(name: string, resources: string) {
    return {
      info: { hostname: name, resources: wireResources(resources) },
      pid: `slave(1)@${name}:5051`,
      version: "1",
      capabilities: (["AGENT_DRAINING", "RESIZE_VOLUME", "AGENT_OPERATION_FEEDBACK"] as const).map(
        (type) => ({
          type,
        }),
      ),
    };
  }

  /** Subscribes on a stream of its name and answers the framework's id. */
  framework(stream: string, info: Partial<FrameworkInfo> = {}): string {
    this.do({
      kind: "schedulerSubscribed",
      connection: stream,
      ...(info.id === undefined ? {} : { frameworkId: info.id.value }),
      subscribe: {
        framework_info: { user: "u", name: stream, failover_timeout: 100, checkpoint: true, ...info },
      },
    });
    return (
      this.events(stream).findLast(({ subscribed }) => subscribed !== undefined)?.subscribed?.framework_id
        .value ?? ""
    );
  }

  call(frameworkId: string, call: SchedulerCall): void {
    this.do({ kind: "schedulerCalled", frameworkId, call });
  }

  events(stream: string): readonly SchedulerEvent[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "sendEvent" && effect.connection === stream ? [effect.event] : [],
    );
  }

  updates(stream: string): readonly TaskStatus[] {
    return this.events(stream).flatMap(({ update }) => update?.status ?? []);
  }

  offers(stream: string): readonly Offer[] {
    return this.events(stream).flatMap(({ offers }) => offers?.offers ?? []);
  }

  toAgent(link: string): readonly MasterToAgent[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "sendToAgent" && effect.connection === link ? [effect.message] : [],
    );
  }

  operationStatuses(stream: string): readonly OperationStatus[] {
    return this.events(stream).flatMap(({ update_operation_status: update }) => update?.status ?? []);
  }

  /** Answers the newest offer of a stream, or those named. */
  accept(
    frameworkId: string,
    stream: string,
    operations: readonly OfferOperation[],
    offers: readonly Offer[] = this.offers(stream).slice(-1),
  ): void {
    this.call(frameworkId, {
      type: "ACCEPT",
      accept: { offer_ids: offers.map(({ id }) => id), operations, filters: { refuse_seconds: 0 } },
    });
  }

  /** Launches tasks on the newest offer of a stream. */
  launch(frameworkId: string, stream: string, tasks: readonly TaskInfo[], refuseSeconds = 5): void {
    const offer = this.offers(stream).at(-1);
    if (offer === undefined) throw new Error("no offer");
    this.call(frameworkId, {
      type: "ACCEPT",
      accept: {
        offer_ids: [offer.id],
        operations: [{ type: "LAUNCH", launch: { task_infos: tasks } }],
        filters: { refuse_seconds: refuseSeconds },
      },
    });
  }

  /** The agent tells a state; `latest` when it knows a newer one. */
  update(
    link: string,
    frameworkId: string,
    taskId: string,
    state: TaskState,
    uuid: string | undefined,
    latest: TaskState = state,
  ): void {
    const status: TaskStatus = {
      task_id: { value: taskId },
      state,
      source: "SOURCE_EXECUTOR",
      timestamp: this.now / 1000,
      ...(uuid === undefined ? {} : { uuid }),
    };
    this.do({
      kind: "agentSaid",
      connection: link,
      message: { kind: "statusUpdate", frameworkId, status, latestState: latest },
    });
  }

  acknowledge(frameworkId: string, agentId: string, taskId: string, uuid: string): void {
    this.call(frameworkId, {
      type: "ACKNOWLEDGE",
      acknowledge: { agent_id: { value: agentId }, task_id: { value: taskId }, uuid },
    });
  }
}

export function aTask(taskId: string, agentId: string, more: Partial<TaskInfo> = {}): TaskInfo {
  return {
    name: taskId,
    task_id: { value: taskId },
    agent_id: { value: agentId },
    resources: wireResources("cpus:1;mem:128"),
    command: { value: "true", shell: true },
    ...more,
  };
}

export const aware = { capabilities: [{ type: "PARTITION_AWARE" }] } satisfies Partial<FrameworkInfo>;

/** One agent, one framework, one task that was launched. */
export function running(info: Partial<FrameworkInfo> = {}): {
  bench: MasterBench;
  agentId: string;
  id: string;
} {
  const bench = new MasterBench();
  const agentId = bench.agent("link");
  const id = bench.framework("stream", info);
  bench.launch(id, "stream", [aTask("t", agentId)]);
  return { bench, agentId, id };
}

/** A task as its agent tells of it. */
export function linkTask(
  frameworkId: string,
  agentId: string,
  taskId: string,
  state: LinkTask["state"] = "TASK_RUNNING",
): LinkTask {
  return {
    name: taskId,
    task_id: { value: taskId },
    framework_id: { value: frameworkId },
    agent_id: { value: agentId },
    state,
    resources: wireResources("cpus:1;mem:128"),
  };
}
