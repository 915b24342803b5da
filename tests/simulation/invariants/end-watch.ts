import type { TaskState, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { Tell } from "./sentences.ts";

/** After which nothing of a task runs, whoever says it. "Lost", and what operators gave up, is about what nobody can see. */
const final: ReadonlySet<TaskState> = new Set<TaskState>([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_DROPPED",
  "TASK_GONE",
]);

/** Invariant 2: a task of which a framework was told that it ended neither runs then nor starts later. */
export class EndWatch {
  readonly #tell: Tell;
  readonly #isRunning: (taskId: string) => boolean;
  readonly #hasOperators: boolean;
  readonly #ended = new Map<string, string>();

  constructor(tell: Tell, isRunning: (taskId: string) => boolean, hasOperators: boolean) {
    this.#tell = tell;
    this.#isRunning = isRunning;
    this.#hasOperators = hasOperators;
  }

  saw(framework: string, { state, reason, task_id: { value: taskId } }: TaskStatus): void {
    // The master forgets agents that an operator takes away, and only those.
    if (!final.has(state) && (state !== "TASK_UNKNOWN" || this.#hasOperators)) return;
    this.#ended.set(taskId, `${framework} was told ${state} ${reason ?? ""}`);
    if (this.#isRunning(taskId))
      this.#tell("tasks", `${framework} was told ${state} ${reason ?? ""} of ${taskId}, which runs`);
  }

  started(taskId: string): void {
    const told = this.#ended.get(taskId);
    if (told !== undefined) this.#tell("tasks", `${taskId} was started after ${told} of it`);
  }
}
