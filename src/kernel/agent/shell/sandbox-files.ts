/**
 * Opens files of sandboxes for strangers to read.
 *
 * Tasks own their sandboxes and may put anything there while we look: links out of it, pipes that block,
 * devices, second names of files that are not theirs. So the real path is found first and must be inside; then it is
 * walked folder by folder from an open one, following no link, and only a folder or a regular file is handed out; one of
 * several names must be its folder's owner's.
 */
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError, hasCode } from "#foundation/base/errors.ts";

/** An open file or folder below a root. The caller closes it. */
export interface OpenedFile {
  readonly handle: FileHandle;
  readonly kind: "file" | "folder";
  readonly size: number;
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

/** Path of an open folder's entry that no rename can lead elsewhere. */
export const entryPath = (folder: FileHandle, name: string): string => `/proc/self/fd/${folder.fd}/${name}`;

/** Whose rights decide: of `everybody` only what each account of the machine may read and pass is opened. */
type Reader = "agent" | "everybody";

/**
 * Throws CodedError `NotFound`, `Forbidden` (leads out of the root, or is not for the reader) or `InvalidRequest` (no file,
 * no folder).
 */
export async function openInside(root: string, path: string, reader: Reader = "agent"): Promise<OpenedFile> {
  try {
    const realRoot = await realpath(root);
    const real = await realpath(path);
    const inside = relative(realRoot, real);
    if (inside === ".." || inside.startsWith(`..${sep}`)) throw forbidden(path);
    if (reader === "everybody") await demandWay(real, path);
    const opened = await walk(realRoot, inside === "" ? [] : inside.split(sep), path);
    if (reader === "everybody") await demandReadable(opened, path);
    return opened;
  } catch (error) {
    if (error instanceof CodedError) throw error;
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR") || hasCode(error, "ENAMETOOLONG"))
      throw new CodedError<ErrorCode>("NotFound", `there is no ${path}`);
    // A link that appeared after the look, or a link loop.
    if (hasCode(error, "ELOOP") || hasCode(error, "EACCES")) throw forbidden(path);
    throw error;
  }
}

const isPassable = ({ mode }: Stats): boolean => (mode & 0o001) !== 0;

/** Every folder on the way, from the machine's root on. */
async function demandWay(real: string, asked: string): Promise<void> {
  for (let folder = dirname(real); ; folder = dirname(folder)) {
    if (!isPassable(await lstat(folder))) throw notForAll(asked);
    if (folder === "/") return;
  }
}

/** Of what was opened: what it was a moment ago does not count. */
async function demandReadable({ handle, kind }: OpenedFile, asked: string): Promise<void> {
  const stat = await handle.stat();
  if ((stat.mode & 0o004) !== 0 && (kind === "file" || isPassable(stat))) return;
  await handle.close();
  throw notForAll(asked);
}

/** A second name of somebody else's file: a hard link shows no path to where it leads. */
export const isOthers = (file: Stats, folder: Stats): boolean =>
  file.isFile() && file.nlink > 1 && file.uid !== folder.uid;

async function walk(root: string, parts: readonly string[], asked: string): Promise<OpenedFile> {
  let current = await open(root, O_RDONLY | O_DIRECTORY);
  try {
    for (const [index, part] of parts.entries()) {
      const at = entryPath(current, part);
      const isLast = index === parts.length - 1;
      const found = await lstat(at);
      if (!found.isDirectory() && !(isLast && found.isFile())) {
        if (found.isSymbolicLink()) throw forbidden(asked);
        throw new CodedError<ErrorCode>("InvalidRequest", `${asked} is neither a file nor a folder`);
      }
      const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (isLast ? 0 : O_DIRECTORY);
      const next = await open(at, flags);
      const isForeign = isLast && isOthers(await next.stat(), await current.stat());
      await current.close();
      current = next;
      if (isForeign) throw forbidden(asked);
    }
    const stat = await current.stat();
    if (stat.isFile()) return { handle: current, kind: "file", size: stat.size };
    if (stat.isDirectory()) return { handle: current, kind: "folder", size: stat.size };
    throw new CodedError<ErrorCode>("InvalidRequest", `${asked} is neither a file nor a folder`);
  } catch (error) {
    await current.close();
    throw error;
  }
}

const notForAll = (path: string): CodedError<ErrorCode> =>
  new CodedError("Forbidden", `${path} is of the machine, and not every account of it may read it`);

function forbidden(path: string): CodedError<ErrorCode> {
  return new CodedError<ErrorCode>("Forbidden", `${path} leads out of its sandbox`);
}
