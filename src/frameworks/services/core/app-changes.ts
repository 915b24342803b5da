/**
 * Carries out changes of apps: plans them (`change-plan.ts`), refuses what can't be, stores, starts the deployment.
 *
 * Nothing changes before every check has passed. Source: contract marathon.md sections 6 and 10.2.
 */

import type { AppDefinition } from "#domain/definitions/app.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { App } from "./app-table.ts";
import { type ChangePlan, type ChangeSet, type PreparedApp, planChange } from "./change-plan.ts";
import { cancelDeployment, startDeployment } from "./deployments.ts";
import type { Refusal, RequestResult } from "./effects.ts";
import { formatInstant } from "./iso-time.ts";
import type { Origin } from "./origin.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

export interface AppChange extends ChangeSet {
  /** Cancels deployments in the way instead of being refused by them. */
  readonly force: boolean;
  /** Who wants it. */
  readonly origin?: Origin | undefined;
}

export function changeApps(turn: Turn, state: ServicesState, change: AppChange): RequestResult {
  const plan = planChange(state, change, turn.now);
  if ("code" in plan) return refused(plan);
  const conflict = findConflict(state, plan, change.force);
  return conflict === undefined ? carryOut(turn, state, plan, change.origin) : refused(conflict);
}

function findConflict(
  state: ServicesState,
  { lockedBy, lockedApps }: ChangePlan,
  force: boolean,
): Refusal | undefined {
  if (lockedBy.length > 0 && !force) {
    return { code: "Locked", deploymentIds: lockedBy.map(({ id }) => id), appIds: lockedApps };
  }
  const max = state.policy.maxRunningDeployments;
  return state.deployments.size - lockedBy.length >= max ? { code: "TooManyDeployments", max } : undefined;
}

/** Does what a plan says. The plan is of this very state. */
function carryOut(
  turn: Turn,
  state: ServicesState,
  plan: ChangePlan,
  origin: Origin | undefined,
): RequestResult {
  const { version } = plan;
  for (const deployment of plan.lockedBy) {
    cancelDeployment(turn, state, deployment, "replaced by a forced change");
  }
  state.lastVersion = version;
  for (const appId of plan.removals) removeApp(turn, state, appId);
  const stored: AppDefinition[] = [];
  for (const each of plan.apps) {
    const isKept = each.kind === "unchanged" && each.before !== undefined;
    stored.push((isKept ? each.before : putApp(turn, state, each, origin)).definition);
  }
  turn.publish("group_change_success", { groupId: "/", version: formatInstant(version) });
  const id = state.random.uuid();
  startDeployment(turn, state, {
    id,
    version,
    startedAt: turn.now,
    origin,
    affected: plan.affected,
    steps: plan.steps,
    originals: plan.originals,
    stepIndex: -1,
    runs: new Map(),
  });
  return { kind: "deployed", deploymentId: id, version: formatInstant(version), apps: stored };
}

function putApp(
  turn: Turn,
  state: ServicesState,
  { definition, versions, kind }: PreparedApp,
  origin: Origin | undefined,
): App {
  const app = state.apps.put(turn, definition, versions, {
    max: state.policy.maxVersions,
    origin,
    isInUse: (old) => isVersionInUse(state, definition.id, old),
  });
  state.instances.setConfigVersion(app.id, app.versions.lastConfigChangeAt);
  if (kind === "created" || kind === "reconfigured") publishHealthChecks(turn, app);
  return app;
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

export function refused(refusal: Refusal): RequestResult {
  return { kind: "refused", refusal };
}
