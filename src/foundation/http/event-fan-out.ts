/** Server-sent events of a daemon to everybody who listens: none are kept, a heartbeat shows that the stream stands. */
import { type Answer, takeOver } from "./answer.ts";
import { encodeEvent, eventHeartbeat } from "./sse.ts";
import { openStream, type StreamWriter } from "./stream-writer.ts";

/** One more closes the oldest. */
const listenersMax = 100;
const heartbeatMs = 10_000;

export class EventFanOut {
  readonly #listeners = new Set<StreamWriter>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor() {
    this.#heartbeat = setInterval(() => this.#send(eventHeartbeat), heartbeatMs);
    this.#heartbeat.unref();
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  answer(): Answer {
    return takeOver((response) => {
      const writer = openStream(response, { "content-type": "text/event-stream" });
      writer.onClose(() => this.#listeners.delete(writer));
      this.#listeners.add(writer);
      writer.send(eventHeartbeat);
      if (this.#listeners.size > listenersMax) this.#listeners.values().next().value?.close();
    });
  }

  tell(event: object): void {
    if (this.hasListeners) this.#send(encodeEvent({ data: JSON.stringify(event) }));
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const writer of this.#listeners) writer.close();
  }

  #send(frame: string): void {
    for (const writer of this.#listeners) writer.send(frame);
  }
}
