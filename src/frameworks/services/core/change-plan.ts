/**
 * What a set of changes would do, worked out without doing any of it.
 *
 * `planChange` reads the state and changes nothing: carrying out (`app-changes.ts`) and showing a plan to somebody
 * start from the same value. Source: contract marathon.md sections 6 and 10.
 */

import { type AppDefinition, externalVolumesOf } from "#domain/definitions/app.ts";
import { volumeConflicts } from "#domain/definitions/external-volumes.ts";
import { residencyChanges } from "#domain/definitions/residency.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { isLabelChange, isSameConfiguration } from "./app-facts.ts";
import { type App, type AppVersions, versionsOf } from "./app-table.ts";
import { depthsIn } from "./dependencies.ts";
import type { Deployment } from "./deployment-table.ts";
import type { Refusal } from "./effects.ts";
import { findClash, type GroupPart, type PlannedGroups, planGroups, roleProblem } from "./group-plan.ts";
import { groupOf, rootId } from "./group-table.ts";
import { affectedApps, type PlannedApp, type PlanStep, planDeployment } from "./plan.ts";
import { assignServicePorts, PortGiver } from "./service-ports.ts";
import { type ServicesState, versionAfter } from "./state.ts";

export interface ChangeSet extends GroupPart {
  /** Instances that scaling down must end, by app. */
  readonly sentenced?: ReadonlyMap<string, readonly string[]>;
  /** Apps whose instances are replaced although nothing else changes. */
  readonly restarts?: ReadonlySet<string>;
  /** Apps that get back a definition together with its versions: instances that still run it may stay. */
  readonly restored?: ReadonlySet<string>;
  /** The group that the change is about; absent for a change of apps. */
  readonly groupId?: string;
}

/** One app of a change as it would be, and what that means for it. */
export interface PreparedApp {
  /** Complete but for `version` and `versionInfo`, which follow from `versions`. */
  readonly definition: AppDefinition;
  readonly before: App | undefined;
  readonly kind:
    | "created"
    | "scaled"
    | "relabelled"
    | "reconfigured"
    | "restarted"
    | "restored"
    | "unchanged";
  readonly versions: AppVersions;
}

export interface ChangePlan {
  /** Version of the whole change, should it be carried out in the next step of the core. */
  readonly version: InstantMs;
  /** Unchanged ones too. */
  readonly apps: readonly PreparedApp[];
  readonly removals: readonly string[];
  readonly groups: PlannedGroups;
  readonly groupId: string;
  /** Nothing would be different: no version is made of it. */
  readonly isEmpty: boolean;
  /** Apps that the deployment would lock. */
  readonly affected: readonly string[];
  /** Definitions of these before the change; undefined where it creates the app. */
  readonly originals: ReadonlyMap<string, AppDefinition | undefined>;
  readonly steps: readonly PlanStep[];
  /** Deployments in the way: without force a change waits for them, with force it replaces them. */
  readonly lockedBy: readonly Deployment[];
  readonly lockedApps: readonly string[];
}

/** Changes nothing. A refusal is for what no force can mend; locks are in the plan. */
export function planChange(state: ServicesState, change: ChangeSet, now: InstantMs): ChangePlan | Refusal {
  const groups = planGroups(state, change);
  const clash = findClash(state, change, groups);
  const refusal =
    findExpectationBroken(state, change) ??
    (clash === undefined ? undefined : invalid(clash.path, clash.error));
  if (refusal !== undefined) return refusal;
  const version = versionAfter(state, now);
  const apps = prepareUpserts(state, change, version);
  if ("code" in apps) return apps;
  const changed = apps.filter((each) => each.kind !== "unchanged");
  const affected = [...new Set([...changed.map(({ definition }) => definition.id), ...change.removals])];
  const tooMany = findTooMany(state, changed, change.removals);
  if (tooMany !== undefined) return tooMany;
  const problem =
    findRoleProblem(state, groups, changed) ?? findVolumeConflict(state, changed, change.removals);
  if (problem !== undefined) return problem;
  const depths = depthsIn({
    apps: state.apps,
    groups: state.groups,
    changed: new Map(changed.map(({ definition }) => [definition.id, definition])),
    removed: new Set(change.removals),
    changedGroups: groups.puts,
    removedGroups: groups.removals,
  });
  if (depths.cycle !== undefined) {
    return invalid("/", `dependency graph has cycles: ${depths.cycle.join(" -> ")}`);
  }
  const { from, to } = beforeAndAfter(state, changed, affected);
  const isEmpty = affected.length === 0 && groups.originals.size === 0;
  return {
    version: isEmpty && state.groups.root.version > 0 ? state.groups.root.version : version,
    apps,
    removals: change.removals,
    groups,
    groupId: groupOfChange(change),
    isEmpty,
    affected: affectedApps({ from, to }),
    originals: new Map(affected.map((appId) => [appId, state.apps.get(appId)?.definition])),
    steps: planDeployment({
      from,
      to,
      depthOf: depths.depthOf,
      ...(change.sentenced === undefined ? {} : { sentenced: change.sentenced }),
    }),
    ...findLocks(state, affected),
  };
}

/** The group that a change is about, as events name it: of a single app the one that it lies in. */
export function groupOfChange({ groupId, upserts, removals }: ChangeSet): string {
  if (groupId !== undefined) return groupId;
  const [only, ...others] = [...upserts.map(({ definition }) => definition.id), ...removals];
  return only === undefined || others.length > 0 ? rootId : groupOf(only);
}

function findExpectationBroken(state: ServicesState, change: ChangeSet): Refusal | undefined {
  for (const { definition, expect } of change.upserts) {
    const present = state.apps.get(definition.id);
    if (expect === "absent" && present !== undefined)
      return { code: "AppExists", appId: definition.id, isPod: present.definition.pod !== undefined };
    if (expect === "present" && present === undefined) return { code: "AppUnknown", appId: definition.id };
  }
  for (const appId of change.removals) {
    if (state.apps.get(appId) === undefined) return { code: "AppUnknown", appId };
  }
  const created = change.upserts.filter(({ definition }) => state.apps.get(definition.id) === undefined);
  if (state.apps.size + created.length - change.removals.length > state.policy.maxApps) {
    return { code: "TooManyApps", max: state.policy.maxApps };
  }
  return undefined;
}

function prepareUpserts(
  state: ServicesState,
  change: ChangeSet,
  version: InstantMs,
): readonly PreparedApp[] | Refusal {
  const { servicePortMin: min, servicePortMax: max } = state.policy;
  const giver = new PortGiver({ min, max, isUsed: (port) => state.apps.isServicePortUsed(port) });
  const prepared: PreparedApp[] = [];
  for (const upsert of change.upserts) {
    const before = state.apps.get(upsert.definition.id);
    const definition = assignServicePorts(upsert.definition, before?.definition, giver);
    if (definition === undefined) return { code: "ServicePortsExhausted", min, max };
    const kind = kindOf(change, before, definition);
    prepared.push({
      definition,
      before,
      kind,
      versions: versionsAfterChange({ definition, before, kind }, version),
    });
  }
  return prepared;
}

function kindOf(change: ChangeSet, before: App | undefined, after: AppDefinition): PreparedApp["kind"] {
  if (before === undefined) return "created";
  if (change.restarts?.has(after.id) === true) return "restarted";
  if (change.restored?.has(after.id) === true && after.version !== before.definition.version)
    return "restored";
  if (!isSameConfiguration(before.definition, after))
    return isLabelChange(before.definition, after) ? "relabelled" : "reconfigured";
  return before.definition.instances === after.instances ? "unchanged" : "scaled";
}

function versionsAfterChange(each: Omit<PreparedApp, "versions">, version: InstantMs): AppVersions {
  const before = each.before?.versions;
  if (each.kind === "restored") return versionsOf(each.definition.id, each.definition);
  if (before === undefined || each.kind === "reconfigured" || each.kind === "created") {
    return { version, lastScalingAt: version, lastConfigChangeAt: version };
  }
  if (each.kind === "unchanged") return before;
  const isSameNumber = each.before?.definition.instances === each.definition.instances;
  if (each.kind === "relabelled" && isSameNumber) return { ...before, version };
  return each.kind === "restarted"
    ? { version, lastScalingAt: before.lastScalingAt, lastConfigChangeAt: version }
    : { version, lastScalingAt: version, lastConfigChangeAt: before.lastConfigChangeAt };
}

/** Instances are bounded before any is made. */
function findTooMany(
  state: ServicesState,
  changed: readonly PreparedApp[],
  removals: readonly string[],
): Refusal | undefined {
  const { maxInstances } = state.policy;
  let total = state.apps.instances;
  for (const appId of removals) total -= state.apps.get(appId)?.definition.instances ?? 0;
  for (const { definition, before } of changed) {
    total += definition.instances - (before?.definition.instances ?? 0);
  }
  const isMore = total > state.apps.instances;
  return isMore && total > maxInstances
    ? invalid(
        "/instances",
        `all apps together may want ${maxInstances} instances; this change makes it ${total}`,
      )
    : undefined;
}

function findRoleProblem(
  state: ServicesState,
  groups: PlannedGroups,
  changed: readonly PreparedApp[],
): Refusal | undefined {
  for (const { definition, before, kind } of changed) {
    const frozen = before === undefined ? [] : residencyChanges(before.definition, definition);
    if (frozen.length > 0) return frozenFields(frozen);
    // What is brought back as it was is not judged again.
    const problem = kind === "restored" ? undefined : roleProblem(state, groups, definition);
    if (problem !== undefined) return invalid(problem.path, problem.error);
  }
  return undefined;
}

/** A volume of a plugin is in one place at a time. */
function findVolumeConflict(
  state: ServicesState,
  changed: readonly PreparedApp[],
  removals: readonly string[],
): Refusal | undefined {
  const users = changed.filter(({ definition }) => externalVolumesOf(definition).length > 0);
  if (users.length === 0) return undefined;
  const after = new Map([...state.apps.all()].map(({ definition }) => [definition.id, definition]));
  for (const appId of removals) after.delete(appId);
  for (const { definition } of changed) after.set(definition.id, definition);
  for (const { definition } of users)
    for (const { name, apps } of volumeConflicts(definition, after.values()))
      return invalid(
        "/container/volumes",
        `Volume name '${name}' in ${definition.id} conflicts with volume(s) of same name in app(s): ${apps.join(", ")}`,
      );
  return undefined;
}

function beforeAndAfter(
  state: ServicesState,
  changed: readonly PreparedApp[],
  affected: readonly string[],
): { readonly from: Map<string, PlannedApp>; readonly to: Map<string, PlannedApp> } {
  const from = new Map<string, PlannedApp>();
  for (const appId of affected) {
    const app = state.apps.get(appId);
    if (app !== undefined) from.set(appId, plannedApp(app));
  }
  return { from, to: new Map(changed.map((each) => [each.definition.id, plannedApp(each)])) };
}

function plannedApp({ definition, versions }: Pick<App, "definition" | "versions">): PlannedApp {
  return {
    id: definition.id,
    isPod: definition.pod !== undefined,
    instances: definition.instances,
    configVersionMs: versions.lastConfigChangeAt,
  };
}

function findLocks(
  state: ServicesState,
  affected: readonly string[],
): Pick<ChangePlan, "lockedBy" | "lockedApps"> {
  const lockedBy = new Set<Deployment>();
  const lockedApps: string[] = [];
  for (const appId of affected) {
    const deployment = state.deployments.lockOf(appId);
    if (deployment === undefined) continue;
    lockedBy.add(deployment);
    lockedApps.push(appId);
  }
  return { lockedBy: [...lockedBy], lockedApps };
}

/** What is reserved for instances stays as it is. */
function frozenFields(paths: readonly string[]): Refusal {
  const error = "can't be changed: the service has persistent volumes, and this is reserved with them";
  return { code: "Invalid", details: paths.map((path) => ({ path, errors: [error] })) };
}

function invalid(path: string, error: string): Refusal {
  return { code: "Invalid", details: [{ path, errors: [error] }] };
}
