/** What the node pages read. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ReplyOf } from "#contracts/endpoint.ts";
import { listNodes, type NodeItem, showIsolation, showUsage } from "#contracts/kernel/own-endpoints.ts";
import { keys } from "../../data/keys.ts";
import type { ListSearch } from "../../data/list-query.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { type ServerList, useServerList } from "../../data/server-list.ts";

export const useNodeList = (search: ListSearch): ServerList<NodeItem> =>
  useServerList({
    queryKey: keys.nodes(search),
    read: (window, signal) =>
      callEndpoint(daemonPaths.kernel, listNodes, { query: { ...search, ...window }, signal }),
  });

/** One node; `null` when the cluster does not know it. */
export const useNode = (id: string): UseQueryResult<NodeItem | null> =>
  useQuery({
    queryKey: keys.node(id, "item"),
    queryFn: async ({ signal }) => {
      const { items } = await callEndpoint(daemonPaths.kernel, listNodes, {
        query: { filter: `id:${JSON.stringify(id)}`, limit: 1 },
        signal,
      });
      return items.find((node) => node.id === id) ?? null;
    },
  });

/** What is really used on a node now; asked again every 5 s, since use makes no events. */
export const useNodeUsage = (id: string, isActive: boolean): UseQueryResult<ReplyOf<typeof showUsage>> =>
  useQuery({
    queryKey: ["usage", id],
    queryFn: ({ signal }) => callEndpoint(daemonPaths.agent(id), showUsage, { signal }),
    enabled: isActive,
    refetchInterval: 5_000,
    retry: false,
  });

/** What keeps tasks of a node apart. */
export const useNodeIsolation = (
  id: string,
  isActive: boolean,
): UseQueryResult<ReplyOf<typeof showIsolation>> =>
  useQuery({
    queryKey: ["isolation", id],
    queryFn: ({ signal }) => callEndpoint(daemonPaths.agent(id), showIsolation, { signal }),
    enabled: isActive,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
