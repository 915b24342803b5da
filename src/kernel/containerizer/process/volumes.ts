/**
 * Volumes in a sandbox: symbolic links, since a container of plain processes sees the machine's own files; folders of the
 * machine itself are mounted (`host-mounts.ts`).
 * One that has a root of its own finds absolute paths mounted (`rootfs.ts`), and what links lead to at the same place.
 * Source: Mesos, posix filesystem isolator (contract mesos.md section 5.6).
 */
import { chown, lstat, readdir, stat, symlink } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { LaunchError, type VolumeMount } from "../driver.ts";
import type { Account } from "./accounts.ts";
import {
  isHostsFolder,
  makeMountPoint,
  makeWay,
  refuseUnshared,
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
  // What others bring into the sandbox is there before it is looked for.
  const inOrder = [...volumes].sort((one, other) => rank(one) - rank(other));
  for (const volume of inOrder) {
    const { directory, containerPath, isHosts } = volume;
    if (isHosts === true) {
      if (volume.isInSandbox === true) await makeFolder(sandboxDir, directory, account);
      await refuseUnshared(volume);
      if (volume.isGivenIfEmpty === true) await giveIfEmpty(directory, account);
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

const rank = ({ isInSandbox }: VolumeMount): number => (isInSandbox === true ? 1 : 0);

/** A link to a volume is as good as a folder. */
async function makeFolder(
  sandboxDir: string,
  directory: string,
  account: Account | undefined,
): Promise<void> {
  const there = await stat(directory).catch(() => undefined);
  if (there === undefined)
    await makeWay(sandboxDir, sandboxSegments(relative(sandboxDir, directory)), account);
}

/** A file system may keep its owners to itself: the task then tells what it may not do. */
async function giveIfEmpty(directory: string, account: Account | undefined): Promise<void> {
  if (account === undefined || account.uid === 0) return;
  const there = await stat(directory).catch(() => undefined);
  // What a file system itself puts into a new one is nobody's data.
  const names = await readdir(directory).catch(() => [""]);
  if (there?.uid !== 0 || names.some((name) => name !== "lost+found")) return;
  await chown(directory, account.uid, account.gid).catch(() => undefined);
}

async function owned(directory: string, containerPath: string, account: Account | undefined): Promise<void> {
  const there = await lstat(directory).catch(() => undefined);
  if (there?.isDirectory() !== true)
    throw new LaunchError("sandbox", `The directory of volume ${containerPath}, ${directory}, is not there`);
  if (account !== undefined) await chown(directory, account.uid, account.gid);
}
