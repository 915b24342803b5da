/** Synchronous reads, in Metronome's names where it has some. */
import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import type { JobDefinition, JobSchedule, ParsedJob, ShownJob, ShownSchedule } from "#domain/jobs/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { Refusal } from "./effects.ts";
import type { EndedRun } from "./ended-run.ts";
import { agentsPulling, type Explanation, explain } from "./explain.ts";
import { type JobFacts, type JobQuery, listJobs } from "./job-list.ts";
import { type JobPlanFacts, planJobs } from "./job-plan.ts";
import type { Job } from "./job-table.ts";
import type { Run } from "./run.ts";
import { listRuns, type RunFacts, type RunQuery } from "./run-list.ts";
import type { JobsState } from "./state.ts";
import {
  type HistoryJson,
  type HistorySummaryJson,
  historyJson,
  historySummaryJson,
  jobView,
  type RunJson,
  runJson,
  scheduleView,
} from "./views.ts";
import type { ExplainOptions } from "./waiting-reasons.ts";

export interface JobsQueries {
  /** By id. */
  listJobs(): readonly JobDefinition[];
  job(id: string, now: InstantMs): ShownJob | undefined;
  definition(id: string): JobDefinition | undefined;
  schedules(jobId: string): readonly JobSchedule[];
  schedule(jobId: string, scheduleId: string, now: InstantMs): ShownSchedule | undefined;
  /** Oldest first. */
  activeRuns(jobId: string): readonly RunJson[];
  activeRun(jobId: string, runId: string): RunJson | undefined;
  history(jobId: string): HistoryJson;
  historySummary(jobId: string): HistorySummaryJson;
  /** Under way or over, as long as it is kept. */
  run(jobId: string, runId: string): Run | EndedRun | undefined;
  /** Newest first, under way before over. */
  runs(jobId: string): readonly (Run | EndedRun)[];
  /** Runs that wait for resources. */
  waiting(): readonly Run[];
  /** Of our own API. Filters and sort fields that don't exist throw CodedError `Invalid`. */
  ownJobs(query: JobQuery, options: ExplainOptions): Page<JobFacts>;
  /** Undefined for an unknown job. */
  ownRuns(query: RunQuery, options: ExplainOptions): Page<RunFacts> | undefined;
  /** Undefined when nothing has that name. */
  explain(
    name: string,
    options: ExplainOptions & { readonly sees?: (jobId: string) => boolean },
  ): Explanation | undefined;
  /** Agents to be asked about images before runs are told of. */
  agentsPulling(): readonly string[];
  /** What these definitions would do. */
  plan(wished: readonly ParsedJob[], options: ExplainOptions): readonly JobPlanFacts[] | Refusal;
  /** Runs under way, of all jobs. */
  activeCount(): number;
  info(): {
    readonly frameworkId: string | undefined;
    readonly frameworkName: string;
    readonly isConnected: boolean;
  };
  frameworkInfo(): FrameworkInfo;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

export function jobsQueries(state: JobsState): JobsQueries {
  const viewOf = (job: Job, now: InstantMs): ShownJob => jobView(state, job, now);
  return {
    listJobs: () =>
      [...state.jobs.all()]
        .map(({ definition }) => definition)
        .sort((one, other) => (one.id < other.id ? -1 : 1)),
    job: (id, now) => {
      const job = state.jobs.get(id);
      return job === undefined ? undefined : viewOf(job, now);
    },
    definition: (id) => state.jobs.get(id)?.definition,
    schedules: (jobId) => state.jobs.get(jobId)?.schedules ?? [],
    schedule: (jobId, scheduleId, now) => {
      const found = state.jobs.get(jobId)?.schedules.find(({ id }) => id === scheduleId);
      return found === undefined ? undefined : scheduleView(state, jobId, found, now);
    },
    activeRuns: (jobId) => [...state.runs.ofJob(jobId).values()].map(runJson),
    activeRun: (jobId, runId) => {
      const run = state.runs.get(jobId, runId);
      return run === undefined ? undefined : runJson(run);
    },
    history: (jobId) => historyJson(state.history.of(jobId)),
    historySummary: (jobId) => historySummaryJson(state.history.of(jobId)),
    run: (jobId, runId) => state.runs.get(jobId, runId) ?? state.history.find(jobId, runId),
    runs: (jobId) => runsOf(state, jobId),
    waiting: () => [...state.runs.waiting.values()],
    ownJobs: (query, options) => listJobs(state, query, options),
    ownRuns: (query, options) => listRuns(state, query, options),
    explain: (name, options) => explain(state, name, options),
    agentsPulling: () => agentsPulling(state),
    plan: (wished, options) => planJobs(state, wished, options),
    activeCount: () => state.runs.size,
    info: () => ({
      frameworkId: state.connection.frameworkId,
      frameworkName: state.policy.frameworkName,
      isConnected: state.connection.isConnected,
    }),
    frameworkInfo: () => frameworkInfo(state),
  };
}

function runsOf(state: JobsState, jobId: string): readonly (Run | EndedRun)[] {
  const { successes, failures } = state.history.of(jobId);
  const ended = [...successes.values(), ...failures.values()];
  return [
    ...[...state.runs.ofJob(jobId).values()].reverse(),
    ...ended.sort((one, other) => other.finishedAt - one.finishedAt),
  ];
}

function frameworkInfo({ policy, connection }: JobsState): FrameworkInfo {
  return {
    user: policy.frameworkUser,
    name: policy.frameworkName,
    roles: [policy.role],
    failover_timeout: policy.failoverTimeoutSeconds,
    checkpoint: true,
    hostname: policy.hostname,
    capabilities: [{ type: "PARTITION_AWARE" }, { type: "MULTI_ROLE" }, { type: "GPU_RESOURCES" }],
    ...(connection.frameworkId === undefined ? {} : { id: { value: connection.frameworkId } }),
  };
}
