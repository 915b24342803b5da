/**
 * What a container has of its own besides files and networks: memory to share, and numbers of processes.
 * Source: Mesos, namespaces/ipc and namespaces/pid isolators (ADR 0177).
 */
import type { LaunchSpec, SharedMemory } from "../driver.ts";
import { type MountSpec, mountFlags, namespaces, type ShimSpec } from "./spec-file.ts";

const { noSuid, noDevices, noExec, recursive } = mountFlags;
const plain = noSuid | noDevices | noExec;
/** Source: Docker's default. */
const shmInImageMib = 64;

export const procMount: MountSpec = { flags: plain, type: "proc", source: "proc", target: "/proc" };

/** Of a container with an image: it has a place for it in any case. */
export function shmInImage({ sharedMemory }: Pick<LaunchSpec, "sharedMemory">): MountSpec {
  switch (sharedMemory?.kind) {
    case "machine":
      return shmOf("/dev/shm");
    case "group":
      return shmOf(sharedMemory.directory);
    default:
      return newShm(sharedMemory?.shmMib ?? shmInImageMib);
  }
}

/** Of one with the machine's files: what is mounted over them, and with which namespaces. */
export function apartWithoutImage(spec: LaunchSpec): {
  readonly mounts: readonly MountSpec[];
  readonly newNamespaces: number;
} {
  const { sharedMemory: memory, hasOwnProcesses } = spec;
  const shm =
    memory?.kind === "own"
      ? [newShm(memory.shmMib)]
      : memory?.kind === "group"
        ? [shmOf(memory.directory)]
        : [];
  return {
    mounts: [...(hasOwnProcesses === true ? [procMount] : []), ...shm],
    newNamespaces: ownNamespaces(spec),
  };
}

/** Those that a container asks for, whatever it runs from. */
export function ownNamespaces({
  sharedMemory,
  hasOwnProcesses,
}: Pick<LaunchSpec, "sharedMemory" | "hasOwnProcesses">): number {
  return (
    (sharedMemory?.kind === "own" ? namespaces.ipc : 0) |
    (hasOwnProcesses === true ? namespaces.processes : 0)
  );
}

/** The namespace that it is to enter. */
export const enteredIpc = (memory: SharedMemory | undefined): Pick<ShimSpec, "ipcNamespace"> =>
  memory?.kind === "group" ? { ipcNamespace: memory.namespace } : {};

const newShm = (mib: number | undefined): MountSpec => ({
  flags: plain,
  type: "tmpfs",
  source: "shm",
  target: "/dev/shm",
  data: mib === undefined ? "mode=1777" : `mode=1777,size=${mib}m`,
});

const shmOf = (source: string): MountSpec => ({ flags: recursive, type: "bind", source, target: "/dev/shm" });
