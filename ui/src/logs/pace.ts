/** How long a stream of a log is left alone between two readings. */

const busyMs = 400;
const silentMaxMs = 3_000;
/** Readings of all streams together in a second, at most; more streams are each read more seldom. */
const readingsPerSecond = 20;

/** `streams`: how many share the pace. */
export function nextPause(
  beforeMs: number,
  { hadLines, streams }: { readonly hadLines: boolean; readonly streams: number },
): number {
  const least = Math.max(busyMs, (streams * 1_000) / readingsPerSecond);
  return hadLines ? least : Math.min(Math.max(least, beforeMs * 1.5), Math.max(least, silentMaxMs));
}
