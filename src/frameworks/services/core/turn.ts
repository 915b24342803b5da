/** What one step of the core gathers: the instant, the writes, the effects. */

import { formatInstant } from "#foundation/base/iso-time.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { CoreTurn } from "#frameworks/base/core/core-turn.ts";
import type { RequestResult, ServicesEffect } from "./effects.ts";
import type { RequestId } from "./events.ts";

export class Turn extends CoreTurn<ServicesEffect> {
  #nowText: string | undefined;

  reply(request: RequestId, result: RequestResult): void {
    this.emit({ kind: "reply", request, result });
  }

  /** Now, as Marathon writes it. */
  get nowText(): string {
    this.#nowText ??= formatInstant(this.now);
    return this.#nowText;
  }

  /** Tells the readers of `/v2/events`. */
  publish(eventType: string, payload: JsonObject): void {
    this.emit({
      kind: "publish",
      event: { ...payload, eventType, timestamp: this.nowText },
    });
  }
}
