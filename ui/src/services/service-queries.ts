/** What the pages of one service read. Keys begin with `service` and its id, so that its events make them old. */
import { type QueryKey, type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ReplyOf } from "#contracts/endpoint.ts";
import { type AuditRecord, listAudit } from "#contracts/observe/audit.ts";
import {
  type DeploymentItem,
  explainWhy,
  type HistoryEntry,
  type InstanceItem,
  listDeployments,
  listInstances,
  listServices,
  type ServiceItem,
  showHistory,
} from "#contracts/services/own-endpoints.ts";
import { keys } from "../data/keys.ts";
import { callEndpoint, daemonPaths, fillPath, RequestFailed, requestJson } from "../data/request.ts";
import { useLanguage } from "../i18n/language-provider.tsx";
import { isFields, type JsonFields } from "./definition/document.ts";

const services = daemonPaths.services;
export type Why = ReplyOf<typeof explainWhy>;
/** Instances, deployments and versions of one service on its page; more are reached by their lists. */
const itemsMax = 1_000;

/** What is shown while the same service is asked in another way; never another service's. */
const keptOf =
  (id: string) =>
  <Data>(previous: Data | undefined, query: { readonly queryKey: QueryKey } | undefined): Data | undefined =>
    query?.queryKey[1] === id ? previous : undefined;

/** Null when there is no such service. */
export function useService(id: string): UseQueryResult<ServiceItem | null> {
  const { language } = useLanguage();
  return useQuery({
    queryKey: [...keys.service(id, "item"), language],
    queryFn: async ({ signal }) => {
      const query = { filter: `id:${id}`, limit: 1, language };
      const { items } = await callEndpoint(services, listServices, { query, signal });
      return items.find((item) => item.id === id) ?? null;
    },
    placeholderData: keptOf(id),
  });
}

export function useWhy(id: string): UseQueryResult<Why> {
  const { language } = useLanguage();
  return useQuery({
    queryKey: [...keys.service(id, "why"), language],
    queryFn: ({ signal }) => callEndpoint(services, explainWhy, { query: { name: id, language }, signal }),
    placeholderData: keptOf(id),
    // The next try and what nodes have free change without an event of this service.
    refetchInterval: ({ state }) => (state.data?.isAsWished === false ? 5_000 : false),
  });
}

export interface Instances {
  readonly items: readonly InstanceItem[];
  readonly total: number;
  readonly endedSince?: number;
}

export function useInstances(id: string, which: { readonly ended: boolean }): UseQueryResult<Instances> {
  return useQuery({
    queryKey: [...keys.service(id, "instances"), which],
    queryFn: ({ signal }) =>
      callEndpoint(services, listInstances, { query: { service: id, limit: itemsMax, ...which }, signal }),
    placeholderData: keptOf(id),
  });
}

export function useServiceDeployments(id: string): UseQueryResult<readonly DeploymentItem[]> {
  const { language } = useLanguage();
  return useQuery({
    queryKey: [...keys.service(id, "deployments"), language],
    queryFn: async ({ signal }) => {
      const query = { service: id, limit: 50, language };
      return (await callEndpoint(services, listDeployments, { query, signal })).items;
    },
    placeholderData: keptOf(id),
  });
}

/** Versions, newest first; at most fifty are kept. */
export function useHistory(id: string): UseQueryResult<readonly HistoryEntry[]> {
  return useQuery({
    queryKey: keys.service(id, "history"),
    queryFn: async ({ signal }) =>
      (await callEndpoint(services, showHistory, { params: { id }, query: { limit: 100 }, signal })).items,
    placeholderData: keptOf(id),
  });
}

/** Calls that changed the service, newest first. */
export function useServiceAudit(id: string): UseQueryResult<{
  readonly items: readonly AuditRecord[];
  readonly droppedBefore?: number;
}> {
  return useQuery({
    queryKey: keys.service(id, "audit"),
    queryFn: ({ signal }) =>
      callEndpoint(daemonPaths.door, listAudit, { query: { object: id, limit: 200 }, signal }),
    placeholderData: keptOf(id),
  });
}

/** The definition of one version, which never changes again. */
export function useDefinition(id: string, version: string | undefined): UseQueryResult<JsonFields> {
  return useQuery({
    queryKey: [...keys.service(id, "definition"), version],
    queryFn: ({ signal }) => readDefinition(id, version ?? "", signal),
    enabled: version !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keptOf(id),
  });
}

/** As a person would write it: without what the cluster added. Throws `RequestFailed`. */
export async function readDefinition(id: string, version: string, signal?: AbortSignal): Promise<JsonFields> {
  const options = signal === undefined ? {} : { signal };
  const read = (pattern: string): Promise<unknown> =>
    requestJson(`${services}${fillPath(pattern, { id, version })}`, options);
  const answer = await read("/v2/apps/{id...}/versions/{version}").catch((error: unknown) => {
    if (!(error instanceof RequestFailed && error.status === 404)) throw error;
    return read("/v2/pods/{id...}::versions/{version}");
  });
  if (!isFields(answer)) throw new Error(`the definition of ${id} at ${version} is not an object`);
  const { version: _version, versionInfo: _versionInfo, ...written } = answer;
  return written;
}
