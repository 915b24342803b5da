/** `GET /keelson/v1/events`: one subscription to each daemon, for any number of readers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { jobEventsPath } from "#contracts/jobs/job-events.ts";
import { nodeEventsPath } from "#contracts/kernel/node-events.ts";
import { type ClusterEvent, eventsSinceHeader } from "#contracts/observe/events.ts";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import {
  EventDecoder,
  encodeEvent,
  type HttpClient,
  type OpenStream,
  openStream,
  RecordDecoder,
  type StreamWriter,
} from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import type { Upstreams } from "../config.ts";
import {
  type Draft,
  fromIdentity,
  fromJobs,
  fromNodes,
  fromServices,
  KernelEvents,
} from "../core/event-mapping.ts";
import { type EventFilter, EventRing, eventFilter, wantsEvent } from "../core/event-ring.ts";

export interface EventHubOptions {
  readonly client: HttpClient;
  readonly upstreams: Pick<Upstreams, "kernel" | "services" | "jobs" | "iam">;
  /** Of the door itself, for the identity service. */
  readonly identityHeaders: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly now: () => number;
  /** Another one in each life of the door. */
  readonly mark: string;
  readonly onEvent: (event: ClusterEvent) => void;
}

interface Reader {
  readonly writer: StreamWriter;
  readonly filter: EventFilter;
}

interface Source {
  readonly name: string;
  readonly open: (
    onEvents: (drafts: readonly Draft[]) => void,
    onOpen: () => void,
    onEnd: (cause: string) => void,
  ) => OpenStream;
}

const heartbeatMs = 10_000;
const heartbeat = ": still here\n\n";
const readersMax = 2_000;
const bufferedBytesMax = 1_048_576;
/** The kernel's first record is the whole state: some 600 bytes a task. */
const stateBytesMax = 268_435_456;
/** A subscription that held this long was no failure. */
const settledMs = 5_000;
const retryMs = [200, 500, 1_000, 2_000, 5_000];

export class EventHub {
  readonly #options: EventHubOptions;
  readonly #ring: EventRing;
  readonly #readers = new Set<Reader>();
  readonly #open = new Map<string, OpenStream>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #heartbeat: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: EventHubOptions) {
    this.#options = options;
    this.#ring = new EventRing(options.mark, options.now());
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
    const kernel = new KernelEvents();
    const { upstreams } = options;
    for (const source of [
      this.#serverSent("services", () => `${upstreams.services}/v2/events`, fromServices),
      this.#serverSent("jobs", () => `${upstreams.jobs}${jobEventsPath}`, fromJobs),
      this.#serverSent("iam", () => `${upstreams.iam}/acs/api/v1/internal/events`, fromIdentity),
      this.#serverSent("nodes", () => `${upstreams.kernel}${nodeEventsPath}`, fromNodes),
      this.#operator(
        () => `${upstreams.kernel}/api/v1`,
        (event) => kernel.take(event),
      ),
    ])
      this.#follow(source, 0, false);
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Answers false when there are too many readers. The returned function ends it. */
  read(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): (() => void) | undefined {
    if (this.#readers.size >= readersMax) return undefined;
    const filter = eventFilter(query.getAll("kind"), query.getAll("object"));
    const header = request.headers["last-event-id"];
    const after = (typeof header === "string" ? header : undefined) ?? query.get("after") ?? undefined;
    const writer = openStream(
      response,
      {
        "content-type": "text/event-stream",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
        [eventsSinceHeader]: String(this.#ring.since),
      },
      { bufferedBytesMax },
    );
    const reader: Reader = { writer, filter };
    writer.send(heartbeat);
    const backMs = Number(query.get("back"));
    if (after !== undefined) this.#resume(reader, after);
    else if (backMs > 0) this.#tell(reader, this.#ring.from(this.#options.now() - backMs));
    if (query.get("follow") === "false") {
      writer.close();
      return () => undefined;
    }
    this.#readers.add(reader);
    writer.onClose(() => this.#readers.delete(reader));
    return () => writer.close();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const stream of this.#open.values()) stream.abort();
    for (const { writer } of this.#readers) writer.close();
  }

  #resume(reader: Reader, after: string): void {
    const resumed = this.#ring.after(after);
    this.#tell(reader, resumed.kind === "events" ? resumed.events : [this.#ring.reset(this.#options.now())]);
  }

  #tell({ writer, filter }: Reader, events: readonly ClusterEvent[]): void {
    for (const event of events) if (wantsEvent(event, filter)) writer.send(frameOf(event));
  }

  #publish(event: ClusterEvent): void {
    this.#options.onEvent(event);
    const frame = frameOf(event);
    for (const { writer, filter } of this.#readers) if (wantsEvent(event, filter)) writer.send(frame);
  }

  #beat(): void {
    for (const { writer } of this.#readers) writer.send(heartbeat);
  }

  /** Keeps a source open. After a gap readers are told to read everything again: what was missed is not known. */
  #follow(source: Source, failures: number, wasOpen: boolean): void {
    if (this.#isClosed) return;
    let isOpen = false;
    const startedAt = this.#options.now();
    const stream = source.open(
      (drafts) => {
        for (const draft of drafts) this.#publish(this.#ring.push(draft, this.#options.now()));
      },
      () => {
        isOpen = true;
        this.#options.log.debug("door.eventsOpen", { source: source.name });
        if (wasOpen)
          this.#publish(
            this.#ring.push({ kind: "reset", change: "reset", object: source.name }, this.#options.now()),
          );
      },
      (cause) => {
        if (this.#isClosed) return;
        const isSettled = isOpen && this.#options.now() - startedAt > settledMs;
        const wasTried = isSettled ? 0 : failures;
        const waitMs = retryMs[Math.min(wasTried, retryMs.length - 1)] ?? 5_000;
        this.#options.log.debug("door.eventsEnded", { source: source.name, cause });
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          this.#follow(source, wasTried + 1, wasOpen || isOpen);
        }, waitMs);
        this.#timers.add(timer);
      },
    );
    this.#open.set(source.name, stream);
  }

  #serverSent(name: string, url: () => string, map: (event: JsonObject) => readonly Draft[]): Source {
    return {
      name,
      open: (onEvents, onOpen, onEnd) => {
        const decoder = new EventDecoder();
        const stream = this.#options.client.stream(
          {
            method: "GET",
            url: url(),
            headers: {
              accept: "text/event-stream",
              ...(name === "iam" ? this.#options.identityHeaders : {}),
            },
          },
          {
            onHead: (status) => (status === 200 ? onOpen() : stream.abort()),
            onData: (piece) => onEvents(decoder.push(piece).flatMap(({ data }) => mapped(data, map))),
            onEnd,
          },
        );
        return stream;
      },
    };
  }

  #operator(url: () => string, map: (event: JsonObject) => readonly Draft[]): Source {
    return {
      name: "kernel",
      open: (onEvents, onOpen, onEnd) => {
        const decoder = new RecordDecoder(stateBytesMax);
        const stream = this.#options.client.stream(
          {
            method: "POST",
            url: url(),
            headers: { accept: "application/json", "content-type": "application/json" },
            body: JSON.stringify({ type: "SUBSCRIBE" }),
          },
          {
            onHead: (status) => (status === 200 ? onOpen() : stream.abort()),
            onData: (piece) =>
              onEvents(decoder.push(piece).flatMap((record) => mapped(record.toString("utf8"), map))),
            onEnd,
          },
        );
        return stream;
      },
    };
  }
}

function mapped(data: string, map: (event: JsonObject) => readonly Draft[]): readonly Draft[] {
  const event: unknown = JSON.parse(data);
  return isJsonObject(event) ? map(event) : [];
}

const frameOf = (event: ClusterEvent): string => encodeEvent({ id: event.id, data: JSON.stringify(event) });
