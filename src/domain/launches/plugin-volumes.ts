/** Volumes that plugins of the agent's machine mount for a container, of whichever kind the plugin is. */
import type { ContainerInfo, Volume } from "#contracts/kernel/messages.gen.ts";
import { type CsiVolume, csiVolume, csiVolumesOf, csiVolumesProblem, isCsiVolume } from "./csi-volumes.ts";
import { isAbsolute } from "./docker-parameters.ts";
import {
  type DockerVolume,
  dockerVolume,
  dockerVolumesOf,
  dockerVolumesProblem,
  isDockerVolume,
} from "./docker-volumes.ts";

export type PluginVolume = DockerVolume | CsiVolume;

/** As a task asks for it. */
export const pluginVolume = (volume: PluginVolume): Volume =>
  volume.kind === "csi" ? csiVolume(volume) : dockerVolume(volume);

export const isPluginVolume = (volume: Volume, container: ContainerInfo): boolean =>
  isCsiVolume(volume) || isDockerVolume(volume, container);

/** Of what was found to be without a problem. */
export const pluginVolumesOf = (container: ContainerInfo | undefined): readonly PluginVolume[] => [
  ...dockerVolumesOf(container),
  ...csiVolumesOf(container),
];

/** A sentence that names the field of the first one that no container can have. */
export function pluginVolumesProblem(container: ContainerInfo): string | undefined {
  const problem = dockerVolumesProblem(container) ?? csiVolumesProblem(container);
  if (problem !== undefined) return problem;
  const volumes = pluginVolumesOf(container);
  const keys = volumes.map(({ kind, driver, name }) => `${kind} ${driver} ${name}`);
  for (const [index, { driver, name, containerPath }] of volumes.entries()) {
    const where = `container.volumes ${containerPath}`;
    if (!isAbsolute(`/${containerPath}`.replace(/^\/\//, "/")))
      return `${where}: neither an absolute path nor one below the sandbox`;
    if (keys.indexOf(keys[index] ?? "") !== index)
      return `${where}: the volume ${name} of ${driver} is in the container already`;
  }
  return undefined;
}
