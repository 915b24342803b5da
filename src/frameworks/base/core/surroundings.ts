/** What the machines that frameworks share need of the core they are part of; its own state has all of it. */
import type { InstantMs } from "#foundation/base/core.ts";
import type { FrameworkCall } from "./framework-call.ts";

/** Timers of the shared machines. A core's own union has these among others, and gives them back when they are due. */
export type SharedTimer =
  | { readonly kind: "killAgain"; readonly taskId: string }
  | { readonly kind: "offerInterest" }
  | { readonly kind: "giveBackOffers" }
  | { readonly kind: "reconcile" };

export interface SharedTimers {
  set(key: string, at: InstantMs, timer: SharedTimer): void;
  cancel(key: string): void;
  has(key: string): boolean;
  at(key: string): InstantMs | undefined;
}

export interface SharedTurn {
  readonly now: InstantMs;
  call(call: FrameworkCall): void;
}

export interface SharedPolicy {
  /** Mesos role the framework subscribes with. */
  readonly role: string;
  readonly declineMs: number;
  /** Between two REVIVE calls for the same unserved work. */
  readonly reviveRepeatMs: number;
  /** Between two REVIVE calls when new work appeared in between. */
  readonly reviveNewWorkMs: number;
  /** Idle time before SUPPRESS. */
  readonly suppressAfterMs: number;
  readonly killRetryMs: number;
  readonly killsInFlightMax: number;
  readonly reconcileInitialMs: number;
  readonly reconcileIntervalMs: number;
}

export interface Surroundings {
  readonly policy: SharedPolicy;
  readonly timers: SharedTimers;
  readonly connection: { readonly isConnected: boolean };
}
