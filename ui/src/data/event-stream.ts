/**
 * The one stream of events from the door, which heals itself: a stream that ends, fails or falls silent is opened
 * again behind the last event seen. Read with fetch and not with EventSource, which hides the status of an answer
 * (401 means log in again, not try again) and does not notice a silent connection.
 */

import { csrfHeader } from "#contracts/identity.ts";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { EventParser } from "./event-parser.ts";

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

/**
 * The door answers at once. After a break in the network a browser may still hold connections that lead nowhere, and try
 * them one after the other; each costs this long.
 */
const openMaxMs = 8_000;
const retryMs = [250, 500, 1_000, 2_000, 5_000];

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
    const outcome = await readOnce(options, closed, lastId, (id) => {
      lastId = id;
      failures = 0;
    });
    if (closed.aborted) return;
    if (outcome === "refused") {
      options.onState("refused");
      return;
    }
    options.onState("lost");
    await pause(retryMs[Math.min(failures, retryMs.length - 1)] ?? 5_000, closed);
    failures += 1;
  }
}

/** One connection, until it ends. */
async function readOnce(
  options: EventStreamOptions,
  closed: AbortSignal,
  lastId: string | undefined,
  onId: (id: string) => void,
): Promise<"ended" | "refused"> {
  const { silenceMs = 25_000 } = options;
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), Math.min(openMaxMs, silenceMs));
  try {
    const back = lastId === undefined ? options.backMs?.() : undefined;
    const answer = await fetch(`${options.url}${back === undefined ? "" : `?back=${Math.ceil(back)}`}`, {
      headers: {
        accept: "text/event-stream",
        [csrfHeader]: "1",
        ...(lastId === undefined ? {} : { "last-event-id": lastId }),
      },
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.any([closed, silent.signal]),
    });
    if (answer.status === 401 || answer.status === 403) return "refused";
    if (!answer.ok || answer.body === null) return "ended";
    options.onState("open");
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), silenceMs);
    const parser = new EventParser();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "ended";
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), silenceMs);
      for (const event of parser.push(value)) {
        if (event.id !== undefined) onId(event.id);
        const parsed = parseEvent(event.data);
        if (parsed !== undefined) options.onEvent(parsed);
      }
    }
  } catch {
    // Network errors and our own silence limit: both mean open it again.
    return "ended";
  } finally {
    clearTimeout(timer);
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

function pause(ms: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    closed.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
