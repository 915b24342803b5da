/** Keeps the cache as new as the cluster, remembers the last events, and knows whether the stream stands. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useState, useSyncExternalStore } from "react";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { EventLog } from "./event-log.ts";
import { followEvents, type StreamState } from "./event-stream.ts";
import { Invalidator } from "./invalidator.ts";
import { staleAfter } from "./staleness.ts";

interface Live {
  readonly log: EventLog;
  readonly isLost: boolean;
}

/** A connection that heals faster than this is not spoken of. */
const lostShownAfterMs = 2_000;
/** How much older than the page an answer can be: one that a daemon had ready. */
const readAheadMs = 1_000;
const LiveContext = createContext<Live | undefined>(undefined);

export function LiveProvider(properties: { readonly children: ReactNode }): ReactNode {
  const client = useQueryClient();
  const [log] = useState(() => new EventLog());
  const [state, setState] = useState<StreamState>("connecting");
  const [isLost, setIsLost] = useState(false);

  useEffect(() => {
    const invalidator = new Invalidator(client);
    let wasLost = false;
    const stop = followEvents({
      url: "/keelson/v1/events",
      // Everything on this page was read since it was opened.
      backMs: () => performance.now() + readAheadMs,
      onState: (next) => {
        setState(next);
        wasLost ||= next === "lost";
        if (next !== "open" || !wasLost) return;
        // What was read while the connection broke may have failed, and no event says so.
        wasLost = false;
        invalidator.restart();
      },
      onEvent: (event) => {
        log.add(event);
        invalidator.add(staleAfter(event));
      },
    });
    return () => {
      stop();
      invalidator.close();
    };
  }, [client, log]);

  useEffect(() => {
    if (state === "open") setIsLost(false);
    if (state !== "lost") return;
    const timer = setTimeout(() => setIsLost(true), lostShownAfterMs);
    return () => clearTimeout(timer);
  }, [state]);

  return <LiveContext value={{ log, isLost }}>{properties.children}</LiveContext>;
}

function useLive(): Live {
  const live = use(LiveContext);
  if (live === undefined) throw new Error("this needs a LiveProvider above it");
  return live;
}

/** Whether the stream has been away for more than two seconds. */
export const useIsConnectionLost = (): boolean => useLive().isLost;

/** Events since the page was opened, newest first, at most `EventLog.sizeMax`. */
export function useEvents(): readonly ClusterEvent[] {
  const { log } = useLive();
  return useSyncExternalStore(log.subscribe, log.snapshot);
}
