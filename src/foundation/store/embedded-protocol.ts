/** What the embedded store says to the worker thread that owns its file, and back. */
import type { EncodedWrite, Expectation } from "./store.ts";

export interface WorkerSettings {
  readonly path: string;
  /** Written by this program, for the message of an older one that finds newer data. */
  readonly program: string;
}

export interface EncodedCommit {
  readonly writes: readonly EncodedWrite[];
  readonly expect: readonly Expectation[];
}

/** Pages keep a load from being one huge message. */
export interface LoadPage {
  readonly rows: readonly (readonly [key: string, json: string])[];
  readonly isLast: boolean;
}

export type WorkerCall =
  | { readonly kind: "commit"; readonly commits: readonly EncodedCommit[] }
  | { readonly kind: "load"; readonly prefix: string; readonly after: string }
  | { readonly kind: "get"; readonly key: string }
  | { readonly kind: "list"; readonly prefix: string }
  | { readonly kind: "close" };

export interface WorkerRequest {
  readonly id: number;
  readonly call: WorkerCall;
}

/** For each commit of the group: the key of the expectation that failed, or null when it is durable. */
export type CommitResults = readonly (string | null)[];

export interface GetResult {
  readonly json: string;
  readonly created: string;
  readonly version: number;
}

export interface WorkerFailure {
  readonly message: string;
  /** `InUse`, `NewerFormat` at opening; `Failed` for the rest. */
  readonly reason: "InUse" | "NewerFormat" | "Failed";
}

/** The answer to request 0 says whether the file could be opened. */
export type WorkerReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: WorkerFailure };
