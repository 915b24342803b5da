/** Runs deployments: step after step, until the last one is done or somebody cancels. */
import type { JsonObject } from "#foundation/base/json.ts";
import { advanceAction, beginAction, newRun, surplusOf } from "./deployment-actions.ts";
import { rememberDeployment } from "./deployment-progress.ts";
import type { Deployment } from "./deployment-table.ts";
import { planJson, stepJson } from "./deployment-view.ts";
import { decommission, decommissionForGood, scheduleInstances } from "./lifecycle.ts";
import { endReadiness } from "./readiness.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

export function startDeployment(turn: Turn, state: ServicesState, deployment: Deployment): void {
  state.deployments.add(turn, deployment);
  proceed(turn, state, deployment, { isResumed: false });
}

/** Begins a stored deployment again from its first step; what was done already is found done. */
export function resumeDeployment(turn: Turn, state: ServicesState, deployment: Deployment): void {
  proceed(turn, state, deployment, { isResumed: true });
}

/** Stops orchestrating. Definitions and instances stay as they are. */
export function cancelDeployment(
  turn: Turn,
  state: ServicesState,
  deployment: Deployment,
  reason: string,
): void {
  state.deployments.remove(turn, deployment);
  rememberDeployment(turn, state, deployment, { state: "cancelled", cause: reason });
  if (deployment.stepIndex >= 0) turn.publish("deployment_step_failure", progressJson(deployment));
  turn.publish("deployment_failed", { id: deployment.id, plan: planJson(deployment), reason });
  for (const appId of deployment.affected) {
    endReadiness(turn, state, appId);
    state.instances.touch(appId);
  }
}

/** Enters steps as long as they are done at once. */
function proceed(
  turn: Turn,
  state: ServicesState,
  deployment: Deployment,
  options: { readonly isResumed: boolean },
): void {
  while (state.deployments.get(deployment.id) === deployment) {
    if (deployment.unfinished > 0) return;
    if (deployment.stepIndex >= 0) turn.publish("deployment_step_success", progressJson(deployment));
    const step = deployment.steps[deployment.stepIndex + 1];
    if (step === undefined) {
      succeed(turn, state, deployment);
      return;
    }
    deployment.stepIndex += 1;
    deployment.runs = new Map(step.actions.map((action) => [action.appId, newRun(action)]));
    deployment.unfinished = deployment.runs.size;
    turn.publish("deployment_info", progressJson(deployment));
    const isFollowed = deployment.stepIndex < deployment.steps.length - 1;
    for (const run of deployment.runs.values()) {
      beginAction(turn, state, run, { ...options, isFollowed });
      if (run.isDone) deployment.unfinished -= 1;
    }
  }
}

function succeed(turn: Turn, state: ServicesState, deployment: Deployment): void {
  state.deployments.remove(turn, deployment);
  rememberDeployment(turn, state, deployment, { state: "succeeded" });
  turn.publish("deployment_success", { id: deployment.id, plan: planJson(deployment) });
  // While it was locked nobody else looked at it.
  for (const appId of deployment.affected) {
    endReadiness(turn, state, appId);
    state.instances.touch(appId);
  }
}

/** Takes the decisions that changes of instances ask for, until nothing asks any more. */
export function settleApps(turn: Turn, state: ServicesState): void {
  for (
    let touched = state.instances.takeTouched();
    touched !== undefined;
    touched = state.instances.takeTouched()
  ) {
    const { appId, changed } = touched;
    const deployment = state.deployments.lockOf(appId);
    const run = deployment?.runs.get(appId);
    if (deployment !== undefined && run !== undefined && !run.isDone) {
      advanceAction(turn, state, run, changed);
      if (run.isDone) deployment.unfinished -= 1;
      if (run.isDone) proceed(turn, state, deployment, { isResumed: false });
    }
    if (deployment === undefined) checkScale(turn, state, appId);
    state.queue.sync(turn, state, appId);
  }
}

/** An app that no deployment holds has as many instances as it wants. */
function checkScale(turn: Turn, state: ServicesState, appId: string): void {
  const app = state.apps.get(appId);
  const population = state.instances.population(appId);
  if (population === undefined) return;
  if (app === undefined) {
    // Left over from an app that is gone.
    for (const instance of [...population.members.values()]) {
      if (instance.goal !== "Decommissioned") decommissionForGood(turn, state, instance);
    }
    state.instances.forgetPopulation(appId);
    return;
  }
  const missing = app.definition.instances - population.counts.kept;
  if (missing > 0) scheduleInstances(turn, state, app, missing);
  if (missing < 0) {
    for (const instance of surplusOf(state, app, population, -missing)) decommission(turn, state, instance);
  }
}

function progressJson(deployment: Deployment): JsonObject {
  const step = deployment.steps[deployment.stepIndex];
  return {
    plan: planJson(deployment),
    currentStep: step === undefined ? { actions: [] } : stepJson(step),
  };
}
