/** What an agent is, and the numbers it decides with. */
import type { Attribute, DomainInfo, Resource } from "#contracts/kernel/messages.gen.ts";
import type { ImageGc } from "./image-collection.ts";

/** Facts of this machine and of how the agent was started. They do not change while it runs. */
export interface AgentFacts {
  readonly hostname: string;
  /** Address that tasks and clients reach this agent at. */
  readonly ip: string;
  readonly port: number;
  readonly version: string;
  /** /proc/sys/kernel/random/boot_id: differs after every boot. */
  readonly bootId: string;
  readonly resources: readonly Resource[];
  readonly attributes: readonly Attribute[];
  readonly domain?: DomainInfo;
  /** Everything of this agent on the disk. Absolute. */
  readonly dataDir: string;
  /** Sandboxes are below it. Absolute. */
  readonly workDir: string;
  /** The driver's directories, one a container. Absolute. */
  readonly runtimeDir: string;
  /** True as root: a task may run as another user. */
  readonly canSwitchUser: boolean;
  /** Where profiles of system calls are. Absolute. Mesos: seccomp_config_dir. */
  readonly seccompDir?: string;
}

/** Times in ms. Defaults are those of the Mesos agent's flags. */
export interface AgentPolicy {
  readonly registrationBackoffMs: number;
  readonly registrationBackoffMaxMs: number;
  /** How long a master may take to answer our hello. */
  readonly helloTimeoutMs: number;
  readonly updateRetryMs: number;
  readonly updateRetryMaxMs: number;
  readonly killGraceMs: number;
  /** From the launch of its container until an executor has subscribed: fetching counts too. */
  readonly executorRegistrationTimeoutMs: number;
  /** How long an executor may take to come back after the agent did. At most 15 s in Mesos. */
  readonly executorReregistrationTimeoutMs: number;
  /** From SHUTDOWN until an executor is killed, unless its ExecutorInfo says otherwise. */
  readonly executorShutdownGraceMs: number;
  /** Told to executors: how long they may go on without an agent. */
  readonly recoveryTimeoutMs: number;
  readonly executorHeartbeatMs: number;
  readonly gcDelayMs: number;
  /** Part of the disk that is kept free of old sandboxes, 0 to 1. */
  readonly gcHeadroom: number;
  readonly diskWatchMs: number;
  /** A container that takes more of the disk than it was given is killed. Mesos: enforce_container_disk_quota. */
  readonly enforcesDisk: boolean;
  readonly containerDiskWatchMs: number;
  /** A container gets no more of the processors than it was given, idle or not. Mesos: cgroups_enable_cfs. */
  readonly enforcesCpus: boolean;
  /**
   * Load averages of the machine, over 5 and over 15 minutes, above which tasks on revocable resources are killed; absent:
   * none are. Mesos: load_threshold_5min and load_threshold_15min of its LoadQoSController.
   */
  readonly loadThreshold5Min?: number;
  readonly loadThreshold15Min?: number;
  /** Between two looks at the load. Mesos: qos_correction_interval_min. */
  readonly qosCorrectionIntervalMs: number;
  /**
   * Capabilities of a container that does not say which, and those that none can go beyond. Absent: what the user of the
   * task has. Mesos: effective_capabilities, bounding_capabilities.
   */
  readonly effectiveCapabilities?: readonly string[];
  readonly boundingCapabilities?: readonly string[];
  /** Profile of system calls for a container that does not say which. Mesos: seccomp_profile_name. */
  readonly seccompProfile?: string;
  /** Absent: images are removed when an operator says so only. Mesos: image_gc_config. */
  readonly imageGc?: ImageGc;
  /** Bytes that sandboxes of ended tasks may take together before `gcDelayMs` is over. */
  readonly evidenceBytesMax: number;
  /** Endings remembered without their files. */
  readonly endingsKeptMax: number;
  /** `equal`: a changed agent refuses to start; `additive`: it may have grown. */
  readonly reconfiguration: "equal" | "additive";
}

export const defaultPolicy: AgentPolicy = {
  registrationBackoffMs: 1_000,
  registrationBackoffMaxMs: 60_000,
  helloTimeoutMs: 10_000,
  updateRetryMs: 10_000,
  updateRetryMaxMs: 600_000,
  killGraceMs: 3_000,
  executorRegistrationTimeoutMs: 60_000,
  executorReregistrationTimeoutMs: 2_000,
  executorShutdownGraceMs: 5_000,
  recoveryTimeoutMs: 900_000,
  executorHeartbeatMs: 1_800_000,
  gcDelayMs: 7 * 86_400_000,
  gcHeadroom: 0.1,
  diskWatchMs: 60_000,
  enforcesDisk: false,
  containerDiskWatchMs: 15_000,
  enforcesCpus: false,
  qosCorrectionIntervalMs: 15_000,
  evidenceBytesMax: 1_073_741_824,
  endingsKeptMax: 5_000,
  reconfiguration: "equal",
};

/** Bounds of what the agent remembers. At a bound the oldest goes. */
export const historyLimits = { frameworks: 50, executorsPerFramework: 150 } as const;

/** Live tasks of one agent, those waiting for an acknowledgement included. One more is dropped with a reason. */
export const liveTasksMax = 10_000;

/** Executors of one agent, those included whose tasks wait for an acknowledgement. */
export const executorsMax = 10_000;

export const pidOf = ({ ip, port }: { readonly ip: string; readonly port: number }): string =>
  `slave(1)@${ip.includes(":") ? `[${ip}]` : ip}:${port}`;
