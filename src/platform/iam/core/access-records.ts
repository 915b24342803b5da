/** Groups and access control lists, as records. Source: DC/OS IAM API, `/acs/api/v1/groups` and `/acls`. */
import type { Action } from "#domain/permissions/index.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";

export interface Group {
  readonly gid: string;
  readonly description: string;
  /** uids, sorted. */
  readonly members: readonly string[];
}

/** Who may do what with one resource. */
export interface Acl {
  readonly rid: string;
  readonly description: string;
  readonly users: readonly Holder[];
  readonly groups: readonly Holder[];
}

export interface Holder {
  readonly id: string;
  /** Never empty. */
  readonly actions: readonly Action[];
}

/** Whom a grant is for. */
export interface Subject {
  readonly kind: "user" | "group";
  readonly id: string;
}

export const isGid = (text: string): boolean => /^[A-Za-z0-9\-_@.]{1,96}$/.test(text);

export const groupKey = (gid: string): string => `groups/${encodeURIComponent(gid)}`;
export const aclKey = (rid: string): string => `acls/${encodeURIComponent(rid)}`;

export const recordToJson = (record: Group | Acl): JsonValue =>
  ({ formatVersion: 1, ...record }) as unknown as JsonValue;

/** Only ever reads what `recordToJson` wrote. */
export function recordFromJson<Kind extends Group | Acl>(value: JsonValue): Kind {
  if (!isJsonObject(value) || value["formatVersion"] !== 1)
    throw new Error(
      "a group or permission was written by a newer version of this program; this one reads format 1",
    );
  const { formatVersion: _version, ...record } = value;
  return record as unknown as Kind;
}

export const holdersOf = (acl: Acl, { kind }: Subject): readonly Holder[] =>
  kind === "user" ? acl.users : acl.groups;

export const actionsOf = (acl: Acl, subject: Subject): readonly Action[] =>
  holdersOf(acl, subject).find(({ id }) => id === subject.id)?.actions ?? [];

/** The list with these actions for one holder; with none the holder is gone. */
export function withActions(acl: Acl, subject: Subject, actions: readonly Action[]): Acl {
  const others = holdersOf(acl, subject).filter(({ id }) => id !== subject.id);
  const holders = actions.length === 0 ? others : [...others, { id: subject.id, actions }];
  const sorted = holders.sort((one, other) => (one.id < other.id ? -1 : 1));
  return subject.kind === "user" ? { ...acl, users: sorted } : { ...acl, groups: sorted };
}
