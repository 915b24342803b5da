/**
 * Health of one running task under one check, as a value.
 *
 * Source: Marathon scheduler-side health checks (contract marathon.md section 15.2).
 * Invariant: no clock is read here; `at` on each event is the only time.
 */
import { assertNever } from "#foundation/base/assert.ts";
import type { InstantMs } from "#foundation/base/core.ts";

export interface HealthPolicy {
  /** Failures before the first success don't count until the task has run this long. */
  readonly gracePeriodMs: number;
  readonly intervalMs: number;
  /** One failure more than this in a row asks for a kill; 0 never does. */
  readonly maxConsecutiveFailures: number;
}

export interface Health {
  readonly consecutiveFailures: number;
  readonly firstSuccessAt?: InstantMs;
  readonly lastSuccessAt?: InstantMs;
  readonly lastFailureAt?: InstantMs;
  readonly lastFailureCause?: string;
}

export type HealthEvent =
  | { readonly kind: "probeSucceeded"; readonly at: InstantMs }
  | {
      readonly kind: "probeFailed";
      readonly at: InstantMs;
      readonly cause: string;
      /** When the task was seen running. */
      readonly runningSince: InstantMs;
      /** An unreachable task is not judged. */
      readonly isReachable: boolean;
    };

export type HealthVerdict =
  /** Recorded. */
  | { readonly kind: "recorded" }
  /** A failure that doesn't count: in grace, or the task can't be reached at all. */
  | { readonly kind: "ignored" }
  /** Recorded, and one failure too many. */
  | { readonly kind: "kill"; readonly cause: string };

export interface HealthStep {
  readonly health: Health;
  readonly verdict: HealthVerdict;
}

/** A check that has no result yet. */
export const noHealth: Health = { consecutiveFailures: 0 };

/** The longest wait between a task's start and its first probe. */
export const firstProbeDelayMaxMs = 5_000;

/** How long after a task started its first probe is sent. */
export function firstProbeDelayMs(policy: HealthPolicy): number {
  return Math.min(policy.intervalMs, firstProbeDelayMaxMs);
}

export function stepHealth(health: Health, event: HealthEvent, policy: HealthPolicy): HealthStep {
  switch (event.kind) {
    case "probeSucceeded":
      return {
        health: {
          ...health,
          consecutiveFailures: 0,
          firstSuccessAt: health.firstSuccessAt ?? event.at,
          lastSuccessAt: event.at,
        },
        verdict: { kind: "recorded" },
      };
    case "probeFailed": {
      const inGrace =
        health.firstSuccessAt === undefined && event.runningSince + policy.gracePeriodMs > event.at;
      if (inGrace || !event.isReachable) return { health, verdict: { kind: "ignored" } };
      // The failures already recorded are compared, not the new total: the check that finds `max` failures
      // on record is the one that kills, which makes it the (max + 1)th.
      const kills =
        policy.maxConsecutiveFailures > 0 && health.consecutiveFailures >= policy.maxConsecutiveFailures;
      return {
        health: {
          ...health,
          consecutiveFailures: health.consecutiveFailures + 1,
          lastFailureAt: event.at,
          lastFailureCause: event.cause,
        },
        verdict: kills ? { kind: "kill", cause: event.cause } : { kind: "recorded" },
      };
    }
    default:
      return assertNever(event);
  }
}

export function hasResult(health: Health): boolean {
  return health.lastSuccessAt !== undefined || health.lastFailureAt !== undefined;
}

/** Succeeded at least once, and more recently than it failed. */
export function isAlive(health: Health): boolean {
  if (health.lastSuccessAt === undefined) return false;
  // Two results can share a millisecond; a success clears the run of failures, so that decides.
  return health.lastFailureAt === undefined || health.consecutiveFailures === 0;
}

/**
 * Health of a task with several checks: false when one of them has a result and isn't alive, true when all
 * have and are, undefined while it can't be said. A task without checks has no health.
 */
export function combinedHealth(checks: readonly Health[]): boolean | undefined {
  if (checks.length === 0) return undefined;
  if (checks.some((health) => hasResult(health) && !isAlive(health))) return false;
  return checks.every(isAlive) ? true : undefined;
}
