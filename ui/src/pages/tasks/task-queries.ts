/** What the task pages read. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { listTasks, type TaskItem } from "#contracts/kernel/own-endpoints.ts";
import { keys } from "../../data/keys.ts";
import type { ListSearch } from "../../data/list-query.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { type ServerList, useServerList } from "../../data/server-list.ts";

export interface TaskScope {
  readonly ended?: boolean;
  /** Only tasks of this node. */
  readonly node?: string;
}

export const useTaskList = (search: ListSearch, scope: TaskScope = {}): ServerList<TaskItem> =>
  useServerList({
    queryKey: keys.tasks({ ...search, also: { ...scope } }),
    read: (window, signal) =>
      callEndpoint(daemonPaths.kernel, listTasks, { query: { ...search, ...scope, ...window }, signal }),
  });

/** One task; `null` when the cluster no longer knows it. */
export const useTask = (id: string): UseQueryResult<TaskItem | null> =>
  useQuery({
    queryKey: keys.task(id, "item"),
    queryFn: async ({ signal }) => {
      const { items } = await callEndpoint(daemonPaths.kernel, listTasks, {
        query: { filter: `id:${JSON.stringify(id)}`, ended: true, limit: 10 },
        signal,
      });
      return items.find((task) => task.id === id) ?? null;
    },
  });
