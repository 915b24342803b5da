/** Executors as the agent shows them: those of frameworks, and the implicit one of each command task. */

import type { ContainerStatus, ExecutorInfo, Resource } from "#contracts/kernel/messages.gen.ts";
import { parseResources, Resources } from "#domain/resources/index.ts";
import { executorWithoutSecrets } from "#domain/secrets/index.ts";
import { type Executor, resourcesOf } from "../core/executor-run.ts";
import { type TaskRun, taskIdOf } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";

export interface ShownExecutor {
  readonly frameworkId: string;
  readonly executorId: string;
  readonly name: string;
  readonly source: string;
  readonly containerId: string;
  readonly directory: string;
  readonly role: string;
  /** Its own share; of a command task what the task was given. */
  readonly resources: readonly Resource[];
  readonly type: "CUSTOM" | "DEFAULT";
  /** Of a command task. */
  readonly isImplicit: boolean;
  /** As the framework gave it; a command task's is made up. */
  readonly info: ExecutorInfo;
  /** Of its container, while that is known. */
  readonly status: ContainerStatus;
  readonly isRunning: boolean;
  /** Those that the agent still answers for. */
  readonly runs: readonly TaskRun[];
  /** Those that are history. */
  readonly past: readonly TaskRun[];
}

/** Of one framework: those that the agent still answers for. */
export function liveExecutors(view: AgentView, frameworkId: string): readonly ShownExecutor[] {
  const { runs = [], executors = [] } = view.frameworks.get(frameworkId) ?? {};
  const past = view.past.get(frameworkId)?.runs ?? [];
  return [...runs.filter(isCommand).map(ofCommand), ...executors.map((each) => ofExecutor(each, runs, past))];
}

/** Of one framework: those that are history. */
export function pastExecutors(view: AgentView, frameworkId: string): readonly ShownExecutor[] {
  const { runs = [], executors = [] } = view.past.get(frameworkId) ?? {};
  return [...runs.filter(isCommand).map(ofCommand), ...executors.map((each) => ofExecutor(each, [], runs))];
}

const isCommand = ({ spec }: TaskRun): boolean => spec.executor === undefined;

function ofCommand(run: TaskRun): ShownExecutor {
  const { spec, progress } = run;
  const id = taskIdOf(run);
  const name = commandExecutorName(run);
  return {
    frameworkId: spec.frameworkId,
    executorId: id,
    name,
    source: id,
    containerId: spec.containerId,
    directory: spec.sandboxDir,
    role: spec.role,
    resources: spec.resources,
    // Tools look for the output of a DEFAULT one's tasks in folders of their own.
    type: "CUSTOM",
    isImplicit: true,
    info: {
      executor_id: { value: id },
      framework_id: { value: spec.frameworkId },
      name,
      source: id,
      resources: spec.resources,
    },
    status: run.statuses.at(-1)?.container_status ?? {},
    isRunning: progress.phase === "running",
    runs: [run],
    past: [],
  };
}

function ofExecutor(executor: Executor, runs: readonly TaskRun[], past: readonly TaskRun[]): ShownExecutor {
  const { spec, progress } = executor;
  const { containerId, info } = spec;
  const isOwn = (run: TaskRun): boolean => run.spec.executor?.containerId === containerId;
  return {
    frameworkId: spec.frameworkId,
    executorId: info.executor_id.value,
    name: info.name ?? "",
    source: info.source ?? "",
    containerId,
    directory: spec.sandboxDir,
    role: spec.role,
    resources: resourcesOf(executor),
    type: info.type === "DEFAULT" ? "DEFAULT" : "CUSTOM",
    isImplicit: false,
    info: executorWithoutSecrets(info),
    status: {
      container_id: { value: containerId },
      ...(progress.pid === undefined ? {} : { executor_pid: progress.pid }),
    },
    isRunning: progress.pid !== undefined && progress.phase !== "ended",
    runs: runs.filter(isOwn),
    past: past.filter(isOwn),
  };
}

function commandExecutorName(run: TaskRun): string {
  const { command } = run.spec.task;
  const text = command?.value ?? "";
  const arguments_ = command?.shell === false ? ` ${(command.arguments ?? []).join(" ")}` : "";
  return `Command Executor (Task: ${taskIdOf(run)}) (Command: ${`${text}${arguments_}`.slice(0, 80)})`;
}

/** What its container may use. A command task's executor has nothing of its own. */
export function resourcesWithTasks({ isImplicit, resources, runs }: ShownExecutor): Resources {
  if (isImplicit) return parseResources(resources);
  const live = runs.filter(({ progress }) => progress.phase !== "ended");
  return Resources.sum([resources, ...live.map(({ spec }) => spec.resources)].map(parseResources));
}
