/** What one step of the core gathers: the instant, the writes, the effects. */
import type { JobEvent } from "#contracts/jobs/job-events.ts";
import { CoreTurn } from "#frameworks/base/core/core-turn.ts";
import type { JobsEffect, RequestResult } from "./effects.ts";
import type { RequestId } from "./events.ts";

export class Turn extends CoreTurn<JobsEffect> {
  reply(request: RequestId, result: RequestResult): void {
    this.emit({ kind: "reply", request, result });
  }

  publish(eventType: JobEvent["eventType"], facts: Omit<JobEvent, "eventType">): void {
    this.emit({ kind: "publish", event: { eventType, ...facts } });
  }
}
