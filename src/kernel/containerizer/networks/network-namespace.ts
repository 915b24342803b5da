/** Namespaces kept at a file, so that they outlive whoever made them. */
import { execFile } from "node:child_process";
import { rm, statfs, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const timeoutMs = 10_000;

export async function makeNamespace(path: string, kind: "net" | "ipc" = "net"): Promise<void> {
  await writeFile(path, "");
  await run("unshare", [`--${kind}=${path}`, "true"], { timeout: timeoutMs });
}

/** What the kernel says of a file that is a namespace. */
const namespaceFileSystem = 0x6e736673;

/** A file without a namespace is taken away: after a boot it is all that is left, and plugins take it for a fault. */
export async function forgetLost(path: string): Promise<void> {
  const found = await statfs(path).catch(() => undefined);
  if (found !== undefined && found.type !== namespaceFileSystem) await rm(path, { force: true });
}

export const isNamespace = async (path: string): Promise<boolean> =>
  (await statfs(path).catch(() => undefined))?.type === namespaceFileSystem;

/** Its processes keep it until the last of them has ended. Does nothing to one that is gone. */
export async function removeNamespace(path: string): Promise<void> {
  await run("umount", ["--lazy", path], { timeout: timeoutMs }).catch(() => undefined);
}
