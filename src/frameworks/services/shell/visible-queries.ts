/**
 * Reads with what the caller may not see left out of lists, as if it were not there. Of a single thing that is there
 * Marathon says that it may not be seen. Source: contract marathon.md section 20.
 */
import type { AppDefinition } from "#domain/definitions/index.ts";
import { isRestricted } from "#frameworks/base/shell/sight.ts";
import type { GroupView, OwnQueries, ServicesQueries } from "../core/index.ts";
import { demandService, seesService } from "./sight.ts";

export function visibleQueries(all: ServicesQueries): ServicesQueries {
  const sees = seesService;
  const isSeen = ({ id }: { readonly id: string }): boolean => sees(id);
  /** Throws `Forbidden`. */
  const one = <Found>(id: string, found: Found): Found => {
    if (found !== undefined) demandService(id, "read");
    return found;
  };
  return {
    ...all,
    listApps: () => all.listApps().filter(({ definition }) => isSeen(definition)),
    app: (id) => one(id, all.app(id)),
    listPods: () => all.listPods().filter(({ definition }) => isSeen(definition)),
    pod: (id) => one(id, all.pod(id)),
    podStatus: (id, now) => one(id, all.podStatus(id, now)),
    podInstance: (id) => {
      const found = all.podInstance(id);
      return found === undefined || !sees(found.podId) ? undefined : found;
    },
    listDefinitions: () => [...all.listDefinitions()].filter(isSeen),
    definition: (id) => (sees(id) ? all.definition(id) : undefined),
    hasApp: (id) => sees(id) && all.hasApp(id),
    appsBelow: (id) => all.appsBelow(id)?.filter(({ definition }) => isSeen(definition)),
    group: (id) => {
      const found = all.group(id);
      if (found === undefined) return undefined;
      const visible = visibleGroup(found);
      return id === "/" || isAnythingSeen(visible) ? visible : one(id, visible);
    },
    groupThen: (id, version) => one(id, all.groupThen(id, version)),
    groupVersions: (id) => (id === "/" ? all.groupVersions(id) : one(id, all.groupVersions(id))),
    appVersions: (id) => one(id, all.appVersions(id)),
    appVersion: (id, version) => one(id, all.appVersion(id, version)),
    tasks: (id) => one(id, all.tasks(id)),
    task: (id) => {
      const found = all.task(id);
      return found === undefined || !sees(found.appId) ? undefined : found;
    },
    allTasks: () => all.allTasks().filter(({ appId }) => sees(appId)),
    deployments: () => all.deployments().filter(isOfSeen),
    deployment: (id) => {
      const found = all.deployment(id);
      return found === undefined || !isOfSeen(found) ? undefined : found;
    },
    queue: (now, options) => all.queue(now, options).filter((item) => sees(idOfQueued(item))),
  };
}

const idOfQueued = (item: object): string => {
  const { app, pod } = item as { readonly app?: AppDefinition; readonly pod?: { readonly id: string } };
  return app?.id ?? pod?.id ?? "";
};

const isOfSeen = (deployment: {
  readonly affectedApps: readonly string[];
  readonly affectedPods: readonly string[];
}): boolean => !isRestricted() || [...deployment.affectedApps, ...deployment.affectedPods].some(seesService);

const isAnythingSeen = (group: GroupView): boolean =>
  group.apps().length > 0 || group.pods().length > 0 || group.groups().length > 0;

/** A group with what is seen of it; groups in which nothing is seen are not there. */
function visibleGroup(group: GroupView): GroupView {
  if (!isRestricted()) return group;
  const apps = (): ReturnType<GroupView["apps"]> =>
    group.apps().filter(({ definition }) => seesService(definition.id));
  const pods = (): ReturnType<GroupView["pods"]> =>
    group.pods().filter(({ definition }) => seesService(definition.id));
  const groups = (): readonly GroupView[] =>
    group
      .groups()
      .map(visibleGroup)
      .filter((each) => seesService(each.id) || isAnythingSeen(each));
  return { ...group, apps, pods, groups };
}

/** Our own lists: filtered before their windows are cut. */
export function visibleOwn(all: OwnQueries): OwnQueries {
  const sees = (): { readonly sees?: (id: string) => boolean } =>
    isRestricted() ? { sees: seesService } : {};
  return {
    ...all,
    listServices: (query, options) => all.listServices({ ...query, ...sees() }, options),
    listInstances: (query) => {
      const { service } = query;
      if (service !== undefined && !seesService(`/${service.replace(/^\/+|(?<!\/)\/+$/g, "")}`))
        return undefined;
      return all.listInstances({ ...query, ...sees() });
    },
    listDeployments: (query) => all.listDeployments({ ...query, ...sees() }),
    showHistory: (id, query) => (seesService(id) ? all.showHistory(id, query) : undefined),
    explain: (name, options) => {
      const found = all.explain(name, options);
      if (found === undefined || !isRestricted()) return found;
      return found.kind === "service" && seesService(found.id) ? found : undefined;
    },
  };
}
