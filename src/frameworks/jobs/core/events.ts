/**
 * What the jobs core is told: requests of the API, already parsed, validated and completed; what the master's stream
 * says. Time comes beside each event, never inside.
 */
import type { JobDefinition, JobSchedule } from "#domain/jobs/index.ts";
import type { MasterEvent } from "#frameworks/base/core/master-event.ts";

/** Chosen by the shell, unique among requests in flight; comes back in exactly one `reply` effect. */
export type RequestId = number;

export type JobsEvent =
  /** Source: POST /v1/jobs, POST /v0/scheduled-jobs. */
  | {
      readonly kind: "createJob";
      readonly request: RequestId;
      readonly definition: JobDefinition;
      readonly schedules: readonly JobSchedule[];
    }
  /** Without `schedules` those that are there stay. Source: PUT /v1/jobs/{id}, PUT /v0/scheduled-jobs/{id}. */
  | {
      readonly kind: "replaceJob";
      readonly request: RequestId;
      readonly definition: JobDefinition;
      readonly schedules?: readonly JobSchedule[];
    }
  | {
      readonly kind: "deleteJob";
      readonly request: RequestId;
      readonly jobId: string;
      readonly stopsRuns: boolean;
    }
  | {
      readonly kind: "createSchedule" | "replaceSchedule";
      readonly request: RequestId;
      readonly jobId: string;
      readonly schedule: JobSchedule;
    }
  | {
      readonly kind: "deleteSchedule";
      readonly request: RequestId;
      readonly jobId: string;
      readonly scheduleId: string;
    }
  | { readonly kind: "startRun"; readonly request: RequestId; readonly jobId: string }
  | {
      readonly kind: "stopRun";
      readonly request: RequestId;
      readonly jobId: string;
      readonly runId: string;
    }
  | MasterEvent;
