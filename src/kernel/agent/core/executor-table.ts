/** Every executor this agent answers for, by container and by name. */
import { type Executor, isNative } from "./executor-run.ts";

export class ExecutorTable {
  readonly #executors = new Map<string, Executor>();
  /** Of those that have not ended: a new one may take the name of one that has. */
  readonly #containerOf = new Map<string, string>();
  readonly #of = new Map<string, Set<Executor>>();

  get size(): number {
    return this.#executors.size;
  }

  all(): Iterable<Executor> {
    return this.#executors.values();
  }

  get(containerId: string): Executor | undefined {
    return this.#executors.get(containerId);
  }

  /** The one that lives under this name. */
  find(frameworkId: string, executorId: string): Executor | undefined {
    return this.#executors.get(this.#containerOf.get(executorKey(frameworkId, executorId)) ?? "");
  }

  /** Containers of those that live; `frames` are of those that the agent plays itself: no process, and others within. */
  liveContainers(): { readonly processes: readonly string[]; readonly frames: readonly string[] } {
    const live = [...this.all()].filter(({ progress }) => progress.phase !== "ended");
    const idsOf = (isFrame: boolean): readonly string[] =>
      live.flatMap(({ spec }) => (isNative(spec.info) === isFrame ? [spec.containerId] : []));
    return { processes: idsOf(false), frames: idsOf(true) };
  }

  of(frameworkId: string): readonly Executor[] {
    return [...(this.#of.get(frameworkId) ?? [])];
  }

  add(executor: Executor): void {
    const { containerId, frameworkId, info } = executor.spec;
    this.#executors.set(containerId, executor);
    this.#of.set(frameworkId, (this.#of.get(frameworkId) ?? new Set()).add(executor));
    if (executor.progress.phase !== "ended")
      this.#containerOf.set(executorKey(frameworkId, info.executor_id.value), containerId);
  }

  /** Its name is free again. */
  ended({ spec }: Executor): void {
    const key = executorKey(spec.frameworkId, spec.info.executor_id.value);
    if (this.#containerOf.get(key) === spec.containerId) this.#containerOf.delete(key);
  }

  remove(executor: Executor): void {
    this.ended(executor);
    this.#executors.delete(executor.spec.containerId);
    const { frameworkId } = executor.spec;
    const fellows = this.#of.get(frameworkId);
    fellows?.delete(executor);
    if (fellows?.size === 0) this.#of.delete(frameworkId);
  }
}

/** The length keeps two ids from running into each other. */
function executorKey(frameworkId: string, executorId: string): string {
  return `${frameworkId.length}:${frameworkId}/${executorId}`;
}
