/**
 * How long an app's next launch waits after failures, as a value.
 *
 * Source: contract marathon.md section 12. One value per (app, lastConfigChangeAt): scaling keeps it, a
 * changed definition starts without.
 */
import type { InstantMs } from "#foundation/base/core.ts";

export interface BackoffPolicy {
  readonly backoffMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
}

export interface Backoff {
  /** Size of the delay, already capped. */
  readonly delayMs: number;
  /** From when the delay counts. */
  readonly referenceAt: InstantMs;
  /**
   * From when nothing failing counts. After a failure this is the end of the delay: otherwise a delay of the largest size
   * would be forgotten by being waited for, and the next failure would start small. See ADR 0200.
   */
  readonly quietFrom: InstantMs;
}

export function backoffAfterFailure(
  current: Backoff | undefined,
  policy: BackoffPolicy,
  now: InstantMs,
): Backoff {
  const grown = current === undefined ? policy.backoffMs : current.delayMs * policy.factor;
  const delayMs = Math.min(Math.max(grown, 0), policy.maxDelayMs);
  return { delayMs, referenceAt: now, quietFrom: now + delayMs };
}

/** A launch that came this far moves the reference; the size of the delay stays until it is forgotten. */
export function backoffAfterProgress(current: Backoff | undefined, now: InstantMs): Backoff | undefined {
  return current === undefined ? undefined : { ...current, referenceAt: now, quietFrom: now };
}

/** When the next launch may happen. */
export function backoffEndsAt(backoff: Backoff): InstantMs {
  return Math.ceil(backoff.referenceAt + backoff.delayMs);
}

/** Nothing failed for so long that the next failure starts small again. */
export function isBackoffForgotten(backoff: Backoff, policy: BackoffPolicy, now: InstantMs): boolean {
  return now >= backoffForgottenAt(backoff, policy);
}

export function backoffForgottenAt(backoff: Backoff, policy: BackoffPolicy): InstantMs {
  return Math.floor(backoff.quietFrom + policy.maxDelayMs) + 1;
}
