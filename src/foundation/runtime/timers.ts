/** Names one timer that was set. Opaque; only its own `Timers` understands it. */
export interface TimerHandle {
  readonly timer: unknown;
}

/** One-shot timers. They may fire late, never early by the clock they belong to. */
export interface Timers {
  /** Calls `callback` once, `delayMs` from now; a delay of 0 or less means as soon as possible, never at once. */
  set(delayMs: number, callback: () => void): TimerHandle;
  /** A timer that has fired or was cancelled is ignored. */
  cancel(handle: TimerHandle): void;
}

/** Node's setTimeout silently fires at once when the delay needs more than 31 bits. */
const longestDelayMs = 0x7fff_ffff;

class NodeTimer implements TimerHandle {
  timer: NodeJS.Timeout | undefined;

  arm(delayMs: number, callback: () => void): void {
    const partMs = Math.min(Math.max(0, delayMs), longestDelayMs);
    this.timer = setTimeout(() => {
      const restMs = delayMs - partMs;
      if (restMs > 0) {
        this.arm(restMs, callback);
        return;
      }
      this.timer = undefined;
      callback();
    }, partMs);
  }
}

/** Timers of this process. Each keeps the process alive until it fires or is cancelled. */
export const nodeTimers: Timers = {
  set: (delayMs, callback) => {
    const timer = new NodeTimer();
    timer.arm(delayMs, callback);
    return timer;
  },
  cancel: (handle) => {
    if (!(handle instanceof NodeTimer)) return;
    clearTimeout(handle.timer);
    handle.timer = undefined;
  },
};
