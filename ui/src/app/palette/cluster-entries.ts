/**
 * Services, nodes, tasks and deployments for the palette, and what can be done to services: asked of the server, which has
 * them all; a few of each are enough.
 */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { listNodes, listTasks } from "#contracts/kernel/own-endpoints.ts";
import { listDeployments, listServices, type ServiceItem } from "#contracts/services/own-endpoints.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { useText } from "../../i18n/language-provider.tsx";
import { actionsFor, type ServiceAction } from "../../services/service-actions.ts";
import { actionWords } from "./action-words.ts";
import type { Entry } from "./own-entries.ts";
import { plainWords, useVerbs } from "./use-verbs.ts";

const shownMax = 6;
const deploymentsShownMax = 3;
const actions: readonly ServiceAction[] = ["scale", "restart", "stop", "resume", "delete"];

type Act = (action: ServiceAction, service: ServiceItem) => void;

export function useClusterEntries(words: string, act: Act): readonly Entry[] {
  const text = useText();
  const navigate = useNavigate();
  const filter = plainWords(words);
  const verbs = useVerbs(actions.map((action) => ({ action, name: text(`ui.services.${action}`) })));
  const wanted = actionWords(filter, verbs);
  const found = useFound(filter, wanted?.rest);
  if (filter === "" || found === undefined) return [];
  const actionEntry = (action: ServiceAction, service: ServiceItem): Entry => ({
    key: `${action} ${service.id}`,
    group: "ui.search.group.actions",
    title: text(`ui.search.action.${action}`, { name: service.id }),
    haystacks: [],
    run: () => act(action, service),
  });
  const { services, acted, nodes, tasks, deployments } = found;
  const [only] = services;
  return [
    ...acted.flatMap((service) =>
      (wanted?.actions ?? [])
        .filter((action) => actionsFor(service).includes(action))
        .map((action) => actionEntry(action, service)),
    ),
    ...services.map(({ id }) => ({
      key: `service ${id}`,
      group: "ui.search.group.services" as const,
      title: id,
      haystacks: [],
      run: () => void navigate({ to: "/services/$id", params: { id } }),
    })),
    // Found down to one: its actions are at hand.
    ...(services.length === 1 && only !== undefined
      ? [
          ...actionsFor(only).map((action) => actionEntry(action, only)),
          {
            key: `edit ${only.id}`,
            group: "ui.search.group.actions" as const,
            title: text("ui.search.action.edit", { name: only.id }),
            haystacks: [],
            run: () => void navigate({ to: "/services/$id/edit", params: { id: only.id } }),
          },
          {
            key: `log ${only.id}`,
            group: "ui.search.group.actions" as const,
            title: text("ui.search.action.log", { name: only.id }),
            haystacks: [],
            run: () =>
              void navigate({ to: "/services/$id", params: { id: only.id }, search: { tab: "log" } }),
          },
        ]
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
    ...deployments.map(({ id, services: changed, state }) => ({
      key: `deployment ${id}`,
      group: "ui.search.group.deployments" as const,
      title: text("ui.search.deployment", {
        services: changed.join(", "),
        state: text(`ui.deployments.state.${state}`),
      }),
      haystacks: [],
      run: () => void navigate({ to: "/deployments", search: { filter: `id:${JSON.stringify(id)}` } }),
    })),
  ];
}

/** `rest`: what is to be acted on, when an act is among the words. */
function useFound(filter: string, rest: string | undefined) {
  const { data } = useQuery({
    queryKey: ["palette", filter, rest ?? ""],
    queryFn: async ({ signal }) => {
      const query = { filter, limit: shownMax };
      const [services, acted, nodes, tasks, deployments] = await Promise.allSettled([
        callEndpoint(daemonPaths.services, listServices, { query, signal }),
        rest === undefined
          ? { items: [] }
          : callEndpoint(daemonPaths.services, listServices, { query: { ...query, filter: rest }, signal }),
        callEndpoint(daemonPaths.kernel, listNodes, { query, signal }),
        callEndpoint(daemonPaths.kernel, listTasks, { query, signal }),
        callEndpoint(daemonPaths.services, listDeployments, {
          query: { filter, limit: deploymentsShownMax },
          signal,
        }),
      ]);
      return {
        services: itemsOf(services),
        acted: itemsOf(acted),
        nodes: itemsOf(nodes),
        tasks: itemsOf(tasks),
        deployments: itemsOf(deployments),
      };
    },
    enabled: filter !== "",
    placeholderData: keepPreviousData,
    staleTime: 2_000,
    gcTime: 10_000,
  });
  return data;
}

const itemsOf = <Item>(answer: PromiseSettledResult<{ readonly items: readonly Item[] }>): readonly Item[] =>
  answer.status === "fulfilled" ? answer.value.items : [];
