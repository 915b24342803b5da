/** Requests about tasks, deployments and delays; changes of apps are in `app-changes.ts`. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { changeApps, refused } from "./app-changes.ts";
import type { ChangeSet } from "./change-plan.ts";
import { isActive } from "./conditions.ts";
import type { Deployment } from "./deployment-table.ts";
import { cancelDeployment } from "./deployments.ts";
import type { RequestResult } from "./effects.ts";
import type { AppUpsert, RequestId } from "./events.ts";
import type { GroupUpsert } from "./group-plan.ts";
import { parseTaskId } from "./ids.ts";
import { type Instance, taskIdsOf } from "./instance.ts";
import { decommission, decommissionForGood, killInstance } from "./lifecycle.ts";
import type { Origin } from "./origin.ts";
import { keepsReservation } from "./residency.ts";
import type { ServicesState } from "./state.ts";
import { taskJson } from "./task-view.ts";
import type { Turn } from "./turn.ts";

export function restartApp(
  turn: Turn,
  state: ServicesState,
  appId: string,
  options: { readonly force: boolean; readonly origin?: Origin | undefined },
): RequestResult {
  const app = state.apps.get(appId);
  if (app === undefined || app.definition.pod !== undefined) return refused({ code: "AppUnknown", appId });
  return changeApps(turn, state, {
    upserts: [{ definition: app.definition, expect: "present" }],
    removals: [],
    force: options.force,
    origin: options.origin,
    restarts: new Set([appId]),
  });
}

export interface TaskKill {
  readonly request: RequestId;
  readonly ids: readonly string[];
  readonly mode: "kill" | "wipe" | "scale";
  readonly force: boolean;
  readonly origin?: Origin;
}

/** Replies by itself: a wipe is answered when the instances are gone. */
export function killTasks(turn: Turn, state: ServicesState, kill: TaskKill): void {
  const victims = [...new Set(kill.ids.flatMap((id) => instanceOf(state, id) ?? []))];
  if (kill.mode === "scale") {
    turn.reply(kill.request, scaleAway(turn, state, victims, kill));
    return;
  }
  const tasks = victims.map((instance) => taskJson(state, instance));
  if (kill.mode === "wipe") {
    wipe(turn, state, { request: kill.request, victims, tasks });
    return;
  }
  for (const instance of victims) {
    // Nobody can end what can't be reached: another takes its place.
    if (instance.condition === "Unreachable" || instance.condition === "UnreachableInactive") {
      // One with volumes waits for its agent.
      if (!keepsReservation(instance)) decommission(turn, state, instance);
    } else killInstance(turn, state, instance);
  }
  turn.reply(kill.request, { kind: "killed", tasks });
}

function wipe(
  turn: Turn,
  state: ServicesState,
  wiped: {
    readonly request: RequestId;
    readonly victims: readonly Instance[];
    readonly tasks: ReturnType<typeof taskJson>[];
  },
): void {
  const remaining = new Set(wiped.victims.map(({ id }) => id));
  if (remaining.size === 0) {
    turn.reply(wiped.request, { kind: "killed", tasks: wiped.tasks });
    return;
  }
  state.pendingWipes.add({ request: wiped.request, remaining, tasks: wiped.tasks });
  for (const instance of wiped.victims) decommissionForGood(turn, state, instance);
}

function scaleAway(
  turn: Turn,
  state: ServicesState,
  victims: readonly Instance[],
  { force, origin }: TaskKill,
): RequestResult {
  const sentenced = new Map<string, string[]>();
  const lowered = new Map<string, AppDefinition>();
  for (const instance of victims) {
    const app = state.apps.get(instance.appId);
    if (app === undefined) continue;
    const ids = sentenced.get(app.id) ?? [];
    ids.push(instance.id);
    sentenced.set(app.id, ids);
    const before = lowered.get(app.id) ?? app.definition;
    const counts = isActive(instance.condition) && !instance.isKillWanted && instance.goal === "Running";
    lowered.set(app.id, { ...before, instances: Math.max(0, before.instances - (counts ? 1 : 0)) });
  }
  const upserts = [...lowered.values()].map((definition): AppUpsert => ({ definition, expect: "present" }));
  return changeApps(turn, state, { upserts, removals: [], force, origin, sentenced });
}

function instanceOf(state: ServicesState, id: string): Instance | undefined {
  const parsed = parseTaskId(id);
  if (parsed === undefined) return undefined;
  const instance = state.instances.get(parsed.instanceId);
  // An earlier incarnation's id doesn't name the present task.
  const isMeant = parsed.incarnation === 0 || (instance !== undefined && taskIdsOf(instance).includes(id));
  return isMeant ? instance : undefined;
}

/** With force only cancels. Without, the change is reversed against what is there now, by a forced change. */
export function stopDeployment(
  turn: Turn,
  state: ServicesState,
  deploymentId: string,
  options: { readonly force: boolean; readonly origin?: Origin | undefined },
): RequestResult {
  const deployment = state.deployments.get(deploymentId);
  if (deployment === undefined) return refused({ code: "DeploymentUnknown", deploymentId });
  if (options.force) {
    cancelDeployment(turn, state, deployment, "cancelled");
    return { kind: "done" };
  }
  const upserts: AppUpsert[] = [];
  const removals: string[] = [];
  for (const [appId, definition] of deployment.originals) {
    if (definition !== undefined) upserts.push({ definition, expect: "any" });
    else if (state.apps.get(appId) !== undefined) removals.push(appId);
  }
  const result = changeApps(turn, state, {
    upserts,
    removals,
    ...groupsReversed(state, deployment, removals),
    force: true,
    origin: options.origin,
    restored: new Set(upserts.map(({ definition }) => definition.id)),
  });
  // A reversal that finds nothing to change still ends what it reverses.
  if (result.kind !== "refused" && state.deployments.get(deploymentId) === deployment) {
    cancelDeployment(turn, state, deployment, "cancelled");
  }
  return result;
}

/** Groups as they were; one that the deployment made goes only if it is empty and nobody changed it since. */
function groupsReversed(
  state: ServicesState,
  { groupsBefore, version }: Deployment,
  removals: readonly string[],
): Required<Pick<ChangeSet, "groups" | "groupRemovals">> {
  const groups: GroupUpsert[] = [];
  const gone = new Set<string>();
  const leaving = new Set(removals);
  // The deepest first, so that a group whose groups all go is empty by then.
  const byDepth = [...groupsBefore].sort(([one], [other]) => other.split("/").length - one.split("/").length);
  for (const [groupId, terms] of byDepth) {
    const group = state.groups.get(groupId);
    if (terms !== undefined) {
      if (group === undefined || group.version === version) groups.push(terms);
      continue;
    }
    if (group === undefined || group.version !== version) continue;
    const isEmpty =
      [...group.apps].every((appId) => leaving.has(appId)) && [...group.groups].every((id) => gone.has(id));
    if (isEmpty) gone.add(groupId);
  }
  return { groups, groupRemovals: [...gone] };
}

export function resetDelay(state: ServicesState, appId: string): RequestResult {
  const entry = state.queue.get(appId);
  if (entry === undefined || entry.waiting === 0) return refused({ code: "NotQueued", appId });
  state.queue.resetDelay(state, appId);
  return { kind: "done" };
}
