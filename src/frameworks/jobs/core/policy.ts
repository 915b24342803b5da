import type { SharedPolicy } from "#frameworks/base/core/surroundings.ts";

/** The numbers the jobs core decides by. Source: Metronome configuration (contract metronome.md sections 5 to 7). */
export interface JobsPolicy extends SharedPolicy {
  readonly frameworkName: string;
  /** User tasks run as when the job names none; empty leaves it to the agent. */
  readonly frameworkUser: string;
  readonly hostname: string;
  readonly failoverTimeoutSeconds: number;
  /** Prefix of HOST. Source: `metronome.scheduler.task.env.vars.prefix`. */
  readonly envVarsPrefix: string;
  /** So long before a window of maintenance nothing new goes to its agents. */
  readonly drainingMs: number;
  readonly launchesPerOfferMax: number;
  /** A launch that nobody spoke of for this long counts as never arrived. */
  readonly launchConfirmTimeoutMs: number;
  /** Staging or starting longer than this is killed. */
  readonly launchTimeoutMs: number;
  /** Launches of one run that never came to anything, one after the other, before the run counts as failed. */
  readonly lostLaunchesMax: number;
  /** A schedule that is noticed later than this has missed its run. */
  readonly fireLatenessMaxMs: number;
  /** What was started later than this after now has been started by a clock that was wrong, and says nothing. */
  readonly clocksApartMaxMs: number;
  readonly maxJobs: number;
  readonly maxActiveRuns: number;
  /** Tasks kept of a run that is started again and again; the oldest go first. */
  readonly tasksOfRunMax: number;
  /** Runs kept in each of a job's two lists. Source: `metronome.history.count`. */
  readonly historyCount: number;
  /** Finished runs kept of all jobs together; the oldest go first. */
  readonly historyMax: number;
}

export const defaultJobsPolicy: JobsPolicy = {
  frameworkName: "metronome",
  frameworkUser: "",
  hostname: "localhost",
  role: "*",
  failoverTimeoutSeconds: 604_800,
  envVarsPrefix: "",
  drainingMs: 0,
  launchesPerOfferMax: 100,
  launchConfirmTimeoutMs: 300_000,
  launchTimeoutMs: 300_000,
  lostLaunchesMax: 100,
  fireLatenessMaxMs: 60_000,
  clocksApartMaxMs: 300_000,
  maxJobs: 20_000,
  maxActiveRuns: 50_000,
  tasksOfRunMax: 100,
  historyCount: 1_000,
  historyMax: 100_000,
  declineMs: 120_000,
  reviveRepeatMs: 5_000,
  reviveNewWorkMs: 20,
  suppressAfterMs: 1_000,
  killRetryMs: 30_000,
  killsInFlightMax: 100,
  reconcileInitialMs: 15_000,
  reconcileIntervalMs: 900_000,
};
