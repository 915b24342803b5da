/** Tasks of all frameworks for clients of our own: a window of a filtered, sorted list. */
import type { QueryOf, ReplyOf } from "#contracts/endpoint.ts";
import type { listTasks, TaskItem } from "#contracts/kernel/own-endpoints.ts";
import { type ListShape, listWindow } from "#foundation/base/list-window.ts";
import {
  type FrameworkRecord,
  isTerminal,
  type MasterState,
  statusesOf,
  type TaskRecord,
} from "../core/index.ts";

export function taskList(state: MasterState, query: QueryOf<typeof listTasks>): ReplyOf<typeof listTasks> {
  const { items, total } = listWindow(wanted(state, query), query, taskShape(state));
  return { items: items.map((task) => taskItem(state, task)), total };
}

function* wanted(
  state: MasterState,
  { node, framework: wantedFramework, ended = false }: QueryOf<typeof listTasks>,
): Generator<TaskRecord> {
  const isWanted = (task: TaskRecord): boolean =>
    (ended || !isTerminal(task.state)) && (node === undefined || task.agentId === node);
  const frameworks = [...state.frameworks.values(), ...(ended ? state.completedFrameworks.values() : [])];
  for (const framework of frameworks) {
    if (wantedFramework !== undefined && framework.id !== wantedFramework) continue;
    for (const task of tasksOf(framework, ended)) if (isWanted(task)) yield task;
  }
}

function* tasksOf(framework: FrameworkRecord, ended: boolean): Generator<TaskRecord> {
  yield* framework.tasks.values();
  yield* framework.unreachableTasks.values();
  if (ended) yield* framework.completedTasks.values();
}

const hostnameOf = (state: MasterState, { agentId }: TaskRecord): string =>
  state.agents.get(agentId)?.info.hostname ??
  state.recovered.get(agentId)?.hostname ??
  state.unreachable.get(agentId)?.hostname ??
  "";

const frameworkNameOf = (state: MasterState, { frameworkId }: TaskRecord): string =>
  (state.frameworks.get(frameworkId) ?? state.completedFrameworks.get(frameworkId))?.info.name ?? "";

/** ms UTC of the last status. */
function updatedAtOf(task: TaskRecord): number | undefined {
  const at = statusesOf(task).at(-1)?.timestamp;
  return at === undefined ? undefined : Math.round(at * 1000);
}

const startedAtOf = ({ runningSince }: TaskRecord): number | undefined =>
  runningSince === undefined ? undefined : runningSince * 1000;

const healthOf = (task: TaskRecord): boolean | undefined => statusesOf(task).at(-1)?.healthy;

const taskShape = (state: MasterState): ListShape<TaskRecord> => ({
  words: (task) => [
    task.taskId,
    task.name,
    task.state,
    hostnameOf(state, task),
    frameworkNameOf(state, task),
    task.agentId,
  ],
  fields: {
    id: ({ taskId }) => taskId,
    name: ({ name }) => name,
    state: ({ state: taskState }) => taskState,
    frameworkId: ({ frameworkId }) => frameworkId,
    frameworkName: (task) => frameworkNameOf(state, task),
    agentId: ({ agentId }) => agentId,
    hostname: (task) => hostnameOf(state, task),
    isEnded: (task) => isTerminal(task.state),
    healthy: healthOf,
    cpus: ({ resources }) => resources.scalarMillis("cpus") / 1000,
    mem: ({ resources }) => resources.scalarMillis("mem") / 1000,
    disk: ({ resources }) => resources.scalarMillis("disk") / 1000,
    startedAt: startedAtOf,
    updatedAt: updatedAtOf,
  },
  tieBreak: ({ taskId }) => taskId,
});

function taskItem(state: MasterState, task: TaskRecord): TaskItem {
  const status = statusesOf(task).at(-1);
  const startedAt = startedAtOf(task);
  const healthy = healthOf(task);
  const updatedAt = updatedAtOf(task);
  return {
    id: task.taskId,
    name: task.name,
    frameworkId: task.frameworkId,
    frameworkName: frameworkNameOf(state, task),
    executorId: status?.executor_id?.value ?? "",
    agentId: task.agentId,
    hostname: hostnameOf(state, task),
    state: task.state,
    isEnded: isTerminal(task.state),
    ...(healthy === undefined ? {} : { healthy }),
    cpus: task.resources.scalarMillis("cpus") / 1000,
    mem: task.resources.scalarMillis("mem") / 1000,
    disk: task.resources.scalarMillis("disk") / 1000,
    gpus: task.resources.scalarMillis("gpus") / 1000,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(updatedAt === undefined ? {} : { updatedAt }),
    ...(status?.message === undefined || status.message === "" ? {} : { message: status.message }),
  };
}
