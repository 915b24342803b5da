/** Services as our own clients list them: one pass over all, items for the window alone. */
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { type ListQuery, listWindow } from "#foundation/base/list-window.ts";
import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import type { App } from "./app-table.ts";
import { type ExplainOptions, reasonsOfService } from "./reasons.ts";
import { statusOf } from "./service-status.ts";
import type { ServicesState } from "./state.ts";

export type ServiceFacts = Omit<ServiceItem, "reason"> & { readonly reason?: ReasonFacts };

export interface ServiceQuery extends ListQuery {
  /** Only services in this group and below. */
  readonly group?: string;
  /** Leaves out services that somebody may not see. Default: none. */
  readonly sees?: (appId: string) => boolean;
}

const addressesMax = 10;

export function listServices(
  state: ServicesState,
  query: ServiceQuery,
  options: ExplainOptions,
): { readonly items: readonly ServiceFacts[]; readonly total: number } {
  const { now } = options;
  const counts = (app: App) => state.instances.population(app.id)?.counts;
  const { group, sees } = query;
  const all = sees === undefined ? state.apps.all() : [...state.apps.all()].filter(({ id }) => sees(id));
  const apps = group === undefined ? all : belowGroup(all, group);
  const labels = ({ definition }: App): readonly string[] =>
    Object.entries(definition.labels).flatMap(([name, value]) => [name, `${name}=${value}`]);
  const window = listWindow(apps, query, {
    words: (app) => [app.id, ...labels(app)],
    fields: {
      id: ({ id }) => id,
      status: (app) => statusOf(state, app, now),
      label: labels,
      version: ({ definition }) => definition.version,
      cpus: ({ definition }) => definition.cpus,
      mem: ({ definition }) => definition.mem,
      disk: ({ definition }) => definition.disk,
      gpus: ({ definition }) => definition.gpus,
      instances: ({ definition }) => definition.instances,
      running: (app) => counts(app)?.running ?? 0,
      healthy: (app) => counts(app)?.healthy ?? 0,
      unhealthy: (app) => counts(app)?.unhealthy ?? 0,
      staged: (app) => counts(app)?.staged ?? 0,
    },
    tests: { group: ({ id }, value) => isBelow(id, value) },
    tieBreak: ({ id }) => id,
  });
  return { total: window.total, items: window.items.map((app) => serviceFacts(state, app, options)) };
}

export function serviceFacts(state: ServicesState, app: App, options: ExplainOptions): ServiceFacts {
  const { definition } = app;
  const counts = state.instances.population(app.id)?.counts;
  const deployment = state.deployments.lockOf(app.id);
  const status = statusOf(state, app, options.now);
  const reason =
    status === "running" || status === "stopped" ? undefined : reasonsOfService(state, app, options)[0];
  return {
    id: app.id,
    status,
    instances: {
      wanted: definition.instances,
      running: counts?.running ?? 0,
      staged: counts?.staged ?? 0,
      healthy: counts?.healthy ?? 0,
      unhealthy: counts?.unhealthy ?? 0,
    },
    cpus: definition.cpus,
    mem: definition.mem,
    disk: definition.disk,
    gpus: definition.gpus,
    version: definition.version ?? "",
    labels: { ...definition.labels },
    deployments: deployment === undefined ? [] : [deployment.id],
    addresses: addressesOf(state, app.id),
    ...(definition.pod === undefined
      ? {}
      : { containers: definition.pod.containers.map(({ name }) => name) }),
    ...(reason === undefined || reason.code === "asWished" ? {} : { reason }),
  };
}

function addressesOf(state: ServicesState, appId: string): string[] {
  const addresses: string[] = [];
  for (const { condition, agent, ports } of state.instances.population(appId)?.members.values() ?? []) {
    const [port] = ports;
    if (condition !== "Running" || agent === undefined || port === undefined) continue;
    addresses.push(`http://${agent.host}:${port}`);
    if (addresses.length >= addressesMax) break;
  }
  return addresses;
}

function* belowGroup(apps: Iterable<App>, group: string): Iterable<App> {
  for (const app of apps) if (isBelow(app.id, group)) yield app;
}

/** `/shop` is everything below it; with or without its first slash. */
function isBelow(id: string, group: string): boolean {
  const path = `/${group.replace(/^\/+|(?<!\/)\/+$/g, "")}`;
  return path === "/" || id.startsWith(`${path}/`);
}
