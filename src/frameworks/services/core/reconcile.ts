/**
 * Asks the master what became of tasks: of each one that is believed to be somewhere, then of all it knows.
 *
 * The answers come as ordinary status updates. Source: contract marathon.md section 11.5; mesos.md section 1.8.
 */
import { isActive } from "./conditions.ts";
import { isInactive, liveTaskIdsOf } from "./instance.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Tasks named in one call; more are spread over several. */
const tasksPerCall = 1_000;

const timerKey = "reconcile";

export function reconcile(turn: Turn, state: ServicesState): void {
  if (!state.connection.isConnected) return;
  let tasks: { task_id: { value: string }; agent_id?: { value: string } }[] = [];
  for (const instance of state.instances.all()) {
    if (!(isActive(instance.condition) || isInactive(instance))) continue;
    for (const taskId of liveTaskIdsOf(instance)) {
      tasks.push({
        task_id: { value: taskId },
        ...(instance.agent === undefined ? {} : { agent_id: { value: instance.agent.agentId } }),
      });
    }
    if (tasks.length < tasksPerCall) continue;
    turn.call({ type: "RECONCILE", reconcile: { tasks } });
    tasks = [];
  }
  if (tasks.length > 0) turn.call({ type: "RECONCILE", reconcile: { tasks } });
  // An empty list asks for everything, tasks of instances that were forgotten included.
  turn.call({ type: "RECONCILE", reconcile: { tasks: [] } });
}

/** Right after the stream is up, again soon after for agents that come back late, then now and then. */
export function reconcileOnConnect(turn: Turn, state: ServicesState): void {
  reconcile(turn, state);
  state.timers.set(timerKey, turn.now + state.policy.reconcileInitialMs, { kind: "reconcile" });
}

/** Whether a call arrived isn't known: the master is asked, but not more often than this. */
const reconcileSoonMs = 5_000;

export function reconcileSoon(turn: Turn, state: ServicesState): void {
  const at = turn.now + reconcileSoonMs;
  const planned = state.timers.at(timerKey);
  if (planned === undefined || planned > at) state.timers.set(timerKey, at, { kind: "reconcile" });
}

export function reconcileDue(turn: Turn, state: ServicesState): void {
  reconcile(turn, state);
  state.timers.set(timerKey, turn.now + state.policy.reconcileIntervalMs, { kind: "reconcile" });
}
