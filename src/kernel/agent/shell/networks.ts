/** Networks of containers, as the agent was told of them. */
import { resolve } from "node:path";
import type { Logger } from "#foundation/telemetry/index.ts";
import { ContainerNetworks } from "#kernel/containerizer/index.ts";
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
