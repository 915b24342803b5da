/** Deployments in Marathon's JSON. Source: contract marathon.md sections 10.1 and 17. */
import type { JsonObject } from "#foundation/base/json.ts";
import type { Deployment } from "./deployment-table.ts";
import { formatInstant } from "./iso-time.ts";
import type { PlanAction, PlanStep } from "./plan.ts";
import { readinessResults } from "./readiness.ts";
import type { ServicesState } from "./state.ts";
import type { DeploymentActionJson, DeploymentActionName, DeploymentJson } from "./views.ts";

const actionNames: { readonly [Kind in PlanAction["kind"]]: DeploymentActionName } = {
  stop: "StopApplication",
  start: "StartApplication",
  scale: "ScaleApplication",
  restart: "RestartApplication",
};

function actionJson(action: PlanAction): DeploymentActionJson {
  return { action: actionNames[action.kind], app: action.appId };
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
    affectedApps: deployment.affected,
    affectedPods: [],
    steps: deployment.steps.map(stepJson),
    currentActions: (step?.actions ?? []).map((action) => ({
      ...actionJson(action),
      readinessCheckResults: readinessResults(state, action.appId),
    })),
    currentStep: deployment.stepIndex + 1,
    totalSteps: deployment.steps.length,
  };
}
