/**
 * How audit records lie in a store, as a function of values: in chunks under one index, so that a page is read
 * without reading all, and the oldest chunk goes as a whole when a budget is passed.
 *
 * Keys: `audit/index`, and `audit/<chunk>/<number>` with numbers that sort as text.
 */
import type { InstantMs, Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";

export interface AuditBudget {
  /** A chunk goes when its newest record is older than this. */
  readonly keepMs: number;
  /** JSON of all records together; the oldest chunk goes when it is passed. */
  readonly bytesMax: number;
  /** A chunk that has this many is followed by a new one. */
  readonly chunkRecordsMax: number;
}

/** 7 days or 16 MiB, whichever is reached first. */
export const defaultAuditBudget: AuditBudget = {
  keepMs: 7 * 86_400_000,
  bytesMax: 16 * 1_048_576,
  chunkRecordsMax: 200,
};

export interface Chunk {
  readonly id: number;
  /** Number of its first record; the others follow without gaps. */
  readonly firstNumber: number;
  readonly count: number;
  readonly bytes: number;
  readonly firstAt: InstantMs;
  readonly lastAt: InstantMs;
}

export interface AuditIndex {
  /** Oldest first; never two with one id. */
  readonly chunks: readonly Chunk[];
  readonly nextNumber: number;
  /** Records from before this were dropped. */
  readonly droppedBefore: InstantMs | undefined;
}

export const emptyIndex: AuditIndex = { chunks: [], nextNumber: 1, droppedBefore: undefined };

export const indexKey = "audit/index";
export const chunkPrefix = (id: number): string => `audit/${padded(id)}`;
export const recordKey = (chunk: number, number: number): string => `${chunkPrefix(chunk)}/${padded(number)}`;
export const padded = (number: number): string => String(number).padStart(12, "0");

export interface Placed {
  readonly index: AuditIndex;
  readonly number: number;
  readonly chunk: number;
  /** Chunks that go, and their records' deletion among `writes`. */
  readonly writes: readonly Write[];
}

/** Where a record of `bytes` goes, and what has to go for it. The caller adds the write of the record itself. */
export function placeRecord(
  index: AuditIndex,
  record: { readonly bytes: number; readonly at: InstantMs },
  budget: AuditBudget,
): Placed {
  const number = index.nextNumber;
  const last = index.chunks.at(-1);
  const isOpen = last !== undefined && last.count < budget.chunkRecordsMax;
  const chunk = isOpen
    ? { ...last, count: last.count + 1, bytes: last.bytes + record.bytes, lastAt: record.at }
    : {
        id: number,
        firstNumber: number,
        count: 1,
        bytes: record.bytes,
        firstAt: record.at,
        lastAt: record.at,
      };
  const earlier = isOpen ? index.chunks.slice(0, -1) : index.chunks;
  const grown = { ...index, chunks: [...earlier, chunk], nextNumber: number + 1 };
  const { index: kept, dropped } = dropBeyond(grown, record.at, budget);
  const deletions = dropped.flatMap(({ id, firstNumber, count }) =>
    Array.from(
      { length: count },
      (_, at): Write => ({ kind: "delete", key: recordKey(id, firstNumber + at) }),
    ),
  );
  // Within a chunk the index on disk is behind: the last chunk is counted again when the log is opened.
  const writes: readonly Write[] =
    isOpen && dropped.length === 0
      ? []
      : [...deletions, { kind: "put", key: indexKey, value: indexToJson(kept) }];
  return { index: kept, number, chunk: chunk.id, writes };
}

function dropBeyond(
  index: AuditIndex,
  now: InstantMs,
  { keepMs, bytesMax }: AuditBudget,
): { readonly index: AuditIndex; readonly dropped: readonly Chunk[] } {
  let bytes = index.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  const dropped: Chunk[] = [];
  // The newest chunk stays whatever it is: it has the record that was just taken.
  for (const chunk of index.chunks.slice(0, -1)) {
    if (bytes <= bytesMax && now - chunk.lastAt <= keepMs) break;
    bytes -= chunk.bytes;
    dropped.push(chunk);
  }
  const next = index.chunks[dropped.length];
  if (dropped.length === 0 || next === undefined) return { index, dropped };
  return {
    index: { ...index, chunks: index.chunks.slice(dropped.length), droppedBefore: next.firstAt },
    dropped,
  };
}

export function indexToJson({ chunks, nextNumber, droppedBefore }: AuditIndex): JsonValue {
  return {
    formatVersion: 1,
    nextNumber,
    ...(droppedBefore === undefined ? {} : { droppedBefore }),
    chunks: chunks.map((chunk) => ({ ...chunk })),
  };
}

/** Throws for a newer format. Only ever reads what `indexToJson` wrote. */
export function indexFromJson(value: JsonValue | undefined): AuditIndex {
  if (value === undefined) return emptyIndex;
  const stored = value as unknown as AuditIndex & { readonly formatVersion: number };
  if (stored.formatVersion !== 1)
    throw new Error(`the audit log has format ${stored.formatVersion}; this program reads 1`);
  const { chunks, nextNumber, droppedBefore } = stored;
  return { chunks, nextNumber, droppedBefore };
}
