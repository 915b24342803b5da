/** Tasks of this agent by name, those that ended too, as far as anything of them is remembered. */
import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { SandboxRecord } from "../core/sandboxes.ts";
import { containerIdOf, executorIdOf, hasOwnContainer, type TaskRun, taskIdOf } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";

export interface FoundTask {
  /** That its processes are or were in: its own, or its executor's. */
  readonly containerId: string;
  readonly frameworkId: string;
  readonly taskId: string;
  /** Of a command task: the task's own id. */
  readonly executorId: string;
  /** Its sandbox, or its executor's. */
  readonly directory: string;
  /** TASK_RUNNING and so on. */
  readonly state: string;
  readonly isEnded: boolean;
  readonly message?: string;
  readonly startedAt?: number;
  /** While it is one of the agent's live tasks. */
  readonly run?: TaskRun;
  /** Once it ended. */
  readonly record?: SandboxRecord;
}

/** Live ones first, then those that ended, in the order in which they did. */
export function* knownTasks({ frameworks, past, endings }: AgentView): Generator<FoundTask> {
  for (const { runs } of frameworks.values()) {
    for (const run of runs) {
      if (run.spec.sandboxDir !== "" && run.progress.phase !== "ended") yield ofRun(run);
    }
  }
  // Tasks that ended in executors that may live on: as far as the history goes.
  for (const { runs } of past.values())
    for (const run of runs) if (!hasOwnContainer(run)) yield { ...ofRun(run), isEnded: true };
  for (const [containerId, record] of endings)
    if (record.ending?.isFrame !== true) yield ofRecord(containerId, record);
}

/**
 * The newest run of a task, or the one in `container`. Throws CodedError `NotFound`, with `{removedAt}` as details
 * when `needs` is `files` and they went.
 */
export function findTask(
  view: AgentView,
  taskId: string,
  options: { readonly container: string | undefined; readonly needs: "files" | "running" },
): FoundTask {
  let found: FoundTask | undefined;
  for (const task of knownTasks(view)) {
    if (task.taskId !== taskId) continue;
    if (options.container !== undefined && task.containerId !== options.container) continue;
    if (found === undefined || isNewer(task, found)) found = task;
  }
  if (found === undefined)
    throw new CodedError<ErrorCode>("NotFound", `this agent knows of no task ${taskId.slice(0, 300)}`);
  if (options.needs === "running" && (found.isEnded || found.run?.progress.phase !== "running"))
    throw new CodedError<ErrorCode>("Conflict", `the task ${taskId} does not run: ${found.state}`);
  const removedAt = found.record?.filesRemovedAt;
  if (removedAt !== undefined) {
    throw new CodedError<ErrorCode>(
      "NotFound",
      `the files of task ${taskId} were removed at ${new Date(removedAt).toISOString()}`,
      { details: { removedAt } },
    );
  }
  return found;
}

/** A live one is newer than any that ended; among those that ended the order is theirs. */
function isNewer(task: FoundTask, than: FoundTask): boolean {
  if (task.isEnded !== than.isEnded) return than.isEnded;
  return task.isEnded || (task.run?.spec.launchedAt ?? 0) >= (than.run?.spec.launchedAt ?? 0);
}

function ofRun(run: TaskRun): FoundTask {
  const { spec, progress, statuses } = run;
  const message = statuses.at(-1)?.message;
  return {
    containerId: containerIdOf(run).value,
    frameworkId: spec.frameworkId,
    taskId: taskIdOf(run),
    executorId: executorIdOf(run),
    directory: spec.sandboxDir,
    state: progress.state,
    isEnded: false,
    ...(message === undefined ? {} : { message }),
    ...(progress.runningAt === undefined ? {} : { startedAt: progress.runningAt }),
    run,
  };
}

/** Records of 0.1.0 know only the folder, whose path has the ids. */
function ofRecord(containerId: string, record: SandboxRecord): FoundTask {
  const { directory, ending } = record;
  const [, framework = "", executor = ""] =
    /\/frameworks\/([^/]+)\/executors\/([^/]+)\/runs\/[^/]+$/.exec(directory) ?? [];
  return {
    containerId,
    frameworkId: ending?.frameworkId ?? framework,
    taskId: ending?.taskId ?? executor,
    executorId: executor,
    directory,
    state: ending?.state ?? "TASK_UNKNOWN",
    isEnded: true,
    ...(ending?.message === undefined ? {} : { message: ending.message }),
    ...(ending?.startedAt === undefined ? {} : { startedAt: ending.startedAt }),
    record,
  };
}
