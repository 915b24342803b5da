/** Names inside a sandbox: nothing is ever written above it or through a link. */
import { lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { FetchError } from "./request.ts";

const PATH_BYTES_MAX = 4096;

/** The parts of a relative path, `.` and empty ones left out. Throws for `..`, absolute paths, NUL. */
export function safeParts(path: string, what: string): string[] {
  if (path.includes("\0")) throw new FetchError(`${what}: a name with a NUL byte`);
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new FetchError(`${what}: a name longer than ${PATH_BYTES_MAX} bytes`);
  if (path.startsWith("/")) throw new FetchError(`${what}: absolute path ${JSON.stringify(path)}`);
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new FetchError(`${what}: ${JSON.stringify(path)} leads out of the sandbox`);
  return parts;
}

/** Makes the folders of `parts` below `root`, each a real directory; a link or file among them is refused. */
export async function makeFolders(root: string, parts: readonly string[], what: string): Promise<string> {
  let path = root;
  for (const part of parts) {
    path = join(path, part);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) await mkdir(path, 0o755);
    else if (!found.isDirectory())
      throw new FetchError(`${what}: ${JSON.stringify(part)} is a link or a file, not a folder`);
  }
  return path;
}
