/** What a folder takes of the disk. */
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

/** A sandbox of more files than this counts as large as the first of them. */
const measuredEntriesMax = 100_000;

/** Bytes on the disk of everything below a folder, as far as the first entries go. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  let seen = 0;
  for await (const entry of await opendir(folder, { recursive: true })) {
    seen += 1;
    if (seen > measuredEntriesMax) return bytes;
    const stat = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined);
    if (stat?.isFile() === true) bytes += stat.blocks * 512;
  }
  return bytes;
}
