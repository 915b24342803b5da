/** What the jobs core asks for. The host performs these only after the step's writes are durable. */
import type { JobEvent } from "#contracts/jobs/job-events.ts";
import type { ShownJob, ShownSchedule } from "#domain/jobs/index.ts";
import { assertNever } from "#foundation/base/assert.ts";
import type { CallEffect } from "#frameworks/base/core/core-turn.ts";
import type { StopEffect } from "#frameworks/base/core/master-event.ts";
import type { RequestId } from "./events.ts";
import type { RunJson } from "./views.ts";

export type JobsEffect =
  | { readonly kind: "reply"; readonly request: RequestId; readonly result: RequestResult }
  | CallEffect
  | { readonly kind: "publish"; readonly event: JobEvent }
  | StopEffect;

export type RequestResult =
  | { readonly kind: "job"; readonly job: ShownJob }
  | { readonly kind: "schedule"; readonly schedule: ShownSchedule }
  | { readonly kind: "run"; readonly run: RunJson }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Why a request was not taken; nothing changed. The shell makes Metronome's status and body of it. */
export type Refusal =
  /** 404 */
  | { readonly code: "JobUnknown"; readonly jobId: string }
  | { readonly code: "ScheduleUnknown"; readonly scheduleId: string }
  | { readonly code: "RunUnknown"; readonly jobId: string; readonly runId: string }
  /** 409 */
  | { readonly code: "JobExists"; readonly jobId: string }
  | { readonly code: "ScheduleExists"; readonly jobId: string; readonly scheduleId: string }
  | { readonly code: "OneScheduleOnly"; readonly jobId: string; readonly scheduleId: string }
  | { readonly code: "RunsActive"; readonly jobId: string; readonly runIds: readonly string[] }
  | { readonly code: "NeededByOthers"; readonly jobId: string; readonly dependents: readonly string[] }
  /** 422 */
  | { readonly code: "DependenciesInvalid"; readonly problem: string }
  /** 503 */
  | { readonly code: "TooManyJobs" | "TooManyRuns"; readonly max: number };

/** A refusal in one sentence. */
export function reasonOf(refusal: Refusal): string {
  switch (refusal.code) {
    case "JobUnknown":
      return "Job not found";
    case "ScheduleUnknown":
      return "Schedule not found";
    case "RunUnknown":
      return "Job Run not found";
    case "JobExists":
      return `Job with id '${refusal.jobId}' already exists; PUT changes it`;
    case "ScheduleExists":
      return `job ${refusal.jobId} already has a schedule ${refusal.scheduleId}; PUT changes it`;
    case "OneScheduleOnly":
      return `job ${refusal.jobId} already has the schedule ${refusal.scheduleId}, and a job has one at most; change or delete that one`;
    case "RunsActive":
      return `job ${refusal.jobId} has ${refusal.runIds.length} active runs; stop them first, or use stopCurrentJobRuns=true`;
    case "NeededByOthers":
      if (refusal.dependents.length === 0) return `other jobs depend on job ${refusal.jobId}`;
      return `${refusal.dependents.join(", ")} ${refusal.dependents.length === 1 ? "depends" : "depend"} on job ${refusal.jobId}`;
    case "DependenciesInvalid":
      return refusal.problem;
    case "TooManyJobs":
      return `there are ${refusal.max} jobs, which is the most allowed`;
    case "TooManyRuns":
      return `${refusal.max} runs are under way, which is the most allowed; try again later`;
    default:
      return assertNever(refusal);
  }
}
