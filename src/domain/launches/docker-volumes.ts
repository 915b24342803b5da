/**
 * Volumes that a plugin of the agent's machine has by name and mounts for a container: in what schedulers of ours ask for, and in
 * what any framework wrote. Source: Mesos Volume.Source.DockerVolume, DockerInfo.volume_driver; contract mesos.md section 6.
 */
import type { ContainerInfo, Volume } from "#contracts/kernel/messages.gen.ts";
import { isAbsolute, isDriverName, isVolumeName, saidByParameters } from "./docker-parameters.ts";

export interface DockerVolume {
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
export const dockerVolume = ({ driver, name, options, containerPath, isReadOnly }: DockerVolume): Volume => {
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
      driver: shared,
      options: {},
    })),
  ];
}

/** A sentence that names the field of the first one that no container can have. */
export function dockerVolumesProblem(container: ContainerInfo): string | undefined {
  const volumes = dockerVolumesOf(container);
  const keys = volumes.map(({ driver, name }) => `${driver} ${name}`);
  for (const [index, { driver, name, containerPath }] of volumes.entries()) {
    const where = `container.volumes ${containerPath}`;
    if (driver === "") return `${where}: docker_volume.driver: the plugin that has the volume is not named`;
    if (!isDriverName(driver)) return `${where}: docker_volume.driver: ${driver} is no name of a plugin`;
    if (!isVolumeName(name))
      return `${where}: docker_volume.name: ${JSON.stringify(name)} is no name of a volume`;
    if (!isAbsolute(`/${containerPath}`.replace(/^\/\//, "/")))
      return `${where}: neither an absolute path nor one below the sandbox`;
    if (keys.indexOf(keys[index] ?? "") !== index)
      return `${where}: the volume ${name} of ${driver} is in the container already`;
  }
  return undefined;
}
