/**
 * Records in ZooKeeper, for several masters of which one owns the store at a time.
 *
 * Each batch is one multi that also checks a fence: a node that exists only while this owner's session (or
 * leadership) does. Each multi leaves its own id in the batch node, so that after a lost connection it can
 * be told whether the batch was applied, and it is sent again only if it was not.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Write } from "#foundation/base/core.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { nodeTimers, type Timers } from "#foundation/runtime/index.ts";
import { atOnce } from "./at-once.ts";
import {
  batchBytesMax,
  type CommitOptions,
  checkKey,
  checkPrefix,
  defaultOperationDeadlineMs,
  type EncodedWrite,
  type Expectation,
  encodeWrites,
  partBytesMax,
  requestsOf,
  type Store,
  type StoredValue,
  storageFailed,
} from "./store.ts";
import {
  decodeNode,
  encodeNode,
  encodeReference,
  type PartsReference,
  ZooKeeperLayout,
} from "./zookeeper-layout.ts";
import { ZooKeeperParts } from "./zookeeper-parts.ts";
import { type MultiBuilder, ZooKeeperSession } from "./zookeeper-session.ts";

export interface ZooKeeperStoreOptions {
  /** `host:port,host:port`. */
  readonly servers: string;
  /** Absolute path of the node that everything lies below; made when absent. */
  readonly root: string;
  /**
   * Absolute path of a node that exists only while its owner leads, such as its election node. Without it
   * the store makes an ephemeral node of its own and refuses to open while another one's exists.
   */
  readonly fencePath?: string;
  readonly sessionTimeoutMs?: number;
  /** Told once when the session or the fence is lost; every further call is rejected. */
  readonly onLost?: (error: Error) => void;
  readonly operationDeadlineMs?: number;
  readonly maxQueuedCommits?: number;
  readonly timers?: Timers;
}

const formatVersion = 1;
const defaultSessionTimeoutMs = 10_000;
const defaultMaxQueuedCommits = 1_000;
const attemptsMax = 5;

/** Rejects with `Conflict` naming the owner, `Invalid` when a newer version wrote it, or `StorageFailed`. */
export async function openZooKeeperStore(options: ZooKeeperStoreOptions): Promise<Store> {
  const store = new ZooKeeperStore(options);
  try {
    await store.open();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

interface RequestTerms {
  readonly expect?: readonly Expectation[];
  /** What the node of that name has afterwards. */
  readonly pending?: Buffer;
}

interface BatchMarks {
  readonly references: ReadonlyMap<string, PartsReference>;
  readonly id: string;
}

class ZooKeeperStore implements Store {
  readonly batchBytesMax = batchBytesMax;
  readonly #layout: ZooKeeperLayout;
  readonly #session: ZooKeeperSession;
  readonly #parts: ZooKeeperParts;
  readonly #fence: string;
  readonly #ownsFence: boolean;
  readonly #timers: Timers;
  readonly #maxQueuedCommits: number;
  readonly #onLost: ((error: Error) => void) | undefined;
  readonly #present = new Set<string>();
  readonly #references = new Map<string, PartsReference>();
  readonly #watchers = new Map<() => void, number>();
  #commits: Promise<void> = Promise.resolve();
  #queuedCommits = 0;
  #failure: Error | undefined;
  #isWatching = false;
  #isOwner = false;
  readonly #folders = new Set<string>();

  constructor(options: ZooKeeperStoreOptions) {
    this.#layout = new ZooKeeperLayout(options.root);
    this.#ownsFence = options.fencePath === undefined;
    this.#fence = options.fencePath ?? this.#layout.owner;
    this.#timers = options.timers ?? nodeTimers;
    this.#maxQueuedCommits = options.maxQueuedCommits ?? defaultMaxQueuedCommits;
    this.#onLost = options.onLost;
    this.#session = new ZooKeeperSession({
      servers: options.servers,
      sessionTimeoutMs: options.sessionTimeoutMs ?? defaultSessionTimeoutMs,
      operationDeadlineMs: options.operationDeadlineMs ?? defaultOperationDeadlineMs,
      onLost: (error) => this.#fail(error),
      timers: this.#timers,
    });
    this.#parts = new ZooKeeperParts(this.#session, this.#layout, (read) => this.#reading(read));
  }

  async open(): Promise<void> {
    await this.#session.connected();
    const { root, format, batch, pending, records, parts } = this.#layout;
    const names = root.split("/").slice(1);
    for (const [index] of names.entries()) {
      await this.#ensure(`/${names.slice(0, index + 1).join("/")}`, "");
    }
    await this.#ensure(format, String(formatVersion));
    const found = await this.#session.read(format);
    if (Number(found?.data.toString()) > formatVersion) {
      throw new CodedError(
        "Invalid",
        `${root} was written by a newer version (format ${found?.data}); this one reads up to ${formatVersion}`,
      );
    }
    await this.#ensure(records, "");
    await this.#ensure(parts, "");
    await this.#ensure(batch, "");
    await this.#ensure(pending, "");
    if (this.#ownsFence) await this.#takeOwnership();
    await this.#finishPending();
    await this.#removeOrphans();
  }

  async load(prefix: string): Promise<ReadonlyMap<string, JsonValue>> {
    const keys = await this.#keysBelow(checkPrefix(prefix));
    const records = new Map<string, JsonValue>();
    const values = await atOnce(keys, (key) => this.get(key));
    for (const [index, key] of keys.entries()) {
      const stored = values[index];
      if (stored !== undefined) records.set(key, stored.value);
    }
    return records;
  }

  async get(key: string): Promise<StoredValue | undefined> {
    checkKey(key);
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const path = this.#layout.value(key);
      const found = await this.#reading(() => this.#session.read(path));
      if (found === undefined) return undefined;
      this.#present.add(key);
      const version = { created: found.created, version: found.version };
      const node = decodeNode(path, found.data);
      if (node.kind === "value") return { value: node.value, version };
      this.#references.set(key, node.reference);
      const json = await this.#parts.join(node.reference);
      if (json !== undefined) return { value: JSON.parse(json) as JsonValue, version };
      // A part that is gone means that the value was replaced meanwhile.
    }
    throw storageFailed(`${key} changes faster than its parts can be read`);
  }

  async list(prefix: string): Promise<readonly string[]> {
    const folder = this.#layout.folder(checkPrefix(prefix));
    const names = (await this.#reading(() => this.#session.children(folder))) ?? [];
    return names
      .filter((name) => name.startsWith("="))
      .map((name) => name.slice(1))
      .sort();
  }

  async commit(writes: readonly Write[], options: CommitOptions = {}): Promise<void> {
    const encoded = encodeWrites(writes);
    const expect = options.expect ?? [];
    for (const { key } of expect) checkKey(key);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#queuedCommits >= this.#maxQueuedCommits) {
      throw new CodedError(
        "Overloaded",
        `${this.#queuedCommits} commits wait for ZooKeeper; try again later`,
      );
    }
    this.#queuedCommits += 1;
    const done = this.#commits.then(() => this.#commitNow(encoded, expect));
    this.#commits = done.then(
      () => undefined,
      () => undefined,
    );
    try {
      await done;
    } catch (error) {
      const isHarmless =
        error instanceof CodedError && (error.code === "Conflict" || error.code === "Invalid");
      if (!isHarmless) this.#fail(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      this.#queuedCommits -= 1;
    }
  }

  /** Every commit below the root gives a hint, whatever `prefix` is. */
  watch(prefix: string, hint: () => void): () => void {
    checkPrefix(prefix);
    const watcher = (): void => hint();
    this.#watchers.set(watcher, 0);
    this.#watchBatches();
    return () => this.#watchers.delete(watcher);
  }

  async close(): Promise<void> {
    await this.#commits;
    this.#watchers.clear();
    if (this.#ownsFence && this.#failure === undefined && this.#isOwner) {
      await this.#session.remove(this.#fence).catch(() => undefined);
    }
    this.#failure ??= storageFailed("the store is closed");
    this.#session.close();
  }

  async #takeOwnership(): Promise<void> {
    const me = Buffer.from(`process ${process.pid} on ${hostname()}`);
    // The node of an owner that died goes with its session, at the latest after the session's timeout.
    const triesMax = Math.ceil(this.#session.timeoutMs / ownershipRetryMs) + 1;
    for (let tries = 0; tries < triesMax; tries += 1) {
      if ((await this.#session.create(this.#fence, me, "session")) === "ok") {
        this.#isOwner = true;
        return;
      }
      await new Promise<void>((resolve) => this.#timers.set(ownershipRetryMs, resolve));
    }
    const owner = (await this.#session.read(this.#fence))?.data.toString() ?? "another process";
    throw new CodedError("Conflict", `${this.#layout.root} is in use by ${owner}`);
  }

  /**
   * What fits one request is one multi. More is first written down as a whole, which decides it, and then carried out
   * request by request; whoever opens the store next finishes what its owner left.
   */
  async #commitNow(writes: readonly EncodedWrite[], expect: readonly Expectation[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const requests = requestsOf(writes);
    if (requests.length === 1) return this.#commitRequest(writes, { expect });
    const id = randomUUID();
    const reference = await this.#parts.write(id, JSON.stringify(writes));
    try {
      await this.#commitRequest([], { expect, pending: encodeReference(reference) });
    } catch (error) {
      if (error instanceof CodedError && error.code === "Conflict") await this.#parts.remove(reference);
      throw error;
    }
    await this.#carryOut(requests, reference);
  }

  async #carryOut(requests: readonly (readonly EncodedWrite[])[], reference: PartsReference): Promise<void> {
    for (const writes of requests) await this.#commitRequest(writes, {});
    await this.#commitRequest([], { pending: Buffer.alloc(0) });
    await this.#parts.remove(reference);
  }

  async #finishPending(): Promise<void> {
    const { pending } = this.#layout;
    const found = await this.#reading(() => this.#session.read(pending));
    if (found === undefined || found.data.length === 0) return;
    const node = decodeNode(pending, found.data);
    const text = node.kind === "parts" ? await this.#parts.join(node.reference) : undefined;
    if (node.kind !== "parts" || text === undefined) throw storageFailed(`${pending} names nothing`);
    await this.#carryOut(requestsOf(JSON.parse(text) as EncodedWrite[]), node.reference); // ours
  }

  async #commitRequest(writes: readonly EncodedWrite[], terms: RequestTerms): Promise<void> {
    const { expect = [] } = terms;
    const id = randomUUID();
    const references = await this.#writeParts(writes, id);
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      await this.#checkExpectations(expect);
      await this.#ensureFolders(writes);
      const answer = await this.#session.multi((multi) =>
        this.#addBatch(multi, writes, { ...terms, references, id }),
      );
      if (answer === "ok" || (answer === "connectionLoss" && (await this.#wasApplied(id)))) {
        await this.#committed(writes, references);
        return;
      }
      if (answer !== "connectionLoss") await this.#learn(writes);
    }
    throw storageFailed(`a batch of ${writes.length} writes could not be committed`);
  }

  #addBatch(
    multi: MultiBuilder,
    writes: readonly EncodedWrite[],
    { expect = [], pending, references, id }: RequestTerms & BatchMarks,
  ): void {
    multi.exists(this.#fence);
    for (const { key, version } of expect) {
      const path = this.#layout.value(key);
      if (version !== "absent") multi.check(path, version.version);
      else {
        multi.create(path, Buffer.alloc(0));
        multi.remove(path);
      }
    }
    for (const write of writes) {
      const path = this.#layout.value(write.key);
      const isPresent = this.#present.has(write.key);
      if (write.kind === "delete") {
        if (isPresent) multi.remove(path);
        continue;
      }
      const reference = references.get(write.key);
      const data = reference === undefined ? encodeNode(write.json) : encodeReference(reference);
      if (isPresent) multi.set(path, data);
      else multi.create(path, data);
    }
    if (pending !== undefined) multi.set(this.#layout.pending, pending);
    multi.set(this.#layout.batch, Buffer.from(id));
  }

  /** After a lost connection: the batch node has the id of the newest batch, and only we write. */
  async #wasApplied(id: string): Promise<boolean> {
    await this.#session.connected();
    const batch = await this.#reading(() => this.#session.read(this.#layout.batch));
    return batch?.data.toString() === id;
  }

  async #committed(
    writes: readonly EncodedWrite[],
    references: ReadonlyMap<string, PartsReference>,
  ): Promise<void> {
    const replaced: PartsReference[] = [];
    for (const { kind, key } of writes) {
      if (kind === "put") this.#present.add(key);
      else this.#present.delete(key);
      const old = this.#references.get(key);
      if (old !== undefined) replaced.push(old);
      const reference = references.get(key);
      if (reference === undefined) this.#references.delete(key);
      else this.#references.set(key, reference);
    }
    for (const reference of replaced) await this.#parts.remove(reference);
  }

  /** Throws Conflict, also for a key that was deleted and created again. */
  async #checkExpectations(expect: readonly Expectation[]): Promise<void> {
    for (const { key, version } of expect) {
      const found = await this.#reading(() => this.#session.exists(this.#layout.value(key)));
      const holds =
        version === "absent"
          ? found === undefined
          : found?.created === version.created && found.version === version.version;
      if (!holds) throw new CodedError("Conflict", `${key} is not at the expected version`);
    }
  }

  /** A batch failed as a whole: either the fence is gone, or a key is not as we remember it. */
  async #learn(writes: readonly EncodedWrite[]): Promise<void> {
    if ((await this.#reading(() => this.#session.exists(this.#fence))) === undefined) {
      throw storageFailed(`${this.#fence} is gone: another process may own ${this.#layout.root} now`);
    }
    for (const { key } of writes) {
      const found = await this.#reading(() => this.#session.exists(this.#layout.value(key)));
      if (found === undefined) this.#present.delete(key);
      else this.#present.add(key);
    }
  }

  /** Many at once: each takes ZooKeeper a sync of its log, which they share. */
  async #ensureFolders(writes: readonly EncodedWrite[]): Promise<void> {
    const doubtful = writes.filter(({ kind, key }) => kind === "delete" && !this.#present.has(key));
    await atOnce(doubtful, async ({ key }) => {
      const found = await this.#reading(() => this.#session.exists(this.#layout.value(key)));
      if (found !== undefined) this.#present.add(key);
    });
    // Outer ones before those in them.
    const missing: Set<string>[] = [];
    for (const { key } of writes) {
      for (const [depth, folder] of this.#layout.foldersOf(key).entries()) {
        if (this.#folders.has(folder)) continue;
        missing[depth] ??= new Set();
        missing[depth].add(folder);
      }
    }
    for (const folders of missing) {
      await atOnce([...(folders ?? [])], async (folder) => {
        await this.#ensure(folder, "");
        this.#folders.add(folder);
      });
    }
  }

  async #ensure(path: string, data: string): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const answer = await this.#session.create(path, Buffer.from(data));
      if (answer === "ok" || answer === "nodeExists") return;
      if (answer !== "connectionLoss") throw storageFailed(`could not create ${path}: ${answer}`);
      await this.#session.connected();
    }
    throw storageFailed(`could not create ${path}`);
  }

  async #writeParts(
    writes: readonly EncodedWrite[],
    batchId: string,
  ): Promise<ReadonlyMap<string, PartsReference>> {
    const references = new Map<string, PartsReference>();
    for (const [number, write] of writes.entries()) {
      if (write.kind === "delete" || write.bytes <= partBytesMax) continue;
      references.set(write.key, await this.#parts.write(`${batchId}-${number}`, write.json));
    }
    return references;
  }

  /** Parts that no record names: their owner died between writing them and switching to them. */
  async #removeOrphans(): Promise<void> {
    const parts = (await this.#session.children(this.#layout.parts)) ?? [];
    if (parts.length === 0) return;
    const keys = await this.#keysBelow("");
    const named = new Set<string>();
    for (const key of keys) {
      const found = await this.#reading(() => this.#session.read(this.#layout.value(key)));
      if (found === undefined) continue;
      const node = decodeNode(key, found.data);
      if (node.kind !== "parts") continue;
      this.#references.set(key, node.reference);
      named.add(node.reference.id);
    }
    for (const part of parts) {
      const id = part.slice(0, part.lastIndexOf("-"));
      if (!named.has(id)) await this.#session.remove(`${this.#layout.parts}/${part}`);
    }
  }

  async #keysBelow(prefix: string): Promise<readonly string[]> {
    const keys: string[] = [];
    let folders = [prefix];
    while (folders.length > 0) {
      const next: string[] = [];
      const lists = await atOnce(folders, (folder) =>
        this.#reading(() => this.#session.children(this.#layout.folder(folder))),
      );
      for (const [index, folder] of folders.entries()) {
        for (const name of lists[index] ?? []) {
          const key = folder === "" ? name.slice(1) : `${folder}/${name.slice(1)}`;
          if (name.startsWith("=")) keys.push(key);
          else next.push(key);
        }
      }
      folders = next;
    }
    return keys.sort();
  }

  /** Reads are tried again when the connection broke under them. */
  async #reading<Result>(read: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#session.connected();
      try {
        return await read();
      } catch (error) {
        if (attempt === attemptsMax) throw error;
      }
    }
  }

  #watchBatches(): void {
    if (this.#isWatching || this.#failure !== undefined) return;
    this.#isWatching = true;
    const again = (): void => {
      this.#isWatching = false;
      if (this.#watchers.size > 0) this.#watchBatches();
      for (const hint of this.#watchers.keys()) hint();
    };
    this.#session.exists(this.#layout.batch, again).catch(() => {
      this.#isWatching = false;
    });
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#onLost?.(error);
  }
}

const ownershipRetryMs = 500;
