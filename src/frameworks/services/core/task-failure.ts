/**
 * How tasks ended: the last failure of each app, kept until the next one, and evidence of all of them within budgets.
 *
 * Source: contract marathon.md section 2.1, `lastTaskFailure`.
 */
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import type { Condition } from "./conditions.ts";
import type { Instance } from "./instance.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

export function recordTaskFailure(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  failure: { readonly state: string; readonly message: string; readonly taskId?: string },
): void {
  const app = state.apps.get(instance.appId);
  if (app === undefined) return;
  const slaveId = instance.agent?.agentId;
  state.apps.setLastFailure(turn, app, {
    appId: instance.appId,
    host: instance.agent?.host ?? "",
    message: failure.message,
    state: failure.state,
    taskId: failure.taskId ?? instance.taskId ?? instance.id,
    timestamp: formatInstant(turn.now),
    version: formatInstant(instance.version),
    ...(slaveId === undefined ? {} : { slaveId }),
  });
}

/** Call before the instance leaves its task: it tells what that task was. `taskId`: of a pod's container. */
export function rememberEnd(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  end: {
    readonly condition: Condition;
    readonly status?: TaskStatus;
    readonly isFailure: boolean;
    readonly taskId?: string;
  },
): void {
  const taskId = end.taskId ?? instance.taskId;
  if (taskId === undefined) return;
  // One that was killed for a cause of its own, such as failed health checks, has that on record already.
  const failure = state.apps.get(instance.appId)?.lastFailure;
  const known = failure?.taskId === taskId && failure.state === "TASK_KILLED" ? failure.message : undefined;
  state.endedInstances.add(turn, {
    instanceId: instance.id,
    taskId,
    appId: instance.appId,
    condition: end.condition,
    goal: instance.goal,
    isFailure: end.isFailure || known !== undefined,
    agentId: instance.agent?.agentId,
    hostname: instance.agent?.host,
    ports: instance.ports,
    version: instance.version,
    stagedAt: instance.stagedAt,
    startedAt: instance.startedAt,
    endedAt: turn.now,
    cause: known ?? end.status?.message ?? "",
    reason: end.status?.reason,
  });
}
