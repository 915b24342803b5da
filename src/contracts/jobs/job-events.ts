/**
 * What Jobs tell of themselves, since Metronome has no stream of events: server-sent events for the door. A heartbeat
 * every 10 s; none is kept: one that subscribes reads the lists first.
 */

/** GET, `text/event-stream`, at Jobs. */
export const jobEventsPath = "/keelson/v1/job-events";

export type JobEventType =
  | "job_created"
  /** With `what: "schedule"`: of the job only its schedule was edited. */
  | "job_updated"
  | "job_deleted"
  | "job_run_started"
  /** Its status, or that of its newest task, is another one. */
  | "job_run_updated"
  | "job_run_finished"
  | "job_run_failed"
  /** A schedule that was due, or a success that others waited for, started nothing; with the reason. */
  | "job_run_skipped";

/** `data:` of each event. */
export interface JobEvent {
  readonly eventType: JobEventType;
  readonly jobId: string;
  readonly what?: "schedule";
  readonly runId?: string;
  /** What started the run. */
  readonly origin?: "request" | "schedule" | "dependencies";
  /** Of the run. */
  readonly status?: string;
  /** TASK_RUNNING and the like, of its newest task. */
  readonly taskState?: string;
  /** What ended the run. */
  readonly cause?: string;
  /** Why nothing started. */
  readonly reason?: string;
}
