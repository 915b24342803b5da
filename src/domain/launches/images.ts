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
import {
  type HostVolume,
  isAbsolute,
  isHostname,
  isKnownParameter,
  knownParameters,
  type MemoryFiles,
  parameterProblem,
  parametersProblem,
  type Resolver,
  type SaidByParameters,
  saidByParameters,
} from "./docker-parameters.ts";
import { isDockerVolume } from "./docker-volumes.ts";
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
  /** It sees the machine's processes. */
  readonly sharesProcesses?: boolean;
  /** It has the machine's host name, where it has no other. */
  readonly sharesHostname?: boolean;
  /** Added to its `/etc/hosts`. */
  readonly hosts?: SaidByParameters["hosts"];
  /** Instead of the machine's. */
  readonly resolver?: Resolver;
  /** Of the machine. */
  readonly devices?: SaidByParameters["devices"];
  readonly memoryFiles?: readonly MemoryFiles[];
}

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
    return dockerImage(docker, hostname);
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

function dockerImage(docker: ContainerInfoDockerInfo, hostname: string | undefined): ContainerImage {
  const said = saidByParameters(docker.parameters);
  const { resolver, hosts, devices, memoryFiles } = said;
  const name = said.hostname ?? hostname;
  const hasResolver = Object.values(resolver).some((list) => list.length > 0);
  return {
    reference: docker.image,
    isCached: docker.force_pull_image !== true,
    engine: "docker",
    ...(name === undefined ? {} : { hostname: name }),
    ...(said.workdir === undefined ? {} : { workingDirectory: said.workdir }),
    ...(said.entrypoint === undefined ? {} : { entrypoint: [said.entrypoint] }),
    ...(said.added.length === 0 ? {} : { addedCapabilities: said.added }),
    ...(said.dropped.length === 0 ? {} : { droppedCapabilities: said.dropped }),
    ...(docker.privileged === true || said.isPrivileged ? { isPrivileged: true } : {}),
    ...(said.sharesProcesses ? { sharesProcesses: true } : {}),
    ...(said.sharesHostname && name === undefined ? { sharesHostname: true } : {}),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(hasResolver ? { resolver } : {}),
    ...(devices.length === 0 ? {} : { devices }),
    ...(memoryFiles.length === 0 ? {} : { memoryFiles }),
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
  if (hostname !== undefined && !isHostname(hostname))
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

function dockerProblem({
  parameters = [],
  volume_driver: driver,
}: ContainerInfoDockerInfo): string | undefined {
  for (const { key, value } of parameters) {
    const where = `container.docker.parameters ${key}`;
    if (!isKnownParameter(key))
      return `${where}: not supported by this version of Keelson; ${knownParameters.join(", ")} are`;
    const problem = parameterProblem({ key, value });
    if (problem !== undefined) return `${where}: ${problem}`;
  }
  const together = parametersProblem(parameters, driver);
  return together === undefined ? undefined : `container.docker.parameters volume: ${together.problem}`;
}

/** Folders and files of the machine among the volumes of a container. */
export const hostVolumesOf = (container: ContainerInfo | undefined): readonly HostVolume[] =>
  (container?.volumes ?? []).flatMap((volume) =>
    container !== undefined && isDockerVolume(volume, container) ? [] : (hostVolume(volume) ?? []),
  );

export function hostVolume({ mode, container_path, host_path, source }: Volume): HostVolume | undefined {
  const path = source?.type === "HOST_PATH" ? source.host_path : undefined;
  const hostPath = path?.path ?? host_path;
  const propagation = propagations.get(path?.mount_propagation?.mode ?? "UNKNOWN");
  if (hostPath === undefined) return undefined;
  return {
    hostPath,
    containerPath: container_path,
    isReadOnly: mode === "RO",
    ...(propagation === undefined ? {} : { propagation }),
  };
}

const propagations = new Map<string, NonNullable<HostVolume["propagation"]>>([
  ["HOST_TO_CONTAINER", "slave"],
  ["BIDIRECTIONAL", "shared"],
]);

/** A sentence about a volume that is a path of the machine; undefined when a container can have it. */
export function hostVolumeProblem(volume: Volume): string | undefined {
  const { source, container_path: path, image } = volume;
  const found = hostVolume(volume);
  const where = `container.volumes ${path}`;
  if (found === undefined || image !== undefined) return `${where}: not supported by this version of Keelson`;
  const propagation = source?.host_path?.mount_propagation?.mode;
  if (propagation !== undefined && !propagations.has(propagation))
    return `${where}: mount_propagation.mode: ${propagation} is neither HOST_TO_CONTAINER nor BIDIRECTIONAL`;
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

function textOf(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}
