/** What the page of deployments reads. */
import { type DeploymentItem, listDeployments } from "#contracts/services/own-endpoints.ts";
import { keys } from "../../data/keys.ts";
import type { ListSearch } from "../../data/list-query.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { type ServerList, useServerList } from "../../data/server-list.ts";
import { useLanguage } from "../../i18n/language-provider.tsx";

export function useDeploymentList(search: ListSearch): ServerList<DeploymentItem> {
  const { language } = useLanguage();
  return useServerList({
    queryKey: keys.deployments({ ...search, also: { language } }),
    read: (window, signal) =>
      callEndpoint(daemonPaths.services, listDeployments, {
        query: { ...search, ...window, language },
        signal,
      }),
  });
}
