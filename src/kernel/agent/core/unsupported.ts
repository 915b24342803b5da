/** What this agent cannot run, told with the field's name before anything of the task starts. */
import type {
  CommandInfo,
  ContainerInfo,
  ExecutorInfo,
  TaskInfo,
  Volume,
} from "#contracts/kernel/messages.gen.ts";
import { readCheck, readHealthCheck } from "#domain/health/index.ts";
import {
  hasImage,
  hostVolume,
  hostVolumeProblem,
  imageProblem,
  leavesProgramToImage,
} from "#domain/launches/images.ts";
import { asksForNoNetwork, networksAskedBy } from "#domain/launches/networks.ts";
import { isPluginVolume, pluginVolumesProblem } from "#domain/launches/plugin-volumes.ts";
import { parseResources } from "#domain/resources/index.ts";
import { commandSecretProblem, isSecretVolume, secretVolumeProblem } from "#domain/secrets/index.ts";
import { terminalProblem } from "./apart-settings.ts";
import { isNative } from "./executor-run.ts";
import { type LinuxContext, linuxProblem } from "./linux-settings.ts";
import { networkProblem } from "./network-infos.ts";
import type { AgentFacts } from "./policy.ts";
import type { StandaloneRequest } from "./standalone.ts";

/** What of the agent decides about an executor. */
export type ExecutorContext = LinuxContext & { readonly facts: Pick<AgentFacts, "ip"> };

/** Bytes of a task's or framework's id: it names directories. */
const idLengthMax = 255;

/** A sentence naming the field that stands in the way, or undefined when the task can run here. */
export function unsupportedIn(task: TaskInfo, context: LinuxContext): string | undefined {
  return problemOf(task) ?? unsupportedInContainer(task.container, "TaskInfo", context);
}

/** The same for a task within an executor that the agent plays itself. */
export function unsupportedInNested(
  task: TaskInfo,
  executor: Pick<ExecutorInfo, "resources">,
  context: LinuxContext,
): string | undefined {
  const { volumes = [], ...container } = task.container ?? { type: "MESOS" };
  const isOwn = (volume: Volume): boolean =>
    isSecretVolume(volume) || isPluginVolume(volume, container) || hostVolume(volume) !== undefined;
  const shared = volumes.filter((volume) => !isOwn(volume));
  return (
    problemOf(task) ??
    unsupportedInContainer({ ...container, volumes: volumes.filter(isOwn) }, "TaskInfo", context) ??
    shared.map(unsupportedInVolume).find((problem) => problem !== undefined) ??
    shared.map((volume) => belowPersistent(volume, executor)).find((problem) => problem !== undefined)
  );
}

/** Folders of the executor's sandbox that its containers share; not those in which the containers themselves are. */
function unsupportedInVolume({ source, container_path: path }: Volume): string | undefined {
  const name = `TaskInfo.container.volumes ${path}`;
  const shared = source?.sandbox_path;
  if (source?.type !== "SANDBOX_PATH" || shared?.type !== "PARENT")
    return `${name}: only volumes of type SANDBOX_PATH in the PARENT's are supported by this agent`;
  const parts = shared.path.split("/");
  const isWithin = parts.length <= 2 && parts.every((part) => part !== "" && isPathSafe(part));
  if (!isWithin || parts[0] === "containers" || parts[0] === "tasks")
    return `${name}: the path ${shared.path} is none of one or two names below the executor's sandbox`;
  return undefined;
}

/** What is in a persistent volume is its tasks' own: a folder there may be a link to anywhere. */
function belowPersistent(
  { source, container_path: path }: Volume,
  { resources = [] }: Pick<ExecutorInfo, "resources">,
): string | undefined {
  const shared = source?.sandbox_path?.path ?? "";
  const whole = resources
    .flatMap(({ disk }) => (disk?.persistence === undefined ? [] : (disk.volume?.container_path ?? [])))
    .find((each) => shared.startsWith(`${each}/`));
  return whole === undefined
    ? undefined
    : `TaskInfo.container.volumes ${path}: the executor's persistent volume ${whole} is had as a whole, by the path ${whole}`;
}

function problemOf(task: TaskInfo): string | undefined {
  const { command } = task;
  if (command === undefined) return "TaskInfo.command: a task without a command cannot run on this agent";
  if (lacksProgram(command, task.container))
    return "TaskInfo.command.value: without one, and with shell false, an image is needed that has an entry point";
  const health = task.health_check === undefined ? undefined : readHealthCheck(task.health_check);
  if (health !== undefined && "problem" in health) return `TaskInfo.${health.problem}`;
  const check = task.check === undefined ? undefined : readCheck(task.check);
  if (check !== undefined && "problem" in check) return `TaskInfo.${check.problem}`;
  return commandSecretProblem(command, "TaskInfo");
}

/** The same for a framework's executor. */
export function unsupportedInExecutor(info: ExecutorInfo, context: ExecutorContext): string | undefined {
  const { command, container } = info;
  if (isNative(info))
    return command === undefined
      ? unsupportedInContainer(container, "ExecutorInfo", context)
      : "ExecutorInfo.command: an executor of type DEFAULT has none";
  if (command === undefined) return "ExecutorInfo.command: an executor without a command cannot run";
  if (lacksProgram(command, container))
    return "ExecutorInfo.command.value: without one, and with shell false, an image is needed that has an entry point";
  return (
    commandSecretProblem(command, "ExecutorInfo") ??
    unsupportedInContainer(container, "ExecutorInfo", context) ??
    unreachableAgent(container, context.facts.ip)
  );
}

/**
 * An executor with a process calls its agent. For what an agent runs, checks or fetches itself nobody does: an executor
 * that it plays, a command, may be in any network.
 */
function unreachableAgent(container: ContainerInfo | undefined, ip: string): string | undefined {
  if (asksForNoNetwork(container))
    return "ExecutorInfo.container.docker.network: with NONE an executor cannot reach its agent; with HOST it does";
  const [network] = networksAskedBy(container);
  if (network === undefined || !isLoopback(ip)) return undefined;
  const [field, wayOut] =
    container?.type === "DOCKER"
      ? ["docker.network", "with HOST"]
      : ["network_infos", "without a network of its own"];
  return (
    `ExecutorInfo.container.${field}: an executor in the network ${network.name} cannot reach this agent, which answers on ` +
    `${ip} alone; ${wayOut} it does`
  );
}

const isLoopback = (ip: string): boolean => ip.startsWith("127.") || ip === "::1";

/** The same for an operator's own container. */
export function unsupportedInStandalone(
  { command, container, resources }: Pick<StandaloneRequest, "command" | "container" | "resources">,
  context: LinuxContext,
): string | undefined {
  if (lacksProgram(command, container))
    return "command.value: without one, and with shell false, an image is needed that has an entry point";
  if (command.environment?.variables?.some(({ secret }) => secret !== undefined) === true)
    return "command.environment: secrets are given to tasks only";
  if ((container?.volumes ?? []).length > 0)
    return "container.volumes: volumes are not supported by this agent";
  try {
    parseResources(resources);
  } catch (error) {
    return `resources: ${String(error)}`;
  }
  return unsupportedInContainer(container, "launch_container", context);
}

function unsupportedInContainer(
  container: ContainerInfo | undefined,
  owner: string,
  context: LinuxContext,
): string | undefined {
  if (container === undefined) return undefined;
  const withImage = hasImage(container);
  const image = imageProblem(container);
  if (image !== undefined) return `${owner}.${image}`;
  const volume = (container.volumes ?? [])
    .filter((each) => !isPluginVolume(each, container))
    .map((each) => (isSecretVolume(each) ? secretVolumeProblem(each, withImage) : hostVolumeProblem(each)))
    .find((problem) => problem !== undefined);
  const volumes = volume ?? pluginVolumesProblem(container);
  if (volumes !== undefined) return `${owner}.${volumes}`;
  const asked = networksAskedBy(container);
  const network = networkProblem(asked.length > 0 ? asked : (container.network_infos ?? []));
  if (network !== undefined) return `${owner}.container.network_infos: ${network}`;
  // Each container has limits of its own, whatever is said of sharing them.
  const linux = linuxProblem(container.linux_info ?? {}, context);
  if (linux !== undefined) return `${owner}.container.linux_info.${linux}`;
  const terminal = container.tty_info === undefined ? undefined : terminalProblem(container.tty_info);
  return terminal === undefined ? undefined : `${owner}.container.${terminal}`;
}

const lacksProgram = (command: CommandInfo, container: ContainerInfo | undefined): boolean =>
  (command.value === undefined || command.value === "") && !leavesProgramToImage(command, container);

/** Ids become names of directories: nothing may lead out of the work directory. */
export function isPathSafe(id: string): boolean {
  if (id === "" || id === "." || id === ".." || id.length > idLengthMax) return false;
  for (const character of id) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f || character === "/" || (code >= 0xd800 && code <= 0xdfff)) return false;
  }
  return true;
}
