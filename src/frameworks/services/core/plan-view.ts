/**
 * A change as people see it before it is made: what happens to each service, where new instances would go, what to know.
 *
 * Restarts, counts and steps come from the very plan that would be carried out (`change-plan.ts`), so that they are exact;
 * places are as certain as each of them says.
 */
import type { FieldChange } from "#contracts/observe/audit.ts";
import type { Plan, PlannedGroup, PlannedService } from "#contracts/services/plan.ts";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { Spread } from "#domain/placement/spread.ts";
import { factsOf } from "./app-facts.ts";
import type { App } from "./app-table.ts";
import { type ChangePlan, type ChangeSet, type PreparedApp, planChange } from "./change-plan.ts";
import { isActive } from "./conditions.ts";
import { stepsOf } from "./deployment-list.ts";
import { countedAction } from "./deployment-progress.ts";
import { lockHolder } from "./deployment-view.ts";
import type { Refusal } from "./effects.ts";
import { emptyTerms, type GroupTerms } from "./group-table.ts";
import { definitionChanges } from "./history-list.ts";
import { type Instance, isKept } from "./instance.ts";
import type { JudgedNode } from "./node-verdicts.ts";
import { type PlacementPlan, planPlacements } from "./placement-plan.ts";
import type { PlanWarning } from "./plan-warnings.ts";
import { warningsOf } from "./plan-warnings.ts";
import { PlannedRoom } from "./planned-room.ts";
import type { ExplainOptions } from "./reasons.ts";
import type { ServicesState } from "./state.ts";
import { basisOf } from "./wished-change.ts";

export type PlannedServiceFacts = Omit<PlannedService, "warnings"> & {
  readonly warnings: readonly PlanWarning[];
};
/** A plan without its sentences. */
export type PlanFacts = Omit<Plan, "services"> & { readonly services: readonly PlannedServiceFacts[] };

export function planView(
  state: ServicesState,
  change: ChangeSet,
  options: Pick<ExplainOptions, "now" | "known">,
): PlanFacts | Refusal {
  const plan = planChange(state, change, options.now);
  return "code" in plan ? plan : viewOf(state, change, plan, options.known);
}

function viewOf(
  state: ServicesState,
  change: ChangeSet,
  plan: ChangePlan,
  known: ExplainOptions["known"],
): PlanFacts {
  const after = new Map(plan.apps.map(({ definition }) => [definition.id, definition.instances]));
  const groups = plannedGroups(plan);
  const room = new PlannedRoom(state, known);
  for (const appId of plan.removals) room.giveBack(appId, membersOf(state, appId));
  return {
    basis: basisOf(state, change),
    isEmpty: plan.isEmpty,
    services: [
      ...plan.removals.flatMap((appId) => removedService(state, appId, plan)),
      ...plan.apps.map((each) => plannedService(state, each, room)),
    ],
    ...(groups.length === 0 ? {} : { groups }),
    steps: stepsOf(
      plan.steps.map(({ actions }) => ({
        actions: actions.map((action) =>
          countedAction(action, {
            before: state.apps.get(action.appId)?.definition.instances ?? 0,
            after: after.get(action.appId) ?? 0,
          }),
        ),
      })),
    ),
    lockedBy: plan.lockedBy.map(lockHolder),
  };
}

function plannedGroups({ groups, apps }: ChangePlan): PlannedGroup[] {
  const isMadeByService = (id: string): boolean =>
    apps.some(({ definition }) => definition.id.startsWith(`${id}/`));
  return [...groups.puts.values()].flatMap((terms): PlannedGroup[] => {
    const { id } = terms;
    const before = groups.originals.get(id);
    const changes = termChanges(before ?? emptyTerms(id), terms);
    if (before !== undefined) return [{ id, effect: "change", changes }];
    return changes.length === 0 && isMadeByService(id) ? [] : [{ id, effect: "create", changes }];
  });
}

function termChanges(before: GroupTerms, after: GroupTerms): FieldChange[] {
  return (["dependencies", "enforceRole"] as const).flatMap((field): FieldChange[] =>
    JSON.stringify(before[field]) === JSON.stringify(after[field])
      ? []
      : [{ path: `/${field}`, before: before[field], after: after[field] }],
  );
}

function removedService(
  state: ServicesState,
  appId: string,
  plan: ChangePlan,
): readonly PlannedServiceFacts[] {
  const app = state.apps.get(appId);
  if (app === undefined) return [];
  const gone = new Set(plan.removals);
  const dependents = [...state.apps.all()]
    .filter(({ id, definition }) => !gone.has(id) && definition.dependencies?.includes(appId) === true)
    .map(({ id }) => id);
  return [
    {
      id: appId,
      effect: "remove",
      instancesBefore: app.definition.instances,
      instancesAfter: 0,
      restarts: 0,
      changes: [...definitionChanges(app.definition, undefined)],
      placements: [],
      unplaced: 0,
      warnings:
        dependents.length === 0
          ? []
          : [{ code: "dependentsLeft", parameters: { services: dependents.join(", ") } }],
    },
  ];
}

function plannedService(state: ServicesState, each: PreparedApp, room: PlannedRoom): PlannedServiceFacts {
  const { definition, before, kind } = each;
  const members = membersOf(state, definition.id);
  const { lastConfigChangeAt } = each.versions;
  const isOlder = (instance: Instance): boolean => instance.configVersion !== lastConfigChangeAt;
  // Only a changed configuration ends instances of an older one: a scaling leaves those of a rolling update that was
  // given up where they are.
  const isReplacing = before !== undefined && before.versions.lastConfigChangeAt !== lastConfigChangeAt;
  const old = isReplacing ? members.filter(isOlder) : [];
  const older = isReplacing || before === undefined ? 0 : members.filter(isOlder).length;
  const staying = members.length - old.length;
  const restarts = Math.min(old.length, definition.instances);
  const placed = placementsOf(state, each, { count: definition.instances - staying, old, room });
  return {
    id: definition.id,
    effect: effectOf(each, restarts),
    instancesBefore: before?.definition.instances ?? 0,
    instancesAfter: definition.instances,
    restarts,
    changes: [...definitionChanges(before?.definition, definition)],
    placements: placed.placements.map((placement) => ({ ...placement })),
    unplaced: placed.unplaced,
    warnings: warningsOf({
      definition,
      restarts,
      older,
      relabelled: kind === "relabelled" ? Math.min(members.length, definition.instances) : 0,
      unplaced: placed.unplaced,
      needsRoomOfOld: placed.needsRoomOfOld,
      neverMet: placed.neverMet,
      setAside: room.setAside,
      isRoomKnown: room.isKnown,
      isUnchanged: kind === "unchanged",
    }),
  };
}

function effectOf(
  { kind, before, definition, versions }: PreparedApp,
  restarts: number,
): PlannedService["effect"] {
  if (before === undefined) return "create";
  if (kind === "unchanged") return "unchanged";
  if (restarts > 0 && versions.lastConfigChangeAt !== before.versions.lastConfigChangeAt) return "restart";
  return before.definition.instances === definition.instances ? "keep" : "scale";
}

function placementsOf(
  state: ServicesState,
  { definition, kind, before }: PreparedApp,
  wish: { readonly count: number; readonly old: readonly Instance[]; readonly room: PlannedRoom },
): Placed {
  const { room } = wish;
  if (kind === "unchanged" || wish.count <= 0 || !room.isKnown) {
    return { placements: [], unplaced: 0, needsRoomOfOld: false, neverMet: "" };
  }
  const app: App = {
    ...(before ?? {
      id: definition.id,
      versions: { version: 0, lastScalingAt: 0, lastConfigChangeAt: 0 },
      origin: undefined,
      history: new Map(),
      lastFailure: undefined,
    }),
    definition,
    facts: factsOf(definition),
  };
  const startsAfresh = wish.old.length > 0 || before === undefined;
  const spreadOf = (field: string): Spread =>
    startsAfresh ? new Spread() : state.instances.spreadOf(definition.id, field);
  const place = (nodes = room.nodesFor(app, spreadOf)): PlacementPlan =>
    planPlacements({ app, count: wish.count, nodes, spreadOf });
  const beside = wish.old.length === 0 ? undefined : place();
  room.giveBack(definition.id, wish.old);
  const nodes = room.nodesFor(app, spreadOf);
  const planned = place(nodes);
  return {
    neverMet: planned.unplaced === 0 ? "" : constraintsNeverMet(definition, nodes),
    unplaced: planned.unplaced,
    placements: room.take(app, planned.placements),
    needsRoomOfOld: beside !== undefined && beside.unplaced > planned.unplaced,
  };
}

interface Placed extends Pick<PlannedServiceFacts, "placements" | "unplaced"> {
  /** Not all new ones fit as long as the old ones are there. */
  readonly needsRoomOfOld: boolean;
  /** Constraints that no node meets, however few instances there are. */
  readonly neverMet: string;
}

/** Each of them alone, or where every node fails another one, all. */
function constraintsNeverMet({ constraints = [] }: AppDefinition, nodes: readonly JudgedNode[]): string {
  if (!nodes.every(({ isNeverMet }) => isNeverMet)) return "";
  const written = constraints.map((words) => words.join(" "));
  const isFailedBy = (words: string, { verdict }: JudgedNode): boolean =>
    verdict.causes.some(
      ({ code, detail }) => code === "constraintNotSatisfiable" && detail.startsWith(`${words} (`),
    );
  const alone = written.filter((words) => nodes.every((node) => isFailedBy(words, node)));
  return (alone.length > 0 ? alone : written).join(", ");
}

/** Instances that run or are about to, and shall. */
function membersOf(state: ServicesState, appId: string): readonly Instance[] {
  const members = state.instances.population(appId)?.members.values() ?? [];
  return [...members].filter((instance) => isKept(instance) && isActive(instance.condition));
}
