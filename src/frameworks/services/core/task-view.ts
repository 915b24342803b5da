/** Instances as tasks in Marathon's JSON. Source: contract marathon.md section 16. */
import { type Health, hasResult, isAlive } from "#domain/health/index.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import { servicePortsOf } from "./app-table.ts";
import { isActive, taskStateOf } from "./conditions.ts";
import { roleOfInstance } from "./framework-roles.ts";
import type { Instance } from "./instance.ts";
import { specOf } from "./probes.ts";
import type { ServicesState } from "./state.ts";
import type { HealthCheckResultJson, LocalVolumeJson, TaskJson } from "./views.ts";

/** Only what was placed once is a task. */
export function isTask(instance: Instance): boolean {
  return instance.taskId !== undefined;
}

export function taskJson(state: ServicesState, instance: Instance): TaskJson {
  const isLive = isActive(instance.condition) || instance.condition === "UnreachableInactive";
  const definition = specOf(state, instance)?.definition;
  const results = instance.checks.filter(hasResult).map((health) => healthJson(instance.id, health));
  return {
    id: instance.taskId ?? instance.id,
    appId: instance.appId,
    host: instance.agent?.host ?? "",
    ...(instance.agent === undefined ? {} : { slaveId: instance.agent.agentId }),
    state: taskStateOf(instance.condition),
    role: roleOfInstance(state, instance),
    ...(instance.agent?.region === undefined ? {} : { region: instance.agent.region }),
    ...(instance.agent?.zone === undefined ? {} : { zone: instance.agent.zone }),
    ports: isLive ? instance.ports : [],
    servicePorts: definition === undefined ? [] : servicePortsOf(definition),
    ipAddresses: instance.ipAddresses.map(({ ipAddress, protocol }) => ({ ipAddress, protocol })),
    ...(isLive ? liveFields(instance) : {}),
    ...(results.length === 0 ? {} : { healthCheckResults: results }),
    ...(instance.reservation === undefined ? {} : { localVolumes: localVolumesOf(instance) }),
    ...(instance.checkResult === undefined ? {} : { checkResult: instance.checkResult }),
  };
}

export const localVolumesOf = ({ appId, reservation }: Instance): readonly LocalVolumeJson[] =>
  (reservation?.volumes ?? []).map(({ containerPath, uuid, persistenceId }) => ({
    runSpecId: appId,
    containerPath,
    uuid,
    persistenceId,
  }));

function liveFields(instance: Instance): Pick<TaskJson, "stagedAt" | "startedAt" | "version"> {
  return {
    ...(instance.stagedAt === undefined ? {} : { stagedAt: formatInstant(instance.stagedAt) }),
    ...(instance.startedAt === undefined ? {} : { startedAt: formatInstant(instance.startedAt) }),
    version: formatInstant(instance.version),
  };
}

function healthJson(instanceId: string, health: Health): HealthCheckResultJson {
  return {
    instanceId,
    alive: isAlive(health),
    consecutiveFailures: health.consecutiveFailures,
    ...(health.firstSuccessAt === undefined ? {} : { firstSuccess: formatInstant(health.firstSuccessAt) }),
    ...(health.lastSuccessAt === undefined ? {} : { lastSuccess: formatInstant(health.lastSuccessAt) }),
    ...(health.lastFailureAt === undefined ? {} : { lastFailure: formatInstant(health.lastFailureAt) }),
    ...(health.lastFailureCause === undefined ? {} : { lastFailureCause: health.lastFailureCause }),
  };
}
