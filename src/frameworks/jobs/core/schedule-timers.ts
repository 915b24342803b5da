/**
 * When schedules fire.
 *
 * Each time comes from the schedule and the time before it, never from when that was noticed: so nothing drifts. Setting a
 * schedule, changing its job or starting this process puts nothing off: the next time is the first after that moment. What nobody
 * was there for is not caught up. Source: contract metronome.md section 4; ADR 0197.
 */
import { type JobSchedule, nextRun } from "#domain/jobs/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { Job } from "./job-table.ts";
import type { JobsState } from "./state.ts";

const timerKey = (jobId: string): string => `fire/${jobId}`;

/** When the schedule was set, changed or taken away, and when the process begins. */
export const setTimer = (state: JobsState, jobId: string, now: InstantMs): void =>
  setNextTimer(state, jobId, countsFrom(state, jobId, now));

/** After a restart: timers are not stored. */
export function setTimers(state: JobsState, now: InstantMs): void {
  for (const { definition } of state.jobs.all()) setTimer(state, definition.id, now);
}

/** The first time after `base`, which is what the schedule fired for. */
export function setNextTimer(state: JobsState, jobId: string, base: InstantMs): void {
  const schedule = enabledOf(state.jobs.get(jobId));
  const at = schedule === undefined ? undefined : nextRun(schedule, base);
  if (at === undefined) state.timers.cancel(timerKey(jobId));
  else state.timers.set(timerKey(jobId), at, { kind: "fire", jobId, at });
}

/**
 * Now; or what was started last, where the process before had a clock that was ahead, so that nothing is started twice
 * (ADR 0188).
 */
function countsFrom({ history, policy }: JobsState, jobId: string, now: InstantMs): InstantMs {
  const last = history.of(jobId).summary.lastStartAt ?? now;
  return last > now && last - now <= policy.clocksApartMaxMs ? last : now;
}

export function enabledOf(job: Job | undefined): JobSchedule | undefined {
  return job?.schedules.find(({ enabled }) => enabled);
}

/** When it will really fire; undefined for one that won't. */
export function firesAt(state: JobsState, jobId: string): InstantMs | undefined {
  return state.timers.at(timerKey(jobId));
}
