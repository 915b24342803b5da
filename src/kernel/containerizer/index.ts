export type {
  ContainerCommand,
  ContainerDriver,
  ContainerExit,
  ContainerId,
  ContainerLimits,
  ContainerRlimit,
  ContainerUri,
  ExitReport,
  FetchFacts,
  ImagePull,
  IsolationFacts,
  Launched,
  LaunchFailureCode,
  LaunchSpec,
  LogRotation,
  ProcessIdentity,
  RecoveredContainer,
  ResourceStatistics,
  ResourceUsage,
  Session,
  SessionSpec,
  TerminalFeed,
  VolumeMount,
} from "./driver.ts";
export { LaunchError } from "./driver.ts";
export { defaultFetchLimits, type FetchLimits } from "./fetcher/request.ts";
export type { NetworkRequest, PortMapping } from "./networks/attachment.ts";
export { ContainerNetworks, type JoinedNetworks } from "./networks/container-networks.ts";
export { readCsiPlugins } from "./plugin-volumes/csi-config.ts";
export { PluginVolumes } from "./plugin-volumes/plugin-volumes.ts";
export { capabilityNames } from "./process/capabilities.ts";
export { type Cgroups, detectCgroups } from "./process/cgroups.ts";
export {
  CONTAINER_MARK,
  createProcessDriver,
  type ProcessDriverOptions,
  shippedShim,
} from "./process/process-driver.ts";
export { SharedMemories } from "./shared-memories.ts";
