/** Requests about jobs, their schedules and their runs. */
import { dependencyProblem, type JobDefinition, type JobSchedule } from "#domain/jobs/index.ts";
import type { Refusal, RequestResult } from "./effects.ts";
import type { JobsEvent } from "./events.ts";
import type { Job } from "./job-table.ts";
import { beginRun, endRun, stopRun } from "./run-lifecycle.ts";
import { setTimer } from "./schedule-timers.ts";
import type { JobsState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { jobView, runJson, scheduleView } from "./views.ts";

type Request<Kind extends JobsEvent["kind"]> = Extract<JobsEvent, { readonly kind: Kind }>;

const refused = (refusal: Refusal): RequestResult => ({ kind: "refused", refusal });
const jobUnknown = (jobId: string): RequestResult => refused({ code: "JobUnknown", jobId });

export function createJob(
  turn: Turn,
  state: JobsState,
  { definition, schedules }: Request<"createJob">,
): RequestResult {
  const { id } = definition;
  if (state.jobs.get(id) !== undefined) return refused({ code: "JobExists", jobId: id });
  const { maxJobs } = state.policy;
  if (state.jobs.size >= maxJobs) return refused({ code: "TooManyJobs", max: maxJobs });
  return putJob(turn, state, { definition, schedules }, { eventType: "job_created" });
}

export function replaceJob(
  turn: Turn,
  state: JobsState,
  { definition, schedules }: Request<"replaceJob">,
): RequestResult {
  const before = state.jobs.get(definition.id);
  if (before === undefined) return jobUnknown(definition.id);
  const job = { definition, schedules: schedules ?? before.schedules };
  return putJob(turn, state, job, { eventType: "job_updated" });
}

function putJob(
  turn: Turn,
  state: JobsState,
  job: Job,
  change: { readonly eventType: "job_created" | "job_updated"; readonly what?: "schedule" },
): RequestResult {
  const { id } = job.definition;
  const refusal = dependenciesRefusal(
    job.definition,
    job.schedules,
    (other) => state.jobs.get(other)?.definition,
  );
  if (refusal !== undefined) return refused(refusal);
  state.jobs.put(turn, job);
  setTimer(state, id, turn.now);
  const { eventType, ...facts } = change;
  turn.publish(eventType, { jobId: id, ...facts });
  return { kind: "job", job: jobView(state, job, turn.now) };
}

/** Undefined when it may depend on what it names. */
export function dependenciesRefusal(
  definition: JobDefinition,
  schedules: readonly JobSchedule[],
  find: (id: string) => JobDefinition | undefined,
): Refusal | undefined {
  const problem =
    definition.dependencies.length > 0 && schedules.length > 0
      ? `job ${definition.id} can have a schedule or dependencies, not both`
      : dependencyProblem(definition, find);
  return problem === undefined ? undefined : { code: "DependenciesInvalid", problem };
}

export function deleteJob(
  turn: Turn,
  state: JobsState,
  { jobId, stopsRuns }: Request<"deleteJob">,
): RequestResult {
  const job = state.jobs.get(jobId);
  if (job === undefined) return jobUnknown(jobId);
  const dependents = state.jobs.dependentsOf(jobId);
  if (dependents.length > 0) return refused({ code: "NeededByOthers", jobId, dependents });
  const runs = [...state.runs.ofJob(jobId).values()];
  if (runs.length > 0 && !stopsRuns)
    return refused({ code: "RunsActive", jobId, runIds: runs.map(({ id }) => id) });
  const shown = jobView(state, job, turn.now);
  for (const run of runs) endRun(turn, state, run, "jobDeleted");
  state.jobs.remove(turn, jobId);
  state.history.forgetJob(turn, jobId);
  setTimer(state, jobId, turn.now);
  turn.publish("job_deleted", { jobId });
  return { kind: "job", job: shown };
}

export function createSchedule(
  turn: Turn,
  state: JobsState,
  { jobId, schedule }: Request<"createSchedule" | "replaceSchedule">,
): RequestResult {
  const job = state.jobs.get(jobId);
  if (job === undefined) return jobUnknown(jobId);
  const [present] = job.schedules;
  if (present?.id === schedule.id) return refused({ code: "ScheduleExists", jobId, scheduleId: schedule.id });
  if (present !== undefined) return refused({ code: "OneScheduleOnly", jobId, scheduleId: present.id });
  return putSchedules(turn, state, job, schedule);
}

export function replaceSchedule(
  turn: Turn,
  state: JobsState,
  { jobId, schedule }: Request<"createSchedule" | "replaceSchedule">,
): RequestResult {
  const job = state.jobs.get(jobId);
  if (job === undefined) return jobUnknown(jobId);
  if (!hasSchedule(job, schedule.id)) return refused({ code: "ScheduleUnknown", scheduleId: schedule.id });
  return putSchedules(turn, state, job, schedule);
}

export function deleteSchedule(
  turn: Turn,
  state: JobsState,
  { jobId, scheduleId }: Request<"deleteSchedule">,
): RequestResult {
  const job = state.jobs.get(jobId);
  if (job === undefined) return jobUnknown(jobId);
  if (!hasSchedule(job, scheduleId)) return refused({ code: "ScheduleUnknown", scheduleId });
  state.jobs.put(turn, { ...job, schedules: [] });
  setTimer(state, jobId, turn.now);
  turn.publish("job_updated", { jobId, what: "schedule" });
  return { kind: "done" };
}

const hasSchedule = (job: Job, id: string): boolean => job.schedules.some((each) => each.id === id);

function putSchedules(
  turn: Turn,
  state: JobsState,
  { definition }: Job,
  schedule: JobSchedule,
): RequestResult {
  const job = { definition, schedules: [schedule] };
  const result = putJob(turn, state, job, { eventType: "job_updated", what: "schedule" });
  if (result.kind !== "job") return result;
  return { kind: "schedule", schedule: scheduleView(state, definition.id, schedule, turn.now) };
}

/** By hand: what the schedule says about other runs does not matter. */
export function startRun(turn: Turn, state: JobsState, { jobId }: Request<"startRun">): RequestResult {
  const job = state.jobs.get(jobId);
  if (job === undefined) return jobUnknown(jobId);
  const run = beginRun(turn, state, job, { origin: "request" });
  if (run === undefined) return refused({ code: "TooManyRuns", max: state.policy.maxActiveRuns });
  return { kind: "run", run: runJson({ ...run, status: "INITIAL" }) };
}

export function stopRunOf(turn: Turn, state: JobsState, { jobId, runId }: Request<"stopRun">): RequestResult {
  if (state.jobs.get(jobId) === undefined) return jobUnknown(jobId);
  const run = state.runs.get(jobId, runId);
  if (run === undefined) return refused({ code: "RunUnknown", jobId, runId });
  return { kind: "run", run: stopRun(turn, state, run) };
}
