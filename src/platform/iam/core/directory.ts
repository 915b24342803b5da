/**
 * Users, groups and permissions as tables, and what follows from them. Changes go in together or not at all.
 *
 * Invariants: there is always a superuser; the group `superusers` always is one; members and holders exist.
 */
import {
  type Action,
  allows,
  type Grant,
  isSuperuser,
  superuserResource,
} from "#domain/permissions/index.ts";
import type { Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import {
  type Acl,
  aclKey,
  type Group,
  groupKey,
  recordFromJson,
  recordToJson,
  type Subject,
  withActions,
} from "./access-records.ts";
import { type User, userFromJson, userKey, userToJson } from "./user.ts";

export const superusersGroup = "superusers";
export const groupsMax = 1_000;
export const aclsMax = 10_000;

/** One record as it is to be; undefined: it goes. */
export type Change =
  | { readonly table: "users"; readonly id: string; readonly value: User | undefined }
  | { readonly table: "groups"; readonly id: string; readonly value: Group | undefined }
  | { readonly table: "acls"; readonly id: string; readonly value: Acl | undefined };

export interface GroupGrant extends Grant {
  readonly gid: string;
}

export class Directory {
  readonly users = new Map<string, User>();
  readonly groups = new Map<string, Group>();
  readonly acls = new Map<string, Acl>();
  /** Users that a format without groups called superusers. */
  readonly formerSuperusers: readonly string[];

  /** From the records of the store; others are left alone. */
  constructor(records: ReadonlyMap<string, JsonValue>) {
    const former: string[] = [];
    for (const [key, value] of records) {
      if (key.startsWith("users/")) {
        const { user, wasSuperuser } = userFromJson(value);
        this.users.set(user.uid, user);
        if (wasSuperuser) former.push(user.uid);
      } else if (key.startsWith("groups/")) {
        const group = recordFromJson<Group>(value);
        this.groups.set(group.gid, group);
      } else if (key.startsWith("acls/")) {
        const acl = recordFromJson<Acl>(value);
        this.acls.set(acl.rid, acl);
      }
    }
    this.formerSuperusers = former;
  }

  /** Answers the writes, or undefined, with nothing changed, if no superuser would be left. */
  change(changes: readonly Change[]): readonly Write[] | undefined {
    const before = changes.map((change): Change => {
      const { table, id } = change;
      return { table, id, value: this[table].get(id) } as Change;
    });
    for (const change of changes) this.#put(change);
    if (this.superusers().length > 0 && this.#groupIsSuperuser()) return changes.map(writeOf);
    for (const change of before.reverse()) this.#put(change);
    return undefined;
  }

  /** What goes together with a user or a group: memberships and grants. */
  withoutSubject({ kind, id }: Subject): readonly Change[] {
    const memberships = [...this.groups.values()]
      .filter(({ members }) => kind === "user" && members.includes(id))
      .map((group): Change => {
        const members = group.members.filter((uid) => uid !== id);
        return { table: "groups", id: group.gid, value: { ...group, members } };
      });
    const grants = [...this.acls.values()]
      .filter((acl) => (kind === "user" ? acl.users : acl.groups).some((holder) => holder.id === id))
      .map((acl): Change => ({ table: "acls", id: acl.rid, value: withActions(acl, { kind, id }, []) }));
    return [...memberships, ...grants];
  }

  groupsOf(uid: string): readonly Group[] {
    return sorted(this.groups).filter(({ members }) => members.includes(uid));
  }

  directGrants(uid: string): readonly Grant[] {
    return grantsOf(this.acls, { kind: "user", id: uid });
  }

  groupGrants(uid: string): readonly GroupGrant[] {
    return this.groupsOf(uid).flatMap(({ gid }) =>
      grantsOf(this.acls, { kind: "group", id: gid }).map((grant) => ({ ...grant, gid })),
    );
  }

  grantsOfGroup(gid: string): readonly Grant[] {
    return grantsOf(this.acls, { kind: "group", id: gid });
  }

  /** Direct ones and those of the user's groups. */
  grants(uid: string): readonly Grant[] {
    return [...this.directGrants(uid), ...this.groupGrants(uid)];
  }

  allows(uid: string, rid: string, action: Action): boolean {
    return this.users.has(uid) && allows(this.grants(uid), rid, action);
  }

  isSuperuser(uid: string): boolean {
    return this.users.has(uid) && isSuperuser(this.grants(uid));
  }

  superusers(): readonly string[] {
    const acl = this.acls.get(superuserResource);
    const members = (acl?.groups ?? []).flatMap(({ id }) => this.groups.get(id)?.members ?? []);
    return [...new Set([...(acl?.users ?? []).map(({ id }) => id), ...members])].filter((uid) =>
      this.users.has(uid),
    );
  }

  check(): readonly string[] {
    const problems: string[] = [];
    if (this.superusers().length === 0) problems.push("there is no superuser");
    if (!this.#groupIsSuperuser()) problems.push(`the group ${superusersGroup} may not do everything`);
    for (const { gid, members } of this.groups.values())
      for (const uid of members)
        if (!this.users.has(uid)) problems.push(`${gid} has ${uid}, who does not exist`);
    for (const { rid, users, groups } of this.acls.values()) {
      for (const { id } of users)
        if (!this.users.has(id)) problems.push(`${rid} is for ${id}, who does not exist`);
      for (const { id } of groups) if (!this.groups.has(id)) problems.push(`${rid} is for ${id}, no group`);
    }
    return problems;
  }

  #groupIsSuperuser(): boolean {
    const holders = this.acls.get(superuserResource)?.groups ?? [];
    return this.groups.has(superusersGroup) && holders.some(({ id }) => id === superusersGroup);
  }

  #put({ table, id, value }: Change): void {
    // The union says which value belongs to which table.
    const records = this[table] as Map<string, unknown>;
    if (value === undefined) records.delete(id);
    else records.set(id, value);
  }
}

function grantsOf(acls: ReadonlyMap<string, Acl>, { kind, id }: Subject): readonly Grant[] {
  const found: Grant[] = [];
  for (const acl of sorted(acls)) {
    const holder = (kind === "user" ? acl.users : acl.groups).find((each) => each.id === id);
    if (holder !== undefined) found.push({ rid: acl.rid, actions: holder.actions });
  }
  return found;
}

function writeOf(change: Change): Write {
  const { table, id, value } = change;
  const key = table === "users" ? userKey(id) : table === "groups" ? groupKey(id) : aclKey(id);
  if (value === undefined) return { kind: "delete", key };
  return {
    kind: "put",
    key,
    value: change.table === "users" ? userToJson(value as User) : recordToJson(value as Group | Acl),
  };
}

export const sorted = <Value>(table: ReadonlyMap<string, Value>): readonly Value[] =>
  [...table].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value);
