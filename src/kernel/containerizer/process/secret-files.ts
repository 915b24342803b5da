/**
 * Files with secrets for a container: in memory where there is such a folder, readable by the task's user alone, found
 * in the sandbox through links. What reads sandboxes for others follows no link out of them.
 */

import { existsSync } from "node:fs";
import { chmod, chown, lstat, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import type { Account } from "./accounts.ts";

interface SecretFile {
  readonly containerPath: string;
  /** base64 */
  readonly data: string;
}

const uid = process.getuid?.() ?? 0;
const memory = "/dev/shm";
const base = join(existsSync(memory) ? memory : "/tmp", `keelson-secrets-${uid}`);

/** Where they lie, each named by its place in the list. */
export const secretFilesDir = (containerId: string): string => join(base, containerId);

export async function placeSecretFiles(
  containerId: string,
  sandboxDir: string,
  files: readonly SecretFile[],
  account: Account | undefined,
): Promise<void> {
  if (files.length === 0) return;
  await mkdir(base, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  // The folder above may be anybody's to write in: what is not ours is not used.
  const made = await lstat(base);
  if (!made.isDirectory() || made.uid !== uid) throw new Error(`${base} belongs to somebody else`);
  await chmod(base, 0o711);
  const dir = secretFilesDir(containerId);
  await mkdir(dir, { mode: 0o711 });
  for (const [index, { containerPath, data }] of files.entries()) {
    const file = join(dir, String(index));
    await writeFile(file, Buffer.from(data, "base64"), { mode: 0o600, flag: "wx" });
    if (account !== undefined) await chown(file, account.uid, account.gid);
    // In a container that runs from an image it is put there.
    if (isAbsolute(containerPath)) continue;
    const link = join(sandboxDir, containerPath);
    await mkdir(dirname(link), { recursive: true });
    await symlink(file, link);
  }
}

export const removeSecretFiles = (containerId: string): Promise<void> =>
  rm(secretFilesDir(containerId), { recursive: true, force: true });
