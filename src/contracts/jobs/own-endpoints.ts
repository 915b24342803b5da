/** What Jobs answer beyond Metronome's API, below `/keelson/v1` of their port (`/service/metronome/keelson/v1` at the door). */
import { defineEndpoint } from "../endpoint.ts";
import { FieldChange } from "../observe/audit.ts";
import { languageQuery, pageOf, pageQuery } from "../paging.ts";
import { type Static, Type } from "../schema.ts";
import { Reason } from "../services/reasons.ts";

const None = Type.Object({});

export const JobStatus = Type.Enum([
  /** A run of it is active, and its task is there. */
  "running",
  /** A run of it is active and waits for a place. */
  "waiting",
  /** Its schedule starts it. */
  "scheduled",
  /** Its schedule is switched off. */
  "disabled",
  /** The success of other jobs starts it. */
  "dependent",
  /** Nothing starts it but a person. */
  "idle",
]);
export type JobStatus = Static<typeof JobStatus>;

export const JobRunStatus = Type.Enum(["INITIAL", "STARTING", "ACTIVE", "SUCCESS", "FAILED"]);
export type JobRunStatus = Static<typeof JobRunStatus>;

export const JobItem = Type.Object({
  id: Type.String(),
  status: JobStatus,
  description: Type.Optional(Type.String()),
  cmd: Type.Optional(Type.String()),
  cpus: Type.Number(),
  mem: Type.Number(),
  disk: Type.Number(),
  labels: Type.Record(Type.String(), Type.String()),
  /** Ids of jobs whose success starts it. */
  dependencies: Type.Array(Type.String()),
  schedule: Type.Optional(
    Type.Object({
      id: Type.String(),
      cron: Type.String(),
      timezone: Type.String(),
      isEnabled: Type.Boolean(),
      /** ms UTC; absent when it is switched off or no date is left. */
      nextRunAt: Type.Optional(Type.Integer()),
    }),
  ),
  /** Ids, newest first, at most ten. */
  activeRuns: Type.Array(Type.String()),
  activeCount: Type.Integer(),
  /** Of those that ended. */
  lastRun: Type.Optional(Type.Object({ id: Type.String(), status: JobRunStatus, endedAt: Type.Integer() })),
  successCount: Type.Integer(),
  failureCount: Type.Integer(),
  /** Why an active run waits, or why the last one failed. */
  reason: Type.Optional(Reason),
});
export type JobItem = Static<typeof JobItem>;

export const listJobs = defineEndpoint({
  method: "GET",
  path: "/jobs",
  summary: "Jobs with their state, schedule and last run, a window of a filtered and sorted list",
  params: None,
  query: Type.Object({ ...pageQuery, ...languageQuery }),
  reply: pageOf(JobItem),
  errors: ["Invalid"],
  permission: { resource: "job", action: "view" },
});

export const JobTaskItem = Type.Object({
  id: Type.String(),
  /** TASK_RUNNING and the like. */
  status: Type.String(),
  agentId: Type.Optional(Type.String()),
  hostname: Type.Optional(Type.String()),
  startedAt: Type.Optional(Type.Integer()),
  endedAt: Type.Optional(Type.Integer()),
  /** What its last status says. */
  cause: Type.Optional(Type.String()),
});
export type JobTaskItem = Static<typeof JobTaskItem>;

/** A run that is active, or one that ended and is in the history. */
export const JobRunItem = Type.Object({
  id: Type.String(),
  job: Type.String(),
  status: JobRunStatus,
  /** What started it. */
  trigger: Type.Optional(Type.Enum(["person", "schedule", "dependency"])),
  createdAt: Type.Integer(),
  startedAt: Type.Optional(Type.Integer()),
  endedAt: Type.Optional(Type.Integer()),
  /** One, and one more for each restart. */
  tasks: Type.Array(JobTaskItem),
  reason: Type.Optional(Reason),
});
export type JobRunItem = Static<typeof JobRunItem>;

export const listJobRuns = defineEndpoint({
  method: "GET",
  path: "/job-runs",
  summary: "Runs of jobs, newest first, with those that ended and why",
  params: None,
  query: Type.Object({
    ...pageQuery,
    ...languageQuery,
    job: Type.Optional(Type.String()),
    /** Ended ones too. */
    ended: Type.Optional(Type.Boolean()),
  }),
  reply: pageOf(JobRunItem),
  errors: ["NotFound", "Invalid"],
  permission: { resource: "job", action: "view" },
});

/** Of a job or a run of one, whichever has that name. The first reason is the true cause. */
export const explainJob = defineEndpoint({
  method: "GET",
  path: "/why",
  summary: "Why a job's run waits or failed, and when it runs next",
  params: None,
  query: Type.Object({ name: Type.String({ minLength: 1, maxLength: 1_024 }), ...languageQuery }),
  reply: Type.Object({
    kind: Type.Enum(["job", "run"]),
    id: Type.String(),
    /** Of whose run it is. */
    job: Type.String(),
    isAsWished: Type.Boolean(),
    status: Type.Union([JobStatus, JobRunStatus]),
    /** ms UTC */
    nextRunAt: Type.Optional(Type.Integer()),
    reasons: Type.Array(Reason),
  }),
  errors: ["NotFound"],
  permission: { resource: "job", action: "view" },
});

/** What a definition would make of its job, and where and when it would run. */
export const JobPlan = Type.Object({
  id: Type.String(),
  effect: Type.Enum(["create", "change", "unchanged"]),
  /** Of a job that is there. */
  changes: Type.Array(FieldChange),
  /** Active runs of it, which go on as they were begun. */
  activeCount: Type.Integer(),
  /** ms UTC, when its schedule would start runs: five at most, none of one that is switched off. */
  nextRuns: Type.Array(Type.Integer()),
  /** Nodes that could take a run now, ten at most. */
  nodes: Type.Array(Type.Object({ agentId: Type.String(), hostname: Type.String() })),
  /** How many there are. */
  nodesCount: Type.Integer(),
  /** Why a run would have to wait now; absent when a node could take it, or when nodes are not known. */
  reason: Type.Optional(Reason),
});
export type JobPlan = Static<typeof JobPlan>;

/**
 * Each as `PUT /v0/scheduled-jobs/{id}` would make it, or `POST` where there is none; they may depend on each other. The
 * answer has them in the order in which they were given.
 */
export const planJobs = defineEndpoint({
  method: "POST",
  path: "/plan",
  summary:
    "What definitions of jobs would change, when their next runs would begin, and where, without making them",
  params: None,
  query: Type.Object({ ...languageQuery }),
  body: Type.Object({
    definitions: Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: 1_000 }),
  }),
  reply: Type.Object({ jobs: Type.Array(JobPlan) }),
  errors: ["Invalid"],
  permission: { resource: "job", action: "view" },
});
