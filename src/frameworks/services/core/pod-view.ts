/** Pods in Marathon's JSON. Source: contract marathon.md sections 2.4 and 7.2. */
import { type ExecutorResources, type PodDefinition, podOf } from "#domain/definitions/pod.ts";
import { hasResult, isAlive } from "#domain/health/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import type { App } from "./app-table.ts";
import { isTerminal, taskStateOf } from "./conditions.ts";
import { roleOfInstance } from "./framework-roles.ts";
import { type Instance, type InstanceContainer, isScheduled } from "./instance.ts";
import { specOf } from "./probes.ts";
import type { ServicesState } from "./state.ts";
import { localVolumesOf } from "./task-view.ts";
import type { PodView } from "./views.ts";

/** Undefined for an app. */
export function podView(state: ServicesState, app: App): PodView | undefined {
  const definition = podOf(app.definition);
  if (definition === undefined) return undefined;
  return {
    definition,
    status: (now) => ({
      ...statusJson(state, definition, now),
      terminationHistory: terminationHistory(app),
    }),
  };
}

/** Undefined for what is no pod; one that a deployment removes is told of until it is gone. */
export function podStatus(state: ServicesState, id: string, now: InstantMs): JsonObject | undefined {
  const app = state.apps.get(id);
  if (app !== undefined) return podView(state, app)?.status(now);
  const original = state.deployments.lockOf(id)?.originals.get(id);
  const definition = original === undefined ? undefined : podOf(original);
  if (definition === undefined) return undefined;
  return { ...statusJson(state, definition, now), status: "TERMINAL", terminationHistory: [] };
}

function statusJson(state: ServicesState, spec: PodDefinition, now: InstantMs): JsonObject {
  const members = [...(state.instances.population(spec.id)?.members.values() ?? [])];
  // One that was never placed is nobody's yet.
  const placed = members.filter(({ incarnation }) => incarnation > 0);
  const instances = placed.map((instance) => instanceStatus(state, instance, now));
  const stable = instances.filter(({ status }) => status === "STABLE").length;
  const since = placed.length === 0 ? now : Math.max(...placed.map(({ conditionSince }) => conditionSince));
  return {
    id: spec.id,
    spec: jsonOf(spec),
    status: stable >= spec.scaling.instances ? "STABLE" : "DEGRADED",
    statusSince: formatInstant(since),
    instances,
    lastUpdated: formatInstant(now),
    lastChanged: formatInstant(since),
  };
}

function statusOf(instance: Instance): string {
  if (isScheduled(instance)) return "PENDING";
  switch (instance.condition) {
    case "Provisioned":
      return "PENDING";
    case "Staging":
    case "Starting":
      return "STAGING";
    case "Unreachable":
    case "UnreachableInactive":
      return "DEGRADED";
    case "Running":
      return instance.health === false ? "DEGRADED" : "STABLE";
    default:
      return "TERMINAL";
  }
}

function instanceStatus(state: ServicesState, instance: Instance, now: InstantMs): JsonObject {
  const { agent } = instance;
  return {
    id: instance.id,
    status: statusOf(instance),
    statusSince: formatInstant(instance.conditionSince),
    ...(agent === undefined
      ? {}
      : {
          agentHostname: agent.host,
          agentId: agent.agentId,
          ...(agent.region === undefined ? {} : { agentRegion: agent.region }),
          ...(agent.zone === undefined ? {} : { agentZone: agent.zone }),
        }),
    resources: resourcesOf(state, instance),
    networks: networksJson(instance),
    containers: containersJson(state, instance, now),
    localVolumes: localVolumesOf(instance),
    role: roleOfInstance(state, instance),
    specReference: `/v2/pods${instance.appId}::versions/${formatInstant(instance.version)}`,
    lastUpdated: formatInstant(now),
    lastChanged: formatInstant(instance.conditionSince),
  };
}

function networksJson({ ipAddresses }: Instance): readonly JsonObject[] {
  const names = [...new Set(ipAddresses.map(({ network }) => network))];
  return names.map((name) => ({
    ...(name === undefined ? {} : { name }),
    addresses: ipAddresses.filter(({ network }) => network === name).map(({ ipAddress }) => ipAddress),
  }));
}

/** The executor's, and those of containers that may run. */
function resourcesOf(state: ServicesState, instance: Instance): JsonObject {
  const pod = specOf(state, instance)?.definition.pod;
  const live = instance.containers.filter(({ condition }) => !isTerminal(condition));
  const names = new Set(live.map(({ name }) => name));
  const parts: readonly (ExecutorResources & { readonly gpus?: number })[] =
    pod === undefined || live.length === 0
      ? []
      : [
          pod.executorResources,
          ...pod.containers.filter(({ name }) => names.has(name)).map(({ resources }) => resources),
        ];
  const sum = (pick: (part: (typeof parts)[number]) => number): number =>
    // Takes the dust of binary fractions off.
    Math.round(parts.reduce((total, part) => total + pick(part), 0) * 1_000) / 1_000;
  return {
    cpus: sum(({ cpus }) => cpus),
    mem: sum(({ mem }) => mem),
    disk: sum(({ disk }) => disk),
    gpus: sum(({ gpus = 0 }) => gpus),
  };
}

function containersJson(state: ServicesState, instance: Instance, now: InstantMs): readonly JsonObject[] {
  const spec = specOf(state, instance);
  let firstPort = 0;
  return instance.containers.map((container): JsonObject => {
    const declared = spec?.definition.pod?.containers.find(({ name }) => name === container.name);
    const ports = instance.ports.slice(firstPort, firstPort + container.portCount);
    firstPort += container.portCount;
    const mapped = (declared?.endpoints ?? []).filter(({ hostPort }) => hostPort !== undefined);
    const given = new Map(mapped.map(({ name }, index) => [name, ports[index]]));
    const healthy = healthOf(state, instance, container);
    return {
      name: container.name,
      status: taskStateOf(container.condition),
      statusSince: formatInstant(container.since),
      containerId: container.taskId,
      endpoints: (declared?.endpoints ?? []).map(({ name }) => ({
        name,
        ...(given.get(name) === undefined ? {} : { allocatedHostPort: given.get(name) }),
        ...(healthy === undefined ? {} : { healthy }),
      })),
      conditions: declared?.healthCheck === undefined ? [] : [conditionJson(container, healthy, now)],
      ...(declared === undefined ? {} : { resources: { ...declared.resources } }),
      ...(isTerminal(container.condition)
        ? {
            termination: {
              terminatedAt: formatInstant(container.since),
              ...(container.message === undefined ? {} : { message: container.message }),
            },
          }
        : {}),
      lastUpdated: formatInstant(now),
      lastChanged: formatInstant(container.since),
    };
  });
}

function conditionJson(
  container: InstanceContainer,
  healthy: boolean | undefined,
  now: InstantMs,
): JsonObject {
  return {
    name: "healthy",
    value: String(healthy ?? false),
    reason: healthy === undefined ? "health-unreported-by-mesos" : "health-reported-by-mesos",
    lastUpdated: formatInstant(now),
    lastChanged: formatInstant(container.since),
  };
}

/** Undefined for one without a check, or whose check said nothing yet. */
export function healthOf(
  state: ServicesState,
  instance: Instance,
  { name }: InstanceContainer,
): boolean | undefined {
  const index = specOf(state, instance)?.facts.agentChecks.get(name);
  const check = index === undefined ? undefined : instance.checks[index];
  return check === undefined || !hasResult(check) ? undefined : isAlive(check);
}

/** Only the last failure is kept. */
function terminationHistory({ lastFailure }: App): readonly JsonObject[] {
  if (lastFailure === undefined) return [];
  const { taskId, timestamp, message, state } = lastFailure;
  return [
    {
      instanceID: taskId.replace(/\.[^.]+\.\d+$/, ""),
      startedAt: timestamp,
      terminatedAt: timestamp,
      message,
      containers: [{ containerId: taskId, lastKnownState: state }],
    },
  ];
}

/** An instance as the routes that kill one answer it. */
export function instanceJson(state: ServicesState, instance: Instance): JsonObject {
  const { agent, health, startedAt } = instance;
  const unreachable = specOf(state, instance)?.definition.unreachableStrategy;
  return {
    instanceId: instance.id,
    state: {
      condition: isScheduled(instance) ? "Scheduled" : instance.condition,
      since: formatInstant(instance.conditionSince),
      ...(startedAt === undefined ? {} : { activeSince: formatInstant(startedAt) }),
      ...(health === undefined ? {} : { healthy: health }),
      goal: instance.goal,
    },
    ...(agent === undefined
      ? {}
      : {
          agentInfo: {
            host: agent.host,
            agentId: agent.agentId,
            ...(agent.region === undefined ? {} : { region: agent.region }),
            ...(agent.zone === undefined ? {} : { zone: agent.zone }),
            attributes: agent.attributes.map(([name, value]) => ({ name, value })),
          },
        }),
    runSpecVersion: formatInstant(instance.version),
    ...(unreachable === undefined ? {} : { unreachableStrategy: unreachable as JsonValue }),
  };
}

/** A definition is JSON by construction; its type only lacks the index signature. */
const jsonOf = (pod: PodDefinition): JsonObject => pod as unknown as JsonObject;
