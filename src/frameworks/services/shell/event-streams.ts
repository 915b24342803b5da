/**
 * `/v2/events`: everything the core publishes, to everybody who listens. Source: contract marathon.md section 17.
 *
 * A client that asks for ids can come back and go on where it was: the newest events are kept (ADR 0128).
 */
import type { ServerResponse } from "node:http";
import { encodeEvent, eventHeartbeat, openStream, type StreamWriter } from "#foundation/http/index.ts";
import type { StreamEvent } from "../core/index.ts";

interface Listener {
  readonly writer: StreamWriter;
  /** Undefined: every type. */
  readonly types: ReadonlySet<string> | undefined;
  readonly wantsIds: boolean;
  /** Events given to it and not yet taken by the system, roughly: those of its free turn are not counted. */
  undelivered: number;
  /** The last one that began with nothing waiting for it. */
  freeTurn: number;
}

interface Published {
  readonly event: StreamEvent;
  readonly data: string;
  readonly number: number;
}

/** An event as it goes to listeners without and with ids; each is made for the first of them. */
interface Frames {
  plain?: Buffer;
  withId?: Buffer;
}

export interface ListenerOptions {
  readonly remoteAddress: string;
  readonly types: ReadonlySet<string> | undefined;
  readonly wantsIds: boolean;
  /** Of the last event it has seen. */
  readonly lastEventId?: string;
}

const streamHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-store, must-revalidate",
};
const heartbeatIntervalMs = 10_000;
const undeliveredMax = 1_024;
const bufferedBytesMax = 4_194_304;
const keptMax = 4_096;
const keptCharactersMax = 8_388_608;
const heartbeat = Buffer.from(eventHeartbeat);

const encoded = (event: string, data: string, id?: string): Buffer =>
  Buffer.from(encodeEvent({ event, data, ...(id === undefined ? {} : { id }) }));

export class EventStreams {
  readonly #listeners = new Set<Listener>();
  readonly #now: () => number;
  readonly #onSent: (bytes: number) => void;
  readonly #heartbeat: NodeJS.Timeout;
  /** Of this process: events are numbered anew by each. */
  readonly #life: string;
  #kept: Published[] = [];
  #keptCharacters = 0;
  #number = 0;
  /** Of the loop, counted while something is sent. */
  #turn = 0;
  #isTurnCounted = false;

  constructor(now: () => number, life: string, onSent: (bytes: number) => void = () => undefined) {
    this.#now = now;
    this.#onSent = onSent;
    this.#life = life;
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatIntervalMs);
    this.#heartbeat.unref();
  }

  get size(): number {
    return this.#listeners.size;
  }

  open(response: ServerResponse, { remoteAddress, types, wantsIds, lastEventId }: ListenerOptions): void {
    const writer = openStream(response, streamHeaders, { bufferedBytesMax });
    const listener: Listener = { writer, types, wantsIds, undelivered: 0, freeTurn: -1 };
    writer.onClose(() => {
      this.#listeners.delete(listener);
      this.publish(this.#own("event_stream_detached", { remoteAddress }));
    });
    const attached = this.#own("event_stream_attached", { remoteAddress });
    this.#sendOwn(listener, attached);
    if (lastEventId !== undefined) this.#resume(listener, lastEventId);
    // The others hear of it as of anything else.
    this.publish(attached);
    this.#listeners.add(listener);
  }

  publish(event: StreamEvent): void {
    this.#number += 1;
    const published: Published = { event, data: JSON.stringify(event), number: this.#number };
    this.#keep(published);
    const frames: Frames = {};
    for (const listener of this.#listeners) this.#send(listener, published, frames);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const { writer } of this.#listeners) writer.close();
  }

  #keep(published: Published): void {
    this.#kept.push(published);
    this.#keptCharacters += published.data.length;
    if (this.#kept.length <= keptMax * 2 && this.#keptCharacters <= keptCharactersMax * 2) return;
    // Cut by halves, so that each event is moved once at most.
    let characters = 0;
    let first = this.#kept.length;
    while (first > 0 && this.#kept.length - first < keptMax) {
      characters += this.#kept[first - 1]?.data.length ?? 0;
      if (characters > keptCharactersMax) break;
      first -= 1;
    }
    this.#kept = this.#kept.slice(first);
    this.#keptCharacters = this.#kept.reduce((sum, { data }) => sum + data.length, 0);
  }

  /** What it missed, or that there is more than is kept: then it has to read everything anew. */
  #resume(listener: Listener, lastEventId: string): void {
    const { 1: life, 2: number } = /^(.+)-(\d{1,15})$/.exec(lastEventId) ?? [];
    const oldest = this.#kept[0]?.number ?? this.#number + 1;
    const from = Number(number) + 1;
    if (life !== this.#life || !(from >= oldest && from <= this.#number + 1)) {
      this.#sendOwn(listener, this.#own("event_stream_missed", { lastEventId }), true);
      return;
    }
    for (const published of this.#kept.slice(from - oldest)) this.#send(listener, published, {});
  }

  #send(listener: Listener, { event, data, number }: Published, frames: Frames): void {
    if (listener.types?.has(event.eventType) === false) return;
    const { writer } = listener;
    this.#countTurn();
    if (writer.bufferedBytes === 0) {
      listener.undelivered = 0;
      listener.freeTurn = this.#turn;
    } else if (listener.freeTurn !== this.#turn) listener.undelivered += 1;
    if (listener.wantsIds) {
      frames.withId ??= encoded(event.eventType, data, `${this.#life}-${number}`);
      this.#write(writer, frames.withId);
    } else {
      frames.plain ??= encoded(event.eventType, data);
      this.#write(writer, frames.plain);
    }
    if (listener.undelivered > undeliveredMax) writer.close();
  }

  /** Nobody can read what is published in one turn before that is over. */
  #countTurn(): void {
    if (this.#isTurnCounted) return;
    this.#isTurnCounted = true;
    this.#turn += 1;
    process.nextTick(() => {
      this.#isTurnCounted = false;
    });
  }

  /** Of this listener's own stream: it has no number, and `always` goes by every filter. */
  #sendOwn({ types, writer }: Listener, event: StreamEvent, always = false): void {
    if (!always && types?.has(event.eventType) === false) return;
    this.#write(writer, encoded(event.eventType, JSON.stringify(event)));
  }

  #beat(): void {
    for (const { writer } of this.#listeners) this.#write(writer, heartbeat);
  }

  #write(writer: StreamWriter, frame: Buffer): void {
    writer.send(frame);
    this.#onSent(frame.length);
  }

  #own(eventType: string, payload: object): StreamEvent {
    return { eventType, ...payload, timestamp: new Date(this.#now()).toISOString() };
  }
}
