import type { Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";

/** What the host of a core needs from a disk. */
export interface Storage {
  /** Everything below `prefix` (`""` is all), at any depth, by full key, in key order. */
  load(prefix: string): Promise<ReadonlyMap<string, JsonValue>>;
  /** Applies all of `writes` or none, and resolves when they are durable. Later writes of one key win. */
  commit(writes: readonly Write[]): Promise<void>;
  /** Largest batch it takes, in bytes of UTF-8 of keys and JSON; absent when only memory limits it. */
  readonly batchBytesMax?: number;
}

/** Storage that lasts as long as the object. For tests. */
export interface MemoryStorage extends Storage {
  readonly records: ReadonlyMap<string, JsonValue>;
}

export function createMemoryStorage(initial?: ReadonlyMap<string, JsonValue>): MemoryStorage {
  const records = new Map(initial);
  return {
    records,
    load: async (prefix) => recordsBelow(records, prefix),
    commit: async (writes) => applyWrites(records, writes),
  };
}

/** Puts and deletes into `records`, in order. */
export function applyWrites(records: Map<string, JsonValue>, writes: readonly Write[]): void {
  for (const write of writes) {
    if (write.kind === "put") records.set(write.key, write.value);
    else records.delete(write.key);
  }
}

/** A sorted copy of what lies below `prefix`, which may end with a slash. */
export function recordsBelow(
  records: ReadonlyMap<string, JsonValue>,
  prefix: string,
): ReadonlyMap<string, JsonValue> {
  const start = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const below = [...records].filter(([key]) => key.startsWith(start));
  return new Map(below.sort(([one], [other]) => (one < other ? -1 : 1)));
}
