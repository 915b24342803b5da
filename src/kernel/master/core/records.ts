/** Frameworks, agents and offers as the master knows them. */
import type {
  AgentInfo,
  AgentInfoCapability,
  ExecutorInfo,
  FrameworkInfo,
  FrameworkInfoCapabilityType,
  Offer,
  SchedulerOfferConstraints,
  URL,
} from "#contracts/kernel/messages.gen.ts";
import type { DrainOrder } from "#contracts/link/messages.ts";
import type { Resources } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { AgentPredicate } from "../../allocator/index.ts";
import type { ConnectionId } from "./events.ts";
import type { BoundedHistory, TaskRecord } from "./task.ts";

export interface FrameworkRecord {
  readonly id: string;
  info: FrameworkInfo;
  roles: readonly string[];
  readonly suppressed: Set<string>;
  capabilities: ReadonlySet<FrameworkInfoCapabilityType>;
  /** As it sent them, and by role, ready to be asked. */
  offerConstraints: SchedulerOfferConstraints | undefined;
  wantedAgents: ReadonlyMap<string, AgentPredicate>;
  /** Its stream now, if it has one. */
  connection: ConnectionId | undefined;
  /** Known only from agents' tasks: it has not subscribed to this master yet. */
  isRecovered: boolean;
  /** A daemon of this cluster: no list and no grant is asked about it. */
  isOwn?: boolean;
  readonly registeredAt: InstantMs;
  reregisteredAt: InstantMs | undefined;
  unregisteredAt: InstantMs | undefined;
  readonly tasks: Map<string, TaskRecord>;
  /** Its own, wherever they are; none for command tasks. */
  readonly executors: Set<ExecutorRecord>;
  readonly unreachableTasks: BoundedHistory<TaskRecord>;
  readonly completedTasks: BoundedHistory<TaskRecord>;
  readonly offers: Map<string, OfferRecord>;
}

/** What operators decided about an agent. In the registry, so that it outlives links, absence and masters. */
export type AgentStanding =
  | { readonly kind: "inService" }
  /** Nothing of it is offered; its tasks go on. */
  | { readonly kind: "deactivated" }
  /** Nothing of it is offered and its tasks end; drained once the last of them is over and acknowledged. */
  | { readonly kind: "draining" | "drained"; readonly order: DrainOrder; readonly since: InstantMs };

export const inService: AgentStanding = { kind: "inService" };

/** Whether its resources may be offered. */
export const isActive = ({ connection, standing }: AgentRecord): boolean =>
  connection !== undefined && standing.kind === "inService";

export interface AgentRecord {
  readonly id: string;
  info: AgentInfo;
  pid: string;
  version: string;
  capabilities: readonly AgentInfoCapability[];
  total: Resources;
  /** Its link now, if it has one. */
  connection: ConnectionId | undefined;
  readonly registeredAt: InstantMs;
  reregisteredAt: InstantMs | undefined;
  missedPings: number;
  standing: AgentStanding;
  readonly tasks: Set<TaskRecord>;
  /** Of frameworks, by framework and id. */
  readonly executors: Map<string, ExecutorRecord>;
  readonly offers: Map<string, OfferRecord>;
}

/** An executor of a framework on one agent. */
export interface ExecutorRecord {
  readonly frameworkId: string;
  readonly agentId: string;
  /** With its framework's id. */
  readonly info: ExecutorInfo;
  readonly role: string;
  /** Its own, without those of its tasks. */
  readonly resources: Resources;
}

export interface OfferRecord {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly role: string;
  readonly resources: Resources;
  readonly wire: Offer;
}

/** What is held on an agent: by executors, and by tasks whose resources are not free yet. */
export function* holdersOn({
  executors,
  tasks,
}: {
  readonly executors: { values(): Iterable<ExecutorRecord> };
  readonly tasks: { values(): Iterable<TaskRecord> };
}): Generator<ExecutorRecord | TaskRecord> {
  yield* executors.values();
  for (const task of tasks.values()) if (!task.isReleased) yield task;
}

/** Tasks that hold a resource of this identity. */
export function tasksHolding({ tasks }: AgentRecord, key: string): readonly TaskRecord[] {
  return [...tasks].filter(
    ({ isReleased, resources }) => !isReleased && resources.entries.some((entry) => entry.key === key),
  );
}

export const executorHolding = ({ executors }: AgentRecord, key: string): ExecutorRecord | undefined =>
  [...executors.values()].find(({ resources }) => resources.entries.some((entry) => entry.key === key));

export const taskKey = (frameworkId: string, taskId: string): string => `${frameworkId} ${taskId}`;

/** The framework's task of this id, if it is on this agent. */
export function taskOn(
  agent: AgentRecord,
  framework: FrameworkRecord,
  taskId: string,
): TaskRecord | undefined {
  const task = framework.tasks.get(taskId);
  return task?.agentId === agent.id ? task : undefined;
}

/** Where the agent's API answers. */
export function urlOf({ info: { hostname }, pid }: AgentRecord): URL {
  const { ip, port } = addressOf(pid);
  return { scheme: "http", address: { hostname, ip, port }, path: "/slave(1)" };
}

/** From `slave(1)@ip:port`. */
export function addressOf(pid: string): { readonly ip: string; readonly port: number } {
  const address = pid.slice(pid.indexOf("@") + 1);
  const colon = address.lastIndexOf(":");
  return { ip: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
