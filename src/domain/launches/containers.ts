/** The container of a task, as schedulers of ours ask a master for it. Source: contract marathon.md section 9; metronome.md section 3.1. */
import type { CommandInfo, ContainerInfo, Volume } from "#contracts/kernel/messages.gen.ts";
import type { LinuxInfo } from "../definitions/linux-info.ts";
import { programOf, secretOf } from "./task-parts.ts";

/** An image, and whose rules hold for it. */
export interface LaunchedImage {
  readonly engine: "MESOS" | "DOCKER";
  readonly name: string;
  readonly forcesPull: boolean;
  readonly isPrivileged?: boolean;
  readonly parameters?: readonly { readonly key: string; readonly value: string }[];
  /** Path of the secret with credentials of the registry. */
  readonly pullSecret?: string;
}

/** What a container asks for besides its files. */
export interface ContainerSettings {
  readonly linuxInfo?: LinuxInfo;
  readonly tty?: boolean;
}

/** Undefined for a task of plain processes that has nothing of its own. */
export function containerOf(
  image: LaunchedImage | undefined,
  volumes: readonly Volume[],
  { linuxInfo, tty }: ContainerSettings = {},
): ContainerInfo | undefined {
  const own = {
    ...(volumes.length === 0 ? {} : { volumes }),
    ...linuxPart(linuxInfo),
    ...(tty === true ? { tty_info: {} } : {}),
  };
  if (image === undefined) return Object.keys(own).length === 0 ? undefined : { type: "MESOS", ...own };
  const { engine, name, forcesPull, isPrivileged = false, parameters = [], pullSecret } = image;
  if (engine === "DOCKER")
    return {
      type: "DOCKER",
      docker: {
        image: name,
        network: "HOST",
        privileged: isPrivileged,
        parameters,
        force_pull_image: forcesPull,
      },
      ...own,
    };
  const docker = { name, ...(pullSecret === undefined ? {} : { config: secretOf(pullSecret) }) };
  return { type: "MESOS", mesos: { image: { type: "DOCKER", docker, cached: !forcesPull } }, ...own };
}

export function linuxPart(info: LinuxInfo | undefined): Pick<ContainerInfo, "linux_info"> {
  if (info === undefined) return {};
  const { seccomp, ipcInfo } = info;
  return {
    linux_info: {
      ...(seccomp === undefined
        ? {}
        : {
            seccomp:
              seccomp.profileName === undefined
                ? { unconfined: seccomp.unconfined }
                : { profile_name: seccomp.profileName },
          }),
      ...(ipcInfo === undefined ? {} : { ipc_mode: ipcInfo.mode }),
      ...(ipcInfo?.shmSize === undefined ? {} : { shm_size: ipcInfo.shmSize }),
    },
  };
}

/** A folder or file of the agent's machine. */
export const hostVolume = (containerPath: string, hostPath: string, mode: "RO" | "RW"): Volume => ({
  mode,
  container_path: containerPath,
  host_path: hostPath,
});

/** What is given to an image's own entry point, or a program of its own. */
export function commandOf(
  cmd: string | undefined,
  args: readonly string[],
  image: LaunchedImage | undefined,
): CommandInfo {
  if (cmd !== undefined) return { shell: true, value: cmd };
  if (image === undefined) return programOf(args);
  return { shell: false, ...(args.length === 0 ? {} : { arguments: args }) };
}
