/** What a job and its runs wait for, why the last run failed, and what starts the next. */
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { explainJob } from "#contracts/jobs/own-endpoints.ts";
import { askedAgentsMax } from "#frameworks/base/core/image-pulls.ts";
import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import type { EndedRun } from "./ended-run.ts";
import { lastRunOf, nextRunOf, statusOfJob } from "./job-list.ts";
import type { Job } from "./job-table.ts";
import { currentTask, type Run } from "./run.ts";
import { reasonOfRun, statusOf } from "./run-list.ts";
import type { JobsState } from "./state.ts";
import { isNewerSuccess } from "./triggers.ts";
import type { ExplainOptions } from "./waiting-reasons.ts";

export type Explanation = Omit<ReplyOf<typeof explainJob>, "reasons"> & {
  readonly reasons: readonly ReasonFacts[];
};

/** Runs of one job whose causes are told. */
const runsTold = 10;

/** Of a job, or of a run by its id. Undefined when nothing has that name. */
export function explain(
  state: JobsState,
  name: string,
  options: ExplainOptions & { readonly sees?: (jobId: string) => boolean },
): Explanation | undefined {
  const { sees = () => true } = options;
  const job = state.jobs.get(name);
  if (job !== undefined) return sees(name) ? ofJob(state, job, options) : undefined;
  const run = findRun(state, name);
  return run !== undefined && sees(run.jobId) ? ofRun(state, run, options) : undefined;
}

/** Agents on which runs are on their way up from an image: they may be bringing it. */
export function agentsPulling(state: JobsState): readonly string[] {
  const found = new Set<string>();
  for (const { definition } of state.jobs.all()) {
    for (const run of state.runs.ofJob(definition.id).values()) {
      if (found.size >= askedAgentsMax) return [...found];
      const { docker, ucr } = run.spec;
      const task = (docker ?? ucr) === undefined ? undefined : currentTask(run);
      if (task !== undefined && task.state !== "TASK_RUNNING") found.add(task.agentId);
    }
  }
  return [...found];
}

function findRun(state: JobsState, id: string): Run | EndedRun | undefined {
  for (const { definition } of state.jobs.all()) {
    const found = state.runs.get(definition.id, id) ?? state.history.find(definition.id, id);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ofRun(state: JobsState, run: Run | EndedRun, options: ExplainOptions): Explanation {
  const reason = reasonOfRun(state, run, options);
  return {
    kind: "run",
    id: run.id,
    job: run.jobId,
    isAsWished: reason === undefined,
    status: statusOf(run),
    reasons: reason === undefined ? [] : [reason],
  };
}

function ofJob(state: JobsState, job: Job, options: ExplainOptions): Explanation {
  const { id } = job.definition;
  const active = [...state.runs.ofJob(id).values()];
  const waiting = active
    .filter((run) => !run.isTaskOut || options.pulls?.has(currentTask(run)?.id ?? "") === true)
    .slice(0, runsTold)
    .flatMap((run) => reasonOfRun(state, run, options) ?? []);
  const last = active.length > 0 ? undefined : lastRunOf(state, id);
  const failure = last === undefined ? undefined : reasonOfRun(state, last, options);
  const troubles = [...waiting, ...(failure === undefined ? [] : [failure])];
  const [oldest] = active;
  const starts = oldest === undefined ? [whatStarts(state, job)] : heldBack(job, oldest);
  const nextRunAt = nextRunOf(state, id);
  return {
    kind: "job",
    id,
    job: id,
    isAsWished: troubles.length === 0,
    status: statusOfJob(state, job),
    ...(nextRunAt === undefined ? {} : { nextRunAt }),
    reasons: [...troubles, ...starts],
  };
}

/** A run holds back a schedule that starts none beside another. */
function heldBack({ definition, schedules }: Job, run: Run): readonly ReasonFacts[] {
  const { id: job } = definition;
  return schedules
    .filter(({ enabled, concurrencyPolicy }) => enabled && concurrencyPolicy === "FORBID")
    .map(({ id }) => ({
      code: "waitsForRun",
      parameters: { job, schedule: id, run: run.id },
      commands: [`job stop ${job}`],
      since: run.createdAt,
      nodes: [],
    }));
}

function whatStarts(state: JobsState, { definition, schedules }: Job): ReasonFacts {
  const { id: job, dependencies } = definition;
  const of = (code: ReasonFacts["code"], parameters: ReasonFacts["parameters"] = {}): ReasonFacts => ({
    code,
    parameters: { job, ...parameters },
    commands: [],
    nodes: [],
  });
  const [schedule] = schedules;
  if (schedule !== undefined) {
    const { id, cron, timezone, enabled } = schedule;
    if (!enabled)
      return { ...of("scheduleDisabled", { schedule: id }), commands: [`job schedule enable ${job}`] };
    const nextTryAt = nextRunOf(state, job);
    return nextTryAt === undefined
      ? of("scheduleOver", { schedule: id, cron })
      : { ...of("jobScheduled", { schedule: id, cron, timezone }), nextTryAt };
  }
  if (dependencies.length === 0) return { ...of("startedByHand"), commands: [`job run ${job}`] };
  const own = state.history.of(job).summary;
  const open = dependencies.filter(({ id }) => !isNewerSuccess(state.history.of(id).summary, own));
  const jobs = (open.length > 0 ? open : dependencies).map(({ id }) => id).join(", ");
  return of("waitsForJobs", { jobs });
}
