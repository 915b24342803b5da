/** Networks and volumes of containers, which plugins of the machine make, as the agent was told of them. */
import { join, resolve } from "node:path";
import { errorMessage } from "#foundation/base/errors.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import { ContainerNetworks, PluginVolumes, readCsiPlugins } from "#kernel/containerizer/index.ts";
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

/** Throws for a plugin that is described amiss. */
export async function createPluginVolumes(
  { volumePluginsPath, csiConfigDir }: AgentEnvironment,
  dataDir: string,
  log: Logger,
): Promise<PluginVolumes> {
  if (csiConfigDir !== undefined)
    await readCsiPlugins(resolve(csiConfigDir)).catch((error: unknown) => {
      throw new RangeError(`csi_plugin_config_dir: ${errorMessage(error)}`);
    });
  return new PluginVolumes({
    dir: join(dataDir, "plugin-volumes"),
    ...(volumePluginsPath === undefined ? {} : { pluginDirs: volumePluginsPath }),
    ...(csiConfigDir === undefined ? {} : { csiConfigDir: resolve(csiConfigDir) }),
    warn: (event, fields) => log.warn(event, fields),
  });
}
