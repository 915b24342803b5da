/** The audit log of one daemon: appended durably, bounded, read newest first. */
import type { AuditRecord, FieldChange } from "#contracts/observe/audit.ts";
import type { InstantMs, Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Store } from "#foundation/store/index.ts";
import {
  type AuditBudget,
  type AuditIndex,
  type Chunk,
  chunkPrefix,
  defaultAuditBudget,
  indexFromJson,
  indexKey,
  padded,
  placeRecord,
  recordKey,
} from "./chunks.ts";
import { matchesAudit } from "./matching.ts";

/** What a daemon says; the log adds the id, the source and the time. */
export type AuditEntry = Omit<AuditRecord, "id" | "source" | "at">;

export interface AuditQuery {
  /** Default 0. */
  readonly offset?: number | undefined;
  /** Default 100. */
  readonly limit?: number | undefined;
  /** Words that must all occur, or `field:value`. */
  readonly filter?: string | undefined;
  readonly object?: string | undefined;
  readonly user?: string | undefined;
}

export interface AuditPage {
  readonly items: AuditRecord[];
  readonly total: number;
  readonly droppedBefore?: number;
}

export interface AuditLog {
  /**
   * Resolves when the record is durable. Rejects as the store does (`Overloaded`, `StorageFailed`). Control
   * characters in texts become spaces, so that a record can be shown on a terminal. `source`: when it is told for
   * another daemon.
   */
  append(entry: AuditEntry, source?: string): Promise<void>;
  /** Newest first. */
  list(query?: AuditQuery): Promise<AuditPage>;
}

export interface AuditLogOptions {
  /** Records live below `audit/` of it, beside whatever else it holds. The caller closes it. */
  readonly store: Pick<Store, "load" | "get" | "commit">;
  readonly source: string;
  readonly now: () => InstantMs;
  readonly budget?: Partial<AuditBudget>;
}

/** The first part of every key of the log: what else lies in the store is not its own. */
export const auditKeyPrefix = "audit";
/** JSON of one record; above it the values of its changes are left out, and their paths stay. */
const recordBytesMax = 32_768;
const textMax = 2_048;
const changesMax = 200;
const defaultLimit = 100;

export async function openAuditLog({ store, source, now, budget }: AuditLogOptions): Promise<AuditLog> {
  const limits = { ...defaultAuditBudget, ...budget };
  let index = await readIndex(store);
  return {
    append: async (entry, ownSource = source) => {
      const at = now();
      const record = fitted({ ...cleaned(entry), id: padded(index.nextNumber), source: ownSource, at });
      const placed = placeRecord(index, { bytes: Buffer.byteLength(JSON.stringify(record)), at }, limits);
      // Before the commit, so that records which come meanwhile take the next numbers; commits keep their order.
      index = placed.index;
      const write: Write = {
        kind: "put",
        key: recordKey(placed.chunk, placed.number),
        value: record as unknown as JsonValue,
      };
      await store.commit([...placed.writes, write]);
    },
    list: (query = {}) => list(store, index, query),
  };
}

/** The index, with its last chunk counted again: records within a chunk are written without the index. */
async function readIndex(store: AuditLogOptions["store"]): Promise<AuditIndex> {
  const index = indexFromJson((await store.get(indexKey))?.value);
  const last = index.chunks.at(-1);
  if (last === undefined) return index;
  const records = await recordsOf(store, last.id);
  const counted: Chunk = {
    ...last,
    count: records.length,
    bytes: records.reduce((sum, record) => sum + Buffer.byteLength(JSON.stringify(record)), 0),
    lastAt: records.at(-1)?.at ?? last.lastAt,
  };
  return {
    ...index,
    chunks: [...index.chunks.slice(0, -1), counted],
    nextNumber: counted.firstNumber + counted.count,
  };
}

async function recordsOf(store: AuditLogOptions["store"], chunk: number): Promise<readonly AuditRecord[]> {
  return [...(await store.load(chunkPrefix(chunk))).values()] as unknown as readonly AuditRecord[];
}

async function list(
  store: AuditLogOptions["store"],
  { chunks, droppedBefore }: AuditIndex,
  query: AuditQuery,
): Promise<AuditPage> {
  const { offset = 0, limit = defaultLimit } = query;
  const isPlain = query.filter === undefined && query.object === undefined && query.user === undefined;
  const items: AuditRecord[] = [];
  let total = 0;
  for (const chunk of chunks.toReversed()) {
    // What lies outside the window of an unfiltered list is only counted.
    if (isPlain && (total + chunk.count <= offset || total >= offset + limit)) {
      total += chunk.count;
      continue;
    }
    for (const record of (await recordsOf(store, chunk.id)).toReversed()) {
      if (!matchesAudit(record, query)) continue;
      if (total >= offset && total < offset + limit) items.push(record);
      total += 1;
    }
  }
  return { items, total, ...(droppedBefore === undefined ? {} : { droppedBefore }) };
}

function cleaned(entry: AuditEntry): AuditEntry {
  const clean = (text: string): string => text.replace(/\p{Cc}+/gu, " ").slice(0, textMax);
  return {
    ...entry,
    user: clean(entry.user),
    from: clean(entry.from),
    action: clean(entry.action),
    object: clean(entry.object),
    path: clean(entry.path),
    ...(entry.message === undefined ? {} : { message: clean(entry.message) }),
    changes: entry.changes.slice(0, changesMax),
  };
}

function fitted(record: AuditRecord): AuditRecord {
  if (Buffer.byteLength(JSON.stringify(record)) <= recordBytesMax) return record;
  const changes = record.changes.map(({ path }): FieldChange => ({ path: path.slice(0, 120) }));
  return { ...record, changes };
}
