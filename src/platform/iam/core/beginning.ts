/** What a cluster has before anybody changed anything, and what one of an earlier version is given. */
import { superuserResource } from "#domain/permissions/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { Acl } from "./access-records.ts";
import { type Change, type Directory, superusersGroup } from "./directory.ts";
import type { User } from "./user.ts";

/** The superuser of a new cluster. It has no password until it gives itself one. */
export const firstSuperuser = "admin";
/** Users of a version without permissions might do everything but change users; so may this group. */
export const operatorsGroup = "operators";
const operatorsResources = ["dcos:adminrouter", "dcos:mesos", "dcos:secrets", "dcos:service"];

/** Nothing once there is the group of superusers. */
export function firstChanges(directory: Directory, now: InstantMs): readonly Change[] {
  const { users, groups, formerSuperusers } = directory;
  if (groups.has(superusersGroup)) return [];
  const first: User = {
    uid: firstSuperuser,
    description: "The superuser of this cluster",
    createdAt: now,
    credential: { kind: "none" },
  };
  const superusers = formerSuperusers.length === 0 ? [first.uid] : formerSuperusers;
  const others = [...users.keys()].filter((uid) => !superusers.includes(uid)).sort();
  return [
    ...(formerSuperusers.length > 0 || users.has(first.uid)
      ? []
      : [{ table: "users", id: first.uid, value: first } as const]),
    group(superusersGroup, "May do everything", superusers),
    acl(superuserResource, "Everything", superusersGroup),
    ...(others.length === 0
      ? []
      : [
          group(operatorsGroup, "May do everything but change users and permissions", others),
          ...operatorsResources.map((rid) => acl(rid, `Everything below ${rid}`, operatorsGroup)),
        ]),
  ];
}

const group = (gid: string, description: string, members: readonly string[]): Change => ({
  table: "groups",
  id: gid,
  value: { gid, description, members: [...members].sort() },
});

function acl(rid: string, description: string, gid: string): Change {
  const value: Acl = { rid, description, users: [], groups: [{ id: gid, actions: ["full"] }] };
  return { table: "acls", id: rid, value };
}
