/**
 * What became of an instance's task, in Marathon's words, and the classes they fall into.
 *
 * Source: contract marathon.md section 11.1.
 */
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";

export type Condition =
  | "Scheduled"
  | "Provisioned"
  | "Staging"
  | "Starting"
  | "Running"
  | "Killing"
  | "Unreachable"
  | "UnreachableInactive"
  | "Finished"
  | "Failed"
  | "Killed"
  | "Error"
  | "Gone"
  | "Dropped"
  | "Unknown";

/** Running: relaunch whenever terminal. Stopped: kill, and keep its volumes. Decommissioned: kill and forget. */
export type Goal = "Running" | "Stopped" | "Decommissioned";

const activeConditions: ReadonlySet<Condition> = new Set<Condition>([
  "Provisioned",
  "Staging",
  "Starting",
  "Running",
  "Killing",
  "Unreachable",
]);
const terminalConditions: ReadonlySet<Condition> = new Set<Condition>([
  "Error",
  "Failed",
  "Finished",
  "Killed",
  "Gone",
  "Dropped",
  "Unknown",
]);
const lostConditions: ReadonlySet<Condition> = new Set<Condition>([
  "Gone",
  "Unreachable",
  "UnreachableInactive",
  "Unknown",
  "Dropped",
]);
const backoffConditions: ReadonlySet<Condition> = new Set<Condition>([
  "Dropped",
  "Error",
  "Failed",
  "Gone",
  "Finished",
]);

/** Takes up room on a machine, as far as is known. */
export const isActive = (condition: Condition): boolean => activeConditions.has(condition);
/** The task ended and will not come back. */
export const isTerminal = (condition: Condition): boolean => terminalConditions.has(condition);
/** Doesn't count for constraints: nobody knows whether it is there. */
export const isLost = (condition: Condition): boolean => lostConditions.has(condition);
/** Delays the next launch. A successful exit does too: a service is not supposed to end. */
export const raisesBackoff = (condition: Condition): boolean => backoffConditions.has(condition);
/** On its way up. */
export const isStaged = (condition: Condition): boolean =>
  condition === "Provisioned" || condition === "Staging" || condition === "Starting";

const unknownTaskText = "Reconciliation: Task is unknown";

/** Undefined for a state this build doesn't know. */
export function conditionOf(status: TaskStatus): Condition | undefined {
  switch (status.state) {
    case "TASK_STAGING":
      return "Staging";
    case "TASK_STARTING":
      return "Starting";
    case "TASK_RUNNING":
      return "Running";
    case "TASK_KILLING":
      return "Killing";
    case "TASK_FINISHED":
      return "Finished";
    case "TASK_FAILED":
      return "Failed";
    case "TASK_KILLED":
      return "Killed";
    case "TASK_ERROR":
      return "Error";
    case "TASK_DROPPED":
      return "Dropped";
    case "TASK_UNREACHABLE":
      return "Unreachable";
    case "TASK_GONE":
    case "TASK_GONE_BY_OPERATOR":
      return "Gone";
    case "TASK_UNKNOWN":
      return "Unknown";
    case "TASK_LOST":
      return conditionOfLost(status);
    default:
      return undefined;
  }
}

/** A master that doesn't know partition awareness says LOST for everything; the reason tells them apart. */
function conditionOfLost(status: TaskStatus): Condition {
  if (status.message?.startsWith(unknownTaskText) === true || status.reason === "REASON_TASK_UNKNOWN") {
    return "Unknown";
  }
  switch (status.reason) {
    case "REASON_RECONCILIATION":
    case "REASON_AGENT_DISCONNECTED":
    case "REASON_AGENT_REMOVED":
      return "Unreachable";
    default:
      return "Gone";
  }
}

const severity: readonly Condition[] = [
  "Error",
  "Failed",
  "Gone",
  "Dropped",
  "Unreachable",
  "Killing",
  "Starting",
  "Staging",
  "Unknown",
  "Provisioned",
  "Running",
  "Finished",
  "Killed",
];

/**
 * What a pod's instance is, by its containers: the first of them in this order. While some still live and one is over
 * that nobody meant to end, the others are on their way out: an agent ends a whole group with its first failure.
 */
export function conditionOfAll(containers: readonly { readonly condition: Condition }[]): Condition {
  const found = new Set(containers.map(({ condition }) => condition));
  const live = new Set([...found].filter((condition) => !isTerminal(condition)));
  if (live.size === 0) return severity.find((condition) => found.has(condition)) ?? "Unknown";
  if (live.has("Unreachable")) return "Unreachable";
  const isEnding = [...found].some((condition) => isTerminal(condition) && condition !== "Finished");
  return isEnding ? "Killing" : (severity.find((condition) => live.has(condition)) ?? "Running");
}

/** The word of `/v2/tasks` for a condition. */
export function taskStateOf(condition: Condition): string {
  switch (condition) {
    case "Scheduled":
    case "Provisioned":
    case "Staging":
      return "TASK_STAGING";
    case "Unreachable":
    case "UnreachableInactive":
      return "TASK_UNREACHABLE";
    default:
      return `TASK_${condition.toUpperCase()}`;
  }
}
