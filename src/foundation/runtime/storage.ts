import type { Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";

/** What the host of a core needs from a disk. */
export interface Storage {
  /** Everything below `prefix`, by key, in key order. */
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
    load: async (prefix) =>
      new Map(
        [...records]
          .filter(([key]) => key.startsWith(prefix))
          .sort(([one], [other]) => (one < other ? -1 : 1)),
      ),
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
