/** What can be decided about one instance: to exist, to end, to be forgotten. */
import { timeUuid } from "#foundation/base/uuid.ts";
import type { App } from "./app-table.ts";
import { isActive } from "./conditions.ts";
import { roleOfApp } from "./framework-roles.ts";
import { instanceIdOf } from "./ids.ts";
import { type Instance, liveTaskIdsOf, newInstance, taskIdsOf } from "./instance.ts";
import { cancelProbes } from "./probes.ts";
import { cancelReadiness } from "./readiness.ts";
import { noteRelease } from "./releases.ts";
import { isResident, isStopped, keepsReservation, reservationKey } from "./residency.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Makes instances that wait for offers. Returns them. */
export function scheduleInstances(
  turn: Turn,
  state: ServicesState,
  app: App,
  count: number,
): readonly Instance[] {
  const added: Instance[] = resumeStopped(turn, state, app, count);
  for (let index = added.length; index < count; index += 1) {
    const instance = newInstance({
      id: instanceIdOf(app.id, timeUuid(turn.now, state.random.uuid())),
      appId: app.id,
      role: roleOfApp(state, app),
      createdAt: turn.now,
      version: app.versions.version,
      configVersion: app.versions.lastConfigChangeAt,
    });
    state.instances.add(turn, instance);
    added.push(instance);
  }
  return added;
}

/** Those whose volumes were kept go first. */
function resumeStopped(turn: Turn, state: ServicesState, app: App, count: number): Instance[] {
  if (!isResident(app)) return [];
  const members = [...(state.instances.population(app.id)?.members.values() ?? [])];
  const stopped = members.filter(isStopped).slice(0, count);
  for (const instance of stopped) {
    state.instances.change(turn, instance, {
      goal: "Running",
      version: app.versions.version,
      configVersion: app.versions.lastConfigChangeAt,
    });
  }
  return stopped;
}

/** All that may run of an instance: one container of a pod that ended by itself does not end the others. */
export function wantKills(turn: Turn, state: ServicesState, instance: Instance): void {
  for (const taskId of liveTaskIdsOf(instance))
    state.kills.want(turn, state, taskId, instance.agent?.agentId);
}

/** Ends this incarnation; what comes after depends on the goal. */
export function killInstance(turn: Turn, state: ServicesState, instance: Instance): void {
  if (!isActive(instance.condition)) return;
  if (!instance.isKillWanted) state.instances.change(turn, instance, { isKillWanted: true });
  wantKills(turn, state, instance);
}

/**
 * Ends an instance: its record goes as soon as nothing of it runs. One with volumes is only stopped and keeps them, as
 * long as its app is there.
 */
export function decommission(turn: Turn, state: ServicesState, instance: Instance): void {
  if (!keepsReservation(instance) || state.apps.get(instance.appId) === undefined)
    return decommissionForGood(turn, state, instance);
  const isKillWanted = isActive(instance.condition);
  state.instances.change(turn, instance, { goal: "Stopped", isKillWanted });
  if (isKillWanted && instance.condition !== "Unreachable") wantKills(turn, state, instance);
}

/** Also its volumes go. */
export function decommissionForGood(turn: Turn, state: ServicesState, instance: Instance): void {
  // Nobody can end what can't be reached. Should the task come back, it is killed as unknown.
  if (!isActive(instance.condition) || instance.condition === "Unreachable") {
    expunge(turn, state, instance);
    return;
  }
  if (instance.goal !== "Decommissioned" || !instance.isKillWanted) {
    state.instances.change(turn, instance, { goal: "Decommissioned", isKillWanted: true });
  }
  wantKills(turn, state, instance);
}

/** Forgets an instance at once. */
export function expunge(turn: Turn, state: ServicesState, instance: Instance): void {
  leaveTask(turn, state, instance);
  noteRelease(turn, state, instance);
  state.healthKills.giveBack(instance);
  state.timers.cancel(reservationKey(instance.id));
  state.instances.remove(turn, instance);
  for (const wipe of state.pendingWipes) {
    if (!wipe.remaining.delete(instance.id) || wipe.remaining.size > 0) continue;
    state.pendingWipes.delete(wipe);
    turn.reply(wipe.request, { kind: "killed", tasks: wipe.tasks });
  }
}

/** Stops everything that goes on about the current task: kills, probes, watches. */
export function leaveTask(turn: Turn, state: ServicesState, instance: Instance): void {
  for (const taskId of taskIdsOf(instance)) state.kills.settle(turn, state, taskId);
  cancelProbes(state, instance);
  cancelReadiness(state, instance);
  state.timers.cancel(overdueKey(instance.id));
  state.timers.cancel(unreachableKey(instance.id));
}

export function overdueKey(instanceId: string): string {
  return `overdue/${instanceId}`;
}

export function unreachableKey(instanceId: string): string {
  return `unreachable/${instanceId}`;
}
