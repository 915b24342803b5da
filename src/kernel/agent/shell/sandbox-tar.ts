/** A folder of a sandbox as an uncompressed tar, made while it is sent. */
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, readlink } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { entryPath, isOthers } from "./sandbox-files.ts";

/** Entries of one archive; a folder with more is cut there, and the archive breaks off. */
const entriesMax = 200_000;
const depthMax = 100;
const { O_RDONLY, O_NOFOLLOW, O_DIRECTORY, O_NONBLOCK } = constants;

/**
 * `name` is what names in it begin with. Takes the open folder over and closes it. Links are kept as links and never
 * followed; sockets, pipes, devices and second names of files of others are left out.
 */
export function tarOf(folder: FileHandle, name: string): Readable {
  const archive = pack();
  addFolder(archive, folder, name, { entries: 0, depth: 0 }).then(
    () => archive.finalize(),
    // What was sent is not whole: the reader sees an archive that breaks off.
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return archive as unknown as Readable;
}

interface Walk {
  entries: number;
  depth: number;
}

async function addFolder(archive: Pack, folder: FileHandle, name: string, walk: Walk): Promise<void> {
  try {
    const stat = await folder.stat();
    archive.entry({ name: `${name}/`, type: "directory", mode: stat.mode & 0o7777, mtime: stat.mtime });
    for (const entry of (await readdir(`/proc/self/fd/${folder.fd}`)).sort()) {
      walk.entries += 1;
      if (walk.entries > entriesMax || walk.depth >= depthMax)
        throw new Error(`${name} has more than ${entriesMax} entries or is deeper than ${depthMax}`);
      await addEntry(archive, folder, { entry, name: `${name}/${entry}` }, walk);
    }
  } finally {
    await folder.close();
  }
}

async function addEntry(
  archive: Pack,
  folder: FileHandle,
  { entry, name }: { readonly entry: string; readonly name: string },
  walk: Walk,
): Promise<void> {
  const path = entryPath(folder, entry);
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return; // it went meanwhile
  const header = { name, mode: stat.mode & 0o7777, mtime: stat.mtime };
  if (stat.isSymbolicLink()) {
    const linkname = await readlink(path).catch(() => undefined);
    if (linkname !== undefined) archive.entry({ ...header, type: "symlink", linkname });
  } else if (stat.isDirectory()) {
    const next = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(() => undefined);
    if (next === undefined) return;
    walk.depth += 1;
    await addFolder(archive, next, name, walk);
    walk.depth -= 1;
  } else if (stat.isFile()) {
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
    if (file === undefined) return;
    try {
      const now = await file.stat();
      if (!now.isFile() || isOthers(now, await folder.stat())) return;
      await pipeline(exactly(file, now.size), archive.entry({ ...header, size: now.size }));
    } finally {
      await file.close();
    }
  }
}

/** As many bytes as the header says, also of a file that grows or shrinks meanwhile. */
async function* exactly(file: FileHandle, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; ) {
    const buffer = Buffer.alloc(Math.min(65_536, size - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    const taken = bytesRead === 0 ? buffer : buffer.subarray(0, bytesRead);
    at += taken.length;
    yield taken;
  }
}
