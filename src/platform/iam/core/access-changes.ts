/** What asked-for changes of groups and permissions come to, or why they can't be. Source: DC/OS IAM API. */
import { type Action, isAction, isResourceId, superuserResource } from "#domain/permissions/index.ts";
import { type Acl, actionsOf, type Group, isGid, type Subject, withActions } from "./access-records.ts";
import { aclsMax, type Change, type Directory, groupsMax, superusersGroup } from "./directory.ts";

export type AccessRefusal =
  | "ERR_ACTION_NOT_YET_STORED"
  | "ERR_GROUP_EXISTS"
  | "ERR_GROUP_NOT_IN_ACL"
  | "ERR_INVALID_ACTION"
  | "ERR_INVALID_DATA"
  | "ERR_INVALID_GROUP_ID"
  | "ERR_INVALID_RESOURCE_ID"
  | "ERR_NO_MORE_SUPERUSERS"
  | "ERR_RESOURCE_EXISTS"
  | "ERR_UNKNOWN_GROUP_ID"
  | "ERR_UNKNOWN_RESOURCE_ID"
  | "ERR_UNKNOWN_USER_ID"
  | "ERR_USER_ALREADY_MEMBER"
  | "ERR_USER_NOT_IN_ACL"
  | "ERR_USER_NOT_IN_GROUP";

export type AccessEvent =
  | { readonly kind: "createGroup"; readonly gid: string; readonly description: string }
  | { readonly kind: "changeGroup"; readonly gid: string; readonly description: string }
  | { readonly kind: "removeGroup"; readonly gid: string }
  | { readonly kind: "addMember"; readonly gid: string; readonly uid: string }
  | { readonly kind: "removeMember"; readonly gid: string; readonly uid: string }
  | { readonly kind: "createAcl"; readonly rid: string; readonly description: string }
  | { readonly kind: "changeAcl"; readonly rid: string; readonly description: string }
  | { readonly kind: "removeAcl"; readonly rid: string }
  | { readonly kind: "grant"; readonly rid: string; readonly subject: Subject; readonly action: string }
  /** Without an action: all of them. */
  | {
      readonly kind: "revoke";
      readonly rid: string;
      readonly subject: Subject;
      readonly action: string | undefined;
    };

export type AccessVerdict =
  /** `affected`: users who may now do other things than before. */
  | { readonly kind: "changes"; readonly changes: readonly Change[]; readonly affected: readonly string[] }
  | { readonly kind: "refused"; readonly code: AccessRefusal; readonly problem: string };

const refuse = (code: AccessRefusal, problem: string): AccessVerdict => ({ kind: "refused", code, problem });
const changes = (list: readonly Change[], affected: readonly string[] = []): AccessVerdict => ({
  kind: "changes",
  changes: list,
  affected,
});
const groupChange = (group: Group): Change => ({ table: "groups", id: group.gid, value: group });
const aclChange = (acl: Acl): Change => ({ table: "acls", id: acl.rid, value: acl });

export function judgeAccess(directory: Directory, event: AccessEvent): AccessVerdict {
  switch (event.kind) {
    case "createGroup":
    case "changeGroup":
    case "removeGroup":
    case "addMember":
    case "removeMember":
      return judgeGroup(directory, event);
    default:
      return judgeAcl(directory, event);
  }
}

type GroupEvent = Extract<AccessEvent, { readonly gid: string }>;

function judgeGroup(directory: Directory, event: GroupEvent): AccessVerdict {
  const { gid } = event;
  const group = directory.groups.get(gid);
  if (event.kind === "createGroup") {
    if (!isGid(gid)) return refuse("ERR_INVALID_GROUP_ID", "a gid has 1 to 96 letters, digits and - _ @ .");
    if (group !== undefined) return refuse("ERR_GROUP_EXISTS", `the group ${gid} exists already`);
    if (directory.groups.size >= groupsMax)
      return refuse("ERR_INVALID_DATA", `there are ${groupsMax} groups already; remove some first`);
    return changes([groupChange({ gid, description: event.description, members: [] })]);
  }
  if (group === undefined) return refuse("ERR_UNKNOWN_GROUP_ID", `there is no group ${gid.slice(0, 100)}`);
  switch (event.kind) {
    case "changeGroup":
      return changes([groupChange({ ...group, description: event.description })]);
    case "removeGroup":
      if (gid === superusersGroup)
        return refuse("ERR_NO_MORE_SUPERUSERS", `the group ${superusersGroup} can't be removed`);
      return changes(
        [
          { table: "groups", id: gid, value: undefined },
          ...directory.withoutSubject({ kind: "group", id: gid }),
        ],
        group.members,
      );
    default:
      return judgeMember(directory, group, event);
  }
}

function judgeMember(
  { users }: Directory,
  group: Group,
  { kind, uid }: Extract<AccessEvent, { readonly kind: "addMember" | "removeMember" }>,
): AccessVerdict {
  if (!users.has(uid)) return refuse("ERR_UNKNOWN_USER_ID", `there is no user ${uid.slice(0, 100)}`);
  const isMember = group.members.includes(uid);
  if (kind === "addMember" && isMember)
    return refuse("ERR_USER_ALREADY_MEMBER", `${uid} is in ${group.gid} already`);
  if (kind === "removeMember" && !isMember)
    return refuse("ERR_USER_NOT_IN_GROUP", `${uid} is not in ${group.gid}`);
  const members =
    kind === "addMember" ? [...group.members, uid].sort() : group.members.filter((each) => each !== uid);
  return changes([groupChange({ ...group, members })], [uid]);
}

type AclEvent = Extract<AccessEvent, { readonly rid: string }>;

function judgeAcl(directory: Directory, event: AclEvent): AccessVerdict {
  const { rid } = event;
  const acl = directory.acls.get(rid);
  if (event.kind === "createAcl") {
    if (!isResourceId(rid))
      return refuse(
        "ERR_INVALID_RESOURCE_ID",
        "a resource id has letters, digits and _ . - @ * between colons and slashes",
      );
    if (acl !== undefined) return refuse("ERR_RESOURCE_EXISTS", `${rid} exists already`);
    if (directory.acls.size >= aclsMax)
      return refuse("ERR_INVALID_DATA", `there are ${aclsMax} resources already; remove some first`);
    return changes([aclChange({ rid, description: event.description, users: [], groups: [] })]);
  }
  if (acl === undefined)
    return refuse("ERR_UNKNOWN_RESOURCE_ID", `there is no resource ${rid.slice(0, 200)}; PUT it first`);
  switch (event.kind) {
    case "changeAcl":
      return changes([aclChange({ ...acl, description: event.description })]);
    case "removeAcl":
      if (rid === superuserResource)
        return refuse("ERR_NO_MORE_SUPERUSERS", `${superuserResource} can't be removed`);
      return changes([{ table: "acls", id: rid, value: undefined }], affectedBy(directory, acl));
    default:
      return judgeGrant(directory, acl, event);
  }
}

function judgeGrant(
  directory: Directory,
  acl: Acl,
  event: Extract<AccessEvent, { readonly kind: "grant" | "revoke" }>,
): AccessVerdict {
  const { subject } = event;
  const { kind, id } = subject;
  const { action } = event;
  if (kind === "user" && !directory.users.has(id))
    return refuse("ERR_UNKNOWN_USER_ID", `there is no user ${id.slice(0, 100)}`);
  if (kind === "group" && !directory.groups.has(id))
    return refuse("ERR_UNKNOWN_GROUP_ID", `there is no group ${id.slice(0, 100)}`);
  if (action !== undefined && !isAction(action))
    return refuse(
      "ERR_INVALID_ACTION",
      `"${action.slice(0, 50)}" is none of create, read, update, delete, full`,
    );
  const held = actionsOf(acl, subject);
  const affected = kind === "user" ? [id] : (directory.groups.get(id)?.members ?? []);
  const withHeld = (actions: readonly Action[]): AccessVerdict =>
    changes([aclChange(withActions(acl, subject, actions))], affected);
  if (event.kind === "grant")
    return withHeld([...new Set([...held, ...(action === undefined ? [] : [action])])]);
  if (held.length === 0)
    return refuse(
      kind === "user" ? "ERR_USER_NOT_IN_ACL" : "ERR_GROUP_NOT_IN_ACL",
      `${id} has nothing on ${acl.rid}`,
    );
  if (action !== undefined && !held.includes(action))
    return refuse("ERR_ACTION_NOT_YET_STORED", `${id} has not ${action} on ${acl.rid}`);
  return withHeld(action === undefined ? [] : held.filter((each) => each !== action));
}

const affectedBy = (directory: Directory, { users, groups }: Acl): readonly string[] => [
  ...users.map(({ id }) => id),
  ...groups.flatMap(({ id }) => directory.groups.get(id)?.members ?? []),
];
