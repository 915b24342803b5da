/**
 * Images of containers in what frameworks send: judged, and made one thing whether a Mesos or a Docker container names it.
 * Source: Mesos ContainerInfo, Image, DockerInfo; contract mesos.md sections 2.3, 2.5 and 6.
 */
import type {
  CommandInfo,
  ContainerInfo,
  ContainerInfoDockerInfo,
  Volume,
} from "#contracts/kernel/messages.gen.ts";
import { dockerNetworkProblem, networksAskedBy } from "./networks.ts";

/** What a container runs from instead of the machine's own files. */
export interface ContainerImage {
  /** As Docker writes it: `registry:5000/lib/web:1`, `busybox`. */
  readonly reference: string;
  /** False: the registry is asked for the name each time. */
  readonly isCached: boolean;
  /** Docker's config.json with credentials of registries. Given to the registry, and kept nowhere. */
  readonly credentials?: string;
  /** Whose rules hold for entry point, user and what the container sees of the machine's processes. */
  readonly engine: "mesos" | "docker";
  readonly hostname?: string;
  /** Before the image's own. */
  readonly workingDirectory?: string;
  /** Instead of the image's own, which goes with its arguments. */
  readonly entrypoint?: readonly string[];
  /** Beyond and of what root in a Docker container may; `ALL` is every one. */
  readonly addedCapabilities?: readonly string[];
  readonly droppedCapabilities?: readonly string[];
  /** The container sees the machine's devices, and may do whatever the agent may. */
  readonly isPrivileged?: boolean;
}

/** What parameters of a Docker container say besides its image. */
export interface DockerParameters {
  readonly environment: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly volumes: readonly HostVolume[];
}

/** A folder or file of the machine, where the container finds it. */
export interface HostVolume {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly isReadOnly: boolean;
}

/** Of `docker run`: those that can be given to a container here. Others are refused by their name. */
const known = new Map<string, ParameterKind>([
  ["env", "env"],
  ["e", "env"],
  ["user", "user"],
  ["u", "user"],
  ["workdir", "workdir"],
  ["w", "workdir"],
  ["hostname", "hostname"],
  ["h", "hostname"],
  ["entrypoint", "entrypoint"],
  ["volume", "volume"],
  ["v", "volume"],
  ["label", "label"],
  ["l", "label"],
  ["cap-add", "cap-add"],
  ["cap-drop", "cap-drop"],
]);
type ParameterKind =
  | "env"
  | "user"
  | "workdir"
  | "hostname"
  | "entrypoint"
  | "volume"
  | "label"
  | "cap-add"
  | "cap-drop";

export const isKnownParameter = (key: string): boolean => known.has(key);

/** What is wrong with the value of one that is known; undefined when nothing is. */
export function parameterProblem({
  key,
  value,
}: {
  readonly key: string;
  readonly value: string;
}): string | undefined {
  switch (known.get(key)) {
    case "volume":
      if (volumeOf(value) !== undefined) return undefined;
      return propagations.test(value)
        ? `propagation of mounts, in ${value}, is not supported by this version of Keelson`
        : `${value} is not of the form /host/path:/container/path[:ro|rw]`;
    case "hostname":
      return hostnamePattern.test(value) ? undefined : `${value} is no host name`;
    case "workdir":
      return isAbsolute(value) ? undefined : `${value} is no absolute path`;
    case "cap-add":
    case "cap-drop":
      return /^[A-Z_]{1,40}$/.test(value) ? undefined : `${value} is no capability`;
    default:
      return undefined;
  }
}

const propagations = /:(?:r[ow],)?r?(?:shared|slave)$/;
const hostnamePattern = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/;

export const hasImage = (container: ContainerInfo | undefined): boolean =>
  container?.mesos?.image !== undefined || container?.type === "DOCKER";

/** A command that leaves its program to the image. */
export const leavesProgramToImage = (command: CommandInfo, container: ContainerInfo | undefined): boolean =>
  command.shell === false && hasImage(container);

/** Undefined without an image. Of what was found to be without a problem. */
export function imageOf(container: ContainerInfo | undefined): ContainerImage | undefined {
  if (container === undefined) return undefined;
  const { docker, hostname } = container;
  if (container.type === "DOCKER" && docker !== undefined) {
    const said = saidByParameters(docker);
    const name = said.hostname ?? hostname;
    return {
      reference: docker.image,
      isCached: docker.force_pull_image !== true,
      engine: "docker",
      ...(name === undefined ? {} : { hostname: name }),
      ...(said.workdir === undefined ? {} : { workingDirectory: said.workdir }),
      ...(said.entrypoint === undefined ? {} : { entrypoint: [said.entrypoint] }),
      ...(said.added.length === 0 ? {} : { addedCapabilities: said.added }),
      ...(said.dropped.length === 0 ? {} : { droppedCapabilities: said.dropped }),
      ...(docker.privileged === true ? { isPrivileged: true } : {}),
    };
  }
  const image = container.mesos?.image;
  if (image?.docker === undefined) return undefined;
  const data = image.docker.config?.value?.data;
  return {
    reference: image.docker.name,
    isCached: image.cached !== false,
    engine: "mesos",
    ...(data === undefined ? {} : { credentials: textOf(data) }),
    ...(hostname === undefined ? {} : { hostname }),
  };
}

/** A sentence that names the field, or undefined when the container can run from its image, or has none. */
export function imageProblem(container: ContainerInfo): string | undefined {
  const { type, docker, mesos, hostname } = container;
  if (type === "DOCKER" && docker === undefined)
    return "container.docker: a container of type DOCKER has one";
  if (type !== "DOCKER" && docker !== undefined)
    return "container.docker: only for containers of type DOCKER";
  if (hostname !== undefined && !hasImage(container) && networksAskedBy(container).length === 0)
    return "container.hostname: a host name of its own is for containers with an image or a network";
  if (hostname !== undefined && !hostnamePattern.test(hostname))
    return `container.hostname: ${hostname} is no host name`;
  if (docker !== undefined) return dockerNetworkProblem(container) ?? dockerProblem(docker);
  const image = mesos?.image;
  if (image === undefined) return undefined;
  if (image.type !== "DOCKER" || image.docker === undefined)
    return "container.mesos.image.type: only images of type DOCKER are supported by this version of Keelson";
  const config = image.docker.config;
  if (config !== undefined && (config.type !== "VALUE" || config.value === undefined))
    return "container.mesos.image.docker.config: a secret of type VALUE, with Docker's config.json, is needed";
  if (image.docker.credential !== undefined)
    return "container.mesos.image.docker.credential: never worked; say config, a secret with Docker's config.json";
  return undefined;
}

function dockerProblem(docker: ContainerInfoDockerInfo): string | undefined {
  const { parameters = [], volume_driver: driver } = docker;
  if (driver !== undefined) return "container.docker.volume_driver: not supported by this version of Keelson";
  for (const { key, value } of parameters) {
    const where = `container.docker.parameters ${key}`;
    if (!isKnownParameter(key))
      return `${where}: not supported by this version of Keelson; ${[...new Set(known.values())].join(", ")} are`;
    const problem = parameterProblem({ key, value });
    if (problem !== undefined) return `${where}: ${problem}`;
  }
  return undefined;
}

/** Besides what is of the image: of a Docker container's parameters. */
export function dockerParameters(container: ContainerInfo | undefined): DockerParameters {
  const { parameters = [] } = container?.docker ?? {};
  const environment: Record<string, string> = {};
  const volumes: HostVolume[] = [];
  let user: string | undefined;
  for (const { key, value } of parameters) {
    const kind = known.get(key);
    const at = value.indexOf("=");
    if (kind === "env" && at > 0) environment[value.slice(0, at)] = value.slice(at + 1);
    if (kind === "user") user = value;
    const volume = kind === "volume" ? volumeOf(value) : undefined;
    if (volume !== undefined) volumes.push(volume);
  }
  return { environment, volumes, ...(user === undefined ? {} : { user }) };
}

/** Folders and files of the machine among the volumes of a container. */
export const hostVolumesOf = (container: ContainerInfo | undefined): readonly HostVolume[] =>
  (container?.volumes ?? []).flatMap((volume) => hostVolume(volume) ?? []);

export function hostVolume({ mode, container_path, host_path, source }: Volume): HostVolume | undefined {
  const hostPath = source?.type === "HOST_PATH" ? source.host_path?.path : host_path;
  return hostPath === undefined
    ? undefined
    : { hostPath, containerPath: container_path, isReadOnly: mode === "RO" };
}

/** A sentence about a volume that is a path of the machine; undefined when a container can have it. */
export function hostVolumeProblem(volume: Volume): string | undefined {
  const { source, container_path: path, image } = volume;
  const found = hostVolume(volume);
  const where = `container.volumes ${path}`;
  if (found === undefined || image !== undefined) return `${where}: not supported by this version of Keelson`;
  if (source?.host_path?.mount_propagation !== undefined)
    return `${where}: mount_propagation is not supported by this version of Keelson`;
  if (!isHostPath(found.hostPath))
    return `${where}: host_path ${found.hostPath} is neither an absolute path nor one below the sandbox`;
  if (!isAbsolute(`/${path}`.replace(/^\/\//, "/")))
    return `${where}: neither an absolute path nor one below the sandbox`;
  return undefined;
}

/** What is said of a path that is neither. */
export const noHostPath = "must be an absolute path, or one below the sandbox";

/** Of the machine, or below the sandbox. */
export const isHostPath = (path: string): boolean =>
  path.startsWith("/")
    ? path === "/" || isAbsolute(path)
    : isAbsolute(`/${path}`) && path.split("/").some((part) => part !== "" && part !== ".");

const isAbsolute = (path: string): boolean =>
  path.startsWith("/") && path !== "/" && !/[\0\n]/.test(path) && !path.split("/").includes("..");

function volumeOf(text: string): HostVolume | undefined {
  const [hostPath = "", containerPath = "", mode = "rw", ...more] = text.split(":");
  if (more.length > 0 || !hostPath.startsWith("/") || !isHostPath(hostPath) || !isAbsolute(containerPath))
    return undefined;
  return mode === "ro" || mode === "rw" ? { hostPath, containerPath, isReadOnly: mode === "ro" } : undefined;
}

function saidByParameters({ parameters = [] }: ContainerInfoDockerInfo) {
  const last = (kind: string): string | undefined =>
    parameters.findLast(({ key }) => known.get(key) === kind)?.value;
  const capabilities = (kind: string): readonly string[] =>
    parameters.filter(({ key }) => known.get(key) === kind).map(({ value }) => value.replace(/^CAP_/, ""));
  return {
    added: capabilities("cap-add"),
    dropped: capabilities("cap-drop"),
    hostname: last("hostname"),
    workdir: last("workdir"),
    entrypoint: last("entrypoint"),
  };
}

function textOf(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}
