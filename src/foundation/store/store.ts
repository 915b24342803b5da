import type { Write } from "#foundation/base/core.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Storage } from "#foundation/runtime/index.ts";

/** Two values of a key are the same write exactly when both numbers are. */
export interface Version {
  /** Differs each time the key is created anew. */
  readonly created: string;
  /** 0 at creation, one more with every batch that puts the key. */
  readonly version: number;
}

export interface StoredValue {
  readonly value: JsonValue;
  readonly version: Version;
}

/** What must hold for a commit to happen at all. */
export interface Expectation {
  readonly key: string;
  readonly version: Version | "absent";
}

export interface CommitOptions {
  /** Checked in the same atomic step; one that fails rejects the commit with `Conflict`. */
  readonly expect?: readonly Expectation[];
}

/**
 * Durable versioned records by key, for one owner at a time. Every call rejects with CodedError
 * `StorageFailed` when its deadline passes or the store has failed, and `Invalid` for what breaks a limit.
 */
export interface Store extends Storage {
  /** Every record below `prefix` (`""` is all), by full key, in key order. */
  load(prefix: string): Promise<ReadonlyMap<string, JsonValue>>;
  get(key: string): Promise<StoredValue | undefined>;
  /** The last parts of the keys exactly one level below `prefix`, in order. */
  list(prefix: string): Promise<readonly string[]>;
  /**
   * All of `writes` or none; resolves when durable. Of several writes to one key the last counts, and
   * deleting what is absent is fine. Rejects with `Conflict` for a failed expectation and with `Overloaded`
   * when too many commits wait; neither harms the store. Any other failure leaves it failed.
   */
  commit(writes: readonly Write[], options?: CommitOptions): Promise<void>;
  /** Calls `hint` some time after records below `prefix` may have changed: read again. May be spurious. */
  watch(prefix: string, hint: () => void): () => void;
  /** Finishes what it took, then lets go of the lock. */
  close(): Promise<void>;
}

/** Bytes of keys and JSON of one ZooKeeper request of 1 MiB, with room to spare; small commits are put together up to it. */
export const batchBytesMax = 900_000;
/** Bytes of keys and JSON of one commit. */
export const commitBytesMax = 64 * 1024 * 1024;
/** A value over this is kept in parts. */
export const partBytesMax = 512 * 1024;
/** A value over this is refused: whatever grows like that belongs under many keys. */
export const valueBytesMax = 16 * 1024 * 1024;
/** Any name that is taken fits, however its bytes are written: 255 characters and an app's path of 1,024. */
export const keyLengthMax = 8_192;
export const defaultOperationDeadlineMs = 10_000;

/** A write with its value as text, checked against the limits. */
export type EncodedWrite =
  | { readonly kind: "put"; readonly key: string; readonly json: string; readonly bytes: number }
  | { readonly kind: "delete"; readonly key: string };

const keyPattern = /^[\x21-\x2e\x30-\x7e]+(\/[\x21-\x2e\x30-\x7e]+)*$/;

/** Keys are parts of printable ASCII joined by slashes; encode anything else with encodeURIComponent. */
export function checkKey(key: string): void {
  if (key.length > keyLengthMax || !keyPattern.test(key)) {
    throw new CodedError("Invalid", `not a storage key: ${JSON.stringify(key.slice(0, keyLengthMax))}`);
  }
}

/** The prefix without the slash it may end with; `""` stands for everything. */
export function checkPrefix(prefix: string): string {
  const trimmed = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  if (trimmed !== "") checkKey(trimmed);
  return trimmed;
}

/** Whether `key` lies below `prefix`, at any depth. */
export function isBelow(key: string, prefix: string): boolean {
  return prefix === "" || (key.startsWith(prefix) && key.charAt(prefix.length) === "/");
}

/** The writes that count, one a key, as text. Throws `Invalid` for a commit that is too large. */
export function encodeWrites(writes: readonly Write[]): readonly EncodedWrite[] {
  const last = new Map<string, Write>();
  for (const write of writes) {
    checkKey(write.key);
    last.set(write.key, write);
  }
  const encoded = [...last.values()].map(encodeWrite);
  const bytes = encoded.reduce((sum, write) => sum + bytesOf(write), 0);
  if (bytes > commitBytesMax) {
    throw new CodedError(
      "Invalid",
      `a commit of ${encoded.length} writes has ${bytes} bytes; at most ${commitBytesMax} can be atomic`,
    );
  }
  return encoded;
}

const bytesOf = (write: EncodedWrite): number => write.key.length + (write.kind === "put" ? write.bytes : 0);

/** In pieces of which each fits one request; a value kept in parts leaves only a small record in it. */
export function requestsOf(writes: readonly EncodedWrite[]): readonly (readonly EncodedWrite[])[] {
  const requests: EncodedWrite[][] = [];
  let bytes = 0;
  for (const write of writes) {
    const isInParts = write.kind === "put" && write.bytes > partBytesMax;
    const size = isInParts ? write.key.length : bytesOf(write);
    const last = requests.at(-1);
    if (last === undefined || bytes + size > batchBytesMax) {
      requests.push([write]);
      bytes = size;
    } else {
      last.push(write);
      bytes += size;
    }
  }
  return requests.length === 0 ? [[]] : requests;
}

function encodeWrite(write: Write): EncodedWrite {
  if (write.kind === "delete") return { kind: "delete", key: write.key };
  const json = JSON.stringify(write.value);
  const bytes = Buffer.byteLength(json);
  if (bytes > valueBytesMax) {
    throw new CodedError(
      "Invalid",
      `the value of ${write.key} has ${bytes} bytes; at most ${valueBytesMax} fit`,
    );
  }
  return { kind: "put", key: write.key, json, bytes };
}

export function storageFailed(message: string, cause?: unknown): CodedError<"StorageFailed"> {
  return new CodedError("StorageFailed", message, { cause });
}
