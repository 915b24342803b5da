import type { InstantMs } from "#foundation/base/core.ts";
import { TimerQueue } from "#foundation/base/timer-queue.ts";
import type { Clock } from "./clock.ts";
import type { TimerHandle, Timers } from "./timers.ts";

/** A clock and timers that move only when told to. For tests. */
export interface VirtualTime {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Fires what is due in the next `ms`, each timer at its own instant, and ends at that distance. */
  advance(ms: number): void;
  /** Like `advance`, giving promise callbacks a turn after every timer. */
  advanceAsync(ms: number): Promise<void>;
  /** Timers that are set and have not fired; a test may check that none is left. */
  pendingTimers(): number;
}

/** 2020-09-13T12:26:40Z, an instant that reads well in failures. */
const defaultStart: InstantMs = 1_600_000_000_000;

export function createVirtualTime(start: InstantMs = defaultStart): VirtualTime {
  const queue = new TimerQueue<() => void>();
  let now = start;
  let lastKey = 0;
  const fireNext = (until: InstantMs): boolean => {
    const at = queue.nextAt();
    if (at === undefined || at > until) return false;
    now = Math.max(now, at);
    queue.takeDue(now)?.timer();
    return true;
  };
  return {
    clock: { now: () => now, monotonicMs: () => now - start },
    timers: {
      set: (delayMs, callback) => {
        lastKey += 1;
        const key = String(lastKey);
        queue.set(key, now + Math.max(0, Math.ceil(delayMs)), callback);
        return { timer: key };
      },
      cancel: (handle: TimerHandle) => queue.cancel(String(handle.timer)),
    },
    advance: (ms) => {
      const until = now + ms;
      while (fireNext(until));
      now = until;
    },
    advanceAsync: async (ms) => {
      const until = now + ms;
      await turnOfPromises();
      while (fireNext(until)) await turnOfPromises();
      now = until;
    },
    pendingTimers: () => queue.size,
  };
}

function turnOfPromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
