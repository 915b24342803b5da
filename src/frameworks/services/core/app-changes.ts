/**
 * Carries out changes of apps: plans them (`change-plan.ts`), refuses what can't be, stores, starts the deployment.
 *
 * Nothing changes before every check has passed. Source: contract marathon.md sections 6 and 10.2.
 */

import type { AppDefinition } from "#domain/definitions/app.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import type { App } from "./app-table.ts";
import {
  type ChangePlan,
  type ChangeSet,
  groupOfChange,
  type PreparedApp,
  planChange,
} from "./change-plan.ts";
import { lockHolder, stepJson } from "./deployment-view.ts";
import { cancelDeployment, startDeployment } from "./deployments.ts";
import { type Refusal, type RequestResult, reasonOf } from "./effects.ts";
import { roleOfApp } from "./framework-roles.ts";
import { changeSetOfGroup, type GroupChange } from "./group-changes.ts";
import type { Origin } from "./origin.ts";
import { isResident } from "./residency.ts";
import { type ServicesState, versionAfter } from "./state.ts";
import type { Turn } from "./turn.ts";

export interface AppChange extends ChangeSet {
  /** Cancels deployments in the way instead of being refused by them. */
  readonly force: boolean;
  /** Who wants it. */
  readonly origin?: Origin | undefined;
}

export function changeApps(turn: Turn, state: ServicesState, change: AppChange): RequestResult {
  const plan = planChange(state, change, turn.now);
  const refusal = "code" in plan ? plan : findConflict(state, plan, change.force);
  if (refusal === undefined && !("code" in plan)) return carryOut(turn, state, plan, change.origin);
  if (refusal === undefined) throw new Error("a plan is a plan or a refusal");
  return failed(turn, state, groupOfChange(change), refusal);
}

function failed(turn: Turn, state: ServicesState, groupId: string, refusal: Refusal): RequestResult {
  turn.publish("group_change_failed", {
    groupId,
    version: formatInstant(versionAfter(state, turn.now)),
    reason: reasonOf(refusal),
  });
  return refused(refusal);
}

/** Also for a group that isn't there, or that is where none may be. */
export function changeGroup(
  turn: Turn,
  state: ServicesState,
  request: {
    readonly groupId: string;
    readonly change: GroupChange;
    readonly force: boolean;
    readonly isDryRun: boolean;
    readonly origin?: Origin;
  },
): RequestResult {
  const { groupId, force, origin } = request;
  const changeSet = changeSetOfGroup(state, groupId, request.change);
  if ("code" in changeSet) {
    return request.isDryRun ? refused(changeSet) : failed(turn, state, groupId, changeSet);
  }
  if (!request.isDryRun)
    return changeApps(turn, state, { ...changeSet, force, ...(origin === undefined ? {} : { origin }) });
  const plan = planChange(state, changeSet, turn.now);
  return "code" in plan ? refused(plan) : { kind: "planned", steps: plan.steps.map(stepJson) };
}

/** Stored at once and without a deployment: no app changes. Source: contract marathon.md section 2.3, PATCH. */
export function patchGroup(
  turn: Turn,
  state: ServicesState,
  { groupId, enforceRole }: { readonly groupId: string; readonly enforceRole: boolean },
): RequestResult {
  const group = state.groups.get(groupId);
  if (group === undefined) return refused({ code: "GroupUnknown", groupId });
  if (group.terms.enforceRole !== enforceRole) {
    state.groups.put(turn, { ...group.terms, enforceRole }, group.version);
  }
  return { kind: "done" };
}

function findConflict(state: ServicesState, plan: ChangePlan, force: boolean): Refusal | undefined {
  const { lockedBy, lockedApps } = plan;
  if (lockedBy.length > 0 && !force) {
    return { code: "Locked", holders: lockedBy.map(lockHolder), appIds: lockedApps };
  }
  const bound = force ? undefined : plan.apps.find((each) => isMovedWithVolumes(state, each));
  if (bound !== undefined) {
    const path = `/apps/${bound.definition.id}/role`;
    return { code: "Invalid", details: [{ path, errors: [volumesStay] }] };
  }
  const max = state.policy.maxRunningDeployments;
  return state.deployments.size - lockedBy.length >= max ? { code: "TooManyDeployments", max } : undefined;
}

const volumesStay =
  "the service has persistent volumes, and they stay in the role that they were made in; only with force do new instances get another";

function isMovedWithVolumes(state: ServicesState, { before, definition }: PreparedApp): boolean {
  return (
    before !== undefined &&
    isResident(before) &&
    roleOfApp(state, before) !== roleOfApp(state, { definition })
  );
}

/** Does what a plan says. The plan is of this very state. */
function carryOut(
  turn: Turn,
  state: ServicesState,
  plan: ChangePlan,
  origin: Origin | undefined,
): RequestResult {
  const { version, groups } = plan;
  for (const deployment of plan.lockedBy) {
    cancelDeployment(turn, state, deployment, "replaced by a forced change");
  }
  keepHistory(turn, state, plan);
  state.lastVersion = Math.max(state.lastVersion, version);
  for (const appId of plan.removals) removeApp(turn, state, appId, version);
  for (const groupId of groups.removals) state.groups.remove(turn, groupId, version);
  for (const terms of groups.puts.values()) state.groups.put(turn, terms, version);
  const stored: AppDefinition[] = [];
  for (const each of plan.apps) {
    const isKept = each.kind === "unchanged" && each.before !== undefined;
    if (!isKept) state.groups.putApp(turn, each.definition.id, version);
    stored.push((isKept ? each.before : putApp(turn, state, each, origin)).definition);
  }
  turn.publish("group_change_success", { groupId: plan.groupId, version: formatInstant(version) });
  const id = state.random.uuid();
  startDeployment(turn, state, {
    id,
    version,
    startedAt: turn.now,
    origin,
    affected: plan.affected,
    steps: plan.steps,
    originals: plan.originals,
    groupsBefore: groups.originals,
    stepIndex: -1,
    runs: new Map(),
    unfinished: 0,
  });
  return { kind: "deployed", deploymentId: id, version: formatInstant(version), apps: stored };
}

/** What the change replaces is kept, so that its version can be brought back. */
function keepHistory(turn: Turn, state: ServicesState, plan: ChangePlan): void {
  if (plan.isEmpty) return;
  state.history.add(
    turn,
    {
      version: plan.version,
      previous: state.groups.root.version,
      apps: plan.originals,
      groups: plan.groups.originals,
    },
    { changes: state.policy.maxVersions - 1, definitions: state.policy.maxHistoryDefinitions },
  );
}

function putApp(
  turn: Turn,
  state: ServicesState,
  { definition, versions, kind }: PreparedApp,
  origin: Origin | undefined,
): App {
  const before = state.apps.get(definition.id)?.definition;
  const app = state.apps.put(turn, definition, versions, {
    max: state.policy.maxVersions,
    origin,
    isInUse: (old) => isVersionInUse(state, definition.id, old),
  });
  state.instances.setConfigVersion(app.id, app.versions.lastConfigChangeAt);
  if (kind === "created" || kind === "reconfigured") publishHealthChecks(turn, app, before);
  return app;
}

function isVersionInUse(state: ServicesState, appId: string, version: InstantMs): boolean {
  for (const instance of state.instances.population(appId)?.members.values() ?? []) {
    if (instance.version === version) return true;
  }
  return false;
}

function publishHealthChecks(turn: Turn, app: App, before: AppDefinition | undefined): void {
  // The event names no check: it is told only where none is left.
  if (hasHealthChecks(before) && !hasHealthChecks(app.definition))
    turn.publish("remove_health_check_event", { appId: app.id });
  for (const healthCheck of app.definition.healthChecks ?? []) {
    turn.publish("add_health_check_event", {
      appId: app.id,
      version: formatInstant(app.versions.version),
      healthCheck: { ...healthCheck },
    });
  }
}

function removeApp(turn: Turn, state: ServicesState, appId: string, version: InstantMs): void {
  const app = state.apps.get(appId);
  if (app === undefined) return;
  state.apps.remove(turn, app);
  state.groups.removeApp(turn, appId, version);
  // Whatever is left belongs to no configuration any more.
  state.instances.setConfigVersion(appId, undefined);
  if (hasHealthChecks(app.definition)) turn.publish("remove_health_check_event", { appId });
}

const hasHealthChecks = (definition: AppDefinition | undefined): boolean =>
  (definition?.healthChecks ?? []).length > 0;

export function refused(refusal: Refusal): RequestResult {
  return { kind: "refused", refusal };
}
