/** What a task's end means, as state, reason and text. Source: contract mesos.md sections 2.3 and 4.2. */
import type {
  FrameworkInfo,
  Resource,
  TaskState,
  TaskStatusReason,
  TaskStatusSource,
} from "#contracts/kernel/messages.gen.ts";
import type { ExitReport, LaunchFailureCode } from "#kernel/containerizer/driver.ts";
import { type Doom, hasCapability, type Kill } from "./task-run.ts";

/** The part of a status that depends on what happened. */
export interface Verdict {
  readonly state: TaskState;
  readonly source: TaskStatusSource;
  readonly reason?: TaskStatusReason;
  readonly message?: string;
  readonly healthy?: boolean;
  readonly limitation?: { readonly resources: readonly Resource[] };
}

/** Of a container that ended after TASK_RUNNING was told, or before when `kill` came during the launch. */
export function verdictOfExit(
  report: ExitReport,
  kill: Kill | undefined,
  wasRunning: boolean,
  /** What its health check found last. */
  healthFailure?: string,
): Verdict {
  if (kill !== undefined && !wasRunning) return killedDuringLaunch;
  const message = textOfExit(report);
  if (kill?.cause === "maxCompletionTime") return maxCompletionTimeReached;
  if (kill?.cause === "healthCheck") {
    return {
      state: "TASK_KILLED",
      source: "SOURCE_EXECUTOR",
      healthy: false,
      message: `Killed because its health check failed${healthFailure === undefined ? "" : `: ${healthFailure}`}`,
    };
  }
  if (kill !== undefined) return { state: "TASK_KILLED", source: "SOURCE_EXECUTOR", message };
  if (report.oom !== undefined) {
    return {
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      message: report.message,
      limitation: memoryLimitation(report.oom.usedBytes),
    };
  }
  if (report.exit.kind === "unknown") return executorTerminated(message);
  const finished = report.exit.kind === "exited" && report.exit.status === 0;
  return { state: finished ? "TASK_FINISHED" : "TASK_FAILED", source: "SOURCE_EXECUTOR", message };
}

export const killedDuringLaunch: Verdict = {
  state: "TASK_KILLED",
  source: "SOURCE_AGENT",
  reason: "REASON_TASK_KILLED_DURING_LAUNCH",
  message: "Killed before the task was running",
};

const maxCompletionTimeReached: Verdict = {
  state: "TASK_FAILED",
  source: "SOURCE_EXECUTOR",
  reason: "REASON_MAX_COMPLETION_TIME_REACHED",
  message: "The task ran longer than its max_completion_time",
};

export function executorTerminated(message: string): Verdict {
  return { state: "TASK_FAILED", source: "SOURCE_AGENT", reason: "REASON_EXECUTOR_TERMINATED", message };
}

/** Of what an executor was running when its container ended. */
export function verdictOfExecutorEnd(report: ExitReport): Verdict {
  if (report.oom === undefined) return executorTerminated(`The executor ended: ${textOfExit(report)}`);
  return {
    state: "TASK_FAILED",
    source: "SOURCE_AGENT",
    reason: "REASON_CONTAINER_LIMITATION_MEMORY",
    message: report.message,
    limitation: memoryLimitation(report.oom.usedBytes),
  };
}

/** The most that was used, whatever was given. Source: contract mesos.md section 6. */
export const memoryLimitation = (usedBytes: number): { readonly resources: readonly Resource[] } => ({
  resources: [
    { name: "mem", type: "SCALAR", scalar: { value: Math.round((usedBytes / 1_048_576) * 1_000) / 1_000 } },
  ],
});

export function verdictOfLaunchFailure(
  code: LaunchFailureCode,
  message: string,
  kill: Kill | undefined,
): Verdict {
  if (kill !== undefined) return killedDuringLaunch;
  // A driver that is closing refuses what it was just asked: the agent ends, not the task's description is wrong.
  if (code === "closed") return executorTerminated(message);
  return launchFailed(message);
}

/** Of a container that the agent ended for a reason of its own: no fault of the task where others were to have its room. */
export function doomed({ reason, message, limitation }: Doom, framework: FrameworkInfo | undefined): Verdict {
  const gone = hasCapability(framework, "PARTITION_AWARE") ? "TASK_GONE" : "TASK_LOST";
  return {
    state: reason === "REASON_CONTAINER_PREEMPTED" ? gone : "TASK_FAILED",
    source: "SOURCE_AGENT",
    reason,
    message,
    ...(limitation === undefined ? {} : { limitation: { resources: limitation.resources ?? [] } }),
  };
}

export function launchFailed(message: string): Verdict {
  return { state: "TASK_FAILED", source: "SOURCE_AGENT", reason: "REASON_CONTAINER_LAUNCH_FAILED", message };
}

/** A task that never came to run here: DROPPED for frameworks that know that state, LOST for others. */
export function neverLaunched(
  framework: FrameworkInfo | undefined,
  reason: TaskStatusReason,
  message: string,
): Verdict {
  const state = hasCapability(framework, "PARTITION_AWARE") ? "TASK_DROPPED" : "TASK_LOST";
  return { state, source: "SOURCE_AGENT", reason, message };
}

function textOfExit({ exit, message }: ExitReport): string {
  switch (exit.kind) {
    case "exited":
      return `Command exited with status ${exit.status}`;
    case "signaled":
      return `Command terminated with signal ${exit.signalName}${exit.core ? " (core dumped)" : ""}`;
    case "unknown":
      return message;
  }
}
