/** Reads with what the caller may not see left out, as if it were not there. */
import type { AppDefinition } from "#domain/definitions/index.ts";
import { isRestricted } from "#frameworks/base/shell/sight.ts";
import type { GroupView, OwnQueries, ServicesQueries } from "../core/index.ts";
import { seesService } from "./sight.ts";

export function visibleQueries(all: ServicesQueries): ServicesQueries {
  const sees = seesService;
  const isSeen = ({ id }: { readonly id: string }): boolean => sees(id);
  const ofApp = <Result>(id: string, read: (id: string) => Result): Result | undefined =>
    sees(id) ? read(id) : undefined;
  return {
    ...all,
    listApps: () => all.listApps().filter(({ definition }) => isSeen(definition)),
    app: (id) => ofApp(id, all.app),
    listPods: () => all.listPods().filter(({ definition }) => isSeen(definition)),
    pod: (id) => ofApp(id, all.pod),
    podStatus: (id, now) => (sees(id) ? all.podStatus(id, now) : undefined),
    podInstance: (id) => {
      const found = all.podInstance(id);
      return found === undefined || !sees(found.podId) ? undefined : found;
    },
    listDefinitions: () => [...all.listDefinitions()].filter(isSeen),
    definition: (id) => ofApp(id, all.definition),
    hasApp: (id) => sees(id) && all.hasApp(id),
    appsBelow: (id) => all.appsBelow(id)?.filter(({ definition }) => isSeen(definition)),
    group: (id) => {
      const found = all.group(id);
      return found === undefined ? undefined : visibleGroup(found);
    },
    groupThen: (id, version) => (sees(id) ? all.groupThen(id, version) : undefined),
    appVersions: (id) => ofApp(id, all.appVersions),
    appVersion: (id, version) => (sees(id) ? all.appVersion(id, version) : undefined),
    tasks: (id) => ofApp(id, all.tasks),
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
      .filter(
        (each) =>
          seesService(each.id) ||
          each.apps().length > 0 ||
          each.pods().length > 0 ||
          each.groups().length > 0,
      );
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
      if (service !== undefined && !seesService(`/${service.replace(/^\/+|\/+$/g, "")}`)) return undefined;
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
