/**
 * The tree of groups: which apps and groups lie directly in each, what a group says, and its record.
 *
 * A group is there because somebody made it or because an app was put below it; it stays when its last app goes.
 * Source: contract marathon.md section 8.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { encodeAppId } from "./ids.ts";
import type { Turn } from "./turn.ts";

/** What a group says, apart from what lies in it. */
export interface GroupTerms {
  /** Absolute path; `/` is the root. */
  readonly id: string;
  /** Absolute paths of apps or groups that every app below depends on. */
  readonly dependencies: readonly string[];
  /** Apps of a top-level group run in the role of its name. */
  readonly enforceRole: boolean;
}

export interface Group {
  readonly id: string;
  terms: GroupTerms;
  /** Of the last change at or below it. */
  version: InstantMs;
  /** Ids of what lies directly in it. */
  readonly apps: Set<string>;
  readonly groups: Set<string>;
}

export const rootId = "/";

/** `/a/b` lies in `/a`, `/a` in `/`. The root lies in itself. */
export function groupOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** Groups above a path, the nearest first, the root last. */
export function* groupsAbove(path: string): Generator<string> {
  for (let above = path; above !== rootId; ) {
    above = groupOf(above);
    yield above;
  }
}

export function isTopLevel(groupId: string): boolean {
  return groupId !== rootId && groupOf(groupId) === rootId;
}

export class GroupTable {
  readonly #groups = new Map<string, Group>();

  constructor() {
    this.#add(emptyTerms(rootId));
  }

  get size(): number {
    return this.#groups.size;
  }

  get root(): Group {
    return this.#groups.get(rootId) ?? this.#add(emptyTerms(rootId));
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId);
  }

  has(groupId: string): boolean {
    return this.#groups.has(groupId);
  }

  all(): IterableIterator<Group> {
    return this.#groups.values();
  }

  /** A group and all below it, from the top down; none for an unknown one. */
  *treeOf(groupId: string): Generator<Group> {
    const open = [groupId];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const group = this.#groups.get(next);
      if (group === undefined) continue;
      yield group;
      open.push(...[...group.groups].reverse());
    }
  }

  /** Ids of all apps at any depth below a group. */
  *appsBelow(groupId: string): Generator<string> {
    for (const group of this.treeOf(groupId)) yield* group.apps;
  }

  /** Stores what a group says; it and those above are made when they are missing. */
  put(turn: Turn, terms: GroupTerms, version: InstantMs): void {
    const group = this.#ensure(terms.id);
    group.terms = terms;
    group.version = version;
    this.#store(turn, group);
    this.#touchAbove(turn, terms.id, version);
  }

  /** Takes an app in, or notes that it changed. */
  putApp(turn: Turn, appId: string, version: InstantMs): void {
    this.#ensure(groupOf(appId)).apps.add(appId);
    this.#touchAbove(turn, appId, version);
  }

  removeApp(turn: Turn, appId: string, version: InstantMs): void {
    this.#groups.get(groupOf(appId))?.apps.delete(appId);
    this.#touchAbove(turn, appId, version);
  }

  /** Forgets an empty group. The root stays. */
  remove(turn: Turn, groupId: string, version: InstantMs): void {
    if (groupId === rootId || !this.#groups.delete(groupId)) return;
    this.#groups.get(groupOf(groupId))?.groups.delete(groupId);
    turn.delete(groupKey(groupId));
    this.#touchAbove(turn, groupId, version);
  }

  restore(key: string, value: JsonValue): void {
    const record = new RecordReader(key, value);
    const terms = decodeTerms(record);
    const group = this.#ensure(terms.id);
    group.terms = terms;
    group.version = record.number("version");
  }

  /** An app that is stored; an earlier build kept no records of groups. */
  restoreApp(appId: string, version: InstantMs): void {
    this.#ensure(groupOf(appId)).apps.add(appId);
    for (const path of groupsAbove(appId)) {
      const group = this.#groups.get(path);
      if (group !== undefined) group.version = Math.max(group.version, version);
    }
  }

  snapshot(): JsonValue {
    return [...this.#groups.values()].map(encodeGroup);
  }

  check(hasApp: (appId: string) => boolean): readonly string[] {
    const problems: string[] = [];
    for (const { id, apps, groups } of this.#groups.values()) {
      if (id !== rootId && hasApp(id)) problems.push(`${id} is a group and an app`);
      if (id !== rootId && this.#groups.get(groupOf(id))?.groups.has(id) !== true)
        problems.push(`group ${id} lies nowhere`);
      for (const appId of apps)
        if (!hasApp(appId)) problems.push(`group ${id} has ${appId}, which is no app`);
      for (const below of groups)
        if (!this.#groups.has(below)) problems.push(`group ${id} has ${below}, which is no group`);
    }
    return problems;
  }

  #ensure(groupId: string): Group {
    const known = this.#groups.get(groupId);
    if (known !== undefined) return known;
    const group = this.#add(emptyTerms(groupId));
    if (groupId !== rootId) this.#ensure(groupOf(groupId)).groups.add(groupId);
    return group;
  }

  #add(terms: GroupTerms): Group {
    const group: Group = { id: terms.id, terms, version: 0, apps: new Set(), groups: new Set() };
    this.#groups.set(terms.id, group);
    return group;
  }

  #touchAbove(turn: Turn, path: string, version: InstantMs): void {
    for (const above of groupsAbove(path)) {
      const group = this.#groups.get(above);
      // Of many changes below one group only the first finds anything to do.
      if (group === undefined || group.version === version) continue;
      group.version = version;
      this.#store(turn, group);
    }
  }

  #store(turn: Turn, group: Group): void {
    turn.put(groupKey(group.id), encodeGroup(group));
  }
}

export function emptyTerms(groupId: string): GroupTerms {
  return { id: groupId, dependencies: [], enforceRole: false };
}

function groupKey(groupId: string): string {
  return `groups/${encodeAppId(groupId)}`;
}

function encodeGroup({ terms, version }: Group): JsonObject {
  return { format: recordFormat, ...encodeTerms(terms), version };
}

export function encodeTerms({ id, dependencies, enforceRole }: GroupTerms): JsonObject {
  return { id, dependencies, ...(enforceRole ? { enforceRole } : {}) };
}

/** Throws RecordInvalid. */
export function decodeTerms(record: RecordReader): GroupTerms {
  return {
    id: record.text("id"),
    dependencies: record.list("dependencies").map(String),
    enforceRole: record.value("enforceRole") === true,
  };
}
