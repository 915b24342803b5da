/** What a container asks of the kernel: system calls and memory to share. Source: contract marathon.md sections 3.1 and 7.1. */
import type { AppChangeInput } from "#contracts/services/app.ts";
import { given } from "./given.ts";
import type { ProblemList } from "./problems.ts";

export interface LinuxInfo {
  /** A profile of the agent's, or none although the agent has one for all. */
  readonly seccomp?: { readonly profileName?: string; readonly unconfined: boolean };
  readonly ipcInfo?: IpcInfo;
}

/** `shmSize`: MiB of `/dev/shm`. */
export interface IpcInfo {
  readonly mode: "PRIVATE" | "SHARE_PARENT";
  readonly shmSize?: number;
}

type LinuxInfoInput = NonNullable<NonNullable<AppChangeInput["container"]>["linuxInfo"]>;

export function completeLinuxInfo(input: LinuxInfoInput | undefined): LinuxInfo | undefined {
  if (input === undefined) return undefined;
  const { seccomp, ipcInfo } = input;
  return {
    ...given(
      "seccomp",
      seccomp === undefined
        ? undefined
        : { ...given("profileName", seccomp.profileName), unconfined: seccomp.unconfined ?? false },
    ),
    ...given("ipcInfo", ipcInfo),
  };
}

export function validateLinuxInfo(
  { seccomp, ipcInfo }: LinuxInfo,
  where: string,
  problems: ProblemList,
): void {
  const name = seccomp?.profileName;
  if (seccomp?.unconfined === true && name !== undefined)
    problems.add(`${where}/seccomp/profileName`, "cannot be given together with unconfined");
  if (seccomp?.unconfined === false && (name === undefined || name === ""))
    problems.add(`${where}/seccomp/profileName`, "must not be empty");
  if (ipcInfo?.shmSize !== undefined && ipcInfo.mode !== "PRIVATE")
    problems.add(`${where}/ipcInfo/shmSize`, "cannot be given together with SHARE_PARENT");
}
