/** Tasks that wait for their image, and how much of it is there. */
import type { QueryOf, ReplyOf } from "#contracts/endpoint.ts";
import type { ImagePullItem, listImagePulls } from "#contracts/kernel/own-endpoints.ts";
import { type ListShape, listWindow } from "#foundation/base/list-window.ts";
import type { ImagePull } from "#kernel/containerizer/index.ts";
import type { AgentView } from "../core/view.ts";
import { knownTasks } from "./find-task.ts";

/** By container that waits for one. */
export function pullsByContainer(pulls: readonly ImagePull[]): ReadonlyMap<string, ImagePull> {
  return new Map(pulls.flatMap((pull) => pull.containerIds.map((id) => [id, pull] as const)));
}

export function imagePullList(
  view: AgentView,
  pulls: readonly ImagePull[],
  query: QueryOf<typeof listImagePulls>,
): ReplyOf<typeof listImagePulls> {
  if (pulls.length === 0) return { items: [], total: 0 };
  const byContainer = pullsByContainer(pulls);
  const items = [...knownTasks(view)].flatMap(({ taskId, frameworkId, containerId, isEnded }) => {
    const pull = byContainer.get(containerId);
    const isWanted = query.framework === undefined || query.framework === frameworkId;
    if (pull === undefined || isEnded || !isWanted) return [];
    const { containerIds: _containers, ...progress } = pull;
    return [{ taskId, frameworkId, containerId, ...progress }];
  });
  const window = listWindow(items, query, shape);
  return { items: [...window.items], total: window.total };
}

const shape: ListShape<ImagePullItem> = {
  words: ({ taskId, frameworkId, image }) => [taskId, frameworkId, image],
  fields: {
    taskId: ({ taskId }) => taskId,
    frameworkId: ({ frameworkId }) => frameworkId,
    image: ({ image }) => image,
    phase: ({ phase }) => phase,
    doneBytes: ({ doneBytes }) => doneBytes,
    totalBytes: ({ totalBytes }) => totalBytes,
  },
};
