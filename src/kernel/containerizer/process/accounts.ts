/** Accounts by name, from /etc/passwd and /etc/group. Directory services are not asked. */
import { readFileSync } from "node:fs";
import { LaunchError } from "../driver.ts";

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, the primary one included. */
  readonly groups: readonly number[];
  readonly home: string;
}

const GROUPS_MAX = 256;

/** A name, or a number with an entry. undefined when there is none. */
export function findAccount(
  name: string,
  passwdPath = "/etc/passwd",
  groupPath = "/etc/group",
): Account | undefined {
  return accountIn(
    { passwd: readFileSync(passwdPath, "utf8"), group: readFileSync(groupPath, "utf8") },
    name,
  );
}

/** The same in files that were read. */
export function accountIn(
  { passwd, group }: { readonly passwd: string; readonly group: string },
  name: string,
): Account | undefined {
  const lines = passwd.split("\n");
  const fields = lines.map((line) => line.split(":")).find((entry) => entry[0] === name || entry[2] === name);
  if (fields === undefined || fields.length < 7) return undefined;
  const [account = "", , uid, gid, , home = "/"] = fields;
  const groups = new Set([Number(gid)]);
  for (const line of group.split("\n")) {
    const [, , id, members = ""] = line.split(":");
    if (id !== undefined && members.split(",").includes(account) && groups.size < GROUPS_MAX)
      groups.add(Number(id));
  }
  return { name: account, uid: Number(uid), gid: Number(gid), groups: [...groups], home };
}

/** Who a container of the machine's own files runs as; undefined: the agent's own user. Throws `LaunchError`. */
export function accountFor(user: string | undefined, isRoot: boolean): Account | undefined {
  if (!isRoot) {
    const uid = String(process.getuid?.());
    if (user === undefined || user === uid || user === findAccount(uid)?.name) return undefined;
    throw new LaunchError(
      "user",
      `user: ${user}: the agent does not run as root and cannot change to another user`,
    );
  }
  const account = findAccount(user ?? "nobody");
  if (account === undefined)
    throw new LaunchError("user", `user: there is no account ${user ?? "nobody"} on this machine`);
  return account;
}
