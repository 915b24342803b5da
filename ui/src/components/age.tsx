/** How long ago something was, kept right while one looks; the exact time on hover. */
import { type ReactNode, useSyncExternalStore } from "react";
import { useFormats } from "../i18n/language-provider.tsx";

const tickMs = 10_000;
let now = Date.now();
const readers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for all ages on the page, which runs while there are any. */
function subscribe(reader: () => void): () => void {
  readers.add(reader);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of readers) each();
  }, tickMs);
  return () => {
    readers.delete(reader);
    if (readers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** ms UTC, at most ten seconds old. */
export function useNow(): number {
  const ticked = useSyncExternalStore(subscribe, () => now);
  // Nothing ticked while no age was shown.
  return Math.max(ticked, Date.now() - tickMs);
}

export function Age(properties: { readonly at: number }): ReactNode {
  const formats = useFormats();
  const shown = useNow();
  const { at } = properties;
  return (
    <time dateTime={new Date(at).toISOString()} title={formats.instant(at)} className="nowrap">
      {formats.ago(at, Math.max(shown, at))}
    </time>
  );
}
