/**
 * What becomes of an instance whose agent can't be reached, by how long that lasts.
 *
 * Source: Marathon unreachableStrategy (contract marathon.md section 11.3).
 */
import type { InstantMs } from "#foundation/base/core.ts";

export type UnreachableStrategy =
  | { readonly kind: "disabled" }
  | { readonly kind: "replace"; readonly inactiveAfterMs: number; readonly expungeAfterMs: number };

export type UnreachableVerdict =
  /** Still counts as one of the instances; `nextAt` is when to ask again, undefined for never. */
  | { readonly kind: "wait"; readonly nextAt: InstantMs | undefined }
  /** A new instance takes its place; should it come back in time there is one too many. */
  | { readonly kind: "inactive"; readonly nextAt: InstantMs }
  /** Forgotten; should the task come back, it is killed as unknown. */
  | { readonly kind: "expunge" };

export function judgeUnreachable(
  strategy: UnreachableStrategy,
  unreachableSince: InstantMs,
  now: InstantMs,
): UnreachableVerdict {
  if (strategy.kind === "disabled") return { kind: "wait", nextAt: undefined };
  const expungeAt = unreachableSince + strategy.expungeAfterMs;
  if (now >= expungeAt) return { kind: "expunge" };
  const inactiveAt = unreachableSince + strategy.inactiveAfterMs;
  return now >= inactiveAt ? { kind: "inactive", nextAt: expungeAt } : { kind: "wait", nextAt: inactiveAt };
}
