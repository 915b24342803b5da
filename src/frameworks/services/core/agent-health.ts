/**
 * Takes what agents tell of the checks they run themselves: COMMAND and MESOS_* health checks.
 *
 * The agent counts, waits out the grace period and kills; here its words are only kept and told on. It speaks on each
 * failure and on the first success after one. Source: contract marathon.md section 15.2, mesos.md section 2.6.
 */
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { isAlive, noHealth, stepHealth } from "#domain/health/index.ts";
import { checkResultOf } from "./agent-check.ts";
import { publishFailedCheck, publishKill, setHealth } from "./health.ts";
import { appContainer, parseTaskId } from "./ids.ts";
import type { Instance } from "./instance.ts";
import { specOf } from "./probes.ts";
import type { ServicesState } from "./state.ts";
import { recordTaskFailure } from "./task-failure.ts";
import type { Turn } from "./turn.ts";

/** Neither grace nor kills: both are the agent's. */
const recordAll = { gracePeriodMs: 0, intervalMs: 0, maxConsecutiveFailures: 0 };

/** A word of a running task's health, as it comes with its status. */
export function takeAgentHealth(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  status: TaskStatus,
): void {
  const { healthy, uuid } = status;
  if (healthy === undefined || instance.condition !== "Running") return;
  const spec = specOf(state, instance);
  const index = spec?.facts.agentChecks.get(containerOf(status));
  const before = index === undefined ? undefined : instance.checks[index];
  if (spec === undefined || index === undefined || before === undefined) return;
  // An update comes again until it is acknowledged, and a reconciliation repeats the last one without its name.
  const isRepeated = uuid === undefined ? isKnown(before, healthy) : uuid === instance.lastHealthUpdate;
  if (isRepeated) return;
  const { health } = stepHealth(
    before,
    healthy
      ? { kind: "probeSucceeded", at: turn.now }
      : {
          kind: "probeFailed",
          at: turn.now,
          cause: causeOf(status),
          runningSince: instance.startedAt ?? turn.now,
          isReachable: true,
        },
    recordAll,
  );
  if (uuid !== undefined) state.instances.changeVolatile(instance, { lastHealthUpdate: uuid });
  setHealth(turn, state, instance, { index, before, health });
  if (!healthy) publishFailedCheck(turn, instance, spec.definition, index);
}

function containerOf(status: TaskStatus): string {
  return parseTaskId(status.task_id.value)?.container ?? appContainer;
}

function isKnown(before: typeof noHealth, healthy: boolean): boolean {
  return before !== noHealth && isAlive(before) === healthy;
}

/** What an agent of ours says before what the check found; the texts made of the cause say it themselves. */
const agentsWords = "Killed because its health check failed: ";

function causeOf({ message = "" }: TaskStatus): string {
  const found = message.startsWith(agentsWords) ? message.slice(agentsWords.length) : message;
  return found === "" ? "the check failed" : found;
}

/** What the app's `check` came to; it decides nothing. */
export function takeCheckResult(state: ServicesState, instance: Instance, status: TaskStatus): void {
  const checkResult = checkResultOf(status.check_status);
  if (checkResult === undefined || JSON.stringify(checkResult) === JSON.stringify(instance.checkResult))
    return;
  state.instances.changeVolatile(instance, { checkResult });
}

/** The agent ended a task because its check failed too often. Call before the instance leaves the task. */
export function takeAgentKill(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  status: TaskStatus,
): void {
  if (status.healthy !== false || instance.isKillWanted) return;
  if (specOf(state, instance)?.facts.agentChecks.has(containerOf(status)) !== true) return;
  const cause = causeOf(status);
  publishKill(turn, instance, cause);
  recordTaskFailure(turn, state, instance, {
    taskId: status.task_id.value,
    state: "TASK_KILLED",
    message: `Task was killed since health check failed. Reason: ${cause}`,
  });
}
