/** What the parent hands to the fetching process, and what it hears back. */
import type { ContainerUri } from "../driver.ts";

export interface FetchLimits {
  /** No byte for this long ends a transfer. Mesos: --fetcher_stall_timeout, 1 min. */
  readonly stallTimeoutMs: number;
  /** The whole of one launch's fetching. A server that drips bytes ends here. */
  readonly totalTimeoutMs: number;
  readonly redirectsMax: number;
  /** All downloads of one launch together. */
  readonly downloadBytesMax: number;
  /** All that archives of one launch unpack to. */
  readonly unpackedBytesMax: number;
  /** Unpacked to packed, once more than `unpackedFreeBytes` came out. */
  readonly unpackedRatioMax: number;
  readonly unpackedFreeBytes: number;
  readonly entriesMax: number;
}

export const defaultFetchLimits: FetchLimits = {
  stallTimeoutMs: 60_000,
  totalTimeoutMs: 3_600_000,
  redirectsMax: 10,
  downloadBytesMax: 16 * 1024 ** 3,
  unpackedBytesMax: 64 * 1024 ** 3,
  unpackedRatioMax: 250,
  unpackedFreeBytes: 256 * 1024 ** 2,
  entriesMax: 500_000,
};

/** At most this many addresses in one launch. */
export const URIS_MAX = 1000;

/** With `fd`: an open file of the fetching process that has the address' bytes already. */
export type FetchUri = ContainerUri & { readonly fd?: number };

export interface FetchRequest {
  readonly sandboxDir: string;
  readonly uris: readonly FetchUri[];
  readonly account?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly limits: FetchLimits;
}

/** One address into standard output, which is a file. */
export interface DownloadRequest {
  readonly download: string;
  readonly account?: FetchRequest["account"];
  readonly limits: FetchLimits;
}

/** Anything that makes a fetch fail for the task; the message is shown to its owner. */
export class FetchError extends Error {
  override readonly name = "FetchError";
}
