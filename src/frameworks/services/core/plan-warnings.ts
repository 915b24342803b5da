/** What a person should know before making a change: codes with parameters; `plan.warning.<code>` is the sentence. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { rollingLimits } from "./rolling.ts";

export const planWarningCodes = [
  "downForAWhile",
  "fewerForAWhile",
  "noHealthCheck",
  "olderStay",
  "oldLabelsStay",
  "needsRoomOfOld",
  "constraintNeverMet",
  "notEnoughRoom",
  "nodesSetAside",
  "roomUnknown",
  "dependentsLeft",
] as const;

export interface PlanWarning {
  readonly code: (typeof planWarningCodes)[number];
  readonly parameters: Readonly<Record<string, string | number>>;
}

export function warningsOf(change: {
  readonly definition: AppDefinition;
  readonly restarts: number;
  /** Instances of an older configuration that stay. */
  readonly older: number;
  /** Instances that run on with the labels they were started with. */
  readonly relabelled: number;
  readonly unplaced: number;
  readonly needsRoomOfOld: boolean;
  /** As written; empty: there is none. */
  readonly neverMet: string;
  /** Nodes that are drained, deactivated or under maintenance. */
  readonly setAside: number;
  readonly isRoomKnown: boolean;
  readonly isUnchanged: boolean;
}): readonly PlanWarning[] {
  const { definition, restarts, unplaced } = change;
  const { instances } = definition;
  const warnings: PlanWarning[] = [];
  if (change.older > 0) warnings.push({ code: "olderStay", parameters: { older: change.older } });
  if (change.isUnchanged) return warnings;
  if (change.relabelled > 0)
    warnings.push({ code: "oldLabelsStay", parameters: { relabelled: change.relabelled } });
  if (restarts > 0) {
    const { minHealthy } = rollingLimits({ instances, ...definition.upgradeStrategy });
    if (minHealthy === 0) warnings.push({ code: "downForAWhile", parameters: { instances } });
    else if (minHealthy < instances) {
      warnings.push({ code: "fewerForAWhile", parameters: { minimum: minHealthy, instances } });
    }
  }
  if (instances > 0 && !isChecked(definition)) {
    warnings.push({ code: "noHealthCheck", parameters: {} });
  }
  // Old ones that have to stay until new ones are up may hold the very room that these need.
  if (change.needsRoomOfOld) warnings.push({ code: "needsRoomOfOld", parameters: {} });
  if (change.neverMet !== "")
    warnings.push({ code: "constraintNeverMet", parameters: { constraints: change.neverMet } });
  if (unplaced > 0) warnings.push({ code: "notEnoughRoom", parameters: { unplaced } });
  if (unplaced > 0 && change.setAside > 0)
    warnings.push({ code: "nodesSetAside", parameters: { nodes: change.setAside } });
  if (!change.isRoomKnown) warnings.push({ code: "roomUnknown", parameters: {} });
  return warnings;
}

/** Of a pod one container's check will do. */
function isChecked({ healthChecks = [], pod }: AppDefinition): boolean {
  return (
    healthChecks.length > 0 || pod?.containers.some(({ healthCheck }) => healthCheck !== undefined) === true
  );
}
