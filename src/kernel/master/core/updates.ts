/** Status updates from agents, and their acknowledgement. Source: contract mesos.md section 1.6. */
import type { SchedulerCallAcknowledge } from "#contracts/kernel/messages.gen.ts";
import type { StatusUpdate } from "#contracts/link/messages.ts";
import { type AgentRecord, type FrameworkRecord, taskOn } from "./records.ts";
import { type MasterState, masterStatus, type Turn, tellStatus } from "./state.ts";
import { addStatus, isTerminal, setState, statusesOf } from "./task.ts";
import { completeTask, releaseTask } from "./tasks.ts";

/**
 * Takes an update to its framework. The agent keeps it until it is acknowledged, so that one for a framework that
 * is away needs nothing here: it comes again.
 */
export function agentUpdated(state: MasterState, turn: Turn, agent: AgentRecord, update: StatusUpdate): void {
  const { status, frameworkId, latestState } = update;
  const framework = state.frameworks.get(frameworkId);
  if (framework === undefined) {
    // Nobody will acknowledge it: a framework that was removed.
    if (state.retiredFrameworkIds.has(frameworkId))
      turn.tellAgent(agent, { kind: "shutdownFramework", frameworkId });
    return;
  }
  const task = taskOn(agent, framework, status.task_id.value);
  let isToldAlready = false;
  if (task !== undefined) {
    const before = task.state;
    // The newest state counts for resources, the forwarded one for the framework.
    setState(task, latestState);
    if (isTerminal(task.state)) releaseTask(state, turn, task);
    const isRepeated = status.uuid !== undefined && status.uuid === task.forwardedUuid;
    // Not because it was not acknowledged: the agent says at once that the task ended, which only the master needs to know.
    isToldAlready = isRepeated && !isTerminal(before) && isTerminal(task.state);
    if (framework.connection !== undefined) {
      task.forwardedState = status.state;
      task.forwardedUuid = status.uuid;
    }
    if (!isRepeated || before !== task.state) {
      addStatus(task, status);
      turn.changed({ kind: "taskUpdated", task });
    }
  }
  if (!isToldAlready) tellStatus(turn, framework, status);
  // Without a uuid nothing will come back: a terminal one ends the task here.
  if (task !== undefined && status.uuid === undefined && isTerminal(status.state))
    completeTask(state, turn, framework, task);
}

export function acknowledge(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  call: SchedulerCallAcknowledge,
): void {
  const agent = state.agents.get(call.agent_id.value);
  if (agent?.connection === undefined) return;
  const taskId = call.task_id.value;
  const task = taskOn(agent, framework, taskId);
  if (
    task !== undefined &&
    task.forwardedUuid === call.uuid &&
    task.forwardedState !== undefined &&
    isTerminal(task.forwardedState)
  ) {
    completeTask(state, turn, framework, task);
  }
  turn.tellAgent(agent, { kind: "acknowledge", frameworkId: framework.id, taskId, uuid: call.uuid });
}

/** The state of a task as reconciliation tells it. Source: contract mesos.md section 1.8. */
export function tellKnown(turn: Turn, framework: FrameworkRecord, taskId: string): boolean {
  const task = framework.tasks.get(taskId);
  if (task === undefined) return false;
  const last = statusesOf(task).at(-1);
  const executor = last?.executor_id;
  tellStatus(turn, framework, {
    ...masterStatus(turn, {
      task_id: { value: taskId },
      agent_id: { value: task.agentId },
      state: task.forwardedState ?? task.state,
      reason: "REASON_RECONCILIATION",
      message: "Reconciliation: Latest task state",
    }),
    ...(executor === undefined ? {} : { executor_id: executor }),
    ...(last?.healthy === undefined ? {} : { healthy: last.healthy }),
    ...(last?.check_status === undefined ? {} : { check_status: last.check_status }),
    ...(last?.container_status === undefined ? {} : { container_status: last.container_status }),
  });
  return true;
}
