import type { TaskState, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { isTerminal } from "./stranger-core.ts";

/** Sees every update that reaches one framework, over all lives of its process. */
export class UpdateWitness {
  readonly #framework: string;
  readonly #uuids = new Set<string>();
  readonly #ended = new Map<string, TaskState>();
  readonly #problems: string[] = [];

  constructor(framework: string) {
    this.#framework = framework;
  }

  /** Updates of a task that came for the first time after its end was told. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Updates with a uuid come from the agent, in order, each maybe several times. */
  saw(status: TaskStatus): void {
    const { uuid, state } = status;
    if (uuid === undefined || uuid === "" || this.#uuids.has(uuid)) return;
    this.#uuids.add(uuid);
    const taskId = status.task_id.value;
    const ended = this.#ended.get(taskId);
    if (ended !== undefined) {
      this.#problems.push(`${this.#framework} was told ${state} of ${taskId} after ${ended}`);
    }
    if (isTerminal(state)) this.#ended.set(taskId, state);
  }
}
