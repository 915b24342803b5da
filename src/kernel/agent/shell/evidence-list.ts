/** Tasks of this agent, those that ended too, with cause and whether their files are still there. */
import type { QueryOf, ReplyOf } from "#contracts/endpoint.ts";
import type { listEvidence, TaskEvidence } from "#contracts/kernel/own-endpoints.ts";
import { type ListShape, listWindow } from "#foundation/base/list-window.ts";
import type { AgentView } from "../core/view.ts";
import { type FoundTask, knownTasks } from "./find-task.ts";

export function evidenceList(
  view: AgentView,
  query: QueryOf<typeof listEvidence>,
): ReplyOf<typeof listEvidence> {
  const wanted = [...knownTasks(view)].filter(
    ({ taskId }) => query.task === undefined || taskId === query.task,
  );
  // Newest first unless asked otherwise: what people look for went wrong lately.
  const { items, total } = listWindow(wanted.reverse(), query, evidenceShape);
  const { budgetBytes, usedBytes, maxAgeMs } = view.sandboxes;
  return { items: items.map(evidenceItem), total, budgetBytes, usedBytes, keepMs: maxAgeMs };
}

const evidenceShape: ListShape<FoundTask> = {
  words: ({ taskId, state, message = "", frameworkId }) => [taskId, state, message, frameworkId],
  fields: {
    id: ({ taskId }) => taskId,
    frameworkId: ({ frameworkId }) => frameworkId,
    containerId: ({ containerId }) => containerId,
    state: ({ state }) => state,
    isEnded: ({ isEnded }) => isEnded,
    isOutOfMemory: ({ record }) => record?.ending?.isOutOfMemory ?? false,
    startedAt: ({ startedAt }) => startedAt,
    endedAt: ({ record }) => record?.endedAt,
    filesRemovedAt: ({ record }) => record?.filesRemovedAt,
  },
};

function evidenceItem({ record, ...task }: FoundTask): TaskEvidence {
  const { exitCode, signal, isOutOfMemory = false } = record?.ending ?? {};
  return {
    id: task.taskId,
    frameworkId: task.frameworkId,
    executorId: task.executorId,
    containerId: task.containerId,
    directory: task.directory,
    state: task.state,
    isEnded: task.isEnded,
    ...(task.startedAt === undefined ? {} : { startedAt: task.startedAt }),
    ...(record === undefined ? {} : { endedAt: record.endedAt }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    isOutOfMemory,
    ...(task.message === undefined ? {} : { message: task.message }),
    ...(record?.filesRemovedAt === undefined ? {} : { filesRemovedAt: record.filesRemovedAt }),
  };
}
