/** What services lack of what users wish for. */
import type { ServicesCore } from "#frameworks/services/core/index.ts";
import type { GroupWish } from "./group-wishes.ts";
import type { Wish } from "./wishes.ts";

type Queries = ServicesCore["queries"];

function missingOfPod(
  queries: Queries,
  { appId, cmd, instances = 0, label }: Omit<Wish, "atMs">,
): readonly string[] {
  const pod = queries.pod(appId);
  if (pod === undefined) return [`there is no pod ${appId}`];
  const { environment = {}, scaling, labels = {} } = pod.definition;
  if (environment["WISH"] !== cmd || labels["owner"] !== label || scaling.instances !== instances)
    return [`${appId} is not as wished`];
  const status = JSON.stringify(pod.status(0));
  const stable = status.split('"status":"STABLE"').length - 1;
  // Its instances, and then itself.
  return stable === instances + 1 ? [] : [`${appId} has ${stable} of ${instances} + 1: ${status}`];
}

export function missingOf(queries: Queries, wish: Omit<Wish, "atMs">): readonly string[] {
  const { appId, cmd, instances } = wish;
  if (wish.containers !== undefined && instances !== undefined) return missingOfPod(queries, wish);
  if (wish.containers !== undefined) return queries.pod(appId) === undefined ? [] : [`${appId} is there`];
  const app = queries.app(appId);
  if (instances === undefined) return app === undefined ? [] : [`${appId} was deleted and is there`];
  if (app === undefined) return [`there is no ${appId}`];
  const { owner } = app.definition.labels;
  if (owner !== wish.label) return [`${appId} is labelled "${owner}", not "${wish.label}"`];
  if (app.definition.cmd !== cmd) return [`${appId} is "${app.definition.cmd}", not "${cmd}"`];
  const known = app
    .tasks()
    .filter(({ localVolumes, state }) => localVolumes === undefined || state === "TASK_RUNNING");
  const isThere = app.tasksRunning === instances && known.length === instances;
  const isHealthy = wish.isChecked !== true || app.tasksHealthy === instances;
  return isThere && isHealthy ? [] : [`${app.tasksRunning} of ${instances} instances of ${appId} run`];
}

export function missingOfGroup(queries: Queries, { groupId, apps }: GroupWish): readonly string[] {
  const wished = new Set(apps.map(({ appId }) => appId));
  const there = (queries.appsBelow(groupId) ?? []).map(({ definition }) => definition.id);
  return [
    ...apps.flatMap((app) => missingOf(queries, app)),
    ...there.filter((appId) => !wished.has(appId)).map((appId) => `${appId} is there and not wished`),
  ];
}
