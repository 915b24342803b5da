/** Takes up where an earlier process stopped: records in, tables out, and what was under way goes on. */
import type { JsonValue } from "#foundation/base/json.ts";
import { RecordInvalid, RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { decodeRun } from "./run.ts";
import { watchLaunch, watchStart } from "./run-lifecycle.ts";
import { setTimers } from "./schedule-timers.ts";
import type { JobsState } from "./state.ts";
import type { Turn } from "./turn.ts";

export interface StoredRecord {
  readonly key: string;
  readonly value: JsonValue;
}

/** Every prefix the core writes under. */
export const recordPrefixes = ["framework/", "jobs/", "runs/", "histories/", "ended-runs/"] as const;

const frameworkKey = "framework/id";

export function storeFrameworkId(turn: Turn, frameworkId: string): void {
  turn.put(frameworkKey, { format: recordFormat, frameworkId });
}

/** Fills empty tables. Throws RecordInvalid for a record that this build can't read. */
export function restoreTables(state: JobsState, records: readonly StoredRecord[]): void {
  const below = (prefix: (typeof recordPrefixes)[number]): readonly StoredRecord[] =>
    records.filter(({ key }) => key.startsWith(prefix));
  const stranger = records.find(({ key }) => !recordPrefixes.some((prefix) => key.startsWith(prefix)));
  if (stranger !== undefined) throw new RecordInvalid(stranger.key, "is of no kind this build knows");
  for (const { key, value } of below("framework/"))
    state.connection.frameworkId = new RecordReader(key, value).text("frameworkId");
  for (const { key, value } of below("jobs/")) state.jobs.restore(key, value);
  const runs = below("runs/").map(({ key, value }) => decodeRun(key, value));
  for (const run of runs.sort((one, other) => one.createdAt - other.createdAt)) state.runs.restore(run);
  for (const { key, value } of below("histories/"))
    state.history.restoreSummary(key.slice("histories/".length), value);
  state.history.restoreRuns(below("ended-runs/"));
}

/** The first thing a restored core does once it is given an instant. */
export function resume(turn: Turn, state: JobsState): void {
  for (const run of [...state.runs.all()]) {
    watchStart(state, run);
    watchLaunch(state, run, turn.now);
  }
  for (const { id, agentId } of state.history.leavingTasks()) state.kills.want(turn, state, id, agentId);
  setTimers(state, turn.now);
}
