/**
 * Executors of type DEFAULT, played by the agent itself: each of their tasks has a container of its own, whose sandbox
 * lies within the executor's.
 *
 * Invariants: such an executor lives as long as one of its tasks does; of a group none goes on when one has failed or was
 * killed. Source: contract mesos.md section 2.4; ADR 0111.
 */
import type { Executor } from "./executor-run.ts";
import type { Verdict } from "./status-text.ts";
import type { Step } from "./step.ts";
import type { TaskBook } from "./task-book.ts";
import type { TaskLifecycle } from "./task-lifecycle.ts";
import { type TaskRun, taskIdOf } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";

export interface NativeExecutorsParts {
  readonly table: TaskTable;
  readonly book: TaskBook;
  readonly lifecycle: Pick<TaskLifecycle, "launch" | "killFor" | "destroy">;
  /** Nothing of the executor is left. */
  readonly end: (step: Step, executor: Executor) => void;
}

export class NativeExecutors {
  readonly #parts: NativeExecutorsParts;

  constructor(parts: NativeExecutorsParts) {
    this.#parts = parts;
  }

  /** Tasks that were recorded just now. */
  launch(step: Step, executor: Executor, runs: readonly TaskRun[]): void {
    const { table, book, lifecycle } = this.#parts;
    const framework = table.framework(executor.spec.frameworkId);
    if (framework === undefined) return;
    for (const run of runs) {
      book.progress(step, run, { ...run.progress, state: "TASK_STARTING" });
      book.tell(step, run, { state: "TASK_STARTING", source: "SOURCE_EXECUTOR" });
      lifecycle.launch(step, run, framework);
    }
  }

  /** A task is over: what that means for its group, and for the executor. */
  taskEnded(step: Step, run: TaskRun, { state }: Verdict): void {
    const { table, lifecycle, end } = this.#parts;
    const executor = table.executors.get(run.spec.executor?.containerId ?? "");
    if (executor === undefined || run.spec.executor?.isNested !== true) return;
    const fellows = this.#live(executor);
    if (state !== "TASK_FINISHED") {
      const { group } = run.spec.executor;
      const falling = fellows.filter((each) => group !== undefined && each.spec.executor?.group === group);
      if (falling.length > 0) step.log("info", "group.ending", { taskId: taskIdOf(run), state });
      for (const each of falling) lifecycle.killFor(step, each, "group");
    }
    if (fellows.length === 0) end(step, executor);
  }

  /** Each with its own grace; what is left when the executor's is over is destroyed. */
  shutDown(step: Step, executor: Executor): void {
    const live = this.#live(executor);
    for (const run of live) this.#parts.lifecycle.killFor(step, run, "scheduler");
    if (live.length === 0) this.#parts.end(step, executor);
  }

  destroy(step: Step, executor: Executor): void {
    for (const run of this.#live(executor)) this.#parts.lifecycle.destroy(step, run);
  }

  #live(executor: Executor): readonly TaskRun[] {
    return this.#parts.table.runsAt(executor).filter(({ progress }) => progress.phase !== "ended");
  }
}
