/**
 * Records in one SQLite file, for a cluster with one master.
 *
 * All commits that arrive while one fsync runs share the next transaction; each is atomic in itself. The
 * file belongs to a worker thread: a slow disk delays commits, never timers or sockets.
 */
import { Worker } from "node:worker_threads";
import type { Write } from "#foundation/base/core.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { nodeTimers, type TimerHandle, type Timers } from "#foundation/runtime/index.ts";
import type {
  CommitResults,
  EncodedCommit,
  GetResult,
  LoadPage,
  WorkerCall,
  WorkerReply,
  WorkerRequest,
  WorkerSettings,
} from "./embedded-protocol.ts";
import {
  batchBytesMax,
  type CommitOptions,
  checkKey,
  checkPrefix,
  defaultOperationDeadlineMs,
  encodeWrites,
  isBelow,
  type Store,
  type StoredValue,
  storageFailed,
} from "./store.ts";

export interface EmbeddedStoreOptions {
  /** The file; its folder exists. A `-wal` and a `.pid` file lie beside it. */
  readonly path: string;
  /** Told once when the store has failed and every further call will be rejected. */
  readonly onLost?: (error: Error) => void;
  readonly operationDeadlineMs?: number;
  /** Commits that may wait for the disk; one more is refused as `Overloaded`. */
  readonly maxQueuedCommits?: number;
  readonly timers?: Timers;
  /** Name and version of this program, kept in the file. */
  readonly program?: string;
}

export const defaultMaxQueuedCommits = 10_000;
/** Bytes of queued commits; beyond them commits are refused as `Overloaded`. */
const queuedBytesMax = 128 * 1024 * 1024;

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: TimerHandle;
}

interface QueuedCommit {
  readonly commit: EncodedCommit;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens or creates the file. Rejects with `Conflict` naming the process that has it open, with `Invalid`
 * when a newer version wrote it, and with `StorageFailed` otherwise.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  const store = new EmbeddedStore(options);
  await store.opened;
  return store;
}

class EmbeddedStore implements Store {
  readonly batchBytesMax = batchBytesMax;
  readonly opened: Promise<unknown>;
  readonly #options: EmbeddedStoreOptions;
  readonly #timers: Timers;
  readonly #deadlineMs: number;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #calls = new Map<number, Call>();
  readonly #watchers = new Set<{ readonly prefix: string; readonly hint: () => void }>();
  #queue: QueuedCommit[] = [];
  #queuedBytes = 0;
  #committing: readonly QueuedCommit[] = [];
  #waitingForGroup: (() => void)[] = [];
  #nextId = 0;
  #failure: Error | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: EmbeddedStoreOptions) {
    this.#options = options;
    this.#timers = options.timers ?? nodeTimers;
    this.#deadlineMs = options.operationDeadlineMs ?? defaultOperationDeadlineMs;
    const workerData: WorkerSettings = { path: options.path, program: options.program ?? "keelson" };
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.#worker = new Worker(new URL(`./embedded-worker.${extension}`, import.meta.url), { workerData });
    this.#worker.on("message", (reply: WorkerReply) => this.#answered(reply));
    this.#worker.on("error", (error) => this.#fail(storageFailed("the thread of the store ended", error)));
    this.#exited = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
    this.opened = this.#expectReply();
  }

  async load(prefix: string): Promise<ReadonlyMap<string, JsonValue>> {
    const below = checkPrefix(prefix);
    const records = new Map<string, JsonValue>();
    for (let after = ""; ; ) {
      const page = (await this.#call({ kind: "load", prefix: below, after })) as LoadPage; // our worker's
      for (const [key, json] of page.rows) {
        records.set(key, decode(key, json));
        after = key;
      }
      if (page.isLast) return records;
    }
  }

  async get(key: string): Promise<StoredValue | undefined> {
    checkKey(key);
    const found = (await this.#call({ kind: "get", key })) as GetResult | undefined; // our worker's
    if (found === undefined) return undefined;
    const { json, created, version } = found;
    return { value: decode(key, json), version: { created, version } };
  }

  async list(prefix: string): Promise<readonly string[]> {
    return (await this.#call({ kind: "list", prefix: checkPrefix(prefix) })) as readonly string[]; // our worker's
  }

  async commit(writes: readonly Write[], options: CommitOptions = {}): Promise<void> {
    const encoded = encodeWrites(writes);
    const expect = options.expect ?? [];
    for (const { key } of expect) checkKey(key);
    this.#assertUsable();
    let bytes = 0;
    for (const write of encoded) bytes += write.kind === "put" ? write.bytes : 0;
    const limit = this.#options.maxQueuedCommits ?? defaultMaxQueuedCommits;
    if (this.#queue.length >= limit || this.#queuedBytes + bytes > queuedBytesMax) {
      throw new CodedError("Overloaded", `${this.#queue.length} commits wait for the disk; try again later`);
    }
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({ commit: { writes: encoded, expect }, bytes, resolve, reject });
      this.#queuedBytes += bytes;
      this.#commitNext();
    });
  }

  watch(prefix: string, hint: () => void): () => void {
    const watcher = { prefix: checkPrefix(prefix), hint };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    while (this.#committing.length > 0) {
      await new Promise<void>((resolve) => this.#waitingForGroup.push(resolve));
    }
    this.#watchers.clear();
    if (this.#failure === undefined) await this.#send({ kind: "close" });
    this.#failure ??= storageFailed("the store is closed");
    // A thread stuck in the disk can't be ended; it must not keep the process from ending either.
    this.#worker.unref();
    this.#worker.terminate();
    await new Promise<void>((resolve) => {
      const grace = this.#timers.set(closeGraceMs, resolve);
      this.#exited.then(() => {
        this.#timers.cancel(grace);
        resolve();
      });
    });
  }

  #commitNext(): void {
    if (this.#committing.length > 0 || this.#queue.length === 0) return;
    const group = this.#queue;
    this.#committing = group;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#send({ kind: "commit", commits: group.map(({ commit }) => commit) }).then(
      (results) => this.#committed(group, results as CommitResults), // our worker's
      (error: Error) => {
        for (const { reject } of group) reject(error);
        this.#committing = [];
        this.#groupEnded();
      },
    );
  }

  #committed(group: readonly QueuedCommit[], results: CommitResults): void {
    this.#committing = [];
    for (const [index, { commit, resolve, reject }] of group.entries()) {
      const conflict = results[index] ?? null;
      if (conflict === null) {
        resolve();
        this.#hint(commit);
      } else reject(new CodedError("Conflict", `${conflict} is not at the expected version`));
    }
    this.#commitNext();
    this.#groupEnded();
  }

  #hint(commit: EncodedCommit): void {
    for (const { prefix, hint } of this.#watchers) {
      if (commit.writes.some(({ key }) => key === prefix || isBelow(key, prefix))) queueMicrotask(hint);
    }
  }

  #groupEnded(): void {
    for (const resolve of this.#waitingForGroup.splice(0)) resolve();
  }

  async #call(call: WorkerCall): Promise<unknown> {
    this.#assertUsable();
    return this.#send(call);
  }

  #send(call: WorkerCall): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const request: WorkerRequest = { id: this.#nextId, call };
    this.#worker.postMessage(request);
    return this.#expectReply();
  }

  #expectReply(): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const deadline = this.#timers.set(this.#deadlineMs, () =>
        this.#fail(storageFailed(`${this.#options.path} did not answer within ${this.#deadlineMs} ms`)),
      );
      this.#calls.set(id, { resolve, reject, deadline });
    });
  }

  #answered(reply: WorkerReply): void {
    const call = this.#calls.get(reply.id);
    if (call === undefined) return;
    this.#calls.delete(reply.id);
    this.#timers.cancel(call.deadline);
    if ("result" in reply) {
      call.resolve(reply.result);
      return;
    }
    const { reason, message } = reply.failure;
    const code = { InUse: "Conflict", NewerFormat: "Invalid", Failed: "StorageFailed" }[reason];
    const error = new CodedError(code, message);
    call.reject(error);
    // After a failed fsync nobody knows what is on the disk: only opening again tells.
    this.#fail(error);
  }

  #assertUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed !== undefined) throw storageFailed("the store is closed");
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const call of this.#calls.values()) {
      this.#timers.cancel(call.deadline);
      call.reject(error);
    }
    this.#calls.clear();
    for (const { reject } of this.#queue.splice(0)) reject(error);
    this.#worker.unref();
    if (this.#nextId > 1) this.#options.onLost?.(error);
  }
}

/** How long `close` waits for the thread to end. */
const closeGraceMs = 2_000;

function decode(key: string, json: string): JsonValue {
  try {
    return JSON.parse(json) as JsonValue; // it was written as one
  } catch {
    throw storageFailed(`the record ${key} is damaged`);
  }
}
