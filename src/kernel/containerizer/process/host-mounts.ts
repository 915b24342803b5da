/**
 * Folders and files of the machine in a container of plain processes: the shim mounts them over the machine's own files
 * in a mount namespace of the container. It goes with the container's last process, and nothing has to be unmounted.
 * Who may not mount (an agent that is not root) has links in the sandbox, which keep nobody from writing.
 * Source: Mesos, filesystem/linux and volume/host_path isolators (ADR 0184).
 */
import { existsSync } from "node:fs";
import { chown, lstat, mkdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { LaunchError, type LaunchSpec, type NetworkFilesPlace, type VolumeMount } from "../driver.ts";
import { networkFileNames } from "../networks/network-files.ts";
import type { Account } from "./accounts.ts";
import { apartWithoutImage } from "./apart.ts";
import { type MountSpec, mountFlags, namespaces, type ShimSpec } from "./spec-file.ts";

type OwnFiles = Pick<ShimSpec, "newNamespaces" | "hostname" | "root">;

/** What the shim is told; nothing for a container that has the machine's own files only. */
export function hostMountsOf(spec: LaunchSpec): OwnFiles {
  const { volumes = [], networkFiles } = spec;
  const apart = apartWithoutImage(spec);
  const mounts = [
    ...apart.mounts,
    ...(networkFiles === undefined ? [] : namesOver(networkFiles)),
    ...mountsOver(volumes),
  ];
  if (networkFiles === undefined && mounts.length === 0) return {};
  const newNamespaces = namespaces.mounts | apart.newNamespaces;
  if (networkFiles === undefined) return { newNamespaces, root: { mounts } };
  const { hostname } = networkFiles;
  return { newNamespaces: newNamespaces | namespaces.hostname, hostname, root: { mounts } };
}

const mountsOver = (volumes: readonly VolumeMount[]): readonly MountSpec[] =>
  volumes
    .filter(({ isHosts }) => isHosts === true)
    .map((volume) => ({
      flags: flagsOf(volume),
      type: "bind",
      source: volume.directory,
      target: isAbsolute(volume.containerPath)
        ? volume.containerPath
        : segmentsOf(volume.containerPath).join("/"),
    }));

/** With which a volume is bound. */
export const flagsOf = ({ isReadOnly, propagation }: VolumeMount): number =>
  mountFlags.recursive |
  (isReadOnly === true ? mountFlags.readOnly : 0) |
  (propagation === undefined ? 0 : mountFlags[propagation]);

/** Mounts are shared with the machine where it shares them itself. Throws `LaunchError`. */
export async function refuseUnshared({ directory, containerPath, propagation }: VolumeMount): Promise<void> {
  if (propagation !== "shared") return;
  const path = await realpath(directory);
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" "));
  const isAbove = (mountpoint = ""): boolean =>
    path === mountpoint || path.startsWith(mountpoint.replace(/\/?$/, "/"));
  // The longest is the nearest, of those at one place the last is on top.
  const nearest = mounts
    .filter(([, , , , mountpoint]) => mountpoint !== undefined && isAbove(mountpoint))
    .reduce((best, each) => ((each[4] ?? "").length >= (best[4] ?? "").length ? each : best), []);
  if (nearest.slice(6, nearest.indexOf("-")).some((field) => field.startsWith("shared:"))) return;
  throw new LaunchError(
    "sandbox",
    `The volume at ${containerPath} can't share mounts: ${nearest[4] ?? path}, which ${directory} is on, is no shared mount of the machine (mount --make-rshared ${nearest[4] ?? path})`,
  );
}

/** What a container in a network of its own reads about names. What the machine lacks can't be mounted over. */
const namesOver = ({ directory }: NetworkFilesPlace): readonly MountSpec[] =>
  networkFileNames
    .filter((name) => existsSync(join("/etc", name)))
    .map((name) => ({ flags: 0, type: "bind", source: join(directory, name), target: join("/etc", name) }));

/** Throws `LaunchError` unless it is there; answers whether it is a folder. */
export async function isHostsFolder({
  directory,
  containerPath,
}: Pick<VolumeMount, "directory" | "containerPath">): Promise<boolean> {
  const there = await stat(directory).catch(() => undefined);
  if (there === undefined)
    throw new LaunchError("sandbox", `The host_path of volume ${containerPath}, ${directory}, is not there`);
  return there.isDirectory();
}

/** Has something at the place to mount over. Throws `LaunchError`. */
export async function makeMountPoint(
  sandboxDir: string,
  volume: VolumeMount,
  account: Account | undefined,
): Promise<void> {
  const { containerPath } = volume;
  const isFolder = await isHostsFolder(volume);
  const place = isAbsolute(containerPath)
    ? containerPath
    : join(sandboxDir, ...sandboxSegments(containerPath));
  const there = await (isAbsolute(containerPath) ? stat(place) : lstat(place)).catch(() => undefined);
  if (there !== undefined) {
    if (there.isDirectory() === isFolder && !there.isSymbolicLink()) return;
    throw new LaunchError(
      "sandbox",
      `The volume can't be at ${containerPath}: ${isFolder ? "a folder" : "a file"} is put over its like only`,
    );
  }
  if (isAbsolute(containerPath))
    throw new LaunchError(
      "sandbox",
      `The container_path ${containerPath} is not there: without an image a container has the machine's files, and an absolute path has to be one of them`,
    );
  await makeWay(sandboxDir, sandboxSegments(containerPath).slice(0, -1), account);
  if (isFolder) await mkdir(place, { mode: 0o750 });
  else await writeFile(place, "", { flag: "wx", mode: 0o640 });
  if (account !== undefined) await chown(place, account.uid, account.gid);
}

/** Without the right to mount there is no other way than a link in the sandbox, and that keeps nobody from writing. */
export function refuseWithoutMounts({ containerPath, isReadOnly }: VolumeMount): void {
  if (isReadOnly === true)
    throw new LaunchError(
      "sandbox",
      `The volume at ${containerPath} can't be read-only: that needs an agent that runs as root`,
    );
  if (isAbsolute(containerPath))
    throw new LaunchError(
      "sandbox",
      `The volume can't be at ${containerPath}: outside of the sandbox that needs an agent that runs as root`,
    );
}

/** Parts of a path in the sandbox. Throws `LaunchError`. */
export function sandboxSegments(containerPath: string): readonly string[] {
  const segments = segmentsOf(containerPath);
  if (containerPath.startsWith("/") || segments.length === 0 || segments.includes(".."))
    throw new LaunchError(
      "sandbox",
      `The volume's container_path ${containerPath} is not a path in the sandbox`,
    );
  return segments;
}

const segmentsOf = (path: string): readonly string[] =>
  path.split("/").filter((part) => part !== "" && part !== ".");

/** Folders on the way, as the task's own. A volume in another volume is refused: it would be in its data. */
export async function makeWay(
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
