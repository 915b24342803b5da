/** RECONCILE and KILL: questions and orders about tasks by id. Source: contract mesos.md sections 1.7, 1.8. */
import type {
  SchedulerCallKill,
  SchedulerCallReconcile,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import { type FrameworkRecord, taskKey } from "./records.ts";
import { lostOr, type MasterState, masterStatus, type Turn, tellStatus } from "./state.ts";
import { isTerminal, type TaskRecord } from "./task.ts";
import { tellKnown } from "./updates.ts";

export function reconcile(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  { tasks = [] }: SchedulerCallReconcile,
): void {
  if (tasks.length === 0) {
    for (const taskId of framework.tasks.keys()) tellKnown(turn, framework, taskId);
    return;
  }
  for (const { task_id, agent_id } of tasks)
    reconcileOne(state, turn, framework, task_id.value, agent_id?.value);
}

function reconcileOne(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  taskId: string,
  agentId: string | undefined,
): void {
  if (tellKnown(turn, framework, taskId)) return;
  // Its agent may yet come back and say: no answer is better than a wrong one.
  if (agentId === undefined ? state.recovered.size > 0 : state.recovered.has(agentId)) return;
  const answer = (
    precise: Parameters<typeof lostOr>[1],
    message: string,
    more: Partial<TaskStatus> = {},
  ): void => {
    const id = agentId === undefined ? {} : { agent_id: { value: agentId } };
    tellStatus(
      turn,
      framework,
      masterStatus(turn, {
        task_id: { value: taskId },
        ...id,
        state: lostOr(framework, precise),
        reason: "REASON_RECONCILIATION",
        message,
        ...more,
      }),
    );
  };
  if (agentId !== undefined && state.agents.has(agentId))
    return answer("TASK_GONE", "Reconciliation: Task is unknown to the agent");
  const since = agentId === undefined ? undefined : state.unreachable.get(agentId)?.since;
  if (since !== undefined) {
    return answer("TASK_UNREACHABLE", "Reconciliation: Task is unreachable", {
      unreachable_time: { nanoseconds: since * 1_000_000 },
    });
  }
  if (agentId !== undefined && state.gone.has(agentId))
    return answer("TASK_GONE_BY_OPERATOR", "Reconciliation: Task is gone");
  return answer("TASK_UNKNOWN", "Reconciliation: Task is unknown");
}

export function kill(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  call: SchedulerCallKill,
): void {
  const taskId = call.task_id.value;
  const agentId = call.agent_id?.value;
  const task = framework.tasks.get(taskId);
  if (task === undefined) {
    const mayComeBack = agentId === undefined ? state.recovered.size > 0 : state.recovered.has(agentId);
    if (mayComeBack) state.earlyKills.add(taskKey(framework.id, taskId), { killPolicy: call.kill_policy });
    return reconcileOne(state, turn, framework, taskId, agentId);
  }
  if (agentId !== undefined && agentId !== task.agentId) return;
  task.wantedKill = { killPolicy: call.kill_policy };
  sendKill(state, turn, task);
}

/** To the agent, if it is connected; otherwise it is sent when the agent is back. */
export function sendKill(state: MasterState, turn: Turn, task: TaskRecord): void {
  const agent = state.agents.get(task.agentId);
  if (agent === undefined || task.wantedKill === undefined || isTerminal(task.state)) return;
  const { killPolicy } = task.wantedKill;
  turn.tellAgent(agent, {
    kind: "killTask",
    frameworkId: task.frameworkId,
    taskId: task.taskId,
    ...(killPolicy === undefined ? {} : { killPolicy }),
  });
}

/** Kills that came before the task's agent did. */
export function takeEarlyKill(state: MasterState, task: TaskRecord): void {
  const key = taskKey(task.frameworkId, task.taskId);
  const early = state.earlyKills.get(key);
  if (early === undefined) return;
  state.earlyKills.delete(key);
  task.wantedKill = early;
}
