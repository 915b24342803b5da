/** The deciding half of jobs. */

export {
  type JobsEffect,
  type Refusal,
  type RequestResult,
  reasonOf,
} from "./effects.ts";
export { type EndedRun, endCauses } from "./ended-run.ts";
export type { JobsEvent, RequestId } from "./events.ts";
export { parseTaskId } from "./ids.ts";
export { createJobsCore, type JobsCore } from "./jobs-core.ts";
export { defaultJobsPolicy, type JobsPolicy } from "./policy.ts";
export type { JobsQueries } from "./queries.ts";
export { recordPrefixes, type StoredRecord } from "./restore.ts";
export { type Run, type RunOrigin, type RunTask, runOrigins } from "./run.ts";
export type { HistoryJson, RunJson } from "./views.ts";
export type { ExplainOptions } from "./waiting-reasons.ts";
