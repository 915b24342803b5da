/**
 * The one stream of events from the door, which heals itself: a stream that ends, fails or falls silent is opened
 * again behind the last event seen. Read with fetch and not with EventSource, which hides the status of an answer
 * (401 means log in again, not try again) and does not notice a silent connection.
 */

import type { ClusterEvent } from "#contracts/observe/events.ts";
import { pauseBeforeRetry, readServerEvents } from "./server-events.ts";

export type StreamState = "connecting" | "open" | "lost" | "refused";

export interface EventStreamOptions {
  readonly url: string;
  /** The first connection begins with events of so long ago, so that nothing falls between lists that were read and it. */
  readonly backMs?: () => number;
  readonly onEvent: (event: ClusterEvent) => void;
  readonly onState: (state: StreamState) => void;
  /** Silence longer than this means the connection is gone; heartbeats come every 10 s. */
  readonly silenceMs?: number;
}

/** Opens the stream and keeps it open until the returned function is called. */
export function followEvents(options: EventStreamOptions): () => void {
  const closing = new AbortController();
  void keepOpen(options, closing.signal);
  return () => closing.abort();
}

async function keepOpen(options: EventStreamOptions, closed: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  let failures = 0;
  options.onState("connecting");
  while (!closed.aborted) {
    const back = lastId === undefined ? options.backMs?.() : undefined;
    const end = await readServerEvents({
      url: `${options.url}${back === undefined ? "" : `?back=${Math.ceil(back)}`}`,
      ...(lastId === undefined ? {} : { headers: { "last-event-id": lastId } }),
      ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
      closed,
      onOpen: () => options.onState("open"),
      onEvents: (events) => {
        for (const event of events) {
          failures = 0;
          lastId = event.id ?? lastId;
          const parsed = parseEvent(event.data);
          if (parsed !== undefined) options.onEvent(parsed);
        }
      },
    });
    if (closed.aborted) return;
    if (end.kind === "refused" && (end.status === 401 || end.status === 403)) {
      options.onState("refused");
      return;
    }
    options.onState("lost");
    await pauseBeforeRetry(failures, closed);
    failures += 1;
  }
}

/** Undefined for what is no event. */
export function parseEvent(data: string): ClusterEvent | undefined {
  try {
    const value = JSON.parse(data) as Partial<ClusterEvent>;
    return typeof value.kind === "string" && typeof value.id === "string"
      ? (value as ClusterEvent)
      : undefined;
  } catch {
    return undefined;
  }
}
