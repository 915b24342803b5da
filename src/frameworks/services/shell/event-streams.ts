/** `/v2/events`: everything the core publishes, to everybody who listens. Source: contract marathon.md section 17. */
import type { ServerResponse } from "node:http";
import { encodeEvent, eventHeartbeat, openStream, type StreamWriter } from "#foundation/http/index.ts";
import type { StreamEvent } from "../core/index.ts";

interface Listener {
  readonly writer: StreamWriter;
  /** Undefined: every type. */
  readonly types: ReadonlySet<string> | undefined;
  /** Events given to it and not yet taken by the system, roughly. */
  undelivered: number;
}

const heartbeatIntervalMs = 10_000;
const undeliveredMax = 1_024;
const bufferedBytesMax = 4_194_304;

export class EventStreams {
  readonly #listeners = new Set<Listener>();
  readonly #now: () => number;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(now: () => number) {
    this.#now = now;
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatIntervalMs);
    this.#heartbeat.unref();
  }

  get size(): number {
    return this.#listeners.size;
  }

  open(response: ServerResponse, remoteAddress: string, types: ReadonlySet<string> | undefined): void {
    const writer = openStream(response, { "content-type": "text/event-stream" }, { bufferedBytesMax });
    const listener: Listener = { writer, types, undelivered: 0 };
    this.#listeners.add(listener);
    writer.onClose(() => {
      this.#listeners.delete(listener);
      this.publish(this.#own("event_stream_detached", remoteAddress));
    });
    this.#send(listener, this.#own("event_stream_attached", remoteAddress));
  }

  publish(event: StreamEvent): void {
    if (this.#listeners.size === 0) return;
    const frame = frameOf(event);
    for (const listener of this.#listeners) this.#send(listener, event, frame);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const { writer } of this.#listeners) writer.close();
  }

  #send(listener: Listener, event: StreamEvent, frame = frameOf(event)): void {
    if (listener.types?.has(event.eventType) === false) return;
    const { writer } = listener;
    listener.undelivered = writer.bufferedBytes === 0 ? 0 : listener.undelivered + 1;
    writer.send(frame);
    if (listener.undelivered > undeliveredMax) writer.close();
  }

  #beat(): void {
    for (const { writer } of this.#listeners) writer.send(eventHeartbeat);
  }

  #own(eventType: string, remoteAddress: string): StreamEvent {
    return { eventType, remoteAddress, timestamp: new Date(this.#now()).toISOString() };
  }
}

const frameOf = (event: StreamEvent): string =>
  encodeEvent({ event: event.eventType, data: JSON.stringify(event) });
