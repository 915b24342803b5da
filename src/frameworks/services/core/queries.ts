/** Reads for the shell: synchronous, nothing changes. */
import type { InstantMs } from "#foundation/base/core.ts";
import { formatInstant, parseInstant } from "#foundation/base/iso-time.ts";
import type { App } from "./app-table.ts";
import { appView } from "./app-view.ts";
import { isStaged } from "./conditions.ts";
import { deploymentJson } from "./deployment-view.ts";
import { frameworkInfo, rulesOfRoles } from "./framework-roles.ts";
import { appsBelow, groupThen, groupVersions, groupView } from "./group-view.ts";
import { parseTaskId } from "./ids.ts";
import { instanceJson, podStatus, podView } from "./pod-view.ts";
import { queueJson } from "./queue-view.ts";
import type { ServicesState } from "./state.ts";
import { isTask, taskJson } from "./task-view.ts";
import type { ServicesQueries, TaskJson } from "./views.ts";

export function servicesQueries(state: ServicesState): ServicesQueries {
  return {
    listApps: () => [...state.apps.all()].filter(isApp).map((app) => appView(state, app)),
    app: (appId) => {
      const app = appOf(state, appId);
      return app === undefined ? undefined : appView(state, app);
    },
    listPods: () => [...state.apps.all()].flatMap((app) => podView(state, app) ?? []),
    pod: (podId) => {
      const app = state.apps.get(podId);
      return app === undefined ? undefined : podView(state, app);
    },
    podStatus: (podId, now) => podStatus(state, podId, now),
    podInstance: (instanceId) => {
      const instance = state.instances.get(instanceId);
      const isOfPod = instance !== undefined && state.apps.get(instance.appId)?.definition.pod !== undefined;
      return isOfPod ? { podId: instance.appId, json: instanceJson(state, instance) } : undefined;
    },
    listDefinitions: () => [...state.apps.all()].map(({ definition }) => definition),
    definition: (id) => state.apps.get(id)?.definition,
    hasApp: (appId) => appOf(state, appId) !== undefined,
    appsBelow: (groupId) => appsBelow(state, groupId),
    hasGroup: (groupId) => state.groups.has(groupId),
    groupCount: () => state.groups.size,
    group: (groupId) => {
      const group = state.groups.get(groupId);
      return group === undefined ? undefined : groupView(state, group);
    },
    groupVersions: (groupId) => groupVersions(state, groupId),
    groupThen: (groupId, version) => groupThen(state, groupId, version),
    appVersions: (appId) => {
      const app = state.apps.get(appId);
      if (app === undefined) return undefined;
      return [...app.history.keys(), app.versions.version]
        .sort((one, other) => other - one)
        .map(formatInstant);
    },
    appVersion: (appId, version) => {
      const app = state.apps.get(appId);
      const at = parseInstant(version);
      return app === undefined || at === undefined ? undefined : state.apps.versionOf(app, at)?.definition;
    },
    tasks: (appId) => (appOf(state, appId) === undefined ? undefined : tasksOf(state, appId)),
    task: (id) => taskById(state, id),
    allTasks: () => [...state.apps.all()].filter(isApp).flatMap((app) => tasksOf(state, app.id)),
    deployments: () => [...state.deployments.all()].map((each) => deploymentJson(state, each)),
    deployment: (id) => {
      const deployment = state.deployments.get(id);
      return deployment === undefined ? undefined : deploymentJson(state, deployment);
    },
    queue: (now, options) => queueJson(state, now, options),
    info: () => ({
      ...(state.connection.frameworkId === undefined ? {} : { frameworkId: state.connection.frameworkId }),
      frameworkName: state.policy.frameworkName,
      connected: state.connection.isConnected,
      ...(state.connection.master === undefined ? {} : { master: state.connection.master }),
      role: state.policy.role,
    }),
    unfinishedWork: (now) => ({
      overdueLaunches: overdueLaunches(state, now),
      killsInFlight: state.kills.inFlight,
      killAttempts: state.kills.attempts,
    }),
    frameworkInfo: () => frameworkInfo(state),
    roleRules: () => rulesOfRoles(state),
  };
}

function overdueLaunches(state: ServicesState, now: InstantMs): number {
  const { launchConfirmTimeoutMs, launchTimeoutMs } = state.policy;
  let overdue = 0;
  for (const { members, counts } of state.instances.populations()) {
    if (counts.staged === 0) continue;
    for (const { condition, stagedAt } of members.values()) {
      if (!isStaged(condition) || stagedAt === undefined) continue;
      if (now - stagedAt > (condition === "Provisioned" ? launchConfirmTimeoutMs : launchTimeoutMs))
        overdue += 1;
    }
  }
  return overdue;
}

const isApp = ({ definition }: App): boolean => definition.pod === undefined;

/** No pod. */
function appOf(state: ServicesState, appId: string): App | undefined {
  const app = state.apps.get(appId);
  return app === undefined || !isApp(app) ? undefined : app;
}

function tasksOf(state: ServicesState, appId: string): readonly TaskJson[] {
  const members = [...(state.instances.population(appId)?.members.values() ?? [])];
  return members.filter(isTask).map((instance) => taskJson(state, instance));
}

function taskById(state: ServicesState, id: string): TaskJson | undefined {
  const instance = state.instances.get(parseTaskId(id)?.instanceId ?? id);
  return instance === undefined || !isTask(instance) ? undefined : taskJson(state, instance);
}
