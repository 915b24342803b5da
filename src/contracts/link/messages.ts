/**
 * What master and agent say to each other, one JSON document a frame.
 *
 * The agent opens the connection and speaks first. A frame may be lost only together with the connection;
 * then both sides forget what was in flight, and re-registration with the agent's full task list heals it.
 * Ours, versioned: N reads N-1, unknown fields are ignored, unknown kinds are logged and dropped.
 */
import type {
  AgentInfo,
  AgentInfoCapability,
  ContainerStatus,
  ExecutorInfo,
  FrameworkInfo,
  KillPolicy,
  OfferOperation,
  OperationStatus,
  Resource,
  Task,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";

/** Path of the HTTP Upgrade on the master's port, and the protocol name in its `Upgrade` header. */
export const linkPath = "/keelson/v1/link";
export const linkProtocol = "keelson-link";
export const linkVersion = 1;

/** First frame of the agent. */
export interface AgentHello {
  readonly kind: "hello";
  readonly versions: { readonly min: number; readonly max: number };
  readonly bootId: string;
  /** Absent before the first registration. */
  readonly agentId?: string;
  /** Highest master epoch this agent ever obeyed; a master with a lower one must not act on it. */
  readonly masterEpoch: number;
}

/** First frame of the master, in answer. */
export interface MasterHello {
  readonly kind: "hello";
  readonly version: number;
  readonly masterId: string;
  /** Grows with every leadership; an agent closes a link whose epoch is lower than one it has seen. */
  readonly epoch: number;
}

export interface AgentDescription {
  /** With `id` when re-registering. Resources are those of the flags, checkpointed ones included. */
  readonly info: AgentInfo;
  /** Where the agent answers, as `slave(1)@ip:port`. */
  readonly pid: string;
  readonly version: string;
  readonly capabilities: readonly AgentInfoCapability[];
}

/** A framework as its agent knows it, so that a new master can list it before it subscribes again. */
export interface LinkTask extends Task {
  /** Newest state, also when older updates still wait for their acknowledgement. */
  readonly state: TaskState;
}

export interface Register extends AgentDescription {
  readonly kind: "register";
}

export interface Reregister extends AgentDescription {
  readonly kind: "reregister";
  readonly frameworks: readonly FrameworkInfo[];
  /** Live ones of frameworks, each with its framework's id; those of command tasks are not told. */
  readonly executors: readonly ExecutorInfo[];
  /** Live tasks, and terminal ones whose final update is not acknowledged yet. */
  readonly tasks: readonly LinkTask[];
  /** Those whose last status is not acknowledged yet. */
  readonly operations?: readonly OperationStatusUpdate[];
}

export interface StatusUpdate {
  readonly kind: "statusUpdate";
  readonly frameworkId: string;
  readonly status: TaskStatus;
  /** Newest state of the task; it is terminal as soon as the resources are free. */
  readonly latestState: TaskState;
}

export interface ExecutorExited {
  readonly kind: "executorExited";
  readonly frameworkId: string;
  readonly executorId: string;
  /** Wait status as of wait(2); -1 when unknown. */
  readonly status: number;
}

/** From an executor to its framework's scheduler. */
export interface ExecutorMessage {
  readonly kind: "executorMessage";
  readonly frameworkId: string;
  readonly executorId: string;
  /** Base64. */
  readonly data: string;
}

export interface ContainerStatusReport {
  readonly kind: "containerStatus";
  readonly frameworkId: string;
  readonly taskId: string;
  readonly containerStatus: ContainerStatus;
}

/** What became of an `applyOperation`. With a uuid in the status it is told again until acknowledged. */
export interface OperationStatusUpdate {
  readonly kind: "operationStatus";
  readonly operationUuid: string;
  /** Absent for an operator's. */
  readonly frameworkId?: string;
  readonly info: OfferOperation;
  readonly status: OperationStatus;
}

/** An operation could not be applied: this is what the agent has. */
export interface AgentResources {
  readonly kind: "agentResources";
  readonly resources: readonly Resource[];
}

export interface Pong {
  readonly kind: "pong";
}

/** The agent stops for good; its tasks are gone. */
export interface Unregister {
  readonly kind: "unregister";
}

export type AgentToMaster =
  | AgentHello
  | Register
  | Reregister
  | StatusUpdate
  | ExecutorExited
  | ExecutorMessage
  | ContainerStatusReport
  | OperationStatusUpdate
  | AgentResources
  | Pong
  | Unregister;

export interface Registered {
  readonly kind: "registered";
  readonly agentId: string;
  readonly pingTimeoutMs: number;
}

export interface Reregistered {
  readonly kind: "reregistered";
  readonly agentId: string;
  readonly pingTimeoutMs: number;
  /** It is being drained; absent: it is not, or no longer. */
  readonly drain?: DrainOrder;
  /**
   * Tasks the master sent to this agent that the agent did not list: each was lost on the way. The agent
   * answers each it does not know with TASK_DROPPED, or TASK_LOST for frameworks without PARTITION_AWARE.
   */
  readonly reconcile: readonly {
    readonly frameworkId: string;
    readonly taskIds: readonly string[];
    /** Tells which state the framework understands; without it, an agent that does not know it says TASK_LOST. */
    readonly framework?: FrameworkInfo;
  }[];
}

export interface Refused {
  readonly kind: "refused";
  readonly reason: string;
  /** True when trying again is pointless: the agent shuts down and says why. */
  readonly final: boolean;
}

export interface Ping {
  readonly kind: "ping";
  /** False when the master does not think this agent registered: it must register again. */
  readonly connected: boolean;
}

export interface RunTask {
  readonly kind: "runTask";
  readonly framework: FrameworkInfo;
  readonly task: TaskInfo;
  /** Role that the task's resources are allocated to. */
  readonly role: string;
  readonly resources: readonly Resource[];
  /**
   * With `task.executor`: the master took this executor for a new one and counts its resources, which are those of the
   * ExecutorInfo; the agent tells it when nothing came of it. Otherwise it must be there already.
   */
  readonly startsExecutor?: boolean;
}

/** All tasks of a group at once, for one executor, or none. */
export interface RunGroup {
  readonly kind: "runGroup";
  readonly framework: FrameworkInfo;
  /** With its framework's id. */
  readonly executor: ExecutorInfo;
  readonly tasks: readonly { readonly task: TaskInfo; readonly resources: readonly Resource[] }[];
  readonly role: string;
  /** As in `RunTask`. */
  readonly startsExecutor: boolean;
}

/** From a scheduler to one of its executors. */
export interface FrameworkMessage {
  readonly kind: "frameworkMessage";
  readonly frameworkId: string;
  readonly executorId: string;
  /** Base64. */
  readonly data: string;
}

/** The scheduler wants an executor to end, with all of its tasks. */
export interface ShutdownExecutor {
  readonly kind: "shutdownExecutor";
  readonly frameworkId: string;
  readonly executorId: string;
}

export interface KillTask {
  readonly kind: "killTask";
  readonly frameworkId: string;
  readonly taskId: string;
  readonly killPolicy?: KillPolicy;
}

export interface AcknowledgeUpdate {
  readonly kind: "acknowledge";
  readonly frameworkId: string;
  readonly taskId: string;
  /** Base64 of the 16 bytes, as in the scheduler's call. */
  readonly uuid: string;
}

/** Changes what the agent has, durably; every later message may count on it. */
export interface ApplyOperation {
  readonly kind: "applyOperation";
  readonly operationUuid: string;
  /** Absent for an operator's. */
  readonly frameworkId?: string;
  /** Its resources in the format of reservation stacks. With an id, the framework wants to hear of its end. */
  readonly operation: OfferOperation;
}

export interface AcknowledgeOperation {
  readonly kind: "acknowledgeOperation";
  readonly operationUuid: string;
  /** Base64 of the 16 bytes, of the status. */
  readonly statusUuid: string;
}

export interface UpdateFramework {
  readonly kind: "updateFramework";
  readonly framework: FrameworkInfo;
}

/** The framework is gone: kill its tasks, forget its updates. */
export interface ShutdownFramework {
  readonly kind: "shutdownFramework";
  readonly frameworkId: string;
}

/** Kill every task and end: this agent was removed for good. */
export interface ShutdownAgent {
  readonly kind: "shutdownAgent";
  readonly message: string;
  /** Its process may be started again at once: the machine will be wanted back. */
  readonly mayReturn?: boolean;
}

/** How an agent is to be emptied. Source: Mesos DrainConfig. */
export interface DrainOrder {
  /** No task has longer than this to end by itself, whatever its own grace. */
  readonly maxGraceMs?: number;
  /** When it is empty it is given up for ever: its tasks won't come back, and their states say so. */
  readonly markGone: boolean;
}

/** End every task, each within its grace, and start no more. */
export interface DrainAgent {
  readonly kind: "drainAgent";
  readonly drain: DrainOrder;
}

export type MasterToAgent =
  | MasterHello
  | Registered
  | Reregistered
  | Refused
  | Ping
  | RunTask
  | RunGroup
  | FrameworkMessage
  | ShutdownExecutor
  | KillTask
  | AcknowledgeUpdate
  | ApplyOperation
  | AcknowledgeOperation
  | UpdateFramework
  | ShutdownFramework
  | DrainAgent
  | ShutdownAgent;
