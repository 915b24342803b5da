/** What one step of the core gathers: the instant, the writes, the effects. */
import type { InstantMs, Outcome, Write } from "#foundation/base/core.ts";
import { noOutcome } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import type { RequestResult, ServicesEffect } from "./effects.ts";
import type { RequestId } from "./events.ts";
import { formatInstant } from "./iso-time.ts";
import type { ServicesCall } from "./services-call.ts";

export class Turn {
  readonly now: InstantMs;
  /** By key: of several changes of one record in a step only the last is written. */
  readonly #writes = new Map<string, Write>();
  readonly #effects: ServicesEffect[] = [];
  #nowText: string | undefined;

  constructor(now: InstantMs) {
    this.now = now;
  }

  put(key: string, value: JsonValue): void {
    this.#writes.set(key, { kind: "put", key, value });
  }

  delete(key: string): void {
    this.#writes.set(key, { kind: "delete", key });
  }

  call(call: ServicesCall): void {
    this.#effects.push({ kind: "call", call });
  }

  reply(request: RequestId, result: RequestResult): void {
    this.#effects.push({ kind: "reply", request, result });
  }

  /** Now, as Marathon writes it. */
  get nowText(): string {
    this.#nowText ??= formatInstant(this.now);
    return this.#nowText;
  }

  /** Tells the readers of `/v2/events`. */
  publish(eventType: string, payload: JsonObject): void {
    this.#effects.push({
      kind: "publish",
      event: { ...payload, eventType, timestamp: this.nowText },
    });
  }

  emit(effect: ServicesEffect): void {
    this.#effects.push(effect);
  }

  finish(): Outcome<ServicesEffect> {
    if (this.#writes.size === 0 && this.#effects.length === 0) return noOutcome();
    return { writes: [...this.#writes.values()], effects: this.#effects };
  }
}
