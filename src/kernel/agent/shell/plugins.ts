/** Networks and volumes of containers, which plugins of the machine make, as the agent was told of them. */
import { join, resolve } from "node:path";
import type { Logger } from "#foundation/telemetry/index.ts";
import { ContainerNetworks, DockerVolumes } from "#kernel/containerizer/index.ts";
import type { AgentEnvironment } from "../config.ts";

export function createNetworks(
  { networkConfigDir, networkPluginsPath }: AgentEnvironment,
  dir: string,
  log: Logger,
): ContainerNetworks {
  return new ContainerNetworks({
    dir,
    ...(networkConfigDir === undefined ? {} : { configDir: resolve(networkConfigDir) }),
    ...(networkPluginsPath === undefined ? {} : { pluginsPath: networkPluginsPath }),
    warn: (event, fields) => log.warn(event, fields),
  });
}

export function createDockerVolumes(
  { volumePluginsPath }: AgentEnvironment,
  dataDir: string,
  log: Logger,
): DockerVolumes {
  return new DockerVolumes({
    dir: join(dataDir, "docker-volumes"),
    ...(volumePluginsPath === undefined ? {} : { pluginDirs: volumePluginsPath }),
    warn: (event, fields) => log.warn(event, fields),
  });
}
