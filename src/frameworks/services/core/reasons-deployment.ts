/** What a deployment waits for, and what it means for one of its services. */

import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import { progressOf } from "./deployment-progress.ts";
import type { Deployment } from "./deployment-table.ts";
import type { ServicesState } from "./state.ts";

/** Seen from `appId`; without one, from the deployment as a whole. */
export function waitOfDeployment(state: ServicesState, deployment: Deployment, appId?: string): ReasonFacts {
  const facts = (code: ReasonFacts["code"], service: string): ReasonFacts => ({
    code,
    parameters: {
      deployment: deployment.id,
      service,
      step: deployment.stepIndex + 1,
      steps: deployment.steps.length,
      user: deployment.origin?.user ?? "",
      ...progressOf(state, deployment),
    },
    commands: [`deployment show ${deployment.id}`, `deployment cancel ${deployment.id}`],
    since: deployment.startedAt,
    nodes: [],
  });
  const unfinished = [...deployment.runs.values()]
    .filter(({ isDone }) => !isDone)
    .map((run) => run.action.appId);
  if (appId !== undefined && !unfinished.includes(appId)) {
    const [blocker] = unfinished;
    const isYetToCome = deployment.steps
      .slice(deployment.stepIndex + 1)
      .some(({ actions }) => actions.some((action) => action.appId === appId));
    return isYetToCome && blocker !== undefined
      ? { ...facts("dependencyNotReady", blocker), commands: [`why ${blocker}`] }
      : facts("deploymentRunning", appId);
  }
  const service = appId ?? unfinished[0];
  return service === undefined ? facts("deploymentRunning", "") : facts(waitCode(state, service), service);
}

/** What the present step of one service waits for. */
function waitCode(state: ServicesState, appId: string): ReasonFacts["code"] {
  const population = state.instances.population(appId);
  if (population === undefined) return "deploymentRunning";
  if (population.scheduled.size > 0) return "deploymentWaitsForPlace";
  let isAnyUnready = false;
  for (const { condition, goal, checks, health, isReady } of population.members.values()) {
    if (goal !== "Running" || condition !== "Running") continue;
    if (checks.length > 0 && health !== true) return "deploymentWaitsForHealth";
    isAnyUnready ||= isReady === false;
  }
  return isAnyUnready ? "deploymentWaitsForReadiness" : "deploymentRunning";
}

/** Services of the present step that are not as the deployment wants them. */
export function unfinishedServices(deployment: Deployment): readonly string[] {
  return [...deployment.runs.values()].filter(({ isDone }) => !isDone).map(({ action }) => action.appId);
}
