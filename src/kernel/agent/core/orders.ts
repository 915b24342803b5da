/** What a master orders once it has taken this agent's registration, and to whom each order goes. */
import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import type {
  AgentToMaster,
  ApplyOperation,
  DrainOrder,
  KillTask,
  MasterToAgent,
  Reregistered,
  RunTask,
} from "#contracts/link/messages.ts";
import type { Drain } from "./drain.ts";
import type { Executor } from "./executor-run.ts";
import type { Executors } from "./executors.ts";
import type { AgentResources } from "./operations/agent-resources.ts";
import type { OperationStatuses } from "./operations/operation-statuses.ts";
import type { Step } from "./step.ts";
import type { TaskLifecycle } from "./task-lifecycle.ts";
import { hasOwnContainer, type TaskRun } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";
import type { UpdateStreams } from "./update-streams.ts";

export interface OrdersParts {
  readonly table: TaskTable;
  readonly lifecycle: TaskLifecycle;
  readonly executors: Executors;
  readonly streams: UpdateStreams;
  readonly drain: Drain;
  readonly resources: AgentResources;
  readonly operations: OperationStatuses;
  /** False when no master listens. */
  readonly send: (step: Step, message: AgentToMaster) => boolean;
}

/** What has its own moment: said on any link, or the answer to a registration. */
type OrderKind = Exclude<
  MasterToAgent["kind"],
  "hello" | "registered" | "reregistered" | "refused" | "ping" | "shutdownAgent"
>;

export class Orders {
  readonly #parts: OrdersParts;

  constructor(parts: OrdersParts) {
    this.#parts = parts;
  }

  obey(step: Step, message: Extract<MasterToAgent, { readonly kind: OrderKind }>): void {
    const { executors, lifecycle, table, operations } = this.#parts;
    switch (message.kind) {
      case "runTask":
        return this.#run(step, message);
      case "runGroup":
        return executors.launch(step, { ...message, info: message.executor, isGroup: true });
      case "killTask":
        return this.#kill(step, message);
      case "frameworkMessage":
        return executors.sessions.message(step, message);
      case "shutdownExecutor": {
        const executor = table.executors.find(message.frameworkId, message.executorId);
        return executor === undefined ? undefined : executors.shutDown(step, executor);
      }
      case "acknowledge":
        return lifecycle.acknowledge(step, message);
      case "applyOperation":
        return this.#applyOperation(step, message);
      case "acknowledgeOperation":
        return operations.acknowledge(step, message.operationUuid, message.statusUuid);
      case "updateFramework":
        return this.#updateFramework(step, message.framework);
      case "shutdownFramework":
        operations.forgetFramework(step, message.frameworkId);
        return this.#discard(
          step,
          table.runsOf(message.frameworkId),
          table.executors.of(message.frameworkId),
        );
      case "drainAgent":
        return this.drain(step, message.drain);
      default:
        step.log("warn", "master.unknownMessage", { kind: (message as { kind?: unknown }).kind });
    }
  }

  /** Tasks that the master believes to be here and that this agent did not list. */
  reconcile(step: Step, { reconcile }: Reregistered): void {
    for (const { frameworkId, taskIds, framework } of reconcile) {
      for (const taskId of taskIds)
        this.#parts.lifecycle.tellNeverLaunched(step, { frameworkId, taskId, cause: "reconcile", framework });
    }
  }

  drain(step: Step, order: DrainOrder | undefined): void {
    this.#parts.drain.order(step, order);
    this.endTasksForDrain(step);
  }

  endTasksForDrain(step: Step): void {
    const { drain, table, lifecycle, executors } = this.#parts;
    if (drain.record === undefined) return;
    for (const run of [...table.runs()])
      if (hasOwnContainer(run)) lifecycle.drain(step, run);
      else executors.drain(step, run);
  }

  /** Everything ends, and nobody is told. */
  discardAll(step: Step): void {
    const { table } = this.#parts;
    this.#discard(step, [...table.runs()], [...table.executors.all()]);
  }

  #run(step: Step, message: RunTask): void {
    const { lifecycle, executors } = this.#parts;
    const { framework, task, role, resources, startsExecutor = false } = message;
    if (task.executor === undefined) return lifecycle.run(step, message);
    const tasks = [{ task, resources }];
    const info = task.executor;
    return executors.launch(step, { framework, info, tasks, role, isGroup: false, startsExecutor });
  }

  #kill(step: Step, message: KillTask): void {
    const { lifecycle, executors, table } = this.#parts;
    const run = table.find(message.frameworkId, message.taskId);
    if (run === undefined || hasOwnContainer(run)) return lifecycle.kill(step, message);
    return executors.kill(step, run, message);
  }

  #discard(step: Step, runs: readonly TaskRun[], executors: readonly Executor[]): void {
    for (const run of runs) if (hasOwnContainer(run)) this.#parts.lifecycle.discard(step, run, "own");
    for (const executor of executors) this.#parts.executors.discard(step, executor, "own");
  }

  /** What the master believes to be done already: what can't be done is told with what there is instead. */
  #applyOperation(step: Step, { operationUuid, frameworkId, operation: info }: ApplyOperation): void {
    const { operations, resources, table, send } = this.#parts;
    if (operations.has(operationUuid)) return;
    const operation = { operationUuid, frameworkId, info };
    const applied = resources.apply(step, info, table.used());
    if (applied.kind === "applied") {
      operations.tell(step, operation, {
        state: "OPERATION_FINISHED",
        converted_resources: applied.converted.toWire(),
      });
      return;
    }
    step.log("warn", "operation.refused", { operationUuid, type: info.type, problem: applied.problem });
    operations.tell(step, operation, { state: "OPERATION_DROPPED", message: applied.problem });
    send(step, { kind: "agentResources", resources: resources.total.toWire() });
  }

  #updateFramework(step: Step, framework: FrameworkInfo): void {
    const { table, streams, operations } = this.#parts;
    const frameworkId = framework.id?.value ?? "";
    operations.resumeFramework(step, frameworkId);
    if (table.framework(frameworkId) === undefined) return;
    table.putFramework(step, frameworkId, framework);
    streams.resumeFramework(step, frameworkId);
  }
}
