/**
 * How runs begin, go on and end.
 *
 * INITIAL -> STARTING -> ACTIVE -> SUCCESS or FAILED; a task that fails sends a run that may go on back to STARTING.
 * A run that ends leaves the table of runs and enters its job's history in one step.
 * Source: contract metronome.md section 5.
 */
import { type JobSchedule, newRunId } from "#domain/jobs/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { EndCause, EndedRun } from "./ended-run.ts";
import { runKey } from "./ids.ts";
import type { Job } from "./job-table.ts";
import { currentTask, isTaskEnded, type Run, type RunOrigin } from "./run.ts";
import type { JobsState } from "./state.ts";
import { successOf } from "./triggers.ts";
import type { Turn } from "./turn.ts";
import { runJson } from "./views.ts";

/** Undefined when no more runs may be under way. */
export function beginRun(
  turn: Turn,
  state: JobsState,
  job: Job,
  { origin, schedule }: { readonly origin: RunOrigin; readonly schedule?: JobSchedule },
): Run | undefined {
  if (state.runs.size >= state.policy.maxActiveRuns) return undefined;
  const { id: jobId, run: spec, labels } = job.definition;
  const run: Run = {
    jobId,
    id: freeRunId(state, jobId, turn.now),
    createdAt: turn.now,
    origin,
    startBy: schedule === undefined ? undefined : turn.now + schedule.startingDeadlineSeconds * 1_000,
    spec,
    labels,
    status: "STARTING",
    tasks: [],
    isTaskOut: false,
    lostLaunches: 0,
    wasActive: false,
  };
  state.runs.add(turn, run);
  state.history.started(turn, jobId);
  watchStart(state, run);
  turn.publish("job_run_started", { jobId, runId: run.id, origin });
  return run;
}

function freeRunId(state: JobsState, jobId: string, now: InstantMs): string {
  for (;;) {
    const id = newRunId(now, state.random);
    if (state.runs.get(jobId, id) === undefined && state.history.find(jobId, id) === undefined) return id;
  }
}

const startByKey = (run: Run): string => `startBy/${runKey(run.jobId, run.id)}`;
export const overdueKey = (run: Run): string => `overdue/${runKey(run.jobId, run.id)}`;

/** Only what a schedule began has to be active by some time, and only until it was. */
export function watchStart(state: JobsState, run: Run): void {
  if (run.startBy === undefined || run.wasActive) return;
  state.timers.set(startByKey(run), run.startBy, { kind: "startBy", jobId: run.jobId, runId: run.id });
}

export function startByPassed(turn: Turn, state: JobsState, jobId: string, runId: string): void {
  const run = state.runs.get(jobId, runId);
  if (run === undefined || run.wasActive) return;
  endRun(turn, state, run, "startedTooLate");
}

/** A launch that isn't confirmed in time is ended and, if the run may go on, tried again. */
export function watchLaunch(state: JobsState, run: Run, now: InstantMs): void {
  const task = currentTask(run);
  if (task === undefined || task.state === "TASK_RUNNING") {
    state.timers.cancel(overdueKey(run));
    return;
  }
  const { launchConfirmTimeoutMs, launchTimeoutMs } = state.policy;
  const timeoutMs = task.state === "TASK_CREATED" ? launchConfirmTimeoutMs : launchTimeoutMs;
  state.timers.set(overdueKey(run), now + timeoutMs, {
    kind: "overdue",
    jobId: run.jobId,
    runId: run.id,
    taskId: task.id,
  });
}

export function launchOverdue(
  turn: Turn,
  state: JobsState,
  { jobId, runId, taskId }: { readonly jobId: string; readonly runId: string; readonly taskId: string },
): void {
  const run = state.runs.get(jobId, runId);
  const task = run === undefined ? undefined : currentTask(run);
  if (task?.id !== taskId || task.state === "TASK_RUNNING") return;
  state.kills.want(turn, state, task.id, task.agentId);
}

export function becomeActive(turn: Turn, state: JobsState, run: Run): Run {
  if (run.status === "ACTIVE") return run;
  state.timers.cancel(startByKey(run));
  const active = state.runs.change(turn, run, { status: "ACTIVE", wasActive: true, lostLaunches: 0 });
  return active;
}

/** Its task is over without success, or can't be reached: another follows at once, or that was it. */
export function taskFailed(turn: Turn, state: JobsState, run: Run): void {
  if (!mayGoOn(run, turn.now)) {
    endRun(turn, state, run, "taskFailed");
    return;
  }
  state.timers.cancel(overdueKey(run));
  state.runs.change(turn, run, { status: "STARTING", isTaskOut: false });
  turn.publish("job_run_updated", { jobId: run.jobId, runId: run.id, status: "STARTING" });
}

function mayGoOn({ spec, createdAt }: Run, now: InstantMs): boolean {
  const { policy, activeDeadlineSeconds } = spec.restart;
  if (policy === "NEVER") return false;
  return activeDeadlineSeconds === undefined || createdAt + activeDeadlineSeconds * 1_000 > now;
}

/** The launch never reached its agent: nothing ran, so nothing failed, and the run waits for a place again. */
export function launchLost(turn: Turn, state: JobsState, run: Run): void {
  const lostLaunches = run.lostLaunches + 1;
  if (lostLaunches > state.policy.lostLaunchesMax) {
    endRun(turn, state, run, "taskFailed");
    return;
  }
  state.timers.cancel(overdueKey(run));
  state.runs.change(turn, run, {
    status: "STARTING",
    tasks: run.tasks.slice(0, -1),
    isTaskOut: false,
    lostLaunches,
  });
  turn.publish("job_run_updated", { jobId: run.jobId, runId: run.id, status: "STARTING" });
}

/** What may still be alive of it is killed; the run does not wait for that. */
export function endRun(turn: Turn, state: JobsState, run: Run, cause: EndCause): EndedRun {
  const task = currentTask(run);
  if (task !== undefined && !isTaskEnded(task)) state.kills.want(turn, state, task.id, task.agentId);
  state.timers.cancel(startByKey(run));
  state.timers.cancel(overdueKey(run));
  const { jobId, id, createdAt, origin, tasks } = run;
  const ended: EndedRun = { jobId, id, createdAt, finishedAt: turn.now, origin, cause, tasks };
  state.runs.remove(turn, run);
  state.history.ended(turn, ended);
  const isSuccess = cause === "succeeded";
  turn.publish(isSuccess ? "job_run_finished" : "job_run_failed", { jobId, runId: id, cause });
  return ended;
}

export function stopRun(turn: Turn, state: JobsState, run: Run): ReturnType<typeof runJson> {
  const ended = endRun(turn, state, run, "stopped");
  return runJson({ ...run, status: "FAILED", completedAt: ended.finishedAt });
}

/** Its children may have waited for just this. */
export function succeeded(turn: Turn, state: JobsState, run: Run): void {
  endRun(turn, state, run, "succeeded");
  for (const child of successOf(state, run.jobId)) {
    const begun = beginRun(turn, state, child, { origin: "dependencies" });
    if (begun === undefined) {
      turn.publish("job_run_skipped", { jobId: child.definition.id, reason: "too many runs are under way" });
    }
  }
}
