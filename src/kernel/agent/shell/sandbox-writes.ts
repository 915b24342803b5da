/**
 * Writes one file into a sandbox for a stranger.
 *
 * The task owns the sandbox and may change it while we write. So each folder is opened from the one before, following no
 * link; the bytes go into a new file of a name nobody knows; and a rename puts it in place, whatever was there.
 */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError, hasCode } from "#foundation/base/errors.ts";
import { entryPath } from "./sandbox-files.ts";

export interface WrittenFile {
  /** In the sandbox, without a leading slash. */
  readonly path: string;
  readonly size: number;
  readonly isNew: boolean;
}

const { O_RDONLY, O_NOFOLLOW, O_DIRECTORY, O_WRONLY, O_CREAT, O_EXCL } = constants;
const folderMode = 0o755;

/**
 * `path` is absolute or relative to `root`. Throws CodedError `Forbidden` (leads out), `Conflict` (a folder is there),
 * `InvalidRequest`, `BodyTooLarge`; nothing of the file is left then.
 */
export async function writeInside(
  root: string,
  path: string,
  bytes: AsyncIterable<Buffer>,
  options: { readonly mode: number; readonly bytesMax: number },
): Promise<WrittenFile> {
  const inside = relative(root, resolve(root, path));
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || path.includes("\0"))
    throw new CodedError<ErrorCode>("Forbidden", `${path.slice(0, 300)} is no file of the sandbox`);
  const parts = inside.split(sep);
  const name = parts.pop() ?? "";
  const owner = await lstat(root);
  const folder = await openFolder(root, parts, owner);
  try {
    const { size, isNew } = await put(folder, name, bytes, { ...options, owner });
    return { path: inside, size, isNew };
  } finally {
    await folder.close();
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Makes folders that are missing, as the sandbox's owner has them. */
async function openFolder(root: string, parts: readonly string[], owner: Owner): Promise<FileHandle> {
  let current = await open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    for (const part of parts) {
      const at = entryPath(current, part);
      const isNew = await mkdir(at, { mode: folderMode }).then(
        () => true,
        (error: unknown) => {
          if (!hasCode(error, "EEXIST")) throw error;
          return false;
        },
      );
      const next = await open(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      // What was opened, not what its name leads to by now.
      if (isNew) await next.chown(owner.uid, owner.gid);
      await current.close();
      current = next;
    }
    return current;
  } catch (error) {
    await current.close();
    if (hasCode(error, "ENOTDIR") || hasCode(error, "ELOOP"))
      throw new CodedError<ErrorCode>("Forbidden", "a part of the path is a link or a file, not a folder");
    if (hasCode(error, "ENAMETOOLONG"))
      throw new CodedError<ErrorCode>("InvalidRequest", "a part of the path is too long");
    return refused(error);
  }
}

async function put(
  folder: FileHandle,
  name: string,
  bytes: AsyncIterable<Buffer>,
  options: { readonly mode: number; readonly bytesMax: number; readonly owner: Owner },
): Promise<{ readonly size: number; readonly isNew: boolean }> {
  const target = entryPath(folder, name);
  const temporary = entryPath(folder, `.keelson-upload-${randomUUID()}`);
  const before = await lstat(target).catch(() => undefined);
  if (before?.isDirectory() === true)
    throw new CodedError<ErrorCode>("Conflict", `${name} is a folder; name the file in it`);
  const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600).catch(refused);
  try {
    let size = 0;
    for await (const piece of bytes) {
      size += piece.length;
      if (size > options.bytesMax)
        throw new CodedError<ErrorCode>("BodyTooLarge", `a file may have ${options.bytesMax} bytes at most`);
      await file.writeFile(piece);
    }
    await file.chown(options.owner.uid, options.owner.gid);
    await file.chmod(options.mode);
    await rename(temporary, target);
    return { size, isNew: before === undefined };
  } catch (error) {
    await rm(temporary, { force: true });
    return refused(error);
  } finally {
    await file.close();
  }
}

/** Throws what of an error is the client's to know. */
function refused(error: unknown): never {
  if (hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT"))
    throw new CodedError<ErrorCode>("StorageFailed", "the node's disk is full");
  if (hasCode(error, "ENOENT"))
    throw new CodedError<ErrorCode>("Conflict", "the folder was taken away while the file was written");
  throw error;
}
