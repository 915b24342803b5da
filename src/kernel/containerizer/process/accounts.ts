/** Accounts by name, from /etc/passwd and /etc/group. Directory services are not asked. */
import { readFileSync } from "node:fs";

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
  const lines = readFileSync(passwdPath, "utf8").split("\n");
  const fields = lines.map((line) => line.split(":")).find((entry) => entry[0] === name || entry[2] === name);
  if (fields === undefined || fields.length < 7) return undefined;
  const [account = "", , uid, gid, , home = "/"] = fields;
  const groups = new Set([Number(gid)]);
  for (const line of readFileSync(groupPath, "utf8").split("\n")) {
    const [, , id, members = ""] = line.split(":");
    if (id !== undefined && members.split(",").includes(account) && groups.size < GROUPS_MAX)
      groups.add(Number(id));
  }
  return { name: account, uid: Number(uid), gid: Number(gid), groups: [...groups], home };
}
