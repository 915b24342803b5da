/**
 * Takes what is told about tasks.
 *
 * Told twice changes nothing. An update with a uuid is acknowledged by an effect of the step that wrote what
 * it says, so that the acknowledgement leaves after the write. Source: contract marathon.md sections 11 and
 * 17; mesos.md section 1.6.
 */
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import { isByOperator } from "#frameworks/base/core/failure-cause.ts";
import { takeAgentHealth, takeAgentKill, takeCheckResult } from "./agent-health.ts";
import {
  type Condition,
  conditionOf,
  conditionOfAll,
  isActive,
  isStaged,
  isTerminal,
  raisesBackoff,
} from "./conditions.ts";
import { parseTaskId } from "./ids.ts";
import { type Instance, type InstanceContainer, type InstanceFields, taskIdsOf } from "./instance.ts";
import { expunge, killInstance, leaveTask, overdueKey, unreachableKey } from "./lifecycle.ts";
import { freshChecks, specOf, startProbes } from "./probes.ts";
import { startReadiness } from "./readiness.ts";
import { reservationTold } from "./residency.ts";
import type { ServicesState } from "./state.ts";
import { recordTaskFailure, rememberEnd } from "./task-failure.ts";
import type { Turn } from "./turn.ts";
import { judgeUnreachable } from "./unreachable.ts";

export function takeStatus(turn: Turn, state: ServicesState, status: TaskStatus): void {
  const taskId = status.task_id.value;
  const parsed = parseTaskId(taskId);
  const instance = parsed === undefined ? undefined : state.instances.get(parsed.instanceId);
  const condition = conditionOf(status);
  if (condition !== undefined) {
    if (instance !== undefined && taskIdsOf(instance).includes(taskId))
      takeOwn(turn, state, instance, condition, status);
    else takeStranger(turn, state, { taskId, appId: parsed?.appId, instance, condition, status });
  }
  acknowledge(turn, status);
}

/** A task that no instance answers for: one that was forgotten, or an earlier incarnation. */
function takeStranger(
  turn: Turn,
  state: ServicesState,
  told: {
    readonly taskId: string;
    readonly appId: string | undefined;
    readonly instance: Instance | undefined;
    readonly condition: Condition;
    readonly status: TaskStatus;
  },
): void {
  // It is over, or can't be reached now: when it can, that is told again.
  if (isTerminal(told.condition) || told.condition === "Unreachable")
    state.kills.settle(turn, state, told.taskId);
  if (isTerminal(told.condition)) {
    if (told.instance === undefined && told.appId !== undefined) {
      turn.publish("unknown_instance_terminated_event", {
        instanceId: parseTaskId(told.taskId)?.instanceId ?? told.taskId,
        runSpecId: told.appId,
        condition: told.condition,
      });
    }
    return;
  }
  if (told.condition === "Unreachable") return;
  state.kills.want(turn, state, told.taskId, told.status.agent_id?.value);
}

function takeOwn(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  condition: Condition,
  status: TaskStatus,
): void {
  if (instance.containers.length > 0) takeContainer(turn, state, instance, condition, status);
  else if (isNews(instance.condition, condition)) takeCondition(turn, state, instance, condition, status);
  else takeSameCondition(turn, state, instance, status);
}

/** One container of several: what it means for the instance follows from all of them. */
function takeContainer(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  condition: Condition,
  status: TaskStatus,
): void {
  const taskId = status.task_id.value;
  const before = instance.containers.find((container) => container.taskId === taskId);
  const isChanged = before !== undefined && isNews(before.condition, condition);
  if (isChanged) {
    if (isTerminal(condition)) endTask(turn, state, instance, condition, status);
    const { message } = status;
    const after: InstanceContainer = {
      ...before,
      condition,
      since: turn.now,
      ...(message === undefined || message === "" ? {} : { message }),
    };
    const containers = instance.containers.map((each) => (each === before ? after : each));
    state.instances.change(turn, instance, { containers });
  }
  // Each container only goes where it may; their instance goes where they are.
  const combined = conditionOfAll(instance.containers);
  const isSame =
    combined === instance.condition ||
    (combined === "Unreachable" && instance.condition === "UnreachableInactive");
  if (!isSame) return takeCondition(turn, state, instance, combined, status);
  if (isChanged) publishStatus(turn, instance, status);
  takeSameCondition(turn, state, instance, status);
}

/** What is kept of a task that is over. */
function endTask(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  condition: Condition,
  status: TaskStatus,
): void {
  const taskId = status.task_id.value;
  state.kills.settle(turn, state, taskId);
  takeAgentKill(turn, state, instance, status);
  // Of several containers one may have nothing more to do.
  const isDone = condition === "Finished" && instance.containers.length > 0;
  const isFailure =
    !instance.isKillWanted && raisesBackoff(condition) && !isByOperator(status.reason) && !isDone;
  rememberEnd(turn, state, instance, { condition, status, isFailure, taskId });
  if (isRecordedFailure(status)) {
    const message = status.message ?? "";
    recordTaskFailure(turn, state, instance, { state: status.state, message, taskId });
  }
}

function takeCondition(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  condition: Condition,
  status: TaskStatus,
): void {
  publishStatus(turn, instance, status);
  if (condition === "Unreachable") takeUnreachable(turn, state, instance, status);
  else if (isTerminal(condition)) takeTerminal(turn, state, instance, condition, status);
  else takeAlive(turn, state, instance, condition, status);
}

/**
 * Whether a condition may follow another in one incarnation. What an agent reported as ended stays ended.
 * What was only thought to be gone may turn up again. Nothing goes back on its way up.
 */
export function isNews(before: Condition, after: Condition): boolean {
  if (before === after) return false;
  switch (before) {
    case "Finished":
    case "Failed":
    case "Killed":
    case "Error":
      return false;
    case "UnreachableInactive":
      return after !== "Unreachable";
    case "Killing":
      return isTerminal(after) || after === "Unreachable";
    case "Running":
      return !isStaged(after);
    case "Starting":
      return after !== "Staging";
    default:
      return true;
  }
}

/** What may come later than the first word of a task running. */
function takeSameCondition(turn: Turn, state: ServicesState, instance: Instance, status: TaskStatus): void {
  takeAddresses(turn, state, instance, status);
  takeAgentHealth(turn, state, instance, status);
  takeCheckResult(state, instance, status);
}

function takeAddresses(turn: Turn, state: ServicesState, instance: Instance, status: TaskStatus): void {
  const ipAddresses = addressesOf(status);
  if (instance.condition !== "Running" || ipAddresses.length === 0) return;
  if (JSON.stringify(ipAddresses) === JSON.stringify(instance.ipAddresses)) return;
  state.instances.change(turn, instance, { ipAddresses });
}

function takeAlive(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  condition: Condition,
  status: TaskStatus,
): void {
  const wasRunning = instance.startedAt !== undefined;
  const fields: Partial<InstanceFields> = { condition, unreachableSince: undefined };
  state.timers.cancel(unreachableKey(instance.id));
  state.queue.progressed(turn, state, instance);
  if (condition !== "Running") {
    state.instances.change(turn, instance, fields);
    if (isStaged(condition)) watchLaunch(turn, state, instance);
  } else {
    const ipAddresses = addressesOf(status);
    state.timers.cancel(overdueKey(instance.id));
    state.instances.change(turn, instance, {
      ...fields,
      startedAt: instance.startedAt ?? turn.now,
      ...(ipAddresses.length === 0 ? {} : { ipAddresses }),
    });
    if (!wasRunning) state.queue.confirmed();
    startProbes(turn, state, instance);
    startReadiness(turn, state, instance);
    takeAgentHealth(turn, state, instance, status);
    takeCheckResult(state, instance, status);
  }
  // Staging is what the master sent away, which its agent may never have got.
  if (condition !== "Staging") reservationTold(turn, state, instance, "alive");
  // A kill of an instance that came back from being unreachable was given up; it is still wanted.
  if (instance.isKillWanted || instance.goal !== "Running") killInstance(turn, state, instance);
}

function takeTerminal(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  condition: Condition,
  status: TaskStatus,
): void {
  const wasWanted = !instance.isKillWanted;
  const isFailure = wasWanted && raisesBackoff(condition) && !isByOperator(status.reason);
  if (instance.containers.length === 0) endTask(turn, state, instance, condition, status);
  leaveTask(turn, state, instance);
  const isGoingOn = instance.goal === "Running";
  // Its agent never comes back, and what is reserved there is gone with it.
  const isAbandoned = status.state === "TASK_GONE_BY_OPERATOR" && instance.reservation !== undefined;
  state.instances.change(turn, instance, {
    ...(isAbandoned ? { reservation: undefined } : {}),
    condition,
    isKillWanted: false,
    isReady: undefined,
    unreachableSince: undefined,
    health: undefined,
    checks: freshChecks(specOf(state, instance)?.facts),
  });
  // TASK_ERROR is the master's: the task never ran.
  reservationTold(turn, state, instance, condition === "Error" ? "refused" : "ended");
  if (instance.goal === "Stopped" && !isAbandoned) return;
  if (!isGoingOn) expunge(turn, state, instance);
  else if (isFailure) state.queue.failed(turn, state, instance);
  // Who is moved is not to wait for what failed elsewhere.
  else if (isByOperator(status.reason)) state.queue.resetDelay(state, instance.appId);
}

function takeUnreachable(turn: Turn, state: ServicesState, instance: Instance, status: TaskStatus): void {
  if (instance.goal === "Decommissioned") {
    rememberEnd(turn, state, instance, { condition: "Unreachable", status, isFailure: false });
    expunge(turn, state, instance);
    return;
  }
  leaveTask(turn, state, instance);
  state.instances.change(turn, instance, {
    condition: "Unreachable",
    // The clock of a master may be ahead of ours.
    unreachableSince: Math.min(unreachableTimeOf(status) ?? turn.now, turn.now),
    health: undefined,
    checks: freshChecks(specOf(state, instance)?.facts),
  });
  judgeInstance(turn, state, instance);
}

/** Asks what time has made of an unreachable instance; also when its timer says so. */
export function judgeInstance(turn: Turn, state: ServicesState, instance: Instance): void {
  const { unreachableSince } = instance;
  if (unreachableSince === undefined) return;
  const strategy = specOf(state, instance)?.facts.unreachable ?? {
    kind: "replace" as const,
    inactiveAfterMs: 0,
    expungeAfterMs: 0,
  };
  const verdict = judgeUnreachable(strategy, unreachableSince, turn.now);
  if (verdict.kind === "expunge") {
    rememberEnd(turn, state, instance, { condition: "UnreachableInactive", isFailure: true });
    expunge(turn, state, instance);
    return;
  }
  if (verdict.kind === "inactive" && instance.condition !== "UnreachableInactive") {
    state.instances.change(turn, instance, { condition: "UnreachableInactive" });
  }
  if (verdict.nextAt !== undefined) {
    state.timers.set(unreachableKey(instance.id), verdict.nextAt, {
      kind: "unreachable",
      instanceId: instance.id,
    });
  }
}

/** A launch that isn't confirmed in time is ended and tried again. */
export function watchLaunch(turn: Turn, state: ServicesState, instance: Instance): void {
  if (instance.taskId === undefined) return;
  const timeoutMs =
    instance.condition === "Provisioned" ? state.policy.launchConfirmTimeoutMs : state.policy.launchTimeoutMs;
  state.timers.set(overdueKey(instance.id), turn.now + timeoutMs, {
    kind: "overdue",
    instanceId: instance.id,
    taskId: instance.taskId,
  });
}

export function launchOverdue(turn: Turn, state: ServicesState, instanceId: string, taskId: string): void {
  const instance = state.instances.get(instanceId);
  if (instance === undefined || instance.taskId !== taskId || !isStaged(instance.condition)) return;
  killInstance(turn, state, instance);
}

function publishStatus(turn: Turn, instance: Instance, status: TaskStatus): void {
  turn.publish("status_update_event", {
    slaveId: instance.agent?.agentId ?? status.agent_id?.value ?? "",
    taskId: status.task_id.value,
    taskStatus: status.state,
    message: status.message ?? "",
    appId: instance.appId,
    host: instance.agent?.host ?? "",
    ipAddresses: addressesOf(status).map(({ ipAddress, protocol }) => ({ ipAddress, protocol })),
    ports: isActive(instance.condition) ? instance.ports : [],
    version: formatInstant(instance.version),
  });
}

/** An update without uuid is the master's own word and must not be acknowledged. */
function acknowledge(turn: Turn, status: TaskStatus): void {
  if (status.uuid === undefined || status.agent_id === undefined) return;
  turn.call({
    type: "ACKNOWLEDGE",
    acknowledge: { agent_id: status.agent_id, task_id: status.task_id, uuid: status.uuid },
  });
}

const recordedStates: ReadonlySet<string> = new Set([
  "TASK_FAILED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
  "TASK_UNKNOWN",
]);

function isRecordedFailure(status: TaskStatus): boolean {
  return recordedStates.has(status.state);
}

function addressesOf(status: TaskStatus): Instance["ipAddresses"] {
  const networks = status.container_status?.network_infos ?? [];
  return networks.flatMap((network) =>
    (network.ip_addresses ?? []).flatMap((address) =>
      address.ip_address === undefined
        ? []
        : [
            {
              ipAddress: address.ip_address,
              protocol: address.protocol ?? "IPv4",
              ...(network.name === undefined ? {} : { network: network.name }),
            },
          ],
    ),
  );
}

function unreachableTimeOf(status: TaskStatus): InstantMs | undefined {
  const nanoseconds = status.unreachable_time?.nanoseconds;
  return nanoseconds === undefined ? undefined : Math.floor(Number(nanoseconds) / 1_000_000);
}
