/** Groups, resources and grants as the API shows them. Source: contract platform.md section 2.2. */
import type { Action, Grant } from "#domain/permissions/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Acl, Group, Subject } from "../core/access-records.ts";
import type { Directory, GroupGrant } from "../core/directory.ts";
import { shownUser } from "../core/user.ts";

const api = "/acs/api/v1";

/** Slashes of a resource id are encoded twice: routers between would take `%2F` for a slash. */
const ridInPath = (rid: string): string =>
  encodeURIComponent(rid).replaceAll("%2F", "%252F").replaceAll("%3A", ":");

const aclUrl = (rid: string): string => `${api}/acls/${ridInPath(rid)}`;
const groupUrl = (gid: string): string => `${api}/groups/${gid}`;

export const shownGroup = ({ gid, description }: Group): Record<string, JsonValue> => ({
  gid,
  url: groupUrl(gid),
  description,
  provider_type: "internal",
});

export const shownAcl = ({ rid, description }: Acl): Record<string, JsonValue> => ({
  rid,
  url: aclUrl(rid),
  description,
});

const shownActions = (rid: string, { kind, id }: Subject, actions: readonly Action[]): JsonValue[] =>
  actions.map((name) => ({ name, url: `${aclUrl(rid)}/${kind}s/${id}/${name}` }));

function shownGrant({ acls }: Directory, subject: Subject, grant: Grant): Record<string, JsonValue> {
  const { rid, actions } = grant;
  return {
    rid,
    description: acls.get(rid)?.description ?? "",
    aclurl: aclUrl(rid),
    actions: shownActions(rid, subject, actions),
  };
}

export const shownUserPermissions = (directory: Directory, uid: string): Record<string, JsonValue> => ({
  direct: directory.directGrants(uid).map((grant) => shownGrant(directory, { kind: "user", id: uid }, grant)),
  groups: directory.groupGrants(uid).map((grant: GroupGrant) => ({
    ...shownGrant(directory, { kind: "group", id: grant.gid }, grant),
    gid: grant.gid,
    membershipurl: membershipUrl(grant.gid, uid),
  })),
});

export const shownGroupPermissions = (directory: Directory, gid: string): JsonValue[] =>
  directory.grantsOfGroup(gid).map((grant) => shownGrant(directory, { kind: "group", id: gid }, grant));

export const shownAclPermissions = ({ rid, users, groups }: Acl): Record<string, JsonValue> => ({
  users: users.map(({ id, actions }) => ({
    uid: id,
    userurl: `${api}/users/${id}`,
    actions: shownActions(rid, { kind: "user", id }, actions),
  })),
  groups: groups.map(({ id, actions }) => ({
    gid: id,
    groupurl: groupUrl(id),
    actions: shownActions(rid, { kind: "group", id }, actions),
  })),
});

export const shownGroupsOf = (directory: Directory, uid: string): JsonValue[] =>
  directory.groupsOf(uid).map((group) => ({
    membershipurl: membershipUrl(group.gid, uid),
    group: shownGroup(group),
  }));

export const shownMembers = (directory: Directory, { gid, members }: Group, services: boolean): JsonValue[] =>
  members.flatMap((uid) => {
    const user = directory.users.get(uid);
    if (user === undefined || (user.credential.kind === "key") !== services) return [];
    return [{ membershipurl: membershipUrl(gid, uid), user: shownUser(user) }];
  });

const membershipUrl = (gid: string, uid: string): string => `${groupUrl(gid)}/users/${uid}`;
