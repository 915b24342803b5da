/**
 * What became of each job's runs: counts, when it last succeeded and failed, and the last runs of either kind.
 *
 * Counts outlive the runs they count. Source: contract metronome.md section 6.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { decodeEndedRun, type EndedRun, encodeEndedRun } from "./ended-run.ts";
import { runKey } from "./ids.ts";
import type { JobsPolicy } from "./policy.ts";
import { isTaskEnded, type RunTask } from "./run.ts";
import type { Turn } from "./turn.ts";

export interface HistorySummary {
  readonly successCount: number;
  readonly failureCount: number;
  readonly lastSuccessAt: InstantMs | undefined;
  readonly lastFailureAt: InstantMs | undefined;
  /** When its newest run was made. */
  readonly lastStartAt: InstantMs | undefined;
  /** When its newest run was made and when it last succeeded, among such of all jobs: clocks of two processes may differ (ADR 0188). */
  readonly lastStartOrder: number | undefined;
  readonly lastSuccessOrder: number | undefined;
  /** How the run ended that ended last. */
  readonly lastOutcome: "success" | "failure" | undefined;
}

export interface JobHistory {
  readonly summary: HistorySummary;
  /** Oldest first, by run id. */
  readonly successes: ReadonlyMap<string, EndedRun>;
  readonly failures: ReadonlyMap<string, EndedRun>;
}

interface Kept {
  summary: HistorySummary;
  readonly successes: Map<string, EndedRun>;
  readonly failures: Map<string, EndedRun>;
}

const noRuns: HistorySummary = {
  successCount: 0,
  failureCount: 0,
  lastSuccessAt: undefined,
  lastFailureAt: undefined,
  lastStartAt: undefined,
  lastStartOrder: undefined,
  lastSuccessOrder: undefined,
  lastOutcome: undefined,
};

const summaryKey = (jobId: string): string => `histories/${jobId}`;
const recordKey = (run: EndedRun): string => `ended-runs/${runKey(run.jobId, run.id)}`;

export class HistoryTable {
  readonly #policy: Pick<JobsPolicy, "historyCount" | "historyMax">;
  readonly #jobs = new Map<string, Kept>();
  /** All that are kept, the one that ended first in front. */
  readonly #all = new Map<string, EndedRun>();
  /** Tasks of ended runs that were not yet heard to be over. */
  readonly #leaving = new Map<string, EndedRun>();
  #lastOrder = 0;

  constructor(policy: Pick<JobsPolicy, "historyCount" | "historyMax">) {
    this.#policy = policy;
  }

  of(jobId: string): JobHistory {
    return this.#jobs.get(jobId) ?? { summary: noRuns, successes: new Map(), failures: new Map() };
  }

  find(jobId: string, runId: string): EndedRun | undefined {
    return this.#all.get(runKey(jobId, runId));
  }

  restoreSummary(jobId: string, value: JsonValue): void {
    const record = new RecordReader(summaryKey(jobId), value);
    const outcome = record.optionalText("lastOutcome");
    const lastStartOrder = record.optionalNumber("lastStartOrder");
    const lastSuccessOrder = record.optionalNumber("lastSuccessOrder");
    this.#lastOrder = Math.max(this.#lastOrder, lastStartOrder ?? 0, lastSuccessOrder ?? 0);
    this.#kept(jobId).summary = {
      successCount: record.number("successCount"),
      failureCount: record.number("failureCount"),
      lastSuccessAt: record.optionalNumber("lastSuccessAt"),
      lastFailureAt: record.optionalNumber("lastFailureAt"),
      lastStartAt: record.optionalNumber("lastStartAt"),
      lastStartOrder,
      lastSuccessOrder,
      lastOutcome: outcome === "success" || outcome === "failure" ? outcome : undefined,
    };
  }

  /** In any order; records of one start belong together. */
  restoreRuns(records: readonly { readonly key: string; readonly value: JsonValue }[]): void {
    const runs = records.map(({ key, value }) => decodeEndedRun(key, value));
    for (const run of runs.sort((one, other) => one.finishedAt - other.finishedAt)) this.#keep(run);
  }

  started(turn: Turn, jobId: string): void {
    const kept = this.#kept(jobId);
    kept.summary = { ...kept.summary, lastStartAt: turn.now, lastStartOrder: this.#nextOrder() };
    this.#writeSummary(turn, jobId, kept);
  }

  ended(turn: Turn, run: EndedRun): void {
    const kept = this.#kept(run.jobId);
    const { summary } = kept;
    kept.summary =
      run.cause === "succeeded"
        ? {
            ...summary,
            successCount: summary.successCount + 1,
            lastSuccessAt: run.finishedAt,
            lastSuccessOrder: this.#nextOrder(),
            lastOutcome: "success",
          }
        : {
            ...summary,
            failureCount: summary.failureCount + 1,
            lastFailureAt: run.finishedAt,
            lastOutcome: "failure",
          };
    this.#writeSummary(turn, run.jobId, kept);
    turn.put(recordKey(run), encodeEndedRun(run));
    this.#keep(run);
    const list = listOf(kept, run);
    const [oldest] = list.values();
    if (list.size > this.#policy.historyCount && oldest !== undefined) this.#forget(turn, oldest);
    const [first] = this.#all.values();
    if (this.#all.size > this.#policy.historyMax && first !== undefined) this.#forget(turn, first);
  }

  /** A task of a run that ended before it; undefined for any other. */
  leavingTask(taskId: string): RunTask | undefined {
    return this.#leaving.get(taskId)?.tasks.find(({ id }) => id === taskId);
  }

  *leavingTasks(): Iterable<RunTask> {
    for (const taskId of this.#leaving.keys()) {
      const task = this.leavingTask(taskId);
      if (task !== undefined) yield task;
    }
  }

  changeTask(turn: Turn, task: RunTask): void {
    const run = this.#leaving.get(task.id);
    if (run === undefined) return;
    const changed = { ...run, tasks: run.tasks.map((each) => (each.id === task.id ? task : each)) };
    turn.put(recordKey(changed), encodeEndedRun(changed));
    this.#drop(run);
    this.#keep(changed);
  }

  /** With the job. */
  forgetJob(turn: Turn, jobId: string): void {
    const kept = this.#jobs.get(jobId);
    if (kept === undefined) return;
    for (const list of [kept.successes, kept.failures]) {
      for (const run of [...list.values()]) this.#forget(turn, run);
    }
    turn.delete(summaryKey(jobId));
    this.#jobs.delete(jobId);
  }

  snapshot(): JsonValue {
    return [
      [...this.#jobs].map(([jobId, { summary }]) => [jobId, summaryJson(summary)]),
      [...this.#all.values()].map(encodeEndedRun),
    ];
  }

  check(): readonly string[] {
    const problems: string[] = [];
    for (const [jobId, { summary, successes, failures }] of this.#jobs) {
      if (successes.size > summary.successCount || failures.size > summary.failureCount)
        problems.push(`history of ${jobId} keeps more runs than it counts`);
      if (Math.max(successes.size, failures.size) > this.#policy.historyCount)
        problems.push(`history of ${jobId} keeps too many runs`);
    }
    if (this.#all.size > this.#policy.historyMax) problems.push("histories keep too many runs");
    return problems;
  }

  #nextOrder(): number {
    this.#lastOrder += 1;
    return this.#lastOrder;
  }

  #kept(jobId: string): Kept {
    const known = this.#jobs.get(jobId);
    if (known !== undefined) return known;
    const kept: Kept = { summary: noRuns, successes: new Map(), failures: new Map() };
    this.#jobs.set(jobId, kept);
    return kept;
  }

  #keep(run: EndedRun): void {
    this.#all.set(runKey(run.jobId, run.id), run);
    listOf(this.#kept(run.jobId), run).set(run.id, run);
    for (const task of run.tasks) if (!isTaskEnded(task)) this.#leaving.set(task.id, run);
  }

  /** What keeps its place is only replaced. */
  #drop(run: EndedRun): void {
    for (const { id } of run.tasks) this.#leaving.delete(id);
  }

  #forget(turn: Turn, run: EndedRun): void {
    turn.delete(recordKey(run));
    this.#drop(run);
    this.#all.delete(runKey(run.jobId, run.id));
    const kept = this.#jobs.get(run.jobId);
    if (kept !== undefined) listOf(kept, run).delete(run.id);
  }

  #writeSummary(turn: Turn, jobId: string, { summary }: Kept): void {
    turn.put(summaryKey(jobId), { format: recordFormat, ...summaryJson(summary) });
  }
}

function listOf(kept: Kept, { cause }: EndedRun): Map<string, EndedRun> {
  return cause === "succeeded" ? kept.successes : kept.failures;
}

function summaryJson(summary: HistorySummary): JsonObject {
  return Object.fromEntries(
    Object.entries(summary).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}
