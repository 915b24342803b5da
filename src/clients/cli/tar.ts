/** Unpacking what an agent sent: nothing lands outside the folder, links that lead out of it are left out. */
import { createWriteStream, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

export interface Extracted {
  readonly files: number;
  readonly bytes: number;
}

/** `rename`: the archive's first folder is called so here. Throws for a name that leads outside. */
export async function extractTar(
  archive: Readable,
  folder: string,
  { rename, filesMax }: { readonly rename: string | undefined; readonly filesMax: number },
): Promise<Extracted> {
  const { extract } = await import("tar-stream");
  const unpack = extract();
  let files = 0;
  let bytes = 0;
  archive.pipe(unpack);
  archive.once("error", (error) => unpack.destroy(error));
  // Links come last, so that nothing is written through one.
  const links: { readonly target: string; readonly linkname: string }[] = [];
  for await (const entry of unpack) {
    const { name, type, linkname, mode, size = 0 } = entry.header;
    const target = placeOf(folder, rename === undefined ? name : renamed(name, rename));
    if (type === "directory") mkdirSync(target, { recursive: true });
    if (type === "symlink" && typeof linkname === "string") links.push({ target, linkname });
    if (type !== "file" && type !== "contiguous-file") {
      entry.resume();
      continue;
    }
    files += 1;
    bytes += size;
    if (files > filesMax) throw new Error(`more than ${filesMax} files`);
    mkdirSync(dirname(target), { recursive: true });
    const partial = `${target}.part`;
    await pipeline(entry, createWriteStream(partial, { flags: "wx", mode: (mode ?? 0o644) & 0o777 }));
    renameSync(partial, target);
  }
  for (const { target, linkname } of links.slice(0, filesMax)) link(folder, target, linkname);
  return { files, bytes };
}

/** Only where its folder is no link itself, and only to what is inside. */
function link(folder: string, target: string, linkname: string): void {
  mkdirSync(dirname(target), { recursive: true });
  const parent = relative(resolve(folder), dirname(target));
  if (realpathSync(dirname(target)) !== join(realpathSync(folder), parent)) return;
  if (!staysInside(folder, target, linkname)) return;
  rmSync(target, { force: true });
  symlinkSync(linkname, target);
}

function renamed(name: string, first: string): string {
  const rest = name
    .replace(/^\.?\//, "")
    .split("/")
    .slice(1)
    .join("/");
  return rest === "" ? first : `${first}/${rest}`;
}

function placeOf(folder: string, name: string): string {
  const target = resolve(folder, name.replace(/^\/+/, ""));
  if (!isInside(folder, target)) throw new Error(`the archive holds a name that leads outside: ${name}`);
  return target;
}

function staysInside(folder: string, link: string, target: string): boolean {
  return !isAbsolute(target) && isInside(folder, join(dirname(link), target));
}

function isInside(folder: string, path: string): boolean {
  const way = relative(resolve(folder), path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}
