/**
 * Earlier states of the whole tree, kept as what each change took away.
 *
 * Keeping a copy of the tree for each version would make a change of one app cost as much as all apps. Kept is, for
 * each change, what stood there before; a version is found again by undoing the changes after it, the newest first.
 * Source: contract marathon.md section 2.3, group versions.
 */
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { RecordInvalid, RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { decodeDefinition, encodeDefinition } from "./app-table.ts";
import { decodeTerms, encodeTerms, type GroupTerms } from "./group-table.ts";
import type { Turn } from "./turn.ts";

/** What a change replaced: undefined where it made something new. */
export interface Replaced {
  readonly apps: ReadonlyMap<string, AppDefinition | undefined>;
  readonly groups: ReadonlyMap<string, GroupTerms | undefined>;
}

interface Entry extends Replaced {
  readonly version: InstantMs;
  /** Version of the tree before the change; 0 for the first of all. */
  readonly previous: InstantMs;
}

export interface HistoryBounds {
  /** Changes kept. */
  readonly changes: number;
  /** Definitions kept in all of them together; the newest change is kept whatever it holds. */
  readonly definitions: number;
}

export class RootHistory {
  /** Oldest first. */
  readonly #entries: Entry[] = [];
  #definitions = 0;

  add(turn: Turn, entry: Entry, bounds: HistoryBounds): void {
    this.#take(entry);
    turn.put(keyOf(entry.version), encodeEntry(entry));
    for (let oldest = this.#entries[0]; oldest !== undefined; oldest = this.#entries[0]) {
      const isWithin = this.#entries.length <= bounds.changes && this.#definitions <= bounds.definitions;
      if (isWithin || this.#entries.length === 1) return;
      this.#entries.shift();
      this.#definitions -= oldest.apps.size;
      turn.delete(keyOf(oldest.version));
    }
  }

  /** Records come in the order of their keys, which are as long as each other: the order of time. */
  restore(key: string, value: JsonValue): void {
    this.#take(decodeEntry(key, value));
  }

  get newest(): InstantMs {
    return this.#entries.at(-1)?.version ?? 0;
  }

  /** Versions of the tree in which a group was there, newest first. */
  versionsOf(
    groupId: string,
    options: { readonly isThere: boolean; readonly current: InstantMs },
  ): readonly InstantMs[] {
    const versions: InstantMs[] = [];
    let { isThere } = options;
    if (isThere) versions.push(options.current);
    for (const { previous, groups } of this.#newestFirst()) {
      if (groups.has(groupId)) isThere = groups.get(groupId) !== undefined;
      if (isThere && previous > 0) versions.push(previous);
    }
    return versions;
  }

  /** What to put back to have the tree of a version again; undefined when that is not known any more. */
  since(version: InstantMs, current: InstantMs): Replaced | undefined {
    const apps = new Map<string, AppDefinition | undefined>();
    const groups = new Map<string, GroupTerms | undefined>();
    if (version === current) return { apps, groups };
    for (const entry of this.#newestFirst()) {
      for (const [appId, definition] of entry.apps) apps.set(appId, definition);
      for (const [groupId, terms] of entry.groups) groups.set(groupId, terms);
      if (entry.previous === version) return { apps, groups };
    }
    return undefined;
  }

  snapshot(): JsonValue {
    return this.#entries.map(({ version, apps, groups }) => [version, [...apps.keys()], [...groups.keys()]]);
  }

  #take(entry: Entry): void {
    this.#entries.push(entry);
    this.#definitions += entry.apps.size;
  }

  *#newestFirst(): Generator<Entry> {
    for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
      const entry = this.#entries[index];
      if (entry !== undefined) yield entry;
    }
  }
}

function keyOf(version: InstantMs): string {
  return `root-versions/${String(version).padStart(15, "0")}`;
}

function encodeEntry({ version, previous, apps, groups }: Entry): JsonObject {
  return {
    format: recordFormat,
    version,
    previous,
    apps: [...apps].map(([appId, definition]) => [
      appId,
      definition === undefined ? null : encodeDefinition(definition),
    ]),
    groups: encodeGroupsBefore(groups),
  };
}

function decodeEntry(key: string, value: JsonValue): Entry {
  const record = new RecordReader(key, value);
  return {
    version: record.number("version"),
    previous: record.number("previous"),
    apps: new Map(
      record.list("apps").map((pair) => {
        const [appId, definition] = pairOf(key, pair);
        return [appId, definition === undefined ? undefined : decodeDefinition(key, definition)];
      }),
    ),
    groups: decodeGroupsBefore(key, record.list("groups")),
  };
}

/** Groups before a change, as records keep them. */
export function encodeGroupsBefore(groups: Replaced["groups"]): readonly JsonValue[] {
  return [...groups].map(([groupId, terms]) => [groupId, terms === undefined ? null : encodeTerms(terms)]);
}

/** Throws RecordInvalid. */
export function decodeGroupsBefore(key: string, pairs: readonly JsonValue[]): Replaced["groups"] {
  return new Map(
    pairs.map((pair) => {
      const [groupId, terms] = pairOf(key, pair);
      return [groupId, terms === undefined ? undefined : decodeTerms(new RecordReader(key, terms))];
    }),
  );
}

function pairOf(key: string, pair: JsonValue): readonly [string, JsonValue | undefined] {
  if (!Array.isArray(pair)) throw new RecordInvalid(key, "a pair is no pair");
  const [id, before]: readonly JsonValue[] = pair;
  return [String(id), before ?? undefined];
}
