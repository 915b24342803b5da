/** One reading of a stream of server-sent events, given up when it falls silent. */
import { csrfHeader } from "#contracts/identity.ts";
import { EventParser, type StreamEvent } from "./event-parser.ts";

export interface ServerEventsOptions {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly closed: AbortSignal;
  /** Silence longer than this means the connection is gone; heartbeats come every 10 s. */
  readonly silenceMs?: number;
  readonly onOpen: () => void;
  readonly onEvents: (events: readonly StreamEvent[]) => void;
}

export type ServerEventsEnd =
  /** Broken, silent or ended: may be opened again. */
  { readonly kind: "ended" } | { readonly kind: "refused"; readonly status: number; readonly body: unknown };

/**
 * The door answers at once. After a break in the network a browser may still hold connections that lead nowhere, and try
 * them one after the other; each costs this long.
 */
const openMaxMs = 8_000;
const silenceMaxMs = 25_000;

export async function readServerEvents(options: ServerEventsOptions): Promise<ServerEventsEnd> {
  const { silenceMs = silenceMaxMs, method = "GET", body, closed } = options;
  const silent = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const restart = (afterMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), afterMs);
  };
  restart(Math.min(openMaxMs, silenceMs));
  try {
    const answer = await fetch(options.url, {
      method,
      headers: {
        accept: "text/event-stream",
        [csrfHeader]: "1",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.any([closed, silent.signal]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok || answer.body === null)
      return {
        kind: "refused",
        status: answer.status,
        body: await answer.json().catch(() => undefined),
      };
    options.onOpen();
    restart(silenceMs);
    const parser = new EventParser();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { kind: "ended" };
      restart(silenceMs);
      options.onEvents(parser.push(value));
    }
  } catch {
    // Network errors and our own silence limit: both mean open it again.
    return { kind: "ended" };
  } finally {
    clearTimeout(timer);
  }
}

const retryMs = [250, 500, 1_000, 2_000, 5_000];

/** Before the next try, after so many that failed in a row. */
export function pauseBeforeRetry(failures: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, retryMs[Math.min(failures, retryMs.length - 1)]);
    closed.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
