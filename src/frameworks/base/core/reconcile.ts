/**
 * Asks the master what became of tasks: of each one that is believed to be somewhere, then of all it knows.
 *
 * The answers come as ordinary status updates. Source: contract marathon.md section 11.5; mesos.md section 1.8.
 */
import type { SharedTurn, Surroundings } from "./surroundings.ts";

/** Tasks named in one call; more are spread over several. */
const tasksPerCall = 1_000;

const timerKey = "reconcile";

/** A task that the framework believes in, and where. */
export interface BelievedTask {
  readonly taskId: string;
  readonly agentId: string | undefined;
}

function reconcile(turn: SharedTurn, state: Surroundings, believed: Iterable<BelievedTask>): void {
  if (!state.connection.isConnected) return;
  let tasks: { task_id: { value: string }; agent_id?: { value: string } }[] = [];
  for (const { taskId, agentId } of believed) {
    tasks.push({
      task_id: { value: taskId },
      ...(agentId === undefined ? {} : { agent_id: { value: agentId } }),
    });
    if (tasks.length < tasksPerCall) continue;
    turn.call({ type: "RECONCILE", reconcile: { tasks } });
    tasks = [];
  }
  if (tasks.length > 0) turn.call({ type: "RECONCILE", reconcile: { tasks } });
  // An empty list asks for everything, tasks that nobody remembers included.
  turn.call({ type: "RECONCILE", reconcile: { tasks: [] } });
}

/** Right after the stream is up, again soon after for agents that come back late, then now and then. */
export function reconcileOnConnect(
  turn: SharedTurn,
  state: Surroundings,
  believed: Iterable<BelievedTask>,
): void {
  reconcile(turn, state, believed);
  state.timers.set(timerKey, turn.now + state.policy.reconcileInitialMs, { kind: "reconcile" });
}

/** Whether a call arrived isn't known: the master is asked, but not more often than this. */
const reconcileSoonMs = 5_000;

export function reconcileSoon(turn: SharedTurn, state: Surroundings): void {
  const at = turn.now + reconcileSoonMs;
  const planned = state.timers.at(timerKey);
  if (planned === undefined || planned > at) state.timers.set(timerKey, at, { kind: "reconcile" });
}

export function reconcileDue(turn: SharedTurn, state: Surroundings, believed: Iterable<BelievedTask>): void {
  reconcile(turn, state, believed);
  state.timers.set(timerKey, turn.now + state.policy.reconcileIntervalMs, { kind: "reconcile" });
}
