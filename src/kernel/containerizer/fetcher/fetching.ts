/** Fetching for launches: what is shared comes out of the cache, the rest is downloaded by the launch's own process. */
import type { ContainerUri, FetchFacts } from "../driver.ts";
import { type CachedFile, FetcherCache } from "./cache.ts";
import { type FetchLimits, type FetchRequest, type FetchUri, URIS_MAX } from "./request.ts";
import { runFetcher } from "./run-fetcher.ts";

/** First number of a file that a process is given besides its standard ones. */
const firstFd = 3;

export interface FetchInput {
  readonly sandboxDir: string;
  readonly uris: readonly ContainerUri[];
  readonly account: FetchRequest["account"];
}

export class Fetching {
  readonly #limits: FetchLimits;
  readonly #cache: FetcherCache | undefined;
  #succeeded = 0;
  #failed = 0;

  constructor(limits: FetchLimits, cache: { readonly dir: string; readonly bytesMax: number } | undefined) {
    this.#limits = limits;
    if (cache === undefined || cache.bytesMax <= 0) return;
    this.#cache = new FetcherCache({
      ...cache,
      // Not ended with the launch that asked first: others may wait for it. Its own limits end it.
      download: ({ uri, account, fd, bytesMax }) =>
        runFetcher(
          {
            download: uri,
            ...(account === undefined ? {} : { account }),
            limits: { ...limits, downloadBytesMax: Math.min(limits.downloadBytesMax, bytesMax) },
          },
          new AbortController().signal,
          [fd],
        ),
    });
  }

  facts(): FetchFacts {
    const { totalBytes = 0, usedBytes = 0 } = this.#cache?.facts() ?? {};
    return {
      succeeded: this.#succeeded,
      failed: this.#failed,
      cacheTotalBytes: totalBytes,
      cacheUsedBytes: usedBytes,
    };
  }

  /** Throws FetchError naming the address. */
  async fetch({ sandboxDir, uris, account }: FetchInput, signal: AbortSignal): Promise<void> {
    if (uris.length === 0) return;
    const files: CachedFile[] = [];
    try {
      const wanted: FetchUri[] = [];
      for (const uri of uris.slice(0, URIS_MAX + 1)) {
        const file =
          uri.cache === true && !signal.aborted ? await this.#shared(uri, account, signal) : undefined;
        wanted.push(file === undefined ? uri : { ...uri, fd: firstFd + files.length });
        if (file !== undefined) files.push(file);
      }
      const as = account === undefined ? {} : { account };
      const request = { sandboxDir, uris: wanted, limits: this.#limits, ...as };
      await runFetcher(
        request,
        signal,
        files.map(({ handle }) => handle.fd),
      );
      this.#succeeded += 1;
    } catch (error) {
      this.#failed += 1;
      throw error;
    } finally {
      for (const file of files) await file.release();
    }
  }

  /** A launch that is given up does not wait for others' downloads. */
  async #shared(
    { value }: ContainerUri,
    account: FetchRequest["account"],
    signal: AbortSignal,
  ): Promise<CachedFile | undefined> {
    const file = this.#cache?.acquire(value, account) ?? Promise.resolve(undefined);
    const aborted = new Promise<"aborted">((resolve) => {
      signal.addEventListener("abort", () => resolve("aborted"), { once: true });
    });
    const first = await Promise.race([file, aborted]);
    if (first !== "aborted") return first;
    void file.then((late) => late?.release());
    return undefined;
  }
}
