/** A job without what only says how it stands where it comes from. Source: contract metronome.md sections 2, 3 and 6. */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { SourceJob } from "./source.ts";

const shownOnly = new Set(["activeRuns", "history", "historySummary", "lastRunStatus"]);

export function cleanJob({ body }: SourceJob): JsonObject {
  const fields: Record<string, JsonValue | undefined> = Object.fromEntries(
    Object.entries(body).filter(([name]) => !shownOnly.has(name)),
  );
  const { schedules } = fields;
  if (Array.isArray(schedules)) fields["schedules"] = schedules.map(withoutNext);
  return fields;
}

function withoutNext(schedule: JsonValue): JsonValue {
  if (!isJsonObject(schedule)) return schedule;
  const { nextRunAt: _nextRunAt, ...kept } = schedule;
  return kept;
}
