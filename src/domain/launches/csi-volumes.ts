/**
 * Volumes that a CSI plugin of the agent's machine publishes for a container: in what schedulers of ours ask for, and in what any
 * framework wrote. Source: Mesos Volume.Source.CSIVolume; contract mesos.md Appendix A.
 */
import type {
  ContainerInfo,
  Secret,
  Volume,
  VolumeSourceCSIVolumeVolumeCapabilityAccessModeMode,
} from "#contracts/kernel/messages.gen.ts";
import { secretProblem, secretText } from "../secrets/index.ts";
import { isDriverName } from "./docker-parameters.ts";
import { secretOf } from "./task-parts.ts";

export type CsiAccessMode = Exclude<VolumeSourceCSIVolumeVolumeCapabilityAccessModeMode, "UNKNOWN">;

export interface CsiVolume {
  readonly kind: "csi";
  /** The plugin. */
  readonly driver: string;
  /** As the plugin knows the volume. */
  readonly name: string;
  readonly accessMode: CsiAccessMode;
  readonly fsType?: string;
  readonly mountFlags: readonly string[];
  readonly stageSecrets: Readonly<Record<string, string>>;
  readonly publishSecrets: Readonly<Record<string, string>>;
  readonly context: Readonly<Record<string, string>>;
  /** Absolute, or below the sandbox. */
  readonly containerPath: string;
  readonly isReadOnly: boolean;
}

export const isReaderMode = (mode: string): boolean => mode.endsWith("_READER_ONLY");

/** As a task asks for it. In the place of each secret stands its path in the store. */
export function csiVolume(volume: Omit<CsiVolume, "kind">): Volume {
  const { driver, name, accessMode, fsType, mountFlags, containerPath, isReadOnly } = volume;
  const secrets = (sources: Readonly<Record<string, string>>): { readonly [key: string]: Secret } =>
    Object.fromEntries(Object.entries(sources).map(([key, source]) => [key, secretOf(source)]));
  const mount = {
    ...(fsType === undefined ? {} : { fs_type: fsType }),
    ...(mountFlags.length === 0 ? {} : { mount_flags: mountFlags }),
  };
  return {
    mode: isReadOnly ? "RO" : "RW",
    container_path: containerPath,
    source: {
      type: "CSI_VOLUME",
      csi_volume: {
        plugin_name: driver,
        static_provisioning: {
          volume_id: name,
          volume_capability: { mount, access_mode: { mode: accessMode } },
          node_stage_secrets: secrets(volume.stageSecrets),
          node_publish_secrets: secrets(volume.publishSecrets),
          volume_context: volume.context,
        },
      },
    },
  };
}

export const isCsiVolume = ({ source }: Volume): boolean => source?.type === "CSI_VOLUME";

/** Of what was found to be without a problem. */
export function csiVolumesOf(container: ContainerInfo | undefined): readonly CsiVolume[] {
  return (container?.volumes ?? []).flatMap(({ source, container_path: containerPath, mode }) => {
    const { plugin_name: driver = "", static_provisioning: provisioned } = source?.csi_volume ?? {};
    const accessMode = provisioned?.volume_capability.access_mode.mode;
    if (source?.type !== "CSI_VOLUME" || provisioned === undefined || !isMode(accessMode)) return [];
    const { fs_type: fsType, mount_flags: mountFlags = [] } = provisioned.volume_capability.mount ?? {};
    return [
      {
        kind: "csi" as const,
        driver,
        name: provisioned.volume_id,
        accessMode,
        ...(fsType === undefined ? {} : { fsType }),
        mountFlags,
        stageSecrets: textsOf(provisioned.node_stage_secrets),
        publishSecrets: textsOf(provisioned.node_publish_secrets),
        context: provisioned.volume_context ?? {},
        containerPath,
        isReadOnly: mode === "RO",
      },
    ];
  });
}

const isMode = (mode: string | undefined): mode is CsiAccessMode => mode !== undefined && mode !== "UNKNOWN";

const textsOf = (secrets: { readonly [key: string]: Secret } = {}): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(secrets).map(([key, secret]) => [key, secretText(secret)]));

/** A sentence that names the field of the first one that no plugin can have. */
export const csiVolumesProblem = ({ volumes = [] }: ContainerInfo): string | undefined =>
  volumes
    .filter(isCsiVolume)
    .map(problemOf)
    .find((problem) => problem !== undefined);

function problemOf({ source, container_path: path, mode }: Volume): string | undefined {
  const where = `container.volumes ${path}: csi_volume`;
  const { plugin_name: driver = "", static_provisioning: provisioned } = source?.csi_volume ?? {};
  if (!isDriverName(driver)) return `${where}.plugin_name: ${JSON.stringify(driver)} is no name of a plugin`;
  const at = `${where}.static_provisioning`;
  if (provisioned === undefined) return `${at}: it says which volume of the plugin is meant, and is missing`;
  const { volume_id: id, volume_capability: capability } = provisioned;
  if (!isVolumeId(id)) return `${at}.volume_id: ${JSON.stringify(id)} is no name of a volume`;
  if (capability.block !== undefined)
    return `${at}.volume_capability.block: tasks are given no raw devices by this agent; say mount`;
  if (capability.mount === undefined)
    return `${at}.volume_capability: say mount, the one way to have a volume`;
  const accessMode = capability.access_mode.mode;
  if (!isMode(accessMode)) return `${at}.volume_capability.access_mode.mode: ${accessMode} is no mode`;
  if (isReaderMode(accessMode) && mode !== "RO")
    return `container.volumes ${path}: mode: ${accessMode} needs RO`;
  for (const name of ["node_stage_secrets", "node_publish_secrets"] as const)
    for (const [key, secret] of Object.entries(provisioned[name] ?? {})) {
      const problem = secretProblem(secret, `${at}.${name}.${key}`);
      if (problem !== undefined) return problem;
    }
  return undefined;
}

/** Plugins have paths, addresses and options in theirs. */
export const isVolumeId = (id: string): boolean => /^[^\0\n]{1,1024}$/.test(id);
