/**
 * What the agent asks of whatever runs containers. One driver per kind of container: `process` is here,
 * others (`oci`, `docker`) fit behind the same interface.
 *
 * A container outlives the driver and the agent: it belongs to its runtime directory on disk. A driver that
 * starts anew takes containers up again through `recover`.
 */

import type { Readable, Writable } from "node:stream";
import type { ContainerImage } from "#domain/launches/images.ts";
import type { ContainerSecrets } from "#domain/secrets/index.ts";
import type { Timings } from "#foundation/telemetry/index.ts";

export type { ContainerImage };

/** Unique for one run of one task, never used again. Safe in a path: `[A-Za-z0-9._-]`, 1 to 200 characters. */
export type ContainerId = string;

/** Either `/bin/sh -c value`, or `value` with `argv` as its whole argument vector (argv[0] included). */
export type ContainerCommand =
  | { readonly kind: "shell"; readonly value: string }
  | { readonly kind: "argv"; readonly value: string; readonly argv: readonly string[] };

/** One file to have in the sandbox before the task starts. Source: Mesos CommandInfo.URI. */
export interface ContainerUri {
  readonly value: string;
  /** Adds the executable bits and never unpacks. */
  readonly executable?: boolean;
  /** Unpacks archives known by their suffix; default true. */
  readonly extract?: boolean;
  /** Relative path of the result; default: last part of the address. */
  readonly outputFile?: string;
  /** Shared with other tasks of the same user, where the driver keeps a cache. */
  readonly cache?: boolean;
}

/** Source: Mesos RLimitInfo. Both bounds or none; none means unlimited. */
export interface ContainerRlimit {
  /** `RLMT_NOFILE` and so on. */
  readonly type: string;
  readonly soft?: number;
  readonly hard?: number;
}

/** What the container may use. Enforced where `isolation()` says so. */
export interface ContainerLimits {
  readonly cpusMillis: number;
  readonly memMib: number;
  /** Hard bounds above the request; absent: cpu is only weighted, memory is bounded by `memMib`. */
  readonly cpusLimitMillis?: number | "infinity";
  readonly memLimitMib?: number | "infinity";
  readonly pidsMax?: number;
}

/** A stream grows to `maxBytes`, is then renamed to `.1`, and at most `files` older ones are kept. */
export interface LogRotation {
  readonly maxBytes: number;
  readonly files: number;
}

/** A directory that outlives the container, and where the container finds it. */
export interface VolumeMount {
  /** Absolute; there already. It becomes the task's user's, unless it is the machine's own. */
  readonly directory: string;
  /** Below the sandbox: relative, without `..`. With an image, or for the machine's own, it may be absolute. */
  readonly containerPath: string;
  /** A folder or a file of the machine, which stays whose it is. */
  readonly isHosts?: boolean;
  /** Below the sandbox, with all before it in place: a folder of the task's user is made where nothing is. Of the machine's own only. */
  readonly isInSandbox?: boolean;
  /** While nothing is in it, and it is root's, it becomes the task's user's. Of the machine's own only. */
  readonly isGivenIfEmpty?: boolean;
  /** Of the machine's own only. */
  readonly isReadOnly?: boolean;
  /** Of the machine's own only: what is mounted in it there is here too (`slave`), and the other way round (`shared`). */
  readonly propagation?: "slave" | "shared";
}

/** What a container's programs may ask of the kernel. Capabilities are named without `CAP_`. */
export interface ContainerConfinement {
  /** No program in it can have others. Absent: all that the agent has. */
  readonly boundingCapabilities?: readonly string[];
  /** Exactly these are held from the first program on. Absent: none, or what root has within the bound. */
  readonly effectiveCapabilities?: readonly string[];
  /** File of a profile of system calls. Absolute. */
  readonly seccompProfile?: string;
}

/** Where a container that runs from an image finds its sandbox. Source: Mesos, `sandbox_directory`. */
export const sandboxInImage = "/mnt/mesos/sandbox";

/** `hosts`, `hostname` and `resolv.conf` of a container with a network of its own. */
export interface NetworkFilesPlace {
  /** Absolute. */
  readonly directory: string;
  readonly hostname: string;
}

/** Memory that its processes share with others, and messages between them. Source: Mesos, namespaces/ipc isolator. */
export type SharedMemory =
  /** `shmMib`: of `/dev/shm`. Absent: 64 with an image, else half of the machine's, as the kernel has it. */
  | { readonly kind: "own"; readonly shmMib?: number }
  | { readonly kind: "machine" }
  /** Of several containers: file of the namespace, and what they have at `/dev/shm`. Absolute. */
  | { readonly kind: "group"; readonly namespace: string; readonly directory: string };

/** In characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

export interface LaunchSpec extends ContainerConfinement {
  readonly containerId: ContainerId;
  /** The driver's own directory for this container; kept until `remove`. Absolute. */
  readonly runtimeDir: string;
  /** Working directory, `stdout` and `stderr`. Absolute. Made by the driver, 0750, owned by the task's user. */
  readonly sandboxDir: string;
  /** With an image and `argv`: `value` may be empty, and `argv` is what is given to the image's entry point. */
  readonly command: ContainerCommand;
  /** Absent: the machine's own files. */
  readonly image?: ContainerImage;
  /** The complete environment: nothing is inherited. PATH is added when absent. */
  readonly environment: Readonly<Record<string, string>>;
  /** Name of the account; absent: `nobody` as root, the agent's own user otherwise. */
  readonly user?: string;
  readonly rlimits?: readonly ContainerRlimit[];
  readonly limits: ContainerLimits;
  readonly uris?: readonly ContainerUri[];
  readonly volumes?: readonly VolumeMount[];
  /** Given to the container, and kept nowhere. */
  readonly secrets?: ContainerSecrets;
  /** File of the network namespace that everything in the container is in. Absolute. Absent: the agent's own. */
  readonly networkNamespace?: string;
  /** With a network namespace: what the container has instead of the machine's own in `/etc`. */
  readonly networkFiles?: NetworkFilesPlace;
  /** Absent: of a Docker container's its own, else the machine's. */
  readonly sharedMemory?: SharedMemory;
  /** It sees no processes but its own, and is the first of them. */
  readonly hasOwnProcesses?: boolean;
  /** Its processes have a terminal: `openFeed` types into it, `stdout` is what it shows. */
  readonly terminal?: TerminalSize;
  /** With an image: the machine's graphics processors are in it. Without one they are there anyway. */
  readonly hasGpus?: boolean;
  readonly stdout: LogRotation;
  readonly stderr: LogRotation;
}

/** A process that can be told from a later one with the same pid. */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. A decimal string. */
  readonly startTime: string;
}

export interface Launched {
  readonly containerId: ContainerId;
  /** The main process of the task. */
  readonly pid: number;
}

export type ContainerExit =
  | { readonly kind: "exited"; readonly status: number }
  | {
      readonly kind: "signaled";
      readonly signal: number;
      readonly signalName: string;
      readonly core: boolean;
    }
  /** The shim ended without telling; what was left of the task has been killed. */
  | { readonly kind: "unknown" };

/** CPU and memory of the main process and all its reaped descendants. */
export interface ResourceUsage {
  readonly userMs: number;
  readonly systemMs: number;
  readonly maxRssBytes: number;
}

export interface ExitReport {
  readonly containerId: ContainerId;
  readonly exit: ContainerExit;
  /** Raw status as wait(2) gives it; absent for `unknown`. */
  readonly waitStatus?: number;
  readonly usage?: ResourceUsage;
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  /** The kernel killed a process of the container for memory: reason CONTAINER_LIMITATION_MEMORY. */
  readonly oom?: { readonly usedBytes: number; readonly limitBytes: number };
  /** For people: "Command exited with status 1", "Memory limit exceeded: ...". */
  readonly message: string;
}

/** Why a launch did not come to a running process. All mean TASK_FAILED, CONTAINER_LAUNCH_FAILED. */
export type LaunchFailureCode =
  | "fetch"
  | "image"
  | "user"
  | "sandbox"
  | "isolation"
  | "exec"
  | "spec"
  | "destroyed"
  | "closed";

/** Thrown by `launch`. The message is fit for a task status. Nothing of the container runs afterwards. */
export class LaunchError extends Error {
  override readonly name = "LaunchError";
  readonly code: LaunchFailureCode;
  constructor(code: LaunchFailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type RecoveredContainer =
  | { readonly kind: "running"; readonly containerId: ContainerId; readonly pid: number }
  /** Ended while nobody looked, or its shim is gone. Not told again through `onExit`. */
  | { readonly kind: "ended"; readonly containerId: ContainerId; readonly report: ExitReport }
  /** No trace, or a launch that was cut off before the task ran; nothing of it runs. */
  | { readonly kind: "neverStarted"; readonly containerId: ContainerId; readonly message: string };

/** One more command inside of a container that runs. */
export interface SessionSpec {
  /** Looked for in the container's PATH. Default: the first of `argv`. */
  readonly program?: string;
  /** argv[0] included; at least that. */
  readonly argv: readonly string[];
  /** Added to the container's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly terminal?: TerminalSize;
}

/** What is typed into the terminal of a container. */
export interface TerminalFeed {
  readonly input: Writable;
  resize(size: TerminalSize): void;
  close(): void;
}

/**
 * A session under way. It has the container's user, directory, environment, limits and cgroups; everything of it ends
 * when its command ends, when `kill` is called, or when the agent dies.
 */
export interface Session {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Absent with a terminal, which has one output. */
  readonly stderr: Readable | undefined;
  /** Nothing without a terminal. */
  resize(rows: number, cols: number): void;
  /** To the group in front. False for a name that is no signal. */
  signal(name: string): boolean;
  kill(): void;
  /** After all output was read. `unknown`: it was killed by us. */
  readonly ended: Promise<ContainerExit>;
}

/** Measured. Names as in Mesos' ResourceStatistics; absent where it cannot be measured. */
export interface ResourceStatistics {
  readonly timestamp: number;
  readonly processes?: number;
  readonly threads?: number;
  readonly cpus_user_time_secs?: number;
  readonly cpus_system_time_secs?: number;
  readonly cpus_limit?: number;
  readonly cpus_nr_periods?: number;
  readonly cpus_nr_throttled?: number;
  readonly cpus_throttled_time_secs?: number;
  readonly mem_limit_bytes?: number;
  readonly mem_rss_bytes?: number;
  readonly mem_total_bytes?: number;
  readonly mem_file_bytes?: number;
  readonly mem_anon_bytes?: number;
  readonly mem_cache_bytes?: number;
  readonly mem_mapped_file_bytes?: number;
  readonly mem_swap_bytes?: number;
  readonly mem_unevictable_bytes?: number;
}

/** What is enforced on this machine, for `keelson status`. */
export interface IsolationFacts {
  readonly driver: "process";
  readonly cgroups: "v1" | "v2" | "none";
  readonly controllers: readonly string[];
  /** Tasks may run as another user than the agent. */
  readonly switchUser: boolean;
  /** Containers may run from images. Absent: they may; else what is missing, as a sentence. */
  readonly noImages?: string;
  /** One sentence for people. */
  readonly note: string;
}

/** Fetching since the driver began, by launches that had something to fetch. */
export interface FetchFacts {
  readonly succeeded: number;
  readonly failed: number;
  readonly cacheTotalBytes: number;
  readonly cacheUsedBytes: number;
  /** How long images took that a registry was asked for; absent where there are none. */
  readonly imagePulls?: Timings | undefined;
}

/** An image on its way to containers that wait for it. */
export interface ImagePull {
  readonly containerIds: readonly ContainerId[];
  /** As the first of them named it. */
  readonly image: string;
  /** `waiting`: others are pulled first. */
  readonly phase: "waiting" | "fetching" | "unpacking";
  /** Fetched so far: measured when it is asked for, at most once in 2 s. */
  readonly doneBytes: number;
  /** Absent as long as the registry has not told. */
  readonly totalBytes?: number;
}

export interface ContainerDriver {
  /**
   * Prepares directories, fetches, starts. Resolves when the main process has been started. The same
   * container id twice is refused with code `spec`. Throws `LaunchError`.
   */
  launch(spec: LaunchSpec): Promise<Launched>;
  /**
   * `main`: the main process only. `tree`: its session and process group and everything else of the container.
   * Does nothing (false) unless boot id, pid and start time all match.
   */
  signal(containerId: ContainerId, signal: NodeJS.Signals, scope: "main" | "tree"): Promise<boolean>;
  /** SIGKILL to the whole tree, or the end of a launch under way. The end is told through `onExit`. Idempotent. */
  destroy(containerId: ContainerId): Promise<void>;
  /** Each end is told once per driver; returns the function that takes the listener away. */
  onExit(listener: (report: ExitReport) => void): () => void;
  /** After a restart: one answer per entry, in order. Running ones are watched from then on. */
  recover(
    containers: readonly { readonly containerId: ContainerId; readonly runtimeDir: string }[],
  ): Promise<readonly RecoveredContainer[]>;
  /** What a container may use from now on. Its memory is never made less than it has. Nothing for one that ended. */
  update(containerId: ContainerId, limits: ContainerLimits): void;
  stats(containerId: ContainerId): Promise<ResourceStatistics>;
  /** Throws `LaunchError`: `spec` for a container that does not run, `exec` with what stood in the way. */
  openSession(containerId: ContainerId, spec: SessionSpec): Promise<Session>;
  /** Into the container's own terminal. Throws `LaunchError` `spec` for one without, or that does not run. */
  openFeed(containerId: ContainerId): Promise<TerminalFeed>;
  /** TCP ports that processes of the container listen on. Empty where the system does not tell. */
  listeningPorts(containerId: ContainerId): Promise<ReadonlySet<number>>;
  /** Forgets an ended container and deletes its runtime directory and cgroups; never the sandbox. */
  remove(containerId: ContainerId): Promise<void>;
  fetches(): FetchFacts;
  /** Images that are being brought. */
  pulls(): Promise<readonly ImagePull[]>;
  /** Removes the images that no container runs from, but for those named. */
  pruneImages(excluded: readonly string[]): Promise<void>;
  isolation(): IsolationFacts;
  /** Stops watching. Containers keep running. */
  close(): Promise<void>;
}
