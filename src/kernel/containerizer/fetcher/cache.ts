/**
 * Files that tasks share: one download for all that want the same address as the same user. Source: contract mesos.md
 * section 2.7, `cache`.
 *
 * The files belong to the agent and nobody else can open them; a launch is handed what it needs as an open file. Bounded
 * in bytes: the one that was used longest ago goes first, one in use never does. Nothing is refreshed, and nothing is
 * kept over a restart. Whatever goes wrong here, the launch downloads by itself.
 */
import { mkdirSync, rmSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FetchRequest } from "./request.ts";

export interface CacheOptions {
  /** Emptied at the start. Absolute. */
  readonly dir: string;
  readonly bytesMax: number;
  /** Writes one address into an open file, as the task's user. Throws when it can't be had within the bytes. */
  readonly download: (input: {
    readonly uri: string;
    readonly account: FetchRequest["account"];
    readonly fd: number;
    readonly bytesMax: number;
  }) => Promise<void>;
}

/** An open file to read; in the cache until it is released. */
export interface CachedFile {
  readonly handle: FileHandle;
  release(): Promise<void>;
}

interface Entry {
  readonly path: string;
  /** Undefined when the download failed. */
  readonly bytes: Promise<number | undefined>;
  users: number;
  /** Once it counts. */
  size: number;
}

export class FetcherCache {
  readonly #options: CacheOptions;
  /** Used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  #usedBytes = 0;
  #lastNumber = 0;

  constructor(options: CacheOptions) {
    this.#options = options;
    rmSync(options.dir, { recursive: true, force: true });
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  }

  facts(): { readonly totalBytes: number; readonly usedBytes: number } {
    return { totalBytes: this.#options.bytesMax, usedBytes: this.#usedBytes };
  }

  /** Undefined when the cache can't help. */
  async acquire(uri: string, account: FetchRequest["account"]): Promise<CachedFile | undefined> {
    const key = `${account?.uid ?? ""} ${uri}`;
    const entry = this.#entries.get(key) ?? this.#begin(key, uri, account);
    entry.users += 1;
    // Behind all others: it is the one used last.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const bytes = await entry.bytes;
    const handle = bytes === undefined ? undefined : await open(entry.path, "r").catch(() => undefined);
    const done = (): Promise<void> => this.#released(key, entry, bytes !== undefined);
    if (handle === undefined) {
      await done();
      return undefined;
    }
    return {
      handle,
      release: async () => {
        await handle.close();
        await done();
      },
    };
  }

  #begin(key: string, uri: string, account: FetchRequest["account"]): Entry {
    this.#lastNumber += 1;
    const path = join(this.#options.dir, String(this.#lastNumber));
    const entry: Entry = { path, bytes: this.#fill(key, path, uri, account), users: 0, size: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  async #fill(
    key: string,
    path: string,
    uri: string,
    account: FetchRequest["account"],
  ): Promise<number | undefined> {
    try {
      const file = await open(path, "wx", 0o600);
      try {
        const { bytesMax, download } = this.#options;
        await download({ uri, account, fd: file.fd, bytesMax });
        const { size } = await file.stat();
        await this.#count(key, size);
        return size;
      } finally {
        await file.close();
      }
    } catch {
      // The launch downloads by itself and tells what stands in the way.
      return undefined;
    }
  }

  async #count(key: string, size: number): Promise<void> {
    await this.#makeRoom(size);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.size = size;
    this.#usedBytes += size;
  }

  async #released(key: string, entry: Entry, isGood: boolean): Promise<void> {
    entry.users -= 1;
    if (!isGood && entry.users === 0) await this.#remove(key, entry);
    // What did not fit because others were in use goes when they are not any more.
    else await this.#makeRoom(0);
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (const [key, entry] of [...this.#entries]) {
      if (this.#usedBytes + bytes <= this.#options.bytesMax) return;
      if (entry.users === 0 && entry.size > 0) await this.#remove(key, entry);
    }
  }

  async #remove(key: string, entry: Entry): Promise<void> {
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#usedBytes -= entry.size;
    await rm(entry.path, { force: true });
  }
}
