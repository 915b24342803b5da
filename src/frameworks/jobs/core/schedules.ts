/** What a schedule does when its time has come. Source: contract metronome.md sections 4 and 5. */
import type { InstantMs } from "#foundation/base/core.ts";
import { beginRun } from "./run-lifecycle.ts";
import { enabledOf, firesAt, setNextTimer, setTimer } from "./schedule-timers.ts";
import type { JobsState } from "./state.ts";
import type { Turn } from "./turn.ts";

export function fire(turn: Turn, state: JobsState, jobId: string, dueAt: InstantMs): void {
  const job = state.jobs.get(jobId);
  const schedule = enabledOf(job);
  if (job === undefined || schedule === undefined) return;
  const skip = (reason: string): void => turn.publish("job_run_skipped", { jobId, reason });
  if (turn.now - dueAt > state.policy.fireLatenessMaxMs) {
    skip("it was noticed too late");
    return setTimer(state, jobId, turn.now);
  }
  setNextTimer(state, jobId, dueAt);
  if (schedule.concurrencyPolicy === "FORBID" && state.runs.ofJob(jobId).size > 0)
    return skip("another run is active");
  if (beginRun(turn, state, job, { origin: "schedule", schedule }) === undefined)
    skip("too many runs are under way");
}

/** Before a request about it: more may be due than one step does, and what was due comes first. */
export function fireIfDue(turn: Turn, state: JobsState, jobId: string): void {
  const at = firesAt(state, jobId);
  if (at !== undefined && at <= turn.now) fire(turn, state, jobId, at);
}
