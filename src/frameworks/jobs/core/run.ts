/** One run of a job, as long as it is under way, and the record it is kept in. */
import type { JobRunSpec } from "#domain/jobs/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";

/** INITIAL is only ever seen in the answer that tells of the new run. */
export type RunStatus = "INITIAL" | "STARTING" | "ACTIVE" | "SUCCESS" | "FAILED";

/** What the API shows of a task. */
export const taskStates = [
  /** Given to the master; nothing was heard of it. */
  "TASK_CREATED",
  "TASK_STAGING",
  "TASK_STARTING",
  "TASK_RUNNING",
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
] as const;
export type TaskShown = (typeof taskStates)[number];

export interface RunTask {
  readonly id: string;
  readonly agentId: string;
  readonly host: string;
  readonly state: TaskShown;
  readonly launchedAt: InstantMs;
  readonly endedAt?: InstantMs;
  /** Why it ended, as the master or the agent said it. */
  readonly message?: string;
  readonly reason?: string;
}

/** Whose doing a run is. */
export type RunOrigin = "request" | "schedule" | "dependencies";
export const runOrigins: readonly RunOrigin[] = ["request", "schedule", "dependencies"];

export interface RunFields {
  status: "STARTING" | "ACTIVE";
  /** Oldest first. The last one may be alive; what came before it is over, as far as anybody can know. */
  tasks: readonly RunTask[];
  /** The last task may be alive. */
  isTaskOut: boolean;
  /** Launches in a row that came to nothing before the task began. */
  lostLaunches: number;
  /** A task of it was active once: its starting deadline is kept. */
  wasActive: boolean;
}

export interface Run extends Readonly<RunFields> {
  readonly jobId: string;
  readonly id: string;
  readonly createdAt: InstantMs;
  readonly origin: RunOrigin;
  /** Must have become active by then. */
  readonly startBy: InstantMs | undefined;
  /** As the job was when the run was made. */
  readonly spec: JobRunSpec;
  readonly labels: { readonly [name: string]: string };
}

export const currentTask = (run: Run): RunTask | undefined => (run.isTaskOut ? run.tasks.at(-1) : undefined);

const ended: ReadonlySet<TaskShown> = new Set<TaskShown>(["TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"]);
export const isTaskEnded = ({ state }: RunTask): boolean => ended.has(state);

export function encodeRun(run: Run): JsonObject {
  return {
    format: recordFormat,
    jobId: run.jobId,
    id: run.id,
    createdAt: run.createdAt,
    origin: run.origin,
    ...(run.startBy === undefined ? {} : { startBy: run.startBy }),
    // Definitions are JSON by construction.
    spec: run.spec as unknown as JsonObject,
    labels: run.labels,
    status: run.status,
    tasks: run.tasks.map((task) => ({ ...task })),
    isTaskOut: run.isTaskOut,
    lostLaunches: run.lostLaunches,
    wasActive: run.wasActive,
  };
}

export function decodeRun(key: string, value: JsonValue): Run {
  const record = new RecordReader(key, value);
  return {
    jobId: record.text("jobId"),
    id: record.text("id"),
    createdAt: record.number("createdAt"),
    origin: record.oneOf("origin", runOrigins),
    startBy: record.optionalNumber("startBy"),
    // Written by this build or an earlier one, from a definition that was judged.
    spec: record.object("spec") as unknown as JobRunSpec,
    labels: record.object("labels") as { readonly [name: string]: string },
    status: record.oneOf("status", ["STARTING", "ACTIVE"]),
    tasks: decodeTasks(key, record),
    isTaskOut: record.optionalBoolean("isTaskOut") ?? false,
    lostLaunches: record.optionalNumber("lostLaunches") ?? 0,
    wasActive: record.optionalBoolean("wasActive") ?? false,
  };
}

export function decodeTasks(key: string, record: RecordReader): readonly RunTask[] {
  return record.list("tasks").map((value, index) => {
    const task = new RecordReader(`${key}.tasks[${index}]`, value);
    const endedAt = task.optionalNumber("endedAt");
    const message = task.optionalText("message");
    const reason = task.optionalText("reason");
    return {
      id: task.text("id"),
      agentId: task.text("agentId"),
      host: task.text("host"),
      state: task.oneOf("state", taskStates),
      launchedAt: task.number("launchedAt"),
      ...(endedAt === undefined ? {} : { endedAt }),
      ...(message === undefined ? {} : { message }),
      ...(reason === undefined ? {} : { reason }),
    };
  });
}
