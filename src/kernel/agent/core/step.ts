import type { InstantMs, Outcome, Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { AgentEffect } from "./events.ts";

/** Collects what one event leads to. */
export class Step {
  readonly now: InstantMs;
  readonly #writes: Write[] = [];
  readonly #effects: AgentEffect[] = [];

  constructor(now: InstantMs) {
    this.now = now;
  }

  put(key: string, record: object): void {
    // Records are made of wire messages and our own plain fields: JSON all the way down.
    this.#writes.push({ kind: "put", key, value: record as unknown as JsonValue });
  }

  delete(key: string): void {
    this.#writes.push({ kind: "delete", key });
  }

  emit(effect: AgentEffect): void {
    this.#effects.push(effect);
  }

  log(level: "info" | "warn" | "error", event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.emit({ kind: "log", level, event, fields });
  }

  outcome(): Outcome<AgentEffect> {
    return { writes: this.#writes, effects: this.#effects };
  }
}
