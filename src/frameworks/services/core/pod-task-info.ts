/**
 * What the master is asked to launch for an instance of a pod: an executor and a task a container, all or none.
 * Source: contract marathon.md sections 7.1, 9.1, 9.3 and 9.4.
 */
import type {
  CheckInfo,
  CommandInfo,
  EnvironmentVariable,
  ExecutorInfo,
  HealthCheck,
  OfferOperationLaunchGroup,
  Resource,
  TaskInfo,
  Volume,
} from "#contracts/kernel/messages.gen.ts";
import type { AppDefinition, Network } from "#domain/definitions/app.ts";
import type {
  PodCheck,
  PodCommand,
  PodContainer,
  PodHealthCheck,
  PodParts,
} from "#domain/definitions/pod.ts";
import { type DeclaredPort, type PlacedPort, placedPorts, portsOfPod } from "#domain/definitions/ports.ts";
import { containerOf, hostVolume, type LaunchedImage, linuxPart } from "#domain/launches/containers.ts";
import { killPolicyOf, labelsOf, programOf, secretVolume, urisOf } from "#domain/launches/task-parts.ts";
import { decimalText, labelVariables, variable } from "#domain/launches/task-variables.ts";
import type { Resources } from "#domain/resources/index.ts";
import { executorIdOf, reversedDottedPath, taskIdOf } from "./ids.ts";
import { partOf } from "./resource-parts.ts";
import { type TaskPlace, userVariables } from "./task-environment.ts";
import { limitsOf } from "./task-info.ts";
import { discoveryPort, networkInfosOf, portTemplatesOf } from "./task-networks.ts";

/** What all instances of a pod have in common. */
export interface PodTemplate {
  readonly parts: PodParts;
  readonly discoveryName: string;
  readonly containers: readonly ContainerTemplate[];
  /** Of all containers, as they were declared. */
  readonly ports: readonly DeclaredPort[];
  /** Without the agent's own. */
  readonly networks: readonly Network[];
}

export interface ContainerTemplate {
  readonly container: PodContainer;
  /** How many of the agent's ports are its own; in the order of containers. */
  readonly portCount: number;
  readonly user: string | undefined;
  readonly environment: readonly EnvironmentVariable[];
  readonly common: Omit<TaskInfo, "task_id" | "agent_id" | "resources" | "command">;
}

export interface PodLaunch extends Omit<TaskPlace, "taskId" | "prefix"> {
  readonly ports: readonly number[];
  readonly instanceId: string;
  readonly incarnation: number;
  readonly agentId: string;
  /** What the whole instance takes, without its persistent volumes. */
  readonly taken: Resources;
  /** They are the executor's: its containers find them in its sandbox. */
  readonly volumes: Resources;
  /** User of the framework, for containers that name none; empty leaves it to the agent. */
  readonly defaultUser: string;
}

export function podTemplateOf(definition: AppDefinition, parts: PodParts): PodTemplate {
  return {
    parts,
    discoveryName: reversedDottedPath(definition.id),
    containers: parts.containers.map((container) => containerTemplateOf(definition, container)),
    ports: portsOfPod(definition),
    networks: definition.networks.filter(({ mode }) => mode !== "host"),
  };
}

function containerTemplateOf(definition: AppDefinition, container: PodContainer): ContainerTemplate {
  const labels = { ...definition.labels, ...container.labels };
  const { cpus, mem, disk, gpus } = container.resources;
  const graceSeconds = container.lifecycle?.killGracePeriodSeconds;
  const users = userVariables({ ...definition.env, ...container.environment }, definition.secrets);
  const fixed = new Map<string, string>([
    ["MARATHON_APP_ID", definition.id],
    ["MARATHON_CONTAINER_ID", container.name],
    ["MARATHON_CONTAINER_RESOURCE_CPUS", decimalText(cpus)],
    ["MARATHON_CONTAINER_RESOURCE_MEM", decimalText(mem)],
    ["MARATHON_CONTAINER_RESOURCE_DISK", decimalText(disk)],
    ["MARATHON_CONTAINER_RESOURCE_GPUS", String(gpus)],
    ...labelVariables(labels),
  ]);
  const wire = labelsOf(labels);
  const volumes = (container.volumeMounts ?? []).map(({ name, mountPath, readOnly }): Volume => {
    const { host, persistent, secret } =
      definition.pod?.volumes?.find((volume) => volume.name === name) ?? {};
    const mode = readOnly === true ? "RO" : "RW";
    if (host !== undefined) return hostVolume(mountPath, host, mode);
    if (secret !== undefined) return secretVolume(mountPath, definition.secrets?.[secret]?.source ?? "");
    const path = persistent === undefined ? `volumes/${name}` : name;
    const shared = { type: "PARENT", path } as const;
    return { mode, container_path: mountPath, source: { type: "SANDBOX_PATH", sandbox_path: shared } };
  });
  return {
    container,
    portCount: (container.endpoints ?? []).filter(({ hostPort }) => hostPort !== undefined).length,
    user: container.user ?? definition.user,
    environment: [
      ...users.filter(({ name }) => !fixed.has(name)),
      ...[...fixed].map(([name, value]) => variable(name, value)),
    ],
    common: {
      name: container.name,
      ...(wire.length === 0 ? {} : { labels: { labels: wire } }),
      ...(graceSeconds === undefined ? {} : killPolicyOf(graceSeconds)),
      ...limitsOf(container.resourceLimits),
      ...containerPart(definition, container, volumes),
    },
  };
}

function containerPart(
  { secrets }: AppDefinition,
  { image, linuxInfo, tty }: PodContainer,
  volumes: readonly Volume[],
): Pick<TaskInfo, "container"> {
  const pull = image?.pullConfig;
  const wanted: LaunchedImage | undefined =
    image === undefined
      ? undefined
      : {
          engine: "MESOS",
          name: image.id,
          forcesPull: image.forcePull,
          ...(pull === undefined ? {} : { pullSecret: secrets?.[pull.secret]?.source ?? "" }),
        };
  const container = containerOf(wanted, volumes, {
    ...(linuxInfo === undefined ? {} : { linuxInfo }),
    ...(tty === undefined ? {} : { tty }),
  }) ?? { type: "MESOS" };
  return { container: { ...container, linux_info: { ...container.linux_info, share_cgroups: false } } };
}

export function buildLaunchGroup(template: PodTemplate, launch: PodLaunch): OfferOperationLaunchGroup {
  const { parts, containers, networks } = template;
  const ports = placedPorts(template.ports, launch.ports, `${launch.instanceId}.${launch.incarnation}`);
  const placed = new Map(ports.map((port) => [port.declared.name ?? "", port]));
  const split = splitResources(parts, launch, placed);
  const endpoints = endpointVariables(ports);
  const tasks = containers.map((each, index): TaskInfo => {
    return buildContainerTask(each, {
      ...launch,
      placed,
      networks,
      endpoints,
      discoveryName: template.discoveryName,
      resources: split.tasks[index] ?? [],
    });
  });
  const infos = networkInfosOf(networks, ports);
  const executor: ExecutorInfo = {
    type: "DEFAULT",
    executor_id: { value: executorIdOf(launch.instanceId) },
    resources: [...split.executor, ...launch.volumes.toWire({ format: "old" })],
    // All containers are in the executor's networks.
    container: {
      type: "MESOS",
      ...linuxPart(parts.linuxInfo),
      ...(infos.length === 0 ? {} : { network_infos: infos }),
    },
  };
  return { executor, task_group: { tasks } };
}

/** By the endpoint's name, which is one of all containers. */
type PlacedEndpoints = ReadonlyMap<string, PlacedPort>;

interface ContainerLaunch extends Omit<PodLaunch, "taken" | "volumes" | "ports"> {
  readonly placed: PlacedEndpoints;
  readonly networks: readonly Network[];
  readonly endpoints: readonly EnvironmentVariable[];
  readonly discoveryName: string;
  readonly resources: readonly Resource[];
}

function buildContainerTask(template: ContainerTemplate, launch: ContainerLaunch): TaskInfo {
  const { container, common } = template;
  const { instanceId, incarnation, placed } = launch;
  const taskId = taskIdOf(instanceId, incarnation, container.name);
  const user = template.user ?? (launch.defaultUser === "" ? undefined : launch.defaultUser);
  const own = [
    variable("MESOS_TASK_ID", taskId),
    variable("MESOS_EXECUTOR_ID", executorIdOf(instanceId)),
    variable("MARATHON_APP_VERSION", launch.version),
    variable("MARATHON_APP_ENFORCE_GROUP_ROLE", launch.isRoleEnforced ? "TRUE" : "FALSE"),
    variable("HOST", launch.host),
    ...launch.endpoints,
  ];
  const names = new Set(own.map(({ name }) => name));
  const portOf = (name: string): number => placed.get(name)?.ownPort ?? 0;
  return {
    ...common,
    task_id: { value: taskId },
    agent_id: { value: launch.agentId },
    resources: launch.resources,
    command: {
      ...programOfContainer(container),
      ...urisOf(container.artifacts ?? []),
      ...(user === undefined ? {} : { user }),
      // What Services say comes last: it overrides what the pod says.
      environment: { variables: [...template.environment.filter(({ name }) => !names.has(name)), ...own] },
    },
    ...(container.healthCheck === undefined
      ? {}
      : { health_check: healthCheckOf(container.healthCheck, portOf) }),
    ...(container.check === undefined ? {} : { check: checkOf(container.check, portOf) }),
    discovery: {
      visibility: "FRAMEWORK",
      name: launch.discoveryName,
      ports: {
        ports: placedOf(container, placed).flatMap((port) =>
          portTemplatesOf(launch.networks, port.declared).map((template) => discoveryPort(template, port)),
        ),
      },
    },
  };
}

/** An image's own program, what is given to it, or another one. */
function programOfContainer({ exec: { command, overrideEntrypoint }, image }: PodContainer): CommandInfo {
  if (image === undefined || "shell" in command) return commandOf(command);
  if (command.argv.length === 0) return { shell: false };
  return overrideEntrypoint === false ? { shell: false, arguments: command.argv } : programOf(command.argv);
}

function commandOf(command: PodCommand): CommandInfo {
  return "shell" in command ? { shell: true, value: command.shell } : programOf(command.argv);
}

function healthCheckOf(check: PodHealthCheck, portOf: (endpoint: string) => number): HealthCheck {
  const { http } = check;
  return {
    ...askingOf(check, portOf),
    ...(http === undefined
      ? {}
      : {
          http: {
            scheme: http.scheme === "HTTPS" ? "https" : "http",
            port: portOf(http.endpoint),
            path: rooted(http.path),
          },
        }),
    ...(check.exec === undefined ? {} : { command: commandOf(check.exec.command) }),
    grace_period_seconds: check.gracePeriodSeconds,
    // Where no failure is allowed the first one ends the task, as the first is all that 1 allows.
    consecutive_failures: Math.max(1, check.maxConsecutiveFailures),
  };
}

function checkOf(check: PodCheck, portOf: (endpoint: string) => number): CheckInfo {
  const { http, exec } = check;
  return {
    ...askingOf(check, portOf),
    ...(http === undefined ? {} : { http: { port: portOf(http.endpoint), path: rooted(http.path) } }),
    ...(exec === undefined ? {} : { command: { command: commandOf(exec.command) } }),
  };
}

/** What both kinds of checks say in the same way. */
function askingOf(
  { http, tcp, ...check }: PodCheck,
  portOf: (endpoint: string) => number,
): Pick<CheckInfo, "type" | "tcp" | "delay_seconds" | "interval_seconds" | "timeout_seconds"> {
  return {
    type: http !== undefined ? "HTTP" : tcp !== undefined ? "TCP" : "COMMAND",
    ...(tcp === undefined ? {} : { tcp: { port: portOf(tcp.endpoint) } }),
    delay_seconds: check.delaySeconds,
    interval_seconds: check.intervalSeconds,
    timeout_seconds: check.timeoutSeconds,
  };
}

const rooted = (path = "/"): string => (path.startsWith("/") ? path : `/${path}`);

const placedOf = ({ endpoints = [] }: PodContainer, placed: PlacedEndpoints): readonly PlacedPort[] =>
  endpoints.flatMap(({ name }) => placed.get(name) ?? []);

/** Every container is told of the endpoints of all: they share a network. */
function endpointVariables(ports: readonly PlacedPort[]): readonly EnvironmentVariable[] {
  return ports.flatMap(({ declared: { name = "" }, hostPort, ownPort }) => {
    const suffix = name.toUpperCase().replace(/[^A-Z0-9_]/g, "_");
    const own = String(ownPort);
    return [
      variable(`ENDPOINT_${suffix}`, own),
      ...(hostPort === undefined ? [] : [variable(`EP_HOST_${suffix}`, String(hostPort))]),
      variable(`EP_CONTAINER_${suffix}`, own),
    ];
  });
}

/** Divides what an instance takes between its executor and its containers. */
function splitResources(
  { containers, executorResources }: PodParts,
  { taken }: PodLaunch,
  placed: PlacedEndpoints,
): { readonly executor: readonly Resource[]; readonly tasks: readonly (readonly Resource[])[] } {
  let left = taken;
  const take = (wanted: Parameters<typeof partOf>[1], ports?: readonly number[]): readonly Resource[] => {
    const part = partOf(left, wanted, ports);
    left = left.minus(part);
    // The framework doesn't claim to know stacked reservations, so it speaks the older format.
    return part.toWire({ format: "old" });
  };
  const executor = take(executorResources);
  const portsOf = (container: PodContainer): readonly number[] =>
    placedOf(container, placed).flatMap(({ hostPort }) => hostPort ?? []);
  return { executor, tasks: containers.map((each) => take(each.resources, portsOf(each))) };
}
