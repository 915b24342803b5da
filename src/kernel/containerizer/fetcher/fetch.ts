/** Brings all addresses of a launch into its sandbox, one after the other. Source: Mesos fetcher. */
import { chmod, lstat, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerUri } from "../driver.ts";
import { archiveKind, unpack } from "./archive.ts";
import { copyOpen, download } from "./download.ts";
import { makeFolders, safeParts } from "./paths.ts";
import { FetchError, type FetchRequest, URIS_MAX } from "./request.ts";

/** Throws FetchError naming the address. */
export async function fetchAll(request: FetchRequest): Promise<void> {
  if (request.uris.length > URIS_MAX) throw new FetchError(`more than ${URIS_MAX} addresses`);
  const budget = { left: request.limits.downloadBytesMax };
  const unpackBudget = { bytes: 0, entries: 0 };
  for (const uri of request.uris) {
    try {
      const parts = safeParts(uri.outputFile ?? baseName(uri.value), "output_file");
      const last = parts.at(-1);
      if (last === undefined) throw new FetchError("no file name in the address; give output_file");
      const folder = await makeFolders(request.sandboxDir, parts.slice(0, -1), "output_file");
      const path = join(folder, last);
      const found = await lstat(path).catch(() => undefined);
      if (found?.isDirectory())
        throw new FetchError(`output_file ${JSON.stringify(last)} is already a folder`);
      if (found !== undefined) await rm(path);
      if (uri.fd === undefined) await download(uri.value, path, request.limits, budget);
      else await copyOpen(uri.fd, path, request.limits, budget);
      if (uri.executable === true) await chmod(path, 0o755);
      else if (uri.extract !== false && archiveKind(path) !== undefined) {
        await unpack(path, request.sandboxDir, request.limits, unpackBudget);
        // Of what others use too only the contents are the task's.
        if (uri.fd !== undefined) await rm(path);
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new FetchError(`Failed to fetch '${shown(uri)}': ${why}`);
    }
  }
}

/** The last part of the address, its query kept, as Mesos has it. */
function baseName(value: string): string {
  const path = value.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, "").replace(/^file:/i, "");
  return path.slice(path.lastIndexOf("/", path.includes("?") ? path.indexOf("?") : undefined) + 1);
}

/** Without user and password. */
function shown(uri: ContainerUri): string {
  return uri.value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1").slice(0, 500);
}
