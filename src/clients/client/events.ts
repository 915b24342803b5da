/** The event stream of the door, followed: after a break it goes on behind the last event that was heard. */
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { refusalOf } from "./agent-log.ts";
import type { Connection } from "./connection.ts";

export interface EventsRequest {
  readonly kinds: readonly string[];
  readonly objects: readonly string[];
  /** An event's id: begins behind it. Absent: with what comes. */
  readonly after?: string;
}

export interface EventsHandlers {
  readonly onOpen: () => void;
  readonly onEvent: (event: ClusterEvent) => void;
}

const retryMs = 1_000;

/** Ends with `signal`. Throws for a refusal, and when nothing answers the first time. */
export async function followEvents(
  connection: Connection,
  { kinds, objects, after }: EventsRequest,
  handlers: EventsHandlers,
  signal: AbortSignal,
): Promise<void> {
  let last = after;
  let wasOpen = false;
  while (!signal.aborted) {
    const query = new URLSearchParams({
      ...(kinds.length === 0 ? {} : { kind: kinds.join(",") }),
      ...(objects.length === 0 ? {} : { object: objects.join(",") }),
      ...(last === undefined ? {} : { after: last }),
    });
    const problem = await followOnce(
      connection,
      `/keelson/v1/events${query.size === 0 ? "" : `?${query}`}`,
      {
        onOpen: () => {
          wasOpen = true;
          handlers.onOpen();
        },
        onEvent: (event) => {
          last = event.id;
          handlers.onEvent(event);
        },
      },
      signal,
    );
    if (signal.aborted) return;
    if (problem instanceof Error) throw problem;
    if (!wasOpen) throw Object.assign(new Error(problem), { name: "NoAnswer" });
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

/** What broke it; an error when it was refused. */
async function followOnce(
  connection: Connection,
  path: string,
  handlers: EventsHandlers,
  signal: AbortSignal,
): Promise<string | Error> {
  const { EventDecoder } = await import("#foundation/http/sse.ts");
  const decoder = new EventDecoder();
  return await new Promise((resolve) => {
    let status = 0;
    const refusal: Buffer[] = [];
    const opened = connection.stream("door", path, {
      onHead: (head) => {
        status = head;
        if (head === 200) handlers.onOpen();
      },
      onData: (piece) => {
        if (status !== 200) {
          refusal.push(piece);
          return;
        }
        for (const { data } of decoder.push(piece)) {
          const value: unknown = JSON.parse(data);
          // The door writes these by the same contract.
          if (isJsonObject(value)) handlers.onEvent(value as unknown as ClusterEvent);
        }
      },
      onEnd: (cause) =>
        resolve(status === 0 || status === 200 ? cause : refusalOf(status, Buffer.concat(refusal))),
    });
    opened.catch(resolve);
    signal.addEventListener("abort", () => void opened.then((stream) => stream.abort()), { once: true });
  });
}
