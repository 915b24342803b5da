export { cronProblem, isTimeZone, nextRun, nextRuns } from "./cron.ts";
export { dependencyProblem, dependentsOf } from "./dependencies.ts";
export type {
  JobArtifact,
  JobConstraint,
  JobDefinition,
  JobDocker,
  JobNetwork,
  JobRestart,
  JobRunSpec,
  JobSchedule,
  JobUcr,
  JobVolume,
  ParsedJob,
} from "./job.ts";
export {
  formatJobInstant,
  isRunId,
  newRunId,
  objectNotValid,
  type ShownJob,
  type ShownSchedule,
  shownJob,
  shownSchedule,
} from "./job-wire.ts";
export { isJobBody, type ParseJobOptions, parseJob, parseSchedule } from "./parse-job.ts";
