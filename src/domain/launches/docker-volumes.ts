/**
 * Volumes that a plugin of the agent's machine has by name and mounts for a container: in what schedulers of ours ask for, and in
 * what any framework wrote. Source: Mesos Volume.Source.DockerVolume, DockerInfo.volume_driver; contract mesos.md section 6.
 */
import type { ContainerInfo, Volume } from "#contracts/kernel/messages.gen.ts";
import { isDriverName, isVolumeName, saidByParameters } from "./docker-parameters.ts";

export interface DockerVolume {
  readonly kind: "docker";
  /** The plugin. */
  readonly driver: string;
  readonly name: string;
  /** What the plugin is told when it makes the volume. */
  readonly options: Readonly<Record<string, string>>;
  /** Absolute, or below the sandbox. */
  readonly containerPath: string;
  readonly isReadOnly: boolean;
}

/** As a task asks for it. */
export const dockerVolume = ({
  driver,
  name,
  options,
  containerPath,
  isReadOnly,
}: Omit<DockerVolume, "kind">): Volume => {
  const parameter = Object.entries(options).map(([key, value]) => ({ key, value }));
  return {
    mode: isReadOnly ? "RO" : "RW",
    container_path: containerPath,
    source: {
      type: "DOCKER_VOLUME",
      docker_volume: { driver, name, ...(parameter.length === 0 ? {} : { driver_options: { parameter } }) },
    },
  };
};

const driverOf = ({ docker }: ContainerInfo): string | undefined =>
  saidByParameters(docker?.parameters).volumeDriver ?? docker?.volume_driver;

/** Whether a plugin has it: said by its source, or, as Docker has it, by a name in the place of a path. */
export function isDockerVolume({ source, host_path: path }: Volume, container: ContainerInfo): boolean {
  if (source !== undefined) return source.type === "DOCKER_VOLUME";
  return path !== undefined && !path.startsWith("/") && driverOf(container) !== undefined;
}

/** Of what was found to be without a problem. */
export function dockerVolumesOf(container: ContainerInfo | undefined): readonly DockerVolume[] {
  if (container === undefined) return [];
  const shared = driverOf(container) ?? "";
  const volumes = (container.volumes ?? []).filter((volume) => isDockerVolume(volume, container));
  return [
    ...volumes.map(({ source, host_path: path = "", container_path: containerPath, mode }) => ({
      kind: "docker" as const,
      driver: source?.docker_volume?.driver ?? shared,
      name: source?.docker_volume?.name ?? path,
      options: Object.fromEntries(
        (source?.docker_volume?.driver_options?.parameter ?? []).map(({ key, value }) => [key, value]),
      ),
      containerPath,
      isReadOnly: mode === "RO",
    })),
    ...saidByParameters(container.docker?.parameters).namedVolumes.map((named) => ({
      ...named,
      kind: "docker" as const,
      driver: shared,
      options: {},
    })),
  ];
}

/** A sentence that names the field of the first one that no plugin can have. */
export function dockerVolumesProblem(container: ContainerInfo): string | undefined {
  for (const { driver, name, containerPath } of dockerVolumesOf(container)) {
    const where = `container.volumes ${containerPath}: docker_volume`;
    if (driver === "") return `${where}.driver: the plugin that has the volume is not named`;
    if (!isDriverName(driver)) return `${where}.driver: ${driver} is no name of a plugin`;
    if (!isVolumeName(name)) return `${where}.name: ${JSON.stringify(name)} is no name of a volume`;
  }
  return undefined;
}
