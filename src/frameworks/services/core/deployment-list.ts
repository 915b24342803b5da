/** Deployments as our own clients list them: running ones first, then those that are over and still remembered. */
import type { DeploymentItem } from "#contracts/services/own-endpoints.ts";
import { type ListQuery, listWindow } from "#foundation/base/list-window.ts";
import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import { countedSteps, progressOf } from "./deployment-progress.ts";
import type { Deployment } from "./deployment-table.ts";
import type { CountedAction, EndedDeployment } from "./ended-deployments.ts";
import type { Origin } from "./origin.ts";
import { waitOfDeployment } from "./reasons-deployment.ts";
import type { ServicesState } from "./state.ts";

export type DeploymentFacts = Omit<DeploymentItem, "reason"> & { readonly reason?: ReasonFacts };

export interface DeploymentQuery extends ListQuery {
  readonly service?: string;
  /** Leaves out deployments of nothing that somebody may see. Default: none. */
  readonly sees?: (appId: string) => boolean;
}

type Row =
  | { readonly kind: "running"; readonly deployment: Deployment }
  | { readonly kind: "ended"; readonly ended: EndedDeployment };

export function listDeployments(
  state: ServicesState,
  query: DeploymentQuery,
): { readonly items: readonly DeploymentFacts[]; readonly total: number } {
  const service = query.service === undefined ? undefined : `/${query.service.replace(/^\/+/, "")}`;
  const rows: Row[] = [
    ...[...state.deployments.all()].reverse().map((deployment): Row => ({ kind: "running", deployment })),
    ...state.endedDeployments.all().map((ended): Row => ({ kind: "ended", ended })),
  ].filter(
    (row) =>
      (service === undefined || servicesOf(row).includes(service)) &&
      (query.sees === undefined || servicesOf(row).some(query.sees)),
  );
  const common = (row: Row): Deployment | EndedDeployment =>
    row.kind === "running" ? row.deployment : row.ended;
  const window = listWindow(rows, query, {
    words: (row) => [common(row).id, ...servicesOf(row), ...Object.values(common(row).origin ?? {})],
    fields: {
      id: (row) => common(row).id,
      state: (row) => (row.kind === "running" ? "running" : row.ended.state),
      status: (row) => (row.kind === "running" ? "running" : row.ended.state),
      service: servicesOf,
      user: (row) => common(row).origin?.user,
      startedAt: (row) => common(row).startedAt,
      endedAt: (row) => (row.kind === "running" ? undefined : row.ended.endedAt),
    },
  });
  return {
    total: window.total,
    items: window.items.map((row) =>
      row.kind === "running" ? runningItem(state, row.deployment) : endedItem(row.ended),
    ),
  };
}

const servicesOf = (row: Row): readonly string[] =>
  row.kind === "running" ? row.deployment.affected : row.ended.services;

export function runningItem(state: ServicesState, deployment: Deployment): DeploymentFacts {
  return {
    id: deployment.id,
    startedAt: deployment.startedAt,
    ...ownerOf(deployment.origin),
    services: [...deployment.affected],
    step: deployment.stepIndex + 1,
    steps: stepsOf(countedSteps(state, deployment)),
    ...progressOf(state, deployment),
    state: "running",
    reason: waitOfDeployment(state, deployment),
  };
}

function endedItem(ended: EndedDeployment): DeploymentFacts {
  return {
    id: ended.id,
    startedAt: ended.startedAt,
    ...ownerOf(ended.origin),
    services: [...ended.services],
    step: ended.step,
    steps: stepsOf(ended.steps),
    done: ended.done,
    wanted: ended.wanted,
    state: ended.state,
    endedAt: ended.endedAt,
  };
}

/** The wire's arrays are writable. */
export function stepsOf(
  steps: readonly { readonly actions: readonly CountedAction[] }[],
): DeploymentItem["steps"] {
  return steps.map(({ actions }) => ({ actions: actions.map((action) => ({ ...action })) }));
}

export function ownerOf(origin: Origin | undefined): { user?: string; message?: string } {
  return {
    ...(origin?.user === undefined ? {} : { user: origin.user }),
    ...(origin?.message === undefined ? {} : { message: origin.message }),
  };
}
