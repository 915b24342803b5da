/** What the node pages read. */
import { listNodes, type NodeItem } from "#contracts/kernel/own-endpoints.ts";
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
