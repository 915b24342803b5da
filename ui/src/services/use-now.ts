/** The time, for words such as "3 s ago" that grow old by themselves. */
import { useSyncExternalStore } from "react";

const stepMs = 1_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One timer for all that show a time; it runs only while something does. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, stepMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** ms UTC, at whole seconds. */
const now = (): number => Math.floor(Date.now() / stepMs) * stepMs;

export const useNow = (): number => useSyncExternalStore(subscribe, now);
