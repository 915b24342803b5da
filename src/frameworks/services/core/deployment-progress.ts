/** How far a deployment is, in numbers that people read: counted actions, instances as wished of those wished. */
import { assertNever } from "#foundation/base/assert.ts";
import type { Deployment } from "./deployment-table.ts";
import { type CountedAction, type EndedDeployment, partsKeptMax } from "./ended-deployments.ts";
import type { PlanAction } from "./plan.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Its steps with the numbers of instances before and after. */
export function countedSteps(
  state: ServicesState,
  deployment: Deployment,
): readonly { readonly actions: readonly CountedAction[] }[] {
  return deployment.steps.map(({ actions }) => ({
    actions: actions.map((action) =>
      countedAction(action, {
        before: deployment.originals.get(action.appId)?.instances ?? 0,
        after: state.apps.get(action.appId)?.definition.instances ?? 0,
      }),
    ),
  }));
}

/** `after` is where a restart ends; a scaling says so itself. */
export function countedAction(
  action: PlanAction,
  instances: { readonly before: number; readonly after: number },
): CountedAction {
  const { appId: service } = action;
  const { before: from } = instances;
  switch (action.kind) {
    case "start":
      return { action: "start", service, from: 0, to: 0 };
    case "stop":
      return { action: "stop", service, from, to: 0 };
    case "scale":
      return { action: "scale", service, from, to: action.instances };
    case "restart":
      return { action: "restart", service, from, to: instances.after };
    default:
      return assertNever(action);
  }
}

/** Instances that are as the deployment wants them, of those it wants. */
export function progressOf(
  state: ServicesState,
  deployment: Deployment,
): { readonly done: number; readonly wanted: number } {
  let done = 0;
  let wanted = 0;
  for (const appId of deployment.affected) {
    const target = state.apps.get(appId)?.definition.instances ?? 0;
    wanted += target;
    done += Math.min(target, state.instances.population(appId)?.counts.newServing ?? 0);
  }
  return { done, wanted };
}

/** Keeps what is worth knowing of a deployment that is over. */
export function rememberDeployment(
  turn: Turn,
  state: ServicesState,
  deployment: Deployment,
  end: { readonly state: EndedDeployment["state"]; readonly cause?: string },
): void {
  let room = partsKeptMax;
  const steps = countedSteps(state, deployment).map(({ actions }) => {
    const kept = actions.slice(0, room);
    room -= kept.length;
    return { actions: kept };
  });
  state.endedDeployments.add(turn, {
    id: deployment.id,
    startedAt: deployment.startedAt,
    endedAt: turn.now,
    state: end.state,
    cause: end.cause,
    origin: deployment.origin,
    services: deployment.affected.slice(0, partsKeptMax),
    step: Math.min(deployment.stepIndex + 1, deployment.steps.length),
    steps,
    ...progressOf(state, deployment),
  });
}
