/**
 * When schedules fire.
 *
 * Each time comes from the schedule and the time it last fired for, never from when that was noticed: so nothing drifts.
 * The first time is at least a minute ahead of when the schedule was set, or this process began: so what an earlier life
 * fired is not fired again, and what nobody was there for is not caught up. Source: contract metronome.md section 4.
 */
import { type JobSchedule, nextRun, nextRuns } from "#domain/jobs/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { Job } from "./job-table.ts";
import type { JobsState } from "./state.ts";

const timerKey = (jobId: string): string => `fire/${jobId}`;

/**
 * `base` is now when the schedule was set, changed or taken away, and when the process begins; when it fired, what it
 * fired for.
 */
export function setTimer(state: JobsState, jobId: string, base: InstantMs): void {
  const schedule = enabledOf(state.jobs.get(jobId));
  const at = schedule === undefined ? undefined : firstFrom(schedule, base + state.policy.scheduleDelayMinMs);
  if (at === undefined) state.timers.cancel(timerKey(jobId));
  else state.timers.set(timerKey(jobId), at, { kind: "fire", jobId, at });
}

/** At the earliest at `earliest` itself. */
const firstFrom = (schedule: JobSchedule, earliest: InstantMs): InstantMs | undefined =>
  nextRun(schedule, earliest - 1);

/** When it would fire first, were it set now. */
export const firstFires = (
  { policy }: JobsState,
  schedule: JobSchedule,
  now: InstantMs,
  count: number,
): readonly InstantMs[] => nextRuns(schedule, now + policy.scheduleDelayMinMs - 1, count);

export function enabledOf(job: Job | undefined): JobSchedule | undefined {
  return job?.schedules.find(({ enabled }) => enabled);
}

/** When it will really fire; undefined for one that won't. */
export function firesAt(state: JobsState, jobId: string): InstantMs | undefined {
  return state.timers.at(timerKey(jobId));
}
