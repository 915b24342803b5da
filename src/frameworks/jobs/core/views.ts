/** What the API shows, in Metronome's names. Source: contract metronome.md sections 5 and 6. */
import {
  formatJobInstant,
  type JobSchedule,
  type ShownJob,
  type ShownSchedule,
  shownJob,
  shownSchedule,
} from "#domain/jobs/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { EndedRun } from "./ended-run.ts";
import type { JobHistory } from "./history-table.ts";
import type { Job } from "./job-table.ts";
import type { RunStatus, RunTask } from "./run.ts";
import { firesAt } from "./schedule-timers.ts";
import type { JobsState } from "./state.ts";

export interface RunJson {
  readonly id: string;
  readonly jobId: string;
  readonly status: RunStatus;
  readonly createdAt: string;
  readonly completedAt: string | null;
  readonly tasks: readonly TaskJson[];
}

export interface TaskJson {
  readonly id: string;
  readonly startedAt: string;
  /** Only of a task that finished. */
  readonly completedAt?: string;
  readonly status: RunTask["state"];
}

export interface HistorySummaryJson {
  readonly successCount: number;
  readonly failureCount: number;
  readonly lastSuccessAt: string | null;
  readonly lastFailureAt: string | null;
}

export interface EndedRunJson {
  readonly id: string;
  readonly createdAt: string;
  readonly finishedAt: string;
  readonly tasks: readonly string[];
}

export interface HistoryJson extends HistorySummaryJson {
  /** Newest first. */
  readonly successfulFinishedRuns: readonly EndedRunJson[];
  readonly failedFinishedRuns: readonly EndedRunJson[];
}

export function runJson(run: {
  readonly jobId: string;
  readonly id: string;
  readonly status: RunStatus;
  readonly createdAt: InstantMs;
  readonly completedAt?: InstantMs;
  readonly tasks: readonly RunTask[];
}): RunJson {
  return {
    id: run.id,
    jobId: run.jobId,
    status: run.status,
    createdAt: formatJobInstant(run.createdAt),
    completedAt: run.completedAt === undefined ? null : formatJobInstant(run.completedAt),
    tasks: run.tasks.map(taskJson),
  };
}

function taskJson({ id, launchedAt, endedAt, state }: RunTask): TaskJson {
  const isFinished = state === "TASK_FINISHED" && endedAt !== undefined;
  return {
    id,
    startedAt: formatJobInstant(launchedAt),
    ...(isFinished ? { completedAt: formatJobInstant(endedAt) } : {}),
    status: state,
  };
}

export function historySummaryJson({ summary }: JobHistory): HistorySummaryJson {
  const shown = (at: InstantMs | undefined): string | null =>
    at === undefined ? null : formatJobInstant(at);
  return {
    successCount: summary.successCount,
    failureCount: summary.failureCount,
    lastSuccessAt: shown(summary.lastSuccessAt),
    lastFailureAt: shown(summary.lastFailureAt),
  };
}

export function historyJson(history: JobHistory): HistoryJson {
  const list = (runs: JobHistory["successes"]): readonly EndedRunJson[] =>
    [...runs.values()].reverse().map(endedRunJson);
  return {
    ...historySummaryJson(history),
    successfulFinishedRuns: list(history.successes),
    failedFinishedRuns: list(history.failures),
  };
}

function endedRunJson({ id, createdAt, finishedAt, tasks }: EndedRun): EndedRunJson {
  return {
    id,
    createdAt: formatJobInstant(createdAt),
    finishedAt: formatJobInstant(finishedAt),
    tasks: tasks.map((task) => task.id),
  };
}

/** With the time at which it will really fire. */
export function scheduleView(
  state: JobsState,
  jobId: string,
  schedule: JobSchedule,
  now: InstantMs,
): ShownSchedule {
  const at = schedule.enabled ? firesAt(state, jobId) : undefined;
  // Working out when a cron fires next takes as long as all the rest of a job; mostly it is known.
  return at === undefined ? shownSchedule(schedule, now) : { ...schedule, nextRunAt: formatJobInstant(at) };
}

export function jobView(state: JobsState, { definition, schedules }: Job, now: InstantMs): ShownJob {
  return {
    ...shownJob(definition, [], now),
    schedules: schedules.map((schedule) => scheduleView(state, definition.id, schedule, now)),
  };
}
