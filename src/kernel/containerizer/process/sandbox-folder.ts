/**
 * Makes the folder a container works in.
 *
 * One within another's sandbox, `<sandbox>/containers/<id>`, however deep, is made where tasks may rename and link as they
 * like, while they run. So below the outermost sandbox the way is walked from folder to folder, each opened within the one
 * before and through no link, and only what was opened is given away.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hasCode } from "#foundation/base/errors.ts";
import type { Account } from "./accounts.ts";

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** The way to a sandbox can be walked by the task, not listed. */
const wayMode = 0o711;
const sandboxMode = 0o750;

/** Throws where a link stands in the way. */
export async function makeSandbox(path: string, account: Account | undefined): Promise<void> {
  const { trusted, below } = wayTo(path);
  await mkdir(trusted, { recursive: true, mode: wayMode });
  let folder = await open(trusted, O_RDONLY | O_DIRECTORY);
  try {
    for (const [index, name] of below.entries()) {
      const inside = await within(folder, name, index === below.length - 1 ? sandboxMode : wayMode).catch(
        (error: unknown) => {
          throw hasCode(error, "ELOOP") || hasCode(error, "ENOTDIR")
            ? new Error(
                `The sandbox ${path} can't be made: ${join(trusted, ...below.slice(0, index + 1))} is no folder`,
              )
            : error;
        },
      );
      await folder.close();
      folder = inside;
    }
    await folder.chmod(sandboxMode);
    if (account !== undefined) await folder.chown(account.uid, account.gid);
  } finally {
    await folder.close();
  }
}

/** What nobody but us can change, and the names below it that tasks may have got at. */
function wayTo(path: string): { readonly trusted: string; readonly below: readonly string[] } {
  let trusted = dirname(path);
  const below = [basename(path)];
  while (basename(trusted) === "containers") {
    const outer = dirname(trusted);
    below.unshift("containers");
    if (basename(dirname(outer)) !== "containers") return { trusted: outer, below };
    below.unshift(basename(outer));
    trusted = dirname(outer);
  }
  return { trusted, below };
}

/** Opens a folder of an open one, made if it is missing. */
async function within(folder: FileHandle, name: string, mode: number): Promise<FileHandle> {
  const path = `/proc/self/fd/${folder.fd}/${name}`;
  await mkdir(path, { mode }).catch((error: unknown) => {
    if (!hasCode(error, "EEXIST")) throw error;
  });
  return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}
