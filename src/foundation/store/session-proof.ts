/**
 * What the silence of a session's servers means, by our own clock. The servers keep a session for its timeout after they heard of it
 * last; whoever gives it up earlier than that, counted from when the answered request was sent, is never the second owner of what
 * it held.
 */

/** Shares of the session timeout: between probes; without an answer until a connection is broken off, and until it is given up. */
export const probeShare = 0.1;
const brokenAfterShare = 0.3;
const lostAfterShare = 0.7;

export type Silence = "short" | "broken" | "lost";

/** `silentMs`: since the request was sent that was answered last. */
export function judgeSilence(silentMs: number, timeoutMs: number): Silence {
  if (silentMs > timeoutMs * lostAfterShare) return "lost";
  return silentMs > timeoutMs * brokenAfterShare ? "broken" : "short";
}

export const brokenAfterMs = (timeoutMs: number): number => timeoutMs * brokenAfterShare;
