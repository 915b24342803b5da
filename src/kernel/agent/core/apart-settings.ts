/**
 * What a container has of its own besides its files and networks: memory to share, numbers of processes, a terminal.
 *
 * Source: Mesos LinuxInfo and TTYInfo, isolators namespaces/ipc and namespaces/pid; contract mesos.md sections 2.4, 3.4, 6.
 */
import type { ContainerInfo, LinuxInfo, Resource, TTYInfo } from "#contracts/kernel/messages.gen.ts";
import { saidByParameters } from "#domain/launches/docker-parameters.ts";
import { parseResources } from "#domain/resources/index.ts";
import type { LaunchSpec, TerminalSize } from "#kernel/containerizer/driver.ts";
import type { AgentFacts } from "./policy.ts";

/** Memory that all containers of a group have together. */
export interface MemoryGroup {
  /** The executor's container: they are given it up with it. */
  readonly owner: string;
  /** Of `/dev/shm`. Absent: half of the machine's memory. */
  readonly shmMib?: number;
}

export interface ApartPlan
  extends Pick<LaunchSpec, "sharedMemory" | "hasOwnProcesses" | "terminal" | "hasGpus"> {
  readonly memoryGroup?: MemoryGroup;
}

/** The executor that a container is within. */
export interface Above {
  readonly containerId: string;
  readonly container: ContainerInfo | undefined;
}

const terminalDefault: TerminalSize = { rows: 24, cols: 80 };
const sizeMax = 10_000;
/** A tebibyte: what is more is a slip. */
const shmMibMax = 1_048_576;

/** A sentence that begins with the field's name, or undefined. */
export function apartProblem(
  { share_pid_namespace: sharesPids, ipc_mode: mode = "UNKNOWN", shm_size: shmMib }: LinuxInfo,
  { canSwitchUser }: Pick<AgentFacts, "canSwitchUser">,
): string | undefined {
  if (shmMib !== undefined && mode !== "PRIVATE")
    return "shm_size: only with the ipc_mode PRIVATE a container has memory of its own to share";
  if (shmMib !== undefined && (!Number.isInteger(shmMib) || shmMib < 1 || shmMib > shmMibMax))
    return `shm_size: ${shmMib} is none of 1 to ${shmMibMax} MiB`;
  if (canSwitchUser) return undefined;
  if (mode === "PRIVATE") return "ipc_mode: PRIVATE needs an agent that runs as root";
  if (sharesPids === false) return "share_pid_namespace: false needs an agent that runs as root";
  return undefined;
}

export function terminalProblem({ window_size: size }: TTYInfo): string | undefined {
  if (size === undefined) return undefined;
  return [size.rows, size.columns].every((each) => Number.isInteger(each) && each >= 1 && each <= sizeMax)
    ? undefined
    : `tty_info.window_size: rows and columns are 1 to ${sizeMax}`;
}

/** Of what was found to be without a problem. `above`: of a container within an executor's that has no process. */
export function apartPlan(
  container: ContainerInfo | undefined,
  resources: readonly Resource[],
  above?: Above,
): ApartPlan {
  const size = container?.tty_info?.window_size;
  return {
    ...memoryOf(container?.linux_info, above),
    ...dockerMemory(container),
    ...(container?.linux_info?.share_pid_namespace === false ? { hasOwnProcesses: true } : {}),
    ...(container?.tty_info === undefined
      ? {}
      : { terminal: size === undefined ? terminalDefault : { rows: size.rows, cols: size.columns } }),
    ...(parseResources(resources).scalarMillis("gpus") > 0 ? { hasGpus: true } : {}),
  };
}

/** What a container of type DOCKER says by `ipc` and `shm-size`; who says neither has memory of its own. */
function dockerMemory(container: ContainerInfo | undefined): ApartPlan {
  const { memory, shmMib } = saidByParameters(container?.docker?.parameters);
  if (memory === "machine") return { sharedMemory: { kind: "machine" } };
  return shmMib === undefined ? {} : { sharedMemory: { kind: "own", shmMib } };
}

/** Of an executor that the agent plays itself: its containers share memory that is no other's. */
export const hasOwnMemory = (container: ContainerInfo | undefined): boolean =>
  container?.linux_info?.ipc_mode === "PRIVATE";

/** Who says nothing is with its executor, as it is in its networks. */
function memoryOf(
  { ipc_mode: mode = "UNKNOWN", shm_size: shmMib }: LinuxInfo = {},
  above: Above | undefined,
): ApartPlan {
  if (mode === "PRIVATE")
    return { sharedMemory: { kind: "own", ...(shmMib === undefined ? {} : { shmMib }) } };
  if (above !== undefined && hasOwnMemory(above.container)) {
    const shared = above.container?.linux_info?.shm_size;
    return {
      memoryGroup: { owner: above.containerId, ...(shared === undefined ? {} : { shmMib: shared }) },
    };
  }
  return mode === "SHARE_PARENT" ? { sharedMemory: { kind: "machine" } } : {};
}
