/** Accounts of an image: names in its files, numbers as they are. */
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { join } from "node:path";
import { type Account, accountIn, findAccount } from "./accounts.ts";

const bytesMax = 1_048_576;

/** `user` or `user:group`, in the image, else on the machine. undefined when there is no such account. */
export async function accountInImage(text: string, rootfs: string): Promise<Account | undefined> {
  const files = { passwd: await readInside(rootfs, "passwd"), group: await readInside(rootfs, "group") };
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const group = colon < 0 ? undefined : text.slice(colon + 1);
  const account = accountIn(files, name) ?? findAccount(name) ?? numbered(name);
  if (account === undefined || group === undefined) return account;
  const named = files.group.split("\n").find((line) => line.split(":")[0] === group);
  const gid = numberOf(named === undefined ? group : (named.split(":")[2] ?? ""));
  return gid === undefined ? undefined : { ...account, gid, groups: [gid] };
}

const numberOf = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);

function numbered(name: string): Account | undefined {
  const uid = numberOf(name);
  return uid === undefined ? undefined : { name, uid, gid: 0, groups: [0], home: "/" };
}

/** A file of the image's /etc; none when a link stands there, which could lead anywhere on the machine. */
async function readInside(rootfs: string, name: string): Promise<string> {
  const etc = await lstat(join(rootfs, "etc")).catch(() => undefined);
  if (etc?.isDirectory() !== true) return "";
  const file = await open(join(rootfs, "etc", name), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    () => undefined,
  );
  if (file === undefined) return "";
  try {
    const found = await file.stat();
    return found.isFile() && found.size <= bytesMax ? await file.readFile("utf8") : "";
  } finally {
    await file.close();
  }
}
