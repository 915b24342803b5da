/** News of containers, each to whoever it is of: an executor, or a command task. */
import type { AgentEvent } from "./events.ts";
import type { Executor } from "./executor-run.ts";
import type { Executors } from "./executors.ts";
import type { Standalones } from "./standalone.ts";
import type { Step } from "./step.ts";
import type { TaskLifecycle } from "./task-lifecycle.ts";
import type { TaskTable } from "./task-table.ts";

export type ContainerEvent = Extract<
  AgentEvent,
  { kind: "containerStarted" | "containerLaunchFailed" | "containerExited" }
>;

export interface ContainerNewsParts {
  readonly table: TaskTable;
  readonly lifecycle: TaskLifecycle;
  readonly executors: Executors;
  readonly standalones: Standalones;
}

export function tellContainer(step: Step, event: ContainerEvent, parts: ContainerNewsParts): void {
  const containerId = event.kind === "containerExited" ? event.report.containerId : event.containerId;
  const executor = parts.table.executors.get(containerId);
  if (executor !== undefined) return tellExecutor(step, executor, event, parts);
  const { lifecycle, standalones } = parts;
  if (standalones.has(containerId)) return tellStandalone(step, event, standalones);
  switch (event.kind) {
    case "containerStarted":
      return lifecycle.containerStarted(step, containerId, event.pid, event.network);
    case "containerLaunchFailed":
      return lifecycle.launchFailed(step, containerId, event.code, event.message);
    default:
      return lifecycle.containerExited(step, event.report);
  }
}

function tellStandalone(step: Step, event: ContainerEvent, standalones: Standalones): void {
  switch (event.kind) {
    case "containerStarted":
      return standalones.started(step, event.containerId, event.pid);
    case "containerLaunchFailed":
      return standalones.launchFailed(step, event.containerId, event.message);
    default:
      return standalones.exited(step, event.report);
  }
}

function tellExecutor(
  step: Step,
  executor: Executor,
  event: ContainerEvent,
  { executors }: ContainerNewsParts,
): void {
  switch (event.kind) {
    case "containerStarted":
      return executors.containerStarted(step, executor, event.pid);
    case "containerLaunchFailed":
      return executors.launchFailed(step, executor, event.code, event.message);
    default:
      return executors.containerExited(step, executor, event.report);
  }
}
