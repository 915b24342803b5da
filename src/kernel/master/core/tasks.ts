/** What happens to tasks, whoever causes it: added, updated, released, completed. */

import type { TaskInfo, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { LinkTask } from "#contracts/link/messages.ts";
import { allocationRoleOf, parseResources, type Resources } from "#domain/resources/index.ts";
import { containerWithoutSecrets } from "#domain/secrets/index.ts";
import type { AgentRecord, FrameworkRecord } from "./records.ts";
import type { MasterState, Turn } from "./state.ts";
import { noStatuses, packStatuses } from "./status-history.ts";
import { addStatus, isTerminal, runningSinceOf, setState, type TaskRecord } from "./task.ts";

/** A task that is being launched now. */
export function launchedTask(
  state: MasterState,
  framework: FrameworkRecord,
  info: TaskInfo,
  { role, resources }: { readonly role: string; readonly resources: Resources },
): TaskRecord {
  return {
    taskId: info.task_id.value,
    frameworkId: framework.id,
    agentId: info.agent_id.value,
    name: info.name,
    role,
    executorId: info.executor?.executor_id.value,
    user: info.command?.user ?? info.executor?.command?.user,
    resources: state.resourceSets.shared(resources),
    wire: documentOf(info),
    state: "TASK_STAGING",
    forwardedState: undefined,
    forwardedUuid: undefined,
    statuses: noStatuses,
    runningSince: undefined,
    wantedKill: undefined,
    isReleased: false,
  };
}

/** A task that an agent brought back. */
export function returnedTask(state: MasterState, framework: FrameworkRecord, task: LinkTask): TaskRecord {
  return {
    taskId: task.task_id.value,
    frameworkId: framework.id,
    agentId: task.agent_id.value,
    name: task.name,
    role: allocationRoleOf(task.resources ?? []) ?? framework.roles[0] ?? "*",
    executorId: task.executor_id?.value,
    user: task.user,
    resources: state.resourceSets.shared(parseResources(task.resources ?? [])),
    wire: documentOf(task),
    state: task.state,
    forwardedState: task.status_update_state,
    forwardedUuid: task.status_update_uuid,
    statuses: packStatuses(task.statuses ?? [], {
      taskId: task.task_id.value,
      agentId: task.agent_id.value,
    }),
    runningSince: runningSinceOf(task.statuses ?? []),
    wantedKill: undefined,
    isReleased: isTerminal(task.state),
  };
}

/** Most tasks have nothing besides what is in the record: they share this. */
const nothingMore: TaskRecord["wire"] = {};

function documentOf(source: TaskInfo | LinkTask): TaskRecord["wire"] {
  const { labels, discovery, container, health_check, kill_policy, limits } = source;
  const document = {
    ...(labels === undefined ? {} : { labels }),
    ...(discovery === undefined ? {} : { discovery }),
    ...(container === undefined ? {} : { container: containerWithoutSecrets(container) }),
    ...(health_check === undefined ? {} : { health_check }),
    ...(kill_policy === undefined ? {} : { kill_policy }),
    ...(limits === undefined ? {} : { limits }),
  };
  return Object.keys(document).length === 0 ? nothingMore : document;
}

export function addTask(turn: Turn, framework: FrameworkRecord, agent: AgentRecord, task: TaskRecord): void {
  framework.unreachableTasks.delete(task.taskId);
  framework.tasks.set(task.taskId, task);
  agent.tasks.add(task);
  turn.changed({ kind: "taskAdded", task });
}

/** Gives the resources of a task back, once. */
export function releaseTask(state: MasterState, turn: Turn, task: TaskRecord): void {
  if (task.isReleased) return;
  task.isReleased = true;
  const { frameworkId, role, agentId, resources } = task;
  state.allocator.recover({ frameworkId, role, agentId, resources }, turn.now);
}

/** Takes a task out of the live ones, into the history of the completed. */
export function completeTask(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  task: TaskRecord,
): void {
  releaseTask(state, turn, task);
  framework.tasks.delete(task.taskId);
  state.agents.get(task.agentId)?.tasks.delete(task);
  framework.completedTasks.add(task.taskId, task);
  turn.changed({ kind: "taskRemoved", task });
}

/** A task ends by the master's word: its agent or its framework is gone. */
export function endTask(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  task: TaskRecord,
  status: TaskStatus,
): void {
  if (setState(task, status.state)) {
    addStatus(task, status);
    turn.changed({ kind: "taskUpdated", task });
  }
  completeTask(state, turn, framework, task);
}
