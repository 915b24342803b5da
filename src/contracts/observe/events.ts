/**
 * The one event stream for our own clients: `GET /keelson/v1/events` at the door, server-sent events. Each says that
 * something changed, so that a client reads it again; what it says beside that is for people.
 *
 * Resumable: the id of an event given back as `Last-Event-ID` (or `?after=`) goes on behind it; when that is too far
 * back, or the door was started anew, the first event is `reset`, and a client reads everything again.
 * `?after=oldest` begins with the oldest that is kept, `?back=5000` with those of the last 5,000 ms, for a reader that
 * has read lists a moment ago. `?follow=false` ends behind what is kept; the header `eventsSinceHeader` of each answer
 * says since when (ms UTC) everything that happened is kept.
 * Query: `kind=service,task` and `object=/shop/cart,…` filter on the server. A comment line every 10 s is the heartbeat.
 */
import { type Static, Type } from "../schema.ts";

/** As `after`: begin with the oldest event that is kept. */
export const oldestEvent = "oldest";

export const eventsSinceHeader = "keelson-events-since";

export const EventKind = Type.Enum([
  "service",
  "deployment",
  "job",
  "task",
  "node",
  "framework",
  "user",
  "reset",
]);

export const ClusterEvent = Type.Object({
  /** Also the SSE id. */
  id: Type.String(),
  /** ms UTC */
  at: Type.Integer(),
  kind: EventKind,
  /** What happened, such as `created`, `changed`, `removed`, `TASK_RUNNING`, `deployment_success`, `runFailed`. */
  change: Type.String(),
  /** The id of what changed: a service path, job id, task id, deployment id, agent id. */
  object: Type.String(),
  /** The service it belongs to, when it belongs to one. */
  service: Type.Optional(Type.String()),
  /** Short facts for people: host, message, version. */
  detail: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  ),
});
export type ClusterEvent = Static<typeof ClusterEvent>;
