/** What the master is asked to launch. Source: contract marathon.md sections 9.1, 9.2 and 9.4. */
import type {
  CheckInfo,
  CommandInfo,
  DiscoveryInfo,
  HealthCheck,
  Port,
  Resource,
  TaskInfo,
} from "#contracts/kernel/messages.gen.ts";
import {
  type AppDefinition,
  externalVolumesOf,
  hasOwnExecutor,
  hostVolumesOf,
  type Network,
  type ResourceLimits,
  secretVolumesOf,
} from "#domain/definitions/app.ts";
import { volumeOfPlugin } from "#domain/definitions/external-volumes.ts";
import { type DeclaredPort, type PlacedPort, placedPorts, portsOf } from "#domain/definitions/ports.ts";
import {
  containerOf,
  hostVolume,
  type LaunchedImage,
  commandOf as plainCommand,
} from "#domain/launches/containers.ts";
import { inNetworks } from "#domain/launches/networks.ts";
import { pluginVolume } from "#domain/launches/plugin-volumes.ts";
import { killPolicyOf, labelsOf, secretVolume, urisOf } from "#domain/launches/task-parts.ts";
import { agentCheckOf, plainCheckOf } from "./agent-check.ts";
import { executorCommand } from "./custom-executor.ts";
import { reversedDottedPath } from "./ids.ts";
import {
  type EnvironmentTemplate,
  environmentTemplateOf,
  type TaskPlace,
  taskEnvironment,
} from "./task-environment.ts";
import { discoveryPort, networkInfosOf, type PortTemplate, portTemplatesOf } from "./task-networks.ts";

/** What all tasks of a definition have in common: worked out once, shared by their messages. */
export interface TaskTemplate {
  readonly environment: EnvironmentTemplate;
  readonly command: CommandInfo;
  /** Name, labels, kill policy, limits, files with secrets. */
  readonly common: Pick<TaskInfo, "name" | "labels" | "kill_policy" | "limits" | "container">;
  /** As they were declared; a task is told of those it was given. */
  readonly ports: readonly DeclaredPort[];
  /** What others are told of each. */
  readonly portTemplates: ReadonlyMap<DeclaredPort, readonly PortTemplate[]>;
  readonly networks: readonly Network[];
  /** The check that the agent runs, once the ports are known. */
  readonly healthCheck: ((ports: readonly number[]) => HealthCheck) | undefined;
  /** The one that only tells. */
  readonly check: ((ports: readonly number[]) => CheckInfo) | undefined;
}

export interface TaskLaunch extends TaskPlace {
  /** Those that the agent gave, in the order in which they were asked for. */
  readonly ports: readonly number[];
  readonly agentId: string;
  readonly resources: readonly Resource[];
  /** User of the framework, for an app that names none; empty leaves it to the agent. */
  readonly defaultUser: string;
}

export function taskTemplateOf(definition: AppDefinition): TaskTemplate {
  const graceSeconds = definition.taskKillGracePeriodSeconds;
  const labels = labelsOf(definition.labels ?? {});
  const ports = portsOf(definition);
  const networks = definition.networks.filter(({ mode }) => mode !== "host");
  return {
    environment: environmentTemplateOf(definition),
    command: commandOf(definition),
    common: {
      name: reversedDottedPath(definition.id),
      ...(labels.length === 0 ? {} : { labels: { labels } }),
      ...(graceSeconds === undefined ? {} : killPolicyOf(graceSeconds)),
      ...limitsOf(definition.resourceLimits),
      ...containerPart(definition),
    },
    ports,
    portTemplates: new Map(ports.map((port) => [port, portTemplatesOf(networks, port)])),
    networks,
    healthCheck: agentCheckOf(definition),
    check: plainCheckOf(definition),
  };
}

function containerPart(definition: AppDefinition): Pick<TaskInfo, "container"> {
  const secrets = secretVolumesOf(definition).map(({ containerPath, secret }) =>
    secretVolume(containerPath, definition.secrets?.[secret]?.source ?? ""),
  );
  const hosts = hostVolumesOf(definition).map(({ containerPath, hostPath, mode }) =>
    hostVolume(containerPath, hostPath, mode),
  );
  const externals = externalVolumesOf(definition).map((volume) =>
    pluginVolume(volumeOfPlugin(volume, definition)),
  );
  const { container: own, tty } = definition;
  const container = containerOf(imageOf(definition), [...secrets, ...externals, ...hosts], {
    ...(own?.linuxInfo === undefined ? {} : { linuxInfo: own.linuxInfo }),
    ...(tty === undefined ? {} : { tty }),
  });
  return container === undefined ? {} : { container };
}

function imageOf({ container, secrets }: AppDefinition): LaunchedImage | undefined {
  if (container?.docker === undefined) return undefined;
  const { image, forcePullImage, privileged, parameters, pullConfig } = container.docker;
  return {
    engine: container.type,
    name: image,
    forcesPull: forcePullImage,
    isPrivileged: privileged,
    parameters,
    ...(pullConfig === undefined ? {} : { pullSecret: secrets?.[pullConfig.secret]?.source ?? "" }),
  };
}

/** What Docker itself knows a container's task by. */
function labelled(container: TaskInfo["container"], taskId: string): TaskInfo["container"] {
  if (container?.docker === undefined) return container;
  const parameters = [
    ...(container.docker.parameters ?? []),
    { key: "label", value: `MESOS_TASK_ID=${taskId}` },
  ];
  return { ...container, docker: { ...container.docker, parameters } };
}

export function limitsOf(limits: ResourceLimits | undefined): Pick<TaskInfo, "limits"> {
  if (limits === undefined) return {};
  const wire = Object.entries(limits).map(([name, limit]) => [
    name,
    { value: limit === "unlimited" ? Number.POSITIVE_INFINITY : limit },
  ]);
  return { limits: Object.fromEntries(wire) };
}

/** Made for every instance: what differs is put beside what the template has, which all of them share. */
export function buildTaskInfo(template: TaskTemplate, launch: TaskLaunch): TaskInfo {
  const { common } = template;
  const ports = placedPorts(template.ports, launch.ports, launch.taskId);
  const task = {
    ...common,
    task_id: { value: launch.taskId },
    agent_id: { value: launch.agentId },
    resources: launch.resources,
    command: buildCommand(template, launch, ports),
    discovery: buildDiscovery(template, ports),
  };
  const own = ownParts(template, launch, ports);
  return own === undefined ? task : { ...task, ...own };
}

/** What few tasks have: a container that names its task, checks. */
function ownParts(
  template: TaskTemplate,
  { taskId }: TaskLaunch,
  ports: readonly PlacedPort[],
): Pick<TaskInfo, "container" | "health_check" | "check"> | undefined {
  const { common, networks, healthCheck, check } = template;
  const isContainerShared = networks.length === 0 && common.container?.docker === undefined;
  if (isContainerShared && healthCheck === undefined && check === undefined) return undefined;
  const ownPorts = ports.map(({ ownPort }) => ownPort);
  return {
    ...(isContainerShared
      ? {}
      : inNetworks(labelled(common.container, taskId), networkInfosOf(networks, ports))),
    ...(healthCheck === undefined ? {} : { health_check: healthCheck(ownPorts) }),
    ...(check === undefined ? {} : { check: check(ownPorts) }),
  };
}

function buildCommand(
  { environment: shared, command }: TaskTemplate,
  launch: TaskLaunch,
  ports: readonly PlacedPort[],
): CommandInfo {
  const environment = { variables: taskEnvironment(shared, launch, ports) };
  return command.user === undefined && launch.defaultUser !== ""
    ? { ...command, environment, user: launch.defaultUser }
    : { ...command, environment };
}

function commandOf(definition: AppDefinition): CommandInfo {
  const { cmd, args = [], fetch: files = [], user } = definition;
  const own = plainCommand(cmd, args, imageOf(definition));
  return {
    ...(hasOwnExecutor(definition) ? executorCommand(definition) : own),
    ...urisOf(files),
    ...(user === undefined ? {} : { user }),
  };
}

function buildDiscovery(
  { common: { name }, portTemplates }: TaskTemplate,
  ports: readonly PlacedPort[],
): DiscoveryInfo {
  const told: Port[] = [];
  for (const port of ports)
    for (const template of portTemplates.get(port.declared) ?? []) told.push(discoveryPort(template, port));
  return { visibility: "FRAMEWORK", ...(name === undefined ? {} : { name }), ports: { ports: told } };
}
