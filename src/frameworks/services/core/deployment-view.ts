/** Deployments in Marathon's JSON. Source: contract marathon.md sections 10.1 and 17. */

import type { LockHolder } from "#contracts/services/plan.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { Deployment } from "./deployment-table.ts";
import type { PlanAction, PlanStep } from "./plan.ts";
import { readinessResults } from "./readiness.ts";
import type { ServicesState } from "./state.ts";
import type { DeploymentActionJson, DeploymentJson } from "./views.ts";

const verbs: { readonly [Kind in PlanAction["kind"]]: "Stop" | "Start" | "Scale" | "Restart" } = {
  stop: "Stop",
  start: "Start",
  scale: "Scale",
  restart: "Restart",
};

function actionJson({ kind, appId, isPod }: PlanAction): DeploymentActionJson {
  const verb = verbs[kind];
  return isPod === true ? { action: `${verb}Pod`, pod: appId } : { action: `${verb}Application`, app: appId };
}

export function stepJson(step: PlanStep): { readonly actions: readonly DeploymentActionJson[] } & JsonObject {
  return { actions: step.actions.map((action) => ({ ...actionJson(action) })) };
}

/** The light form of a plan, as events carry it. */
export function planJson(deployment: Deployment): JsonObject {
  return {
    id: deployment.id,
    version: formatInstant(deployment.version),
    steps: deployment.steps.map(stepJson),
  };
}

export function deploymentJson(state: ServicesState, deployment: Deployment): DeploymentJson {
  const step = deployment.steps[deployment.stepIndex];
  return {
    id: deployment.id,
    version: formatInstant(deployment.version),
    affectedApps: deployment.affected.filter((id) => !isPod(state, deployment, id)),
    affectedPods: deployment.affected.filter((id) => isPod(state, deployment, id)),
    steps: deployment.steps.map(stepJson),
    currentActions: (step?.actions ?? []).map((action) => ({
      ...actionJson(action),
      readinessCheckResults: readinessResults(state, action.appId),
    })),
    currentStep: deployment.stepIndex + 1,
    totalSteps: deployment.steps.length,
  };
}

/** One that the deployment removes is told by what it was. */
function isPod(state: ServicesState, { originals }: Deployment, id: string): boolean {
  return (originals.get(id) ?? state.apps.get(id)?.definition)?.pod !== undefined;
}

/** Who deploys what since when, for somebody whose change it is in the way of. */
export function lockHolder(deployment: Deployment): LockHolder {
  const user = deployment.origin?.user;
  return {
    deploymentId: deployment.id,
    services: [...deployment.affected],
    ...(user === undefined ? {} : { user }),
    since: deployment.startedAt,
  };
}
