/** Invariants that hold between the tables, and everything as plain JSON. */
import type { JsonValue } from "#foundation/base/json.ts";
import { conditionOfAll, isActive } from "./conditions.ts";
import { RoleUse } from "./framework-roles.ts";
import { groupOf } from "./group-table.ts";
import { parseTaskId } from "./ids.ts";
import { holdsRole, taskIdsOf } from "./instance.ts";
import type { ServicesState } from "./state.ts";

export function snapshotServices(state: ServicesState): JsonValue {
  const { connection } = state;
  return {
    frameworkId: connection.frameworkId ?? null,
    isConnected: connection.isConnected,
    apps: state.apps.snapshot(),
    groups: state.groups.snapshot(),
    history: state.history.snapshot(),
    instances: state.instances.snapshot(),
    deployments: state.deployments.snapshot(),
    endedInstances: state.endedInstances.snapshot(),
    endedDeployments: state.endedDeployments.snapshot(),
    kills: state.kills.snapshot(),
    queue: state.queue.snapshot(),
    releases: state.releases.snapshot(),
    interest: state.interest.snapshot(),
    roles: state.roles.snapshot(),
    probes: state.probes.snapshot(),
    readiness: state.readiness.snapshot(),
    timers: state.timers.size,
  };
}

export function checkServices(state: ServicesState): readonly string[] {
  return [
    ...state.apps.check(),
    ...state.groups.check((appId) => state.apps.get(appId) !== undefined),
    ...state.instances.check(),
    ...state.deployments.check(),
    ...state.endedInstances.check(),
    ...state.endedDeployments.check(),
    ...state.kills.check(state.policy.killsInFlightMax),
    ...state.healthKills.check((instanceId) => state.instances.get(instanceId)?.healthKilledAt),
    ...state.releases.check(),
    ...checkInstances(state),
    ...checkNumbers(state),
    ...checkRoles(state),
  ];
}

function checkInstances(state: ServicesState): readonly string[] {
  const problems: string[] = [];
  const taskIds = new Set<string>();
  for (const instance of state.instances.all()) {
    const { id, taskId, incarnation, containers } = instance;
    for (const each of taskIdsOf(instance)) {
      if (taskIds.has(each)) problems.push(`task ${each} belongs to two instances`);
      taskIds.add(each);
      const parsed = parseTaskId(each);
      if (parsed?.instanceId !== id || parsed.incarnation !== incarnation)
        problems.push(`instance ${id} has task ${each}`);
    }
    if (taskId === undefined && instance.condition !== "Scheduled")
      problems.push(`instance ${id} is ${instance.condition} without a task`);
    if (containers.length > 0 && taskId !== containers[0]?.taskId)
      problems.push(`instance ${id} is not named by its first container`);
    const isSure = instance.condition !== "UnreachableInactive" && instance.condition !== "Scheduled";
    if (containers.length > 0 && isSure && conditionOfAll(containers) !== instance.condition)
      problems.push(`instance ${id} is ${instance.condition}, its containers ${conditionOfAll(containers)}`);
    if (isActive(instance.condition) && instance.agent === undefined) {
      problems.push(`instance ${id} is ${instance.condition} on no agent`);
    }
    if (instance.goal === "Decommissioned" && !isActive(instance.condition)) {
      problems.push(`instance ${id} is over and still on record`);
    }
  }
  return problems;
}

/** What needs a role, counted again. */
function checkRoles(state: ServicesState): readonly string[] {
  const again = new RoleUse();
  for (const { definition } of state.apps.all())
    if (definition.role !== undefined) again.add(definition.role);
  for (const instance of state.instances.all()) if (holdsRole(instance)) again.add(instance.role);
  for (const { role } of state.releases.all()) again.add(role);
  const counted = JSON.stringify(state.roles.snapshot());
  const wanted = JSON.stringify(again.snapshot());
  return counted === wanted ? [] : [`roles are needed as ${wanted} and counted as ${counted}`];
}

/** Apps that no deployment holds have what they want once a step is settled. */
function checkNumbers(state: ServicesState): readonly string[] {
  const problems: string[] = [];
  for (const app of state.apps.all()) {
    if (state.groups.get(groupOf(app.id))?.apps.has(app.id) !== true)
      problems.push(`${app.id} lies in no group`);
    const population = state.instances.population(app.id);
    if (population === undefined) {
      problems.push(`app ${app.id} has no population`);
      continue;
    }
    const isHeld = state.deployments.lockOf(app.id) !== undefined || state.timers.has("resume");
    if (!isHeld && population.counts.kept !== app.definition.instances) {
      problems.push(
        `app ${app.id} has ${population.counts.kept} instances, wants ${app.definition.instances}`,
      );
    }
    if (population.configVersion !== app.versions.lastConfigChangeAt) {
      problems.push(`population of ${app.id} is counted for another configuration`);
    }
  }
  return problems;
}
