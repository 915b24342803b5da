import type { InstantMs } from "#foundation/base/core.ts";

/** Time as shells see it. Cores get instants as arguments instead. */
export interface Clock {
  /** Steady wall time: the wall clock at the start of the process plus the monotonic clock since. */
  now(): InstantMs;
  /** Milliseconds, fractional, from an arbitrary start; for leases, timeouts and durations. */
  monotonicMs(): number;
}

/** A clock on this machine that never goes back and does not follow adjustments of the wall clock. */
export function createSystemClock(): Clock {
  const startedAtWall = Date.now();
  const startedAtMonotonic = performance.now();
  return {
    now: () => Math.floor(startedAtWall + (performance.now() - startedAtMonotonic)),
    monotonicMs: () => performance.now(),
  };
}

/** The clock of this process. */
export const systemClock: Clock = createSystemClock();
