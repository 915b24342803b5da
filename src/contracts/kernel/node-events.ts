/**
 * What the master tells of its agents beyond Mesos' operator stream, which knows only that one came for good or went for
 * good: a broken link, one that stands again. Server-sent events; one that subscribes reads the list of nodes first.
 */
import type { NodeItem } from "./own-endpoints.ts";

/** GET, `text/event-stream`, at the master. A heartbeat every 10 s. */
export const nodeEventsPath = "/keelson/v1/node-events";

/** `data:` of each event. */
export interface NodeEvent {
  readonly agentId: string;
  /** What it is from now on; `removed`: not registered any more. */
  readonly state: NodeItem["state"] | "removed";
  /** What operators decided about it; absent when it is not known any more. */
  readonly standing?: NodeItem["standing"];
  /** Empty when it is not known any more. */
  readonly hostname: string;
}
