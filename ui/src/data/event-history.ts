/** What happened before: the events that the door still keeps, and since when it keeps all of them. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { csrfHeader } from "#contracts/identity.ts";
import { type ClusterEvent, eventsSinceHeader, oldestEvent } from "#contracts/observe/events.ts";
import { EventParser } from "./event-parser.ts";
import { parseEvent } from "./event-stream.ts";
import { useEvents } from "./live-provider.tsx";
import { queryText, RequestFailed } from "./request.ts";

export interface EventHistory {
  /** Newest first. */
  readonly events: readonly ClusterEvent[];
  /** ms UTC. Undefined until it is known. */
  readonly since: number | undefined;
  readonly isPending: boolean;
  /** Why what is kept can't be read. */
  readonly error: Error | undefined;
}

/** Events of everything, or of one object and what belongs to it: those that are kept, and each that comes. */
export function useEventHistory(object?: string): EventHistory {
  const live = useEvents();
  const kept: UseQueryResult<Kept> = useQuery({
    queryKey: ["events", object ?? ""],
    queryFn: ({ signal }) => readKept(object, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const own = object === undefined ? live : live.filter((event) => isAbout(event, object));
  return {
    events: joined(own, kept.data?.events ?? []),
    since: kept.data?.since,
    isPending: kept.isPending,
    error: kept.error ?? undefined,
  };
}

export const isAbout = (event: ClusterEvent, object: string): boolean =>
  event.object === object || event.service === object;

/** `live` is newest first, `kept` oldest first; what is in both is told once. */
export function joined(
  live: readonly ClusterEvent[],
  kept: readonly ClusterEvent[],
): readonly ClusterEvent[] {
  const known = new Set(live.map(({ id }) => id));
  return [...live, ...kept.filter(({ id, kind }) => !known.has(id) && kind !== "reset").toReversed()];
}

interface Kept {
  readonly events: readonly ClusterEvent[];
  readonly since: number | undefined;
}

/** Throws `RequestFailed`. */
async function readKept(object: string | undefined, signal: AbortSignal): Promise<Kept> {
  const answer = await fetch(
    `/keelson/v1/events${queryText({ after: oldestEvent, follow: "false", object })}`,
    {
      headers: { accept: "text/event-stream", [csrfHeader]: "1" },
      credentials: "same-origin",
      cache: "no-store",
      signal,
    },
  ).catch((error: unknown) => {
    throw new RequestFailed({ status: 0, body: undefined, message: String(error) });
  });
  if (!answer.ok)
    throw new RequestFailed({ status: answer.status, body: undefined, message: `HTTP ${answer.status}` });
  const since = Number(answer.headers.get(eventsSinceHeader) ?? Number.NaN);
  const events = new EventParser().push(await answer.text()).flatMap(({ data }) => parseEvent(data) ?? []);
  return { events, since: Number.isFinite(since) ? since : undefined };
}
