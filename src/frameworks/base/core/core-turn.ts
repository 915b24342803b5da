/** What one step of a framework's core gathers: the instant, the writes, the effects. */
import type { InstantMs, Outcome, Write } from "#foundation/base/core.ts";
import { noOutcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { FrameworkCall } from "./framework-call.ts";

/** Calls go to the master; refused ones are not retried by the session, the core's own timers do that. */
export interface CallEffect {
  readonly kind: "call";
  readonly call: FrameworkCall;
}

export class CoreTurn<Effect extends { readonly kind: string }> {
  readonly now: InstantMs;
  /** By key: of several changes of one record in a step only the last is written. */
  readonly #writes = new Map<string, Write>();
  readonly #effects: (Effect | CallEffect)[] = [];

  constructor(now: InstantMs) {
    this.now = now;
  }

  put(key: string, value: JsonValue): void {
    this.#writes.set(key, { kind: "put", key, value });
  }

  delete(key: string): void {
    this.#writes.set(key, { kind: "delete", key });
  }

  call(call: FrameworkCall): void {
    this.#effects.push({ kind: "call", call });
  }

  emit(effect: Effect): void {
    this.#effects.push(effect);
  }

  finish(): Outcome<Effect | CallEffect> {
    if (this.#writes.size === 0 && this.#effects.length === 0) return noOutcome();
    return { writes: [...this.#writes.values()], effects: this.#effects };
  }
}
