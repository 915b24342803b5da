/** Services, nodes and tasks for the palette: asked of the server, which has them all; a few of each are enough. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { listNodes, listTasks } from "#contracts/kernel/own-endpoints.ts";
import { listServices, type ServiceItem } from "#contracts/services/own-endpoints.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { useText } from "../../i18n/language-provider.tsx";
import { actionsFor, type ServiceAction } from "../../services/service-actions.ts";
import type { Entry } from "./own-entries.ts";

const shownMax = 6;

export function useClusterEntries(
  words: string,
  act: (action: ServiceAction, service: ServiceItem) => void,
): readonly Entry[] {
  const text = useText();
  const navigate = useNavigate();
  // `field:value` would be judged as a filter; here everything is words.
  const filter = words.replaceAll(":", " ").trim();
  const query = { filter, limit: shownMax };
  const found = useQuery({
    queryKey: ["palette", filter],
    queryFn: async ({ signal }) => {
      const [services, nodes, tasks] = await Promise.allSettled([
        callEndpoint(daemonPaths.services, listServices, { query, signal }),
        callEndpoint(daemonPaths.kernel, listNodes, { query, signal }),
        callEndpoint(daemonPaths.kernel, listTasks, { query, signal }),
      ]);
      return {
        services: services.status === "fulfilled" ? services.value.items : [],
        nodes: nodes.status === "fulfilled" ? nodes.value.items : [],
        tasks: tasks.status === "fulfilled" ? tasks.value.items : [],
      };
    },
    enabled: filter !== "",
    placeholderData: keepPreviousData,
    staleTime: 2_000,
    gcTime: 10_000,
  });
  if (filter === "" || found.data === undefined) return [];
  const { services, nodes, tasks } = found.data;
  const [only] = services;
  return [
    ...services.map((service) => ({
      key: `service ${service.id}`,
      group: "ui.search.group.services" as const,
      title: service.id,
      haystacks: [],
      run: () => void navigate({ to: "/services/$id", params: { id: service.id } }),
    })),
    // Found down to one: its actions are at hand.
    ...(services.length === 1 && only !== undefined
      ? actionsFor(only).map((action) => ({
          key: `${action} ${only.id}`,
          group: "ui.search.group.actions" as const,
          title: text(`ui.search.action.${action}`, { name: only.id }),
          haystacks: [],
          run: () => act(action, only),
        }))
      : []),
    ...nodes.map(({ id, hostname }) => ({
      key: `node ${id}`,
      group: "ui.search.group.nodes" as const,
      title: hostname || id,
      haystacks: [],
      run: () => void navigate({ to: "/nodes/$id", params: { id } }),
    })),
    ...tasks.map(({ id, frameworkId }) => ({
      key: `task ${frameworkId} ${id}`,
      group: "ui.search.group.tasks" as const,
      title: id,
      haystacks: [],
      run: () => void navigate({ to: "/tasks/$id", params: { id } }),
    })),
  ];
}
