/**
 * An app in canonical form: older spellings resolved, defaults filled in. This is what is stored, compared and shown.
 * Source: Marathon v2 API (contract marathon.md section 3).
 */
import type { CsiAccessMode } from "../launches/csi-volumes.ts";
import type { LinuxInfo } from "./linux-info.ts";
import type { PersistentDisk } from "./persistent.ts";
import type { ExecutorResources, PodParts } from "./pod.ts";
import type { DeclaredSecrets, Variables } from "./secret-references.ts";

export interface AppDefinition {
  /** Absolute path. */
  readonly id: string;
  readonly cmd?: string;
  readonly args?: readonly string[];
  readonly user?: string;
  readonly env?: Variables;
  readonly instances: number;
  readonly cpus: number;
  /** MiB */
  readonly mem: number;
  /** MiB */
  readonly disk: number;
  readonly gpus: number;
  readonly resourceLimits?: ResourceLimits;
  readonly executor: string;
  readonly executorResources?: ExecutorResources;
  readonly constraints?: readonly (readonly string[])[];
  readonly acceptedResourceRoles?: readonly string[];
  readonly role: string;
  readonly fetch?: readonly Artifact[];
  /** Only of an app with an image or volumes, or in networks of containers. */
  readonly container?: Container;
  /** Of an app with persistent volumes; nothing follows from it. */
  readonly residency?: Residency;
  readonly networks: readonly Network[];
  readonly portDefinitions?: readonly PortDefinition[];
  readonly requirePorts: boolean;
  readonly healthChecks?: readonly HealthCheck[];
  readonly check?: Check;
  /** One at most. */
  readonly readinessChecks?: readonly ReadinessCheck[];
  readonly backoffSeconds: number;
  readonly backoffFactor: number;
  readonly maxLaunchDelaySeconds: number;
  readonly taskKillGracePeriodSeconds?: number;
  /** Instances have a terminal. */
  readonly tty?: true;
  readonly upgradeStrategy: UpgradeStrategy;
  readonly labels: { readonly [name: string]: string };
  readonly secrets?: DeclaredSecrets;
  readonly killSelection: "YOUNGEST_FIRST" | "OLDEST_FIRST";
  readonly unreachableStrategy: UnreachableStrategy;
  readonly dependencies?: readonly string[];
  /** Assigned by the core; ISO 8601 with milliseconds. */
  readonly version?: string;
  readonly versionInfo?: VersionInfo;
  /**
   * What only a pod has; a definition with it is a pod's. What pods and apps have both stands in the fields above, so
   * that whatever deploys, places and scales need not tell them apart (ADR 0110). `podOf` is what people see of it.
   */
  readonly pod?: PodParts;
}

/** How far an instance may go beyond what is reserved for it. */
export interface ResourceLimits {
  readonly cpus?: number | "unlimited";
  /** MiB */
  readonly mem?: number | "unlimited";
}

export interface Artifact {
  readonly uri: string;
  readonly extract: boolean;
  readonly executable: boolean;
  readonly cache: boolean;
  readonly destPath?: string;
}

export interface Container {
  /** Whose rules hold for an image: what is given to its entry point, and whose its user is. */
  readonly type: "MESOS" | "DOCKER";
  readonly docker?: AppImage;
  /** Of type MESOS. */
  readonly linuxInfo?: LinuxInfo;
  readonly volumes: readonly (PersistentVolume | SecretVolume | HostVolume | ExternalVolume)[];
  /** Of an app in networks of containers. */
  readonly portMappings?: readonly PortMapping[];
}

/** A port of a container, and where it is reached from elsewhere. */
export interface PortMapping {
  /** 0: the same as on the agent. */
  readonly containerPort: number;
  /** 0 has one given; absent: none on the agent. */
  readonly hostPort?: number;
  /** 0 has one assigned. */
  readonly servicePort: number;
  readonly protocol: "tcp" | "udp" | "udp,tcp";
  readonly name?: string;
  readonly labels?: { readonly [name: string]: string };
  readonly networkNames?: readonly string[];
}

export interface AppImage {
  readonly image: string;
  readonly forcePullImage: boolean;
  /** Of type DOCKER. */
  readonly privileged: boolean;
  /** Of type DOCKER, as `docker run` has them. */
  readonly parameters: readonly { readonly key: string; readonly value: string }[];
  /** Of type MESOS: a declared secret with credentials of the registry. */
  readonly pullConfig?: { readonly secret: string };
}

/** A folder or file of the agent's machine, in a container with an image. */
export interface HostVolume {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly mode: "RO" | "RW";
}

/** A folder on a disk of the agent that stays when its instance ends. */
export interface PersistentVolume {
  /** One name, in the sandbox. */
  readonly containerPath: string;
  readonly mode: "RW";
  readonly persistent: PersistentDisk;
}

/** A file below the sandbox with the value of a declared secret. */
export interface SecretVolume {
  readonly containerPath: string;
  readonly secret: string;
}

/** A volume that a plugin on the agent's machine has by name, wherever its data are. */
export interface ExternalVolume {
  readonly containerPath: string;
  readonly mode: "RO" | "RW";
  readonly external: DvdiVolume | CsiVolume;
}

/** Of a Docker volume plugin. */
export interface DvdiVolume {
  readonly provider: "dvdi";
  readonly name: string;
  /** GiB, of one that is made. */
  readonly size?: number;
  /** `dvdi/driver` is the plugin; others that begin with `dvdi/` are told to it. */
  readonly options: { readonly [name: string]: string };
  /** Others may use it too. */
  readonly shared: boolean;
}

/** Of a CSI plugin. */
export interface CsiVolume {
  readonly provider: "csi";
  /** As the plugin knows it. */
  readonly name: string;
  readonly options: {
    readonly pluginName: string;
    readonly capability: {
      readonly accessType: "mount";
      readonly accessMode: CsiAccessMode;
      readonly fsType?: string;
      readonly mountFlags?: readonly string[];
    };
    /** What the plugin asks for: names of declared secrets, or paths of secrets. */
    readonly nodeStageSecret: { readonly [key: string]: string };
    readonly nodePublishSecret: { readonly [key: string]: string };
    readonly volumeContext: { readonly [key: string]: string };
  };
}

export interface Residency {
  readonly relaunchEscalationTimeoutSeconds: number;
  readonly taskLostBehavior: "WAIT_FOREVER" | "RELAUNCH_AFTER_TIMEOUT";
}

/** Persistent volumes of each instance: with any, an instance stays where its volumes are. A pod's are called by their names. */
export const volumesOf = ({
  container,
  pod,
}: Pick<AppDefinition, "container" | "pod">): readonly PersistentVolume[] =>
  pod === undefined
    ? (container?.volumes ?? []).filter((volume) => "persistent" in volume)
    : (pod.volumes ?? []).flatMap(({ name, persistent }) =>
        persistent === undefined ? [] : [{ containerPath: name, mode: "RW" as const, persistent }],
      );

export const secretVolumesOf = ({ container }: Pick<AppDefinition, "container">): readonly SecretVolume[] =>
  (container?.volumes ?? []).filter((volume) => "secret" in volume);

export const hostVolumesOf = ({ container }: Pick<AppDefinition, "container">): readonly HostVolume[] =>
  (container?.volumes ?? []).filter((volume) => "hostPath" in volume);

export const externalVolumesOf = ({
  container,
}: Pick<AppDefinition, "container">): readonly ExternalVolume[] =>
  (container?.volumes ?? []).filter((volume) => "external" in volume);

/** Whether an executor of the user's runs the tasks, not the one that every agent has. */
export const hasOwnExecutor = ({ executor }: Pick<AppDefinition, "executor">): boolean =>
  executor !== "" && executor !== "//cmd";

/** What such an executor takes beside each task. */
export const executorResourcesOf = ({
  executorResources = defaultExecutorResources,
}: Pick<AppDefinition, "executorResources">): ExecutorResources => executorResources;

export const defaultExecutorResources: ExecutorResources = { cpus: 0.1, mem: 32, disk: 10 };

export interface Network {
  readonly mode: "host" | "container" | "container/bridge";
  /** Of `container`. */
  readonly name?: string;
  readonly labels?: { readonly [name: string]: string };
}

export interface PortDefinition {
  /** Service port; 0 has one assigned. */
  readonly port: number;
  readonly protocol: "tcp" | "udp" | "udp,tcp";
  readonly name?: string;
  readonly labels?: { readonly [name: string]: string };
}

export interface HealthCheck {
  readonly protocol: HealthProtocol;
  readonly path?: string;
  readonly port?: number;
  readonly portIndex?: number;
  readonly gracePeriodSeconds: number;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly maxConsecutiveFailures: number;
  /** Before the first; of checks that the agent runs. */
  readonly delaySeconds?: number;
  /** Of checks that Services runs. */
  readonly ignoreHttp1xx?: boolean;
  /** Not of COMMAND. */
  readonly ipProtocol?: "IPv4" | "IPv6";
  /** Of COMMAND. */
  readonly command?: { readonly value: string };
}

/** The first three are run by Services, the others by the agent. */
export type HealthProtocol =
  | "HTTP"
  | "HTTPS"
  | "TCP"
  | "COMMAND"
  | "MESOS_HTTP"
  | "MESOS_HTTPS"
  | "MESOS_TCP";

export function isAtAgent(protocol: HealthProtocol): boolean {
  return protocol === "COMMAND" || protocol.startsWith("MESOS_");
}

/** Exactly one of the first three. The agent runs it and tells what came of it; it ends nothing. */
export interface Check {
  readonly http?: CheckedPort & { readonly path?: string; readonly scheme: "HTTP" };
  readonly tcp?: CheckedPort;
  readonly exec?: { readonly command: { readonly shell: string } };
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly delaySeconds: number;
}

export interface CheckedPort {
  readonly port?: number;
  readonly portIndex?: number;
}

export interface ReadinessCheck {
  readonly name: string;
  readonly protocol: "HTTP" | "HTTPS";
  readonly path: string;
  /** Name of one of the app's ports. */
  readonly portName: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly httpStatusCodesForReady: readonly number[];
  readonly preserveLastResponse: boolean;
}

export interface UpgradeStrategy {
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
  /** A change of nothing but labels replaces no instance (ADR 0153). No field of Marathon's; there only when it is so. */
  readonly labelsInPlace?: true;
}

export type UnreachableStrategy =
  | "disabled"
  | { readonly inactiveAfterSeconds: number; readonly expungeAfterSeconds: number };

export interface VersionInfo {
  readonly lastScalingAt: string;
  readonly lastConfigChangeAt: string;
}
