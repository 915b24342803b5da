/**
 * Takes changes of apps: checks them against everything else, gives versions, plans, starts the deployment.
 *
 * Nothing changes before every check has passed. Source: contract marathon.md sections 6 and 10.2.
 */

import type { AppDefinition } from "#domain/definitions/app.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { isSameConfiguration } from "./app-facts.ts";
import { type App, type AppVersions, parentOf, versionsOf } from "./app-table.ts";
import { dependenciesIn } from "./dependencies.ts";
import type { Deployment } from "./deployment-table.ts";
import { cancelDeployment, startDeployment } from "./deployments.ts";
import type { Refusal, RequestResult } from "./effects.ts";
import type { AppUpsert } from "./events.ts";
import { formatInstant } from "./iso-time.ts";
import { affectedApps, dependencyDepths, type PlannedApp, planDeployment } from "./plan.ts";
import { assignServicePorts } from "./service-ports.ts";
import { nextVersion, type ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

export interface AppChange {
  readonly upserts: readonly AppUpsert[];
  readonly removals: readonly string[];
  readonly force: boolean;
  /** Instances that scaling down must end, by app. */
  readonly sentenced?: ReadonlyMap<string, readonly string[]>;
  /** Apps whose instances are replaced although nothing else changes. */
  readonly restarts?: ReadonlySet<string>;
  /** Apps that get back a definition together with its versions: instances that still run it may stay. */
  readonly restored?: ReadonlySet<string>;
}

export function changeApps(turn: Turn, state: ServicesState, change: AppChange): RequestResult {
  const refusal = findExpectationBroken(state, change) ?? findClash(state, change);
  if (refusal !== undefined) return refused(refusal);
  const prepared = prepareUpserts(state, change);
  if ("code" in prepared) return refused(prepared);
  const changed = prepared.filter((each) => each.kind !== "unchanged");
  const affected = [...changed.map((each) => each.definition.id), ...change.removals];
  const conflict = findConflict(state, affected, change);
  if (conflict !== undefined) return refused(conflict);
  const cycle = findCycle(
    state,
    changed.map((each) => each.definition),
    change.removals,
  );
  if (cycle !== undefined) return refused(cycle);
  return carryOut(turn, state, change, { prepared, affected });
}

type Prepared = {
  readonly definition: AppDefinition;
  readonly before: App | undefined;
  readonly kind: "created" | "scaled" | "reconfigured" | "restarted" | "restored" | "unchanged";
};

function findExpectationBroken(state: ServicesState, change: AppChange): Refusal | undefined {
  for (const { definition, expect } of change.upserts) {
    const isThere = state.apps.get(definition.id) !== undefined;
    if (expect === "absent" && isThere) return { code: "AppExists", appId: definition.id };
    if (expect === "present" && !isThere) return { code: "AppUnknown", appId: definition.id };
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

/** An app can't lie below another app: a path is either an app or a group. */
function findClash(state: ServicesState, change: AppChange): Refusal | undefined {
  const upserted = new Set(change.upserts.map(({ definition }) => definition.id));
  const removed = new Set(change.removals);
  for (const { definition } of change.upserts) {
    const { id } = definition;
    for (let path = parentOf(id); path !== ""; path = parentOf(path)) {
      const isApp = upserted.has(path) || (state.apps.get(path) !== undefined && !removed.has(path));
      if (isApp) return invalid(`/apps/${id}`, `App with id ${id} lies below the app ${path}`);
    }
    if (state.apps.get(id) === undefined && state.apps.hasAppsBelow(id)) {
      return invalid(`/apps/${id}`, `Groups and Applications may not have the same identifier: ${id}`);
    }
  }
  return undefined;
}

function prepareUpserts(state: ServicesState, change: AppChange): readonly Prepared[] | Refusal {
  const { servicePortMin: min, servicePortMax: max } = state.policy;
  const range = { min, max, isUsed: (port: number) => state.apps.isServicePortUsed(port) };
  const taken = new Set<number>();
  const prepared: Prepared[] = [];
  for (const upsert of change.upserts) {
    const before = state.apps.get(upsert.definition.id);
    const definition = assignServicePorts(upsert.definition, before?.definition, range, taken);
    if (definition === undefined) return { code: "ServicePortsExhausted", min, max };
    prepared.push({ definition, before, kind: kindOf(change, before, definition) });
  }
  return prepared;
}

function kindOf(change: AppChange, before: App | undefined, after: AppDefinition): Prepared["kind"] {
  if (before === undefined) return "created";
  if (change.restarts?.has(after.id) === true) return "restarted";
  if (change.restored?.has(after.id) === true && after.version !== before.definition.version)
    return "restored";
  if (!isSameConfiguration(before.definition, after)) return "reconfigured";
  return before.definition.instances === after.instances ? "unchanged" : "scaled";
}

function findConflict(
  state: ServicesState,
  affected: readonly string[],
  change: AppChange,
): Refusal | undefined {
  const inTheWay = new Set<Deployment>();
  const lockedApps: string[] = [];
  for (const appId of affected) {
    const deployment = state.deployments.lockOf(appId);
    if (deployment === undefined) continue;
    inTheWay.add(deployment);
    lockedApps.push(appId);
  }
  if (inTheWay.size > 0 && !change.force) {
    return { code: "Locked", deploymentIds: [...inTheWay].map(({ id }) => id), appIds: lockedApps };
  }
  const max = state.policy.maxRunningDeployments;
  return state.deployments.size - inTheWay.size >= max ? { code: "TooManyDeployments", max } : undefined;
}

/** Only an app that depends on something can close a cycle. */
function findCycle(
  state: ServicesState,
  changed: readonly AppDefinition[],
  removals: readonly string[],
): Refusal | undefined {
  const depending = changed.filter((definition) => (definition.dependencies ?? []).length > 0);
  if (depending.length === 0) return undefined;
  const overlay = new Map(changed.map((definition) => [definition.id, definition]));
  const { cycle } = dependencyDepths(
    depending.map(({ id }) => id),
    dependenciesIn(state.apps, overlay, new Set(removals)),
  );
  return cycle === undefined ? undefined : invalid("/", `dependency graph has cycles: ${cycle.join(" -> ")}`);
}

function carryOut(
  turn: Turn,
  state: ServicesState,
  change: AppChange,
  work: { readonly prepared: readonly Prepared[]; readonly affected: readonly string[] },
): RequestResult {
  for (const deployment of new Set(work.affected.map((appId) => state.deployments.lockOf(appId)))) {
    if (deployment !== undefined) cancelDeployment(turn, state, deployment, "replaced by a forced change");
  }
  const version = nextVersion(state, turn.now);
  const from = new Map<string, PlannedApp>();
  const originals = new Map<string, AppDefinition | undefined>();
  for (const appId of work.affected) {
    const app = state.apps.get(appId);
    originals.set(appId, app?.definition);
    if (app !== undefined) from.set(appId, plannedApp(app));
  }
  for (const appId of change.removals) removeApp(turn, state, appId);
  const stored: AppDefinition[] = [];
  const to = new Map<string, PlannedApp>();
  for (const each of work.prepared) {
    if (each.kind === "unchanged" && each.before !== undefined) {
      stored.push(each.before.definition);
      continue;
    }
    const app = putApp(turn, state, each, version);
    stored.push(app.definition);
    to.set(app.id, plannedApp(app));
  }
  turn.publish("group_change_success", { groupId: "/", version: formatInstant(version) });
  const deployment: Deployment = {
    id: state.random.uuid(),
    version,
    affected: affectedApps({ from, to }),
    steps: planDeployment({
      from,
      to,
      depthOf: depthsOf(state, to),
      ...(change.sentenced === undefined ? {} : { sentenced: change.sentenced }),
    }),
    originals,
    stepIndex: -1,
    runs: new Map(),
  };
  startDeployment(turn, state, deployment);
  return { kind: "deployed", deploymentId: deployment.id, version: formatInstant(version), apps: stored };
}

function depthsOf(state: ServicesState, to: ReadonlyMap<string, PlannedApp>): (appId: string) => number {
  const isAnyDepending = [...to.keys()].some(
    (appId) => (state.apps.get(appId)?.definition.dependencies ?? []).length > 0,
  );
  if (!isAnyDepending) return () => 0;
  return dependencyDepths(to.keys(), dependenciesIn(state.apps, new Map(), new Set())).depthOf;
}

function putApp(turn: Turn, state: ServicesState, each: Prepared, version: InstantMs): App {
  const app = state.apps.put(turn, each.definition, versionsAfter(each, version), {
    max: state.policy.maxVersions,
    isInUse: (old) => isVersionInUse(state, each.definition.id, old),
  });
  state.instances.setConfigVersion(app.id, app.versions.lastConfigChangeAt);
  if (each.kind === "created" || each.kind === "reconfigured") publishHealthChecks(turn, app);
  return app;
}

function versionsAfter(each: Prepared, version: InstantMs): AppVersions {
  const before = each.before?.versions;
  if (each.kind === "restored") return versionsOf(each.definition.id, each.definition);
  if (before === undefined || each.kind === "reconfigured" || each.kind === "created") {
    return { version, lastScalingAt: version, lastConfigChangeAt: version };
  }
  return each.kind === "restarted"
    ? { version, lastScalingAt: before.lastScalingAt, lastConfigChangeAt: version }
    : { version, lastScalingAt: version, lastConfigChangeAt: before.lastConfigChangeAt };
}

function isVersionInUse(state: ServicesState, appId: string, version: InstantMs): boolean {
  for (const instance of state.instances.population(appId)?.members.values() ?? []) {
    if (instance.version === version) return true;
  }
  return false;
}

function publishHealthChecks(turn: Turn, app: App): void {
  for (const healthCheck of app.definition.healthChecks ?? []) {
    turn.publish("add_health_check_event", {
      appId: app.id,
      version: formatInstant(app.versions.version),
      healthCheck: { ...healthCheck },
    });
  }
}

function removeApp(turn: Turn, state: ServicesState, appId: string): void {
  const app = state.apps.get(appId);
  if (app === undefined) return;
  state.apps.remove(turn, app);
  // Whatever is left belongs to no configuration any more.
  state.instances.setConfigVersion(appId, undefined);
  if ((app.definition.healthChecks ?? []).length > 0) turn.publish("remove_health_check_event", { appId });
}

function plannedApp(app: App): PlannedApp {
  return {
    id: app.id,
    instances: app.definition.instances,
    configVersionMs: app.versions.lastConfigChangeAt,
  };
}

export function refused(refusal: Refusal): RequestResult {
  return { kind: "refused", refusal };
}

function invalid(path: string, error: string): Refusal {
  return { code: "Invalid", details: [{ path, errors: [error] }] };
}
