/**
 * The shape of everything that decides.
 *
 * A core is a deterministic object: the same events at the same instants, with the same seed, give the
 * same outcomes. It does no I/O. Whoever hosts it (`foundation/runtime/core-host.ts` on a machine, the
 * simulation under virtual time) commits `writes` and only then performs `effects`, in order.
 */
import type { JsonValue } from "./json.ts";

/**
 * Milliseconds since the Unix epoch, UTC, integer. Hosts derive it from the wall clock at start plus the
 * monotonic clock since, so that it never goes back and never jumps within one life of a process.
 */
export type InstantMs = number;

/** One durable change of a versioned record. Keys are paths such as `apps/%2Fshop%2Fcart`. */
export type Write =
  | { readonly kind: "put"; readonly key: string; readonly value: JsonValue }
  | { readonly kind: "delete"; readonly key: string };

export interface Outcome<Effect> {
  /** Durable before any of `effects` leaves. */
  readonly writes: readonly Write[];
  readonly effects: readonly Effect[];
}

export interface Core<Event, Effect> {
  /** Takes one event at an instant that is never before the previous one. Never throws for bad input. */
  apply(event: Event, now: InstantMs): Outcome<Effect>;
  /** When the core next wants `wake`, or undefined. Asked after every `apply` and `wake`. */
  wakeAt(): InstantMs | undefined;
  /** Runs what is due at `now`: timers, retries, batch allocation. */
  wake(now: InstantMs): Outcome<Effect>;
  /** The whole state as plain JSON, for the trace hash of the simulation and for debugging. */
  snapshot(): JsonValue;
  /** The invariants that do not hold, each as a sentence; empty when all is well. */
  check(): readonly string[];
}

const nothing: Outcome<never> = { writes: [], effects: [] };

/** The outcome of an event that changes nothing. */
export function noOutcome<Effect>(): Outcome<Effect> {
  return nothing;
}
