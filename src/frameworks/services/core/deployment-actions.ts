/**
 * Brings one app to where an action of a deployment wants it.
 *
 * An action remembers almost nothing: it is asked again after every change of its app and looks at what is
 * there. That makes it safe to begin again from the start after a restart of this process.
 * Source: contract marathon.md sections 10.3 and 10.4.
 */
import { assertNever } from "#foundation/base/assert.ts";
import type { App } from "./app-table.ts";
import { isActive } from "./conditions.ts";
import type { ActionRun } from "./deployment-table.ts";
import { groupingsOf } from "./groupings.ts";
import { type Instance, isInactive, isKept, isScheduled, isServing } from "./instance.ts";
import type { Population } from "./instance-table.ts";
import { orderForReplacement, selectToKill } from "./kill-order.ts";
import { decommission, decommissionForGood, scheduleInstances } from "./lifecycle.ts";
import type { PlanAction } from "./plan.ts";
import { isResident, isStopped } from "./residency.ts";
import { decideRolling } from "./rolling.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

export function newRun(action: PlanAction): ActionRun {
  return { action, isDone: false, rising: new Set(), falling: new Set() };
}

export interface Beginning {
  /** What was begun before a restart may still be under way. */
  readonly isResumed: boolean;
  /** Something comes after it that may depend on this app: all of it has to serve first, not only what is new. */
  readonly isFollowed: boolean;
}

/** Looks at the whole app once. */
export function beginAction(
  turn: Turn,
  state: ServicesState,
  run: ActionRun,
  { isResumed, isFollowed }: Beginning,
): void {
  const { action } = run;
  const members = [...(state.instances.population(action.appId)?.members.values() ?? [])];
  if (action.kind === "restart") state.queue.resetDelay(state, action.appId);
  if (action.kind === "scale") {
    for (const instance of members) {
      const isLeaving = instance.goal !== "Running" && !isStopped(instance);
      if (isLeaving) run.falling.add(instance.id);
      else if ((isResumed || isFollowed) && isOnItsWay(instance)) run.rising.add(instance.id);
    }
    const sentenced = new Set(action.sentenced);
    for (const instance of members) {
      if (!sentenced.has(instance.id) || instance.goal === "Decommissioned") continue;
      run.falling.add(instance.id);
      decommission(turn, state, instance);
    }
  }
  advanceAction(turn, state, run, new Set(members));
}

/** Takes the next step of an action, given the instances that changed since the last look. */
export function advanceAction(
  turn: Turn,
  state: ServicesState,
  run: ActionRun,
  changed: ReadonlySet<Instance>,
): void {
  const { action } = run;
  switch (action.kind) {
    case "start":
      run.isDone = true;
      return;
    case "stop":
      return advanceStop(turn, state, run, changed);
    case "scale":
      return advanceScale(turn, state, run, { target: action.instances, changed });
    case "restart":
      return advanceRestart(turn, state, run, changed);
    default:
      return assertNever(action);
  }
}

function advanceStop(turn: Turn, state: ServicesState, run: ActionRun, changed: ReadonlySet<Instance>): void {
  const { appId } = run.action;
  for (const instance of changed) {
    const isThere = state.instances.get(instance.id) === instance;
    if (isThere && (instance.goal !== "Decommissioned" || !isActive(instance.condition))) {
      decommissionForGood(turn, state, instance);
    }
  }
  const left = state.instances.population(appId)?.members.size ?? 0;
  if (left > 0) return;
  turn.publish("app_terminated_event", { appId });
  state.instances.forgetPopulation(appId);
  run.isDone = true;
}

function advanceScale(
  turn: Turn,
  state: ServicesState,
  run: ActionRun,
  goal: { readonly target: number; readonly changed: ReadonlySet<Instance> },
): void {
  const { appId } = run.action;
  const app = state.apps.get(appId);
  const population = state.instances.population(appId);
  if (app === undefined || population === undefined) {
    run.isDone = true;
    return;
  }
  for (const instance of goal.changed) {
    const isThere = state.instances.get(instance.id) === instance;
    if (!isThere || isStopped(instance)) run.falling.delete(instance.id);
    if (!isThere || !isKept(instance) || isServing(instance)) run.rising.delete(instance.id);
  }
  const surplus = population.counts.kept - goal.target;
  if (surplus > 0) {
    for (const instance of surplusOf(state, app, population, surplus)) {
      run.rising.delete(instance.id);
      run.falling.add(instance.id);
      decommission(turn, state, instance);
      if (state.instances.get(instance.id) === undefined || isStopped(instance))
        run.falling.delete(instance.id);
    }
  }
  // What is named to end makes room first, as its place may be the only one.
  if (surplus < 0 && run.falling.size === 0) {
    for (const instance of scheduleInstances(turn, state, app, -surplus)) run.rising.add(instance.id);
  }
  run.isDone = population.counts.kept === goal.target && run.rising.size === 0 && run.falling.size === 0;
}

function advanceRestart(
  turn: Turn,
  state: ServicesState,
  run: ActionRun,
  changed: ReadonlySet<Instance>,
): void {
  const app = state.apps.get(run.action.appId);
  const population = state.instances.population(run.action.appId);
  if (app === undefined || population === undefined) {
    run.isDone = true;
    return;
  }
  // An old instance that isn't up has no future: it isn't started again in its old shape.
  for (const instance of changed) {
    if (instance.configVersion === population.configVersion) continue;
    if (state.instances.get(instance.id) !== instance) continue;
    if (isKept(instance)) run.leaving = undefined;
    if (isScheduled(instance) || isInactive(instance)) decommission(turn, state, instance);
  }
  const { counts } = population;
  const { instances } = app.definition;
  const decision = decideRolling({
    instances,
    minimumHealthCapacity: app.facts.minimumHealthCapacity,
    maximumOverCapacity: app.facts.maximumOverCapacity,
    oldKept: counts.oldKept,
    oldServing: counts.oldServing,
    oldActive: counts.oldActive,
    newKept: counts.newKept,
    newServing: counts.newServing,
    newOccupying: counts.newActive + counts.newScheduled,
    isInPlace: isResident(app),
  });
  // One that was given up as unreachable and came back may make one too many.
  const surplus = counts.newKept - instances;
  if (surplus > 0) {
    const fresh = membersOf(population, { isNew: true });
    const victims = selectToKill(fresh.map(candidateOf), surplus, { killSelection: app.facts.killSelection });
    for (const { instance } of victims) decommission(turn, state, instance);
  }
  if (decision.kill > 0) {
    for (const instance of takeLeaving(run, app, population, decision.kill))
      decommission(turn, state, instance);
  }
  if (decision.launch > 0) scheduleInstances(turn, state, app, decision.launch);
  run.isDone = decision.isFinished;
}

/**
 * The next old ones to go. They are put in order once, and again when one of them has changed: with each new instance that
 * serves only one goes, and to look at all others again each time would cost as much as there are.
 */
function takeLeaving(run: ActionRun, app: App, population: Population, count: number): readonly Instance[] {
  run.leaving ??= orderForReplacement(
    membersOf(population, { isNew: false }).map(candidateOf),
    ({ instance }) => isServing(instance),
    app.facts.killSelection,
  )
    .map(({ instance }) => instance)
    .reverse();
  const taken: Instance[] = [];
  while (taken.length < count) {
    const next = run.leaving.pop();
    if (next === undefined) break;
    const isStillOld = isKept(next) && next.configVersion !== population.configVersion;
    if (isStillOld && population.members.get(next.id) === next) taken.push(next);
  }
  return taken;
}

/** Which instances go when an app has `count` too many. */
export function surplusOf(
  state: ServicesState,
  app: App,
  population: Population,
  count: number,
): readonly Instance[] {
  const candidates = [...population.members.values()].filter(isKept).map(candidateOf);
  const groupings = groupingsOf(app.definition).map((groupOf) => (candidate: { readonly id: string }) => {
    const instance = state.instances.get(candidate.id);
    return instance === undefined ? undefined : groupOf(instance);
  });
  return selectToKill(candidates, count, { killSelection: app.facts.killSelection, groupings }).map(
    ({ instance }) => instance,
  );
}

function candidateOf(instance: Instance) {
  return {
    id: instance.id,
    condition: instance.condition,
    isEnding: instance.isKillWanted,
    since: instance.startedAt ?? instance.stagedAt ?? instance.createdAt,
    instance,
  };
}

function membersOf(population: Population, which: { readonly isNew: boolean }): readonly Instance[] {
  return [...population.members.values()].filter(
    (instance) => isKept(instance) && (instance.configVersion === population.configVersion) === which.isNew,
  );
}

/** Shall run and isn't known to serve. Whom nobody can reach isn't waited for. */
function isOnItsWay(instance: Instance): boolean {
  return isKept(instance) && !isServing(instance) && instance.condition !== "Unreachable";
}
