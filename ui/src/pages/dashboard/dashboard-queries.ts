/** What the dashboard reads: a few items of each list, already filtered where they lie. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { listNodes, type NodeItem } from "#contracts/kernel/own-endpoints.ts";
import {
  type DeploymentItem,
  listDeployments,
  listServices,
  type ServiceItem,
} from "#contracts/services/own-endpoints.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { useLanguage } from "../../i18n/language-provider.tsx";

/** Of each kind; more of a kind are one click away in its list. */
const shownMax = 6;

interface Found {
  readonly services: readonly ServiceItem[];
  readonly nodes: readonly NodeItem[];
  readonly deployments: readonly DeploymentItem[];
  /** How many services there are at all; undefined until known. */
  readonly servicesTotal: number | undefined;
  readonly isPending: boolean;
  readonly error: Error | null;
  retry(): void;
}

export function useDashboard(): Found {
  const { language } = useLanguage();
  const services = useQueries({
    queries: (["failing", "unhealthy", "waiting"] as const).map((status) => ({
      queryKey: ["services", "attention", status, language],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        callEndpoint(daemonPaths.services, listServices, {
          query: { filter: `status:${status}`, limit: shownMax, language },
          signal,
        }),
    })),
  });
  const nodes = useQueries({
    queries: (["unreachable", "disconnected"] as const).map((state) => ({
      queryKey: ["nodes", "attention", state],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        callEndpoint(daemonPaths.kernel, listNodes, {
          query: { filter: `state:${state}`, limit: shownMax },
          signal,
        }),
    })),
  });
  const deployments = useQuery({
    queryKey: ["deployments", "recent", language],
    queryFn: ({ signal }) =>
      callEndpoint(daemonPaths.services, listDeployments, { query: { limit: shownMax, language }, signal }),
  });
  const total = useQuery({
    queryKey: ["services", "total"],
    queryFn: async ({ signal }) =>
      (await callEndpoint(daemonPaths.services, listServices, { query: { limit: 1 }, signal })).total,
  });
  const all = [...services, ...nodes, deployments, total];
  return {
    services: services.flatMap(({ data }) => data?.items ?? []),
    nodes: nodes.flatMap(({ data }) => data?.items ?? []),
    deployments: deployments.data?.items ?? [],
    servicesTotal: total.data,
    isPending: all.some(({ isPending }) => isPending),
    error: all.find(({ error, data }) => error !== null && data === undefined)?.error ?? null,
    retry: () => {
      for (const { refetch } of all) void refetch();
    },
  };
}
