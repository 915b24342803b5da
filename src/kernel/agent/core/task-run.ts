/** One run of one task: what is fixed at its launch, and what changes. */
import type {
  CheckStatusInfo,
  FrameworkInfo,
  Resource,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import type { LinkTask } from "#contracts/link/messages.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { HealthState } from "./check-results.ts";

/** Written once, before anything of the task starts. */
export interface RunSpec {
  readonly formatVersion: 1;
  readonly containerId: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly task: TaskInfo;
  readonly role: string;
  readonly resources: readonly Resource[];
  /** Empty for a task that never had a container. */
  readonly sandboxDir: string;
  readonly launchedAt: InstantMs;
}

export type KillCause = "scheduler" | "draining" | "maxCompletionTime" | "healthCheck" | "discarded";

export interface Kill {
  readonly cause: KillCause;
  readonly startedAt: InstantMs;
  /** SIGKILL follows then. */
  readonly deadline: InstantMs;
}

/**
 * `launching`: the driver was asked to, and has not answered. `running`: the main process was started.
 * `ended`: nothing of it runs; its updates may still wait.
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
  readonly kill?: Kill;
  /** Of its health check, once there was a result that counts. */
  readonly health?: HealthState;
  /** What its check said last; without a result before the first one. */
  readonly checkStatus?: CheckStatusInfo;
  /** Its framework or the whole agent is gone: nobody wants to hear of its end. */
  readonly discarded?: boolean;
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
  /** Padded, so that key order is the order of the stream. */
  update: (containerId: string, sequence: number): string =>
    `updates/${containerId}/${String(sequence).padStart(6, "0")}`,
  sandbox: (containerId: string): string => `sandboxes/${containerId}`,
  resources: "resources/remembered",
  volume: (key: string): string => `volumes/${key}`,
  removal: (removalId: string): string => `removals/${removalId}`,
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
    agent_id: { value: spec.agentId },
    state: progress.state,
    resources: spec.resources,
    statuses: statuses.map(({ data: _data, ...status }) => status),
    ...(forwarded === undefined
      ? {}
      : { status_update_state: forwarded.state, status_update_uuid: forwarded.uuid }),
    ...(task.labels === undefined ? {} : { labels: task.labels }),
    ...(task.discovery === undefined ? {} : { discovery: task.discovery }),
    ...(task.container === undefined ? {} : { container: task.container }),
    ...(task.health_check === undefined ? {} : { health_check: task.health_check }),
    ...(task.kill_policy === undefined ? {} : { kill_policy: task.kill_policy }),
    ...(task.command?.user === undefined ? {} : { user: task.command.user }),
    ...(task.limits === undefined ? {} : { limits: task.limits }),
  };
}
