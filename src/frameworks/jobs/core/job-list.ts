/** Jobs as our own clients list them: one pass over all, items for the window alone. */
import type { JobItem } from "#contracts/jobs/own-endpoints.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { type ListQuery, listWindow } from "#foundation/base/list-window.ts";
import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import type { EndedRun } from "./ended-run.ts";
import type { Job } from "./job-table.ts";
import type { Run } from "./run.ts";
import { reasonOfRun, statusOf } from "./run-list.ts";
import { firesAt } from "./schedule-timers.ts";
import type { JobsState } from "./state.ts";
import type { ExplainOptions } from "./waiting-reasons.ts";

export type JobFacts = Omit<JobItem, "reason"> & { readonly reason?: ReasonFacts };

export interface JobQuery extends ListQuery {
  /** Leaves out what somebody may not see. Default: none. */
  readonly sees?: (jobId: string) => boolean;
}

const activeRunsShown = 10;

export function listJobs(
  state: JobsState,
  { sees = () => true, ...query }: JobQuery,
  options: ExplainOptions,
): { readonly items: readonly JobFacts[]; readonly total: number } {
  const jobs = [...state.jobs.all()].filter(({ definition }) => sees(definition.id));
  const summary = ({ definition }: Job) => state.history.of(definition.id).summary;
  const labels = ({ definition }: Job): readonly string[] =>
    Object.entries(definition.labels).flatMap(([name, value]) => [name, `${name}=${value}`]);
  const window = listWindow(jobs, query, {
    words: (job) => [job.definition.id, job.definition.description ?? "", ...labels(job)],
    fields: {
      id: ({ definition }) => definition.id,
      status: (job) => statusOfJob(state, job),
      label: labels,
      cpus: ({ definition }) => definition.run.cpus,
      mem: ({ definition }) => definition.run.mem,
      next: ({ definition }) => nextRunOf(state, definition.id),
      active: ({ definition }) => state.runs.ofJob(definition.id).size,
      last: (job) => summary(job).lastOutcome,
      ended: (job) => Math.max(summary(job).lastSuccessAt ?? 0, summary(job).lastFailureAt ?? 0),
      succeeded: (job) => summary(job).successCount,
      failed: (job) => summary(job).failureCount,
    },
    tieBreak: ({ definition }) => definition.id,
  });
  return { total: window.total, items: window.items.map((job) => jobFacts(state, job, options)) };
}

export function statusOfJob(state: JobsState, { definition, schedules }: Job): JobItem["status"] {
  const active = [...state.runs.ofJob(definition.id).values()];
  if (active.some(({ isTaskOut }) => isTaskOut)) return "running";
  if (active.length > 0) return "waiting";
  const [schedule] = schedules;
  if (schedule !== undefined) return schedule.enabled ? "scheduled" : "disabled";
  return definition.dependencies.length > 0 ? "dependent" : "idle";
}

/** Undefined when no schedule is switched on, or no date is left. */
export const nextRunOf = (state: JobsState, jobId: string): InstantMs | undefined => firesAt(state, jobId);

export function jobFacts(state: JobsState, job: Job, options: ExplainOptions): JobFacts {
  const { definition, schedules } = job;
  const { run } = definition;
  const active = [...state.runs.ofJob(definition.id).values()].reverse();
  const { summary } = state.history.of(definition.id);
  const last = lastRunOf(state, definition.id);
  const reason = reasonOfJob(state, job, options);
  const [schedule] = schedules;
  const nextRunAt = nextRunOf(state, definition.id);
  return {
    id: definition.id,
    status: statusOfJob(state, job),
    ...(definition.description === undefined ? {} : { description: definition.description }),
    ...(run.cmd === undefined ? {} : { cmd: run.cmd }),
    cpus: run.cpus,
    mem: run.mem,
    disk: run.disk,
    labels: { ...definition.labels },
    dependencies: definition.dependencies.map(({ id }) => id),
    ...(schedule === undefined
      ? {}
      : {
          schedule: {
            id: schedule.id,
            cron: schedule.cron,
            timezone: schedule.timezone,
            isEnabled: schedule.enabled,
            ...(nextRunAt === undefined ? {} : { nextRunAt }),
          },
        }),
    activeRuns: active.slice(0, activeRunsShown).map(({ id }) => id),
    activeCount: active.length,
    ...(last === undefined
      ? {}
      : { lastRun: { id: last.id, status: statusOf(last), endedAt: last.finishedAt } }),
    successCount: summary.successCount,
    failureCount: summary.failureCount,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The one that ended last. */
export function lastRunOf(state: JobsState, jobId: string): EndedRun | undefined {
  const { successes, failures } = state.history.of(jobId);
  const newest = [[...successes.values()].at(-1), [...failures.values()].at(-1)].filter(
    (run) => run !== undefined,
  );
  return newest.sort((one, other) => other.finishedAt - one.finishedAt)[0];
}

/** Why an active run waits; else, while none is active, why the last one failed. */
function reasonOfJob(
  state: JobsState,
  { definition }: Job,
  options: ExplainOptions,
): ReasonFacts | undefined {
  const active = [...state.runs.ofJob(definition.id).values()];
  const [waiting] = active.filter((run: Run) => !run.isTaskOut);
  if (waiting !== undefined) return reasonOfRun(state, waiting, options);
  const last = active.length > 0 ? undefined : lastRunOf(state, definition.id);
  return last === undefined ? undefined : reasonOfRun(state, last, options);
}
