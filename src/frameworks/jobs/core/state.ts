import type { InstantMs } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import type { TimerQueue } from "#foundation/base/timer-queue.ts";
import type { KillTable } from "#frameworks/base/core/kill-table.ts";
import type { OfferInterest } from "#frameworks/base/core/offer-interest.ts";
import type { SharedTimer } from "#frameworks/base/core/surroundings.ts";
import type { HistoryTable } from "./history-table.ts";
import type { JobTable } from "./job-table.ts";
import type { JobsPolicy } from "./policy.ts";
import type { RunTable } from "./run-table.ts";

export type Timer =
  | SharedTimer
  | { readonly kind: "resume" }
  | { readonly kind: "fire"; readonly jobId: string; readonly at: InstantMs }
  | { readonly kind: "startBy"; readonly jobId: string; readonly runId: string }
  | {
      readonly kind: "overdue";
      readonly jobId: string;
      readonly runId: string;
      readonly taskId: string;
    };

export interface Connection {
  frameworkId: string | undefined;
  isConnected: boolean;
  master: string | undefined;
}

export interface JobsState {
  readonly policy: JobsPolicy;
  readonly random: Random;
  readonly timers: TimerQueue<Timer>;
  readonly connection: Connection;
  readonly jobs: JobTable;
  readonly runs: RunTable;
  readonly history: HistoryTable;
  readonly kills: KillTable;
  readonly interest: OfferInterest;
  /** Offers that the master may still believe to be ours. */
  readonly unreturnedOffers: Set<string>;
}
