/**
 * Volumes in a sandbox: symbolic links, since a container of plain processes sees the machine's own files; folders of the
 * machine itself are mounted (`host-mounts.ts`).
 * One that has a root of its own finds absolute paths mounted (`rootfs.ts`), and what links lead to at the same place.
 * Source: Mesos, posix filesystem isolator (contract mesos.md section 5.6).
 */
import { chown, lstat, symlink } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { LaunchError, type VolumeMount } from "../driver.ts";
import type { Account } from "./accounts.ts";
import {
  isHostsFolder,
  makeMountPoint,
  makeWay,
  refuseWithoutMounts,
  sandboxSegments,
} from "./host-mounts.ts";

/** Into a sandbox that nothing but us has written to. Throws `LaunchError`. */
export async function linkVolumes(
  sandboxDir: string,
  volumes: readonly VolumeMount[],
  {
    account,
    hasRoot,
    canMount,
  }: { readonly account: Account | undefined; readonly hasRoot: boolean; readonly canMount: boolean },
): Promise<void> {
  for (const volume of volumes) {
    const { directory, containerPath, isHosts } = volume;
    if (isHosts === true) {
      if (!hasRoot && canMount) await makeMountPoint(sandboxDir, volume, account);
      else await isHostsFolder(volume);
      if (hasRoot || canMount) continue;
      refuseWithoutMounts(volume);
    } else await owned(directory, containerPath, account);
    if (isAbsolute(containerPath) && hasRoot) continue;
    const segments = sandboxSegments(containerPath);
    const link = join(sandboxDir, ...segments);
    await makeWay(sandboxDir, segments.slice(0, -1), account);
    await symlink(directory, link).catch((error: unknown) => {
      throw new LaunchError("sandbox", `The volume can't be at ${containerPath}: ${String(error)}`);
    });
  }
}

async function owned(directory: string, containerPath: string, account: Account | undefined): Promise<void> {
  const there = await lstat(directory).catch(() => undefined);
  if (there?.isDirectory() !== true)
    throw new LaunchError("sandbox", `The directory of volume ${containerPath}, ${directory}, is not there`);
  if (account !== undefined) await chown(directory, account.uid, account.gid);
}
