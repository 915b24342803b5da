/**
 * Volumes in a sandbox: symbolic links, since a container of plain processes sees the machine's own files.
 * One that has a root of its own finds absolute paths mounted (`rootfs.ts`), and what links lead to at the same place.
 * Source: Mesos, posix filesystem isolator (contract mesos.md section 5.6).
 */
import { chown, lstat, mkdir, symlink } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { LaunchError, type VolumeMount } from "../driver.ts";
import type { Account } from "./accounts.ts";

/** Into a sandbox that nothing but us has written to. Throws `LaunchError`. */
export async function linkVolumes(
  sandboxDir: string,
  volumes: readonly VolumeMount[],
  { account, hasRoot }: { readonly account: Account | undefined; readonly hasRoot: boolean },
): Promise<void> {
  for (const { directory, containerPath, isHosts } of volumes) {
    if ((isAbsolute(containerPath) || isHosts === true) && hasRoot) {
      await owned(directory, containerPath, isHosts === true ? undefined : account);
      continue;
    }
    const segments = containerPath.split("/").filter((part) => part !== "" && part !== ".");
    if (containerPath.startsWith("/") || segments.length === 0 || segments.includes(".."))
      throw new LaunchError(
        "sandbox",
        `The volume's container_path ${containerPath} is not a path in the sandbox`,
      );
    await owned(directory, containerPath, isHosts === true ? undefined : account);
    const link = join(sandboxDir, ...segments);
    await makeWay(sandboxDir, segments.slice(0, -1), account);
    await symlink(directory, link).catch((error: unknown) => {
      throw new LaunchError("sandbox", `The volume can't be at ${containerPath}: ${String(error)}`);
    });
  }
}

async function owned(directory: string, containerPath: string, account: Account | undefined): Promise<void> {
  const there = await lstat(directory).catch(() => undefined);
  if (there?.isDirectory() !== true && !(there?.isFile() === true && account === undefined))
    throw new LaunchError("sandbox", `The directory of volume ${containerPath}, ${directory}, is not there`);
  if (account !== undefined) await chown(directory, account.uid, account.gid);
}

/** Folders on the way to a link, as the task's own. A volume in another volume is refused: it would be in its data. */
async function makeWay(
  sandboxDir: string,
  segments: readonly string[],
  account: Account | undefined,
): Promise<void> {
  let at = sandboxDir;
  for (const segment of segments) {
    at = join(at, segment);
    const there = await lstat(at).catch(() => undefined);
    if (there?.isDirectory() === true) continue;
    if (there !== undefined)
      throw new LaunchError("sandbox", `The volume can't be below ${segment} of ${dirname(at)}: no folder`);
    await mkdir(at, { mode: 0o750 });
    if (account !== undefined) await chown(at, account.uid, account.gid);
  }
}
