/** Invariants that hold between the tables, everything as plain JSON, and which tasks the master is asked about. */
import type { JsonValue } from "#foundation/base/json.ts";
import type { BelievedTask } from "#frameworks/base/core/reconcile.ts";
import { runKey } from "./ids.ts";
import { currentTask } from "./run.ts";
import type { JobsState } from "./state.ts";

/** Of runs that are under way, and what is on its way out. */
export function* believedTasks(state: JobsState): Iterable<BelievedTask> {
  for (const run of state.runs.all()) {
    const task = currentTask(run);
    if (task !== undefined) yield { taskId: task.id, agentId: task.agentId };
  }
  for (const { id, agentId } of state.history.leavingTasks()) yield { taskId: id, agentId };
}

export function snapshotJobs(state: JobsState): JsonValue {
  const { connection } = state;
  return {
    frameworkId: connection.frameworkId ?? null,
    isConnected: connection.isConnected,
    jobs: state.jobs.snapshot(),
    runs: state.runs.snapshot(),
    history: state.history.snapshot(),
    kills: state.kills.snapshot(),
    interest: state.interest.snapshot(),
    timers: state.timers.size,
  };
}

export function checkJobs(state: JobsState): readonly string[] {
  const problems = [
    ...state.jobs.check(),
    ...state.runs.check(),
    ...state.history.check(),
    ...state.kills.check(state.policy.killsInFlightMax),
  ];
  for (const run of state.runs.all()) {
    const key = runKey(run.jobId, run.id);
    if (state.jobs.get(run.jobId) === undefined) problems.push(`run ${key} is of a job that is not there`);
    if (state.history.find(run.jobId, run.id) !== undefined)
      problems.push(`run ${key} is under way and over`);
  }
  return problems;
}
