/** What the list of services reads. */
import { listServices, type ServiceItem } from "#contracts/services/own-endpoints.ts";
import { keys } from "../../data/keys.ts";
import type { ListSearch } from "../../data/list-query.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { type ServerList, useServerList } from "../../data/server-list.ts";
import { useLanguage } from "../../i18n/language-provider.tsx";

export function useServiceList(search: ListSearch): ServerList<ServiceItem> {
  const { language } = useLanguage();
  return useServerList({
    queryKey: keys.services({ ...search, also: { language } }),
    read: (window, signal) =>
      callEndpoint(daemonPaths.services, listServices, { query: { ...search, ...window, language }, signal }),
  });
}
