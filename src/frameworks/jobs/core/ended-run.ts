/** A run that is over, as long as its job's history keeps it. */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { decodeTasks, type RunOrigin, type RunTask, runOrigins } from "./run.ts";

export const endCauses = [
  "succeeded",
  /** Its task failed, was killed or got lost, and none was to follow. */
  "taskFailed",
  /** It did not start in the time its schedule gives it. */
  "startedTooLate",
  /** Somebody stopped it. */
  "stopped",
  /** Its job was deleted with its runs. */
  "jobDeleted",
] as const;
export type EndCause = (typeof endCauses)[number];

export interface EndedRun {
  readonly jobId: string;
  readonly id: string;
  readonly createdAt: InstantMs;
  readonly finishedAt: InstantMs;
  readonly origin: RunOrigin;
  readonly cause: EndCause;
  /** Oldest first. One may still be on its way out. */
  readonly tasks: readonly RunTask[];
}

export function encodeEndedRun(run: EndedRun): JsonObject {
  return { format: recordFormat, ...run, tasks: run.tasks.map((task) => ({ ...task })) };
}

export function decodeEndedRun(key: string, value: JsonValue): EndedRun {
  const record = new RecordReader(key, value);
  return {
    jobId: record.text("jobId"),
    id: record.text("id"),
    createdAt: record.number("createdAt"),
    finishedAt: record.number("finishedAt"),
    origin: record.oneOf("origin", runOrigins),
    cause: record.oneOf("cause", endCauses),
    tasks: decodeTasks(key, record),
  };
}
