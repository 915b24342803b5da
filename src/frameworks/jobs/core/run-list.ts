/** Runs as our own clients list them, and why one waits or failed. */
import type { JobRunItem } from "#contracts/jobs/own-endpoints.ts";
import type { ImagePullItem } from "#contracts/kernel/own-endpoints.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { type ListQuery, listWindow } from "#foundation/base/list-window.ts";
import { failureCause } from "#frameworks/base/core/failure-cause.ts";
import { pullOf, pullParameters } from "#frameworks/base/core/image-pulls.ts";
import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import type { EndedRun } from "./ended-run.ts";
import { currentTask, type Run, type RunOrigin, type RunTask } from "./run.ts";
import type { JobsState } from "./state.ts";
import { type ExplainOptions, waitingReason } from "./waiting-reasons.ts";

export type RunFacts = Omit<JobRunItem, "reason"> & { readonly reason?: ReasonFacts };

export interface RunQuery extends ListQuery {
  readonly job?: string;
  /** Ended ones too. */
  readonly ended?: boolean;
  /** Leaves out what somebody may not see. Default: none. */
  readonly sees?: (jobId: string) => boolean;
}

export const isEnded = (run: Run | EndedRun): run is EndedRun => "finishedAt" in run;

/** Newest first. Undefined for an unknown job. */
export function listRuns(
  state: JobsState,
  { job, ended, sees = () => true, ...query }: RunQuery,
  options: ExplainOptions,
): { readonly items: readonly RunFacts[]; readonly total: number } | undefined {
  if (job !== undefined && (state.jobs.get(job) === undefined || !sees(job))) return undefined;
  const jobs =
    job === undefined ? [...state.jobs.all()].map(({ definition }) => definition.id).filter(sees) : [job];
  const runs = jobs
    .flatMap((id): readonly (Run | EndedRun)[] => [
      ...state.runs.ofJob(id).values(),
      ...(ended === true ? endedRunsOf(state, id) : []),
    ])
    .sort((one, other) => other.createdAt - one.createdAt);
  const window = listWindow(runs, query, {
    words: (run) => [run.id, run.jobId],
    fields: {
      id: ({ id }) => id,
      job: ({ jobId }) => jobId,
      status: statusOf,
      trigger: ({ origin }) => triggers[origin],
      created: ({ createdAt }) => createdAt,
      ended: (run) => (isEnded(run) ? run.finishedAt : undefined),
    },
  });
  return { total: window.total, items: window.items.map((run) => runFacts(state, run, options)) };
}

export function endedRunsOf(state: JobsState, jobId: string): readonly EndedRun[] {
  const { successes, failures } = state.history.of(jobId);
  return [...successes.values(), ...failures.values()];
}

const triggers: Readonly<Record<RunOrigin, NonNullable<JobRunItem["trigger"]>>> = {
  request: "person",
  schedule: "schedule",
  dependencies: "dependency",
};

export function statusOf(run: Run | EndedRun): JobRunItem["status"] {
  if (!isEnded(run)) return run.status;
  return run.cause === "succeeded" ? "SUCCESS" : "FAILED";
}

export function runFacts(state: JobsState, run: Run | EndedRun, options: ExplainOptions): RunFacts {
  const reason = reasonOfRun(state, run, options);
  const startedAt = run.tasks[0]?.launchedAt;
  return {
    id: run.id,
    job: run.jobId,
    status: statusOf(run),
    trigger: triggers[run.origin],
    createdAt: run.createdAt,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(isEnded(run) ? { endedAt: run.finishedAt } : {}),
    tasks: run.tasks.map(taskFacts),
    ...(reason === undefined ? {} : { reason }),
  };
}

function taskFacts(task: RunTask): JobRunItem["tasks"][number] {
  return {
    id: task.id,
    status: task.state,
    agentId: task.agentId,
    hostname: task.host,
    startedAt: task.launchedAt,
    ...(task.endedAt === undefined ? {} : { endedAt: task.endedAt }),
    ...(task.message === undefined || task.message === "" ? {} : { cause: task.message }),
  };
}

/** Undefined of one that is active, unless its image still comes, and of a success. */
export function reasonOfRun(
  state: JobsState,
  run: Run | EndedRun,
  options: ExplainOptions,
): ReasonFacts | undefined {
  if (isEnded(run)) return failureOf(run);
  const task = currentTask(run);
  if (task === undefined) return waitingReason(state, run, options);
  const pull = task.state === "TASK_RUNNING" ? undefined : pullOf(options.pulls, [task.id]);
  if (run.status === "ACTIVE" && pull === undefined) return undefined;
  return launching(run, task, pull, options.now);
}

function launching(run: Run, task: RunTask, pull: ImagePullItem | undefined, now: InstantMs): ReasonFacts {
  const seconds = Math.round((now - task.launchedAt) / 1_000);
  return {
    code: pull === undefined ? "launching" : "pullingImage",
    parameters: {
      count: 1,
      host: task.host,
      seconds,
      ...(pull === undefined ? {} : pullParameters(pull)),
    },
    commands: [],
    since: run.createdAt,
    nodes: [],
  };
}

function failureOf(run: EndedRun): ReasonFacts | undefined {
  const of = (code: ReasonFacts["code"], parameters: ReasonFacts["parameters"]): ReasonFacts => ({
    code,
    parameters: { count: 1, run: run.id, ...parameters },
    commands: run.tasks.length === 0 ? [] : [`job logs ${run.jobId} ${run.id} --stderr`],
    since: run.finishedAt,
    nodes: [],
  });
  switch (run.cause) {
    case "succeeded":
      return undefined;
    case "stopped":
    case "jobDeleted":
      return of("runStopped", {});
    case "startedTooLate":
      return of("startingDeadlinePassed", { seconds: Math.round((run.finishedAt - run.createdAt) / 1_000) });
    case "taskFailed":
      return taskFailure(run, of);
  }
}

function taskFailure(
  run: EndedRun,
  of: (code: ReasonFacts["code"], parameters: ReasonFacts["parameters"]) => ReasonFacts,
): ReasonFacts {
  const task = run.tasks.at(-1);
  if (task?.message === undefined || task.message === "")
    return of("runFailed", { detail: task?.state ?? "TASK_FAILED" });
  const { code, parameters } = failureCause({
    condition: task.state === "TASK_KILLED" ? "Killed" : "Failed",
    reason: task.reason,
    cause: task.message,
    startedAt: task.launchedAt,
    endedAt: task.endedAt ?? run.finishedAt,
    hostname: task.host,
  });
  // What is said of a launch that was refused fits nothing else.
  const isTold = code !== "launchRefused" || task.reason?.startsWith("REASON_CONTAINER_LAUNCH") === true;
  return isTold ? of(code, parameters) : of("runFailed", { detail: task.message });
}
