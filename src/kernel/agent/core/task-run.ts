/** One run of one task: what is fixed at its launch, and what changes. */

import type {
  CheckStatusInfo,
  ContainerID,
  FrameworkInfo,
  KillPolicy,
  Resource,
  TaskInfo,
  TaskResourceLimitation,
  TaskState,
  TaskStatus,
  TaskStatusReason,
} from "#contracts/kernel/messages.gen.ts";
import type { LinkTask } from "#contracts/link/messages.ts";
import { containerWithoutSecrets } from "#domain/secrets/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { HealthState } from "./check-results.ts";
import type { ContainerNetwork } from "./events.ts";

/** The executor that runs a task. */
export interface RunExecutor {
  readonly executorId: string;
  /** The executor's container. */
  readonly containerId: string;
  /** Tasks that were launched together have the same. */
  readonly group?: string;
  /** The task has a container of its own within the executor's; otherwise the executor alone knows its processes. */
  readonly isNested?: true;
}

/** Written once, before anything of the task starts. */
export interface RunSpec {
  readonly formatVersion: 1;
  /** Names this run, and its container if it has one of its own (`hasOwnContainer`). */
  readonly containerId: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly task: TaskInfo;
  readonly role: string;
  readonly resources: readonly Resource[];
  /** Absent for a command task, which the agent runs by itself. */
  readonly executor?: RunExecutor;
  /** Of the executor, for a task without a container of its own. Empty for a task that never had one. */
  readonly sandboxDir: string;
  readonly launchedAt: InstantMs;
}

/** `group`: another task of its group is over. */
export type KillCause =
  | "scheduler"
  | "draining"
  | "maxCompletionTime"
  | "healthCheck"
  | "group"
  | "discarded";

export interface Kill {
  readonly cause: KillCause;
  readonly startedAt: InstantMs;
  /** SIGKILL follows then. An executor keeps its own time. */
  readonly deadline: InstantMs;
  /** What the call said, for an executor that has to be told again. */
  readonly policy?: KillPolicy;
}

/** Why the agent ends a container, as its tasks are told. */
export interface Doom {
  readonly reason: TaskStatusReason;
  readonly message: string;
  readonly limitation?: TaskResourceLimitation;
}

/**
 * `launching`: the driver was asked to, and has not answered; with an executor: it was not given to it yet.
 * `running`: the main process was started, or the executor was given the task. `ended`: nothing of it runs; its
 * updates may still wait.
 */
export type RunPhase = "launching" | "running" | "ended";

/** Written whenever it changes. */
export interface RunProgress {
  readonly formatVersion: 1;
  readonly phase: RunPhase;
  /** Newest, whatever was acknowledged. */
  readonly state: TaskState;
  readonly runningAt?: InstantMs;
  readonly pid?: number;
  /** Absent: it is in the agent's own network. */
  readonly network?: ContainerNetwork;
  readonly kill?: Kill;
  /** Of its health check, once there was a result that counts. */
  readonly health?: HealthState;
  /** What its check said last; without a result before the first one. */
  readonly checkStatus?: CheckStatusInfo;
  /** Its framework or the whole agent is gone: nobody wants to hear of its end. */
  readonly discarded?: boolean;
  /** The agent ends it for this. */
  readonly doom?: Doom;
  /** Uuids of the newest updates that its executor sent, in base64: one that comes again is no news. */
  readonly executorUuids?: readonly string[];
}

export interface TaskRun {
  readonly spec: RunSpec;
  progress: RunProgress;
  /** Consecutive statuses of one state keep only the newest. */
  statuses: readonly TaskStatus[];
  /** The update the master was last sent. */
  forwarded: { readonly state: TaskState; readonly uuid: string } | undefined;
}

export const taskIdOf = (run: TaskRun): string => run.spec.task.task_id.value;

/** A command task's executor is implicit and has the task's id. */
export const executorIdOf = (run: TaskRun): string =>
  run.spec.executor?.executorId ?? run.spec.task.executor?.executor_id.value ?? taskIdOf(run);

/** False when the processes of the task are in its executor's container. */
export const hasOwnContainer = ({ spec: { executor } }: TaskRun): boolean =>
  executor === undefined || executor.isNested === true;

/** The container that the task's processes are in. */
export function containerIdOf({ spec: { containerId, executor } }: TaskRun): ContainerID {
  if (executor === undefined) return { value: containerId };
  if (executor.isNested !== true) return { value: executor.containerId };
  return { value: containerId, parent: { value: executor.containerId } };
}

const terminalStates: ReadonlySet<TaskState> = new Set<TaskState>([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
]);

export const isTerminal = (state: TaskState): boolean => terminalStates.has(state);

export const recordKeys = {
  identity: "agent/identity",
  epoch: "agent/epoch",
  drain: "agent/drain",
  framework: (frameworkId: string): string => `frameworks/${encodeURIComponent(frameworkId)}`,
  spec: (containerId: string): string => `tasks/${containerId}/spec`,
  progress: (containerId: string): string => `tasks/${containerId}/progress`,
  executor: (containerId: string): string => `executors/${containerId}/spec`,
  executorProgress: (containerId: string): string => `executors/${containerId}/progress`,
  /** Padded, so that key order is the order of the stream. */
  update: (containerId: string, sequence: number): string =>
    `updates/${containerId}/${String(sequence).padStart(6, "0")}`,
  sandbox: (containerId: string): string => `sandboxes/${containerId}`,
  resources: "resources/remembered",
  volume: (key: string): string => `volumes/${key}`,
  removal: (removalId: string): string => `removals/${removalId}`,
  standalone: (containerId: string): string => `standalone/${containerId}`,
  operation: (operationUuid: string): string => `operations/${operationUuid}`,
} as const;

export function hasCapability(framework: FrameworkInfo | undefined, capability: string): boolean {
  return framework?.capabilities?.some(({ type }) => type === capability) ?? false;
}

/** A task as the master lists it. Source: Mesos Task message. */
export function toLinkTask(run: TaskRun): LinkTask {
  const { spec, progress, statuses, forwarded } = run;
  const { task } = spec;
  return {
    name: task.name,
    task_id: task.task_id,
    framework_id: { value: spec.frameworkId },
    ...(spec.executor === undefined ? {} : { executor_id: { value: spec.executor.executorId } }),
    agent_id: { value: spec.agentId },
    state: progress.state,
    resources: spec.resources,
    statuses: statuses.map(({ data: _data, ...status }) => status),
    ...(forwarded === undefined
      ? {}
      : { status_update_state: forwarded.state, status_update_uuid: forwarded.uuid }),
    ...(task.labels === undefined ? {} : { labels: task.labels }),
    ...(task.discovery === undefined ? {} : { discovery: task.discovery }),
    ...(task.container === undefined ? {} : { container: containerWithoutSecrets(task.container) }),
    ...(task.health_check === undefined ? {} : { health_check: task.health_check }),
    ...(task.kill_policy === undefined ? {} : { kill_policy: task.kill_policy }),
    ...(task.command?.user === undefined ? {} : { user: task.command.user }),
    ...(task.limits === undefined ? {} : { limits: task.limits }),
  };
}
