/**
 * Makes the folder a container works in.
 *
 * One within an executor's sandbox is made where tasks of that executor may rename and link as they like, while they run.
 * So what is opened is asked where it is, and only that is given away.
 */
import { constants } from "node:fs";
import { mkdir, open, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Account } from "./accounts.ts";

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** Throws where a link stands in the way. */
export async function makeSandbox(path: string, account: Account | undefined): Promise<void> {
  const above = dirname(path);
  // The way to the sandbox can be walked by the task, not listed.
  await mkdir(above, { recursive: true, mode: 0o711 });
  await mkdir(path, { recursive: true, mode: 0o750 });
  const folder = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const wanted = join(await realpath(dirname(above)), basename(above), basename(path));
    const opened = await readlink(`/proc/self/fd/${folder.fd}`);
    if (opened !== wanted) throw new Error(`The sandbox ${wanted} was replaced by ${opened}`);
    await folder.chmod(0o750);
    if (account !== undefined) await folder.chown(account.uid, account.gid);
  } finally {
    await folder.close();
  }
}
