/** Every run this agent answers for, found by container and by task, and the frameworks they belong to. */
import type { FrameworkInfo, Resource } from "#contracts/kernel/messages.gen.ts";
import { parseResources, Resources } from "#domain/resources/index.ts";
import { type Executor, resourcesOf } from "./executor-run.ts";
import { ExecutorTable } from "./executor-table.ts";
import type { Step } from "./step.ts";
import { recordKeys, type TaskRun, taskIdOf } from "./task-run.ts";

export interface FrameworkRecord {
  readonly formatVersion: 1;
  readonly info: FrameworkInfo;
}

export class TaskTable {
  readonly #executors = new ExecutorTable();
  /** Runs of each executor, by its container. */
  readonly #runsAt = new Map<string, Set<string>>();
  readonly #runs = new Map<string, TaskRun>();
  readonly #containerOf = new Map<string, string>();
  readonly #frameworks = new Map<string, FrameworkInfo>();
  readonly #runsOf = new Map<string, Set<string>>();
  readonly #held = new Map<string, Resources>();
  #used = Resources.empty;

  get size(): number {
    return this.#runs.size;
  }

  runs(): Iterable<TaskRun> {
    return this.#runs.values();
  }

  get(containerId: string): TaskRun | undefined {
    return this.#runs.get(containerId);
  }

  find(frameworkId: string, taskId: string): TaskRun | undefined {
    const containerId = this.#containerOf.get(taskKey(frameworkId, taskId));
    return containerId === undefined ? undefined : this.#runs.get(containerId);
  }

  add(run: TaskRun): void {
    const { containerId, frameworkId } = run.spec;
    this.#runs.set(containerId, run);
    this.#containerOf.set(taskKey(frameworkId, taskIdOf(run)), containerId);
    const siblings = this.#runsOf.get(frameworkId) ?? new Set();
    this.#runsOf.set(frameworkId, siblings.add(containerId));
    const { executor } = run.spec;
    if (executor !== undefined) {
      const fellows = this.#runsAt.get(executor.containerId) ?? new Set();
      this.#runsAt.set(executor.containerId, fellows.add(containerId));
    }
    this.account(run);
  }

  /** The framework goes with the last of its runs and executors. */
  remove(step: Step, run: TaskRun): void {
    const { containerId, frameworkId } = run.spec;
    this.#runs.delete(containerId);
    const key = taskKey(frameworkId, taskIdOf(run));
    if (this.#containerOf.get(key) === containerId) this.#containerOf.delete(key);
    forgetIn(this.#runsOf, frameworkId, containerId);
    if (run.spec.executor !== undefined) forgetIn(this.#runsAt, run.spec.executor.containerId, containerId);
    this.#dropIdle(step, frameworkId);
  }

  get executors(): ExecutorTable {
    return this.#executors;
  }

  addExecutor(executor: Executor): void {
    this.#executors.add(executor);
    this.accountExecutor(executor);
  }

  removeExecutor(step: Step, executor: Executor): void {
    this.#executors.remove(executor);
    this.#dropIdle(step, executor.spec.frameworkId);
  }

  /** Runs of one executor, in the order in which they came. */
  runsAt({ spec }: Executor): readonly TaskRun[] {
    return [...(this.#runsAt.get(spec.containerId) ?? [])].flatMap((id) => this.#runs.get(id) ?? []);
  }

  #dropIdle(step: Step, frameworkId: string): void {
    if (this.#runsOf.has(frameworkId) || this.#executors.of(frameworkId).length > 0) return;
    if (this.#frameworks.delete(frameworkId)) step.delete(recordKeys.framework(frameworkId));
  }

  runsOf(frameworkId: string): readonly TaskRun[] {
    return [...(this.#runsOf.get(frameworkId) ?? [])].flatMap((id) => this.#runs.get(id) ?? []);
  }

  framework(frameworkId: string): FrameworkInfo | undefined {
    return this.#frameworks.get(frameworkId);
  }

  frameworks(): ReadonlyMap<string, FrameworkInfo> {
    return this.#frameworks;
  }

  restoreFramework(frameworkId: string, info: FrameworkInfo): void {
    this.#frameworks.set(frameworkId, info);
  }

  putFramework(step: Step, frameworkId: string, info: FrameworkInfo): void {
    const present = this.#frameworks.get(frameworkId);
    if (present !== undefined && JSON.stringify(present) === JSON.stringify(info)) return;
    this.#frameworks.set(frameworkId, info);
    const record: FrameworkRecord = { formatVersion: 1, info };
    step.put(recordKeys.framework(frameworkId), record);
  }

  /** What tasks hold. Runs that end without anybody waiting are not counted: the master has given it away. */
  used(): Resources {
    return this.#used;
  }

  /** Takes up or gives back what a run holds; call after its progress changed. */
  account({ spec, progress }: TaskRun): void {
    const holds = progress.phase !== "ended" && progress.discarded !== true;
    this.#hold(spec.containerId, holds, spec.resources);
  }

  /** The same for an executor's own share. */
  accountExecutor(executor: Executor): void {
    const { phase, discarded } = executor.progress;
    this.#hold(executor.spec.containerId, phase !== "ended" && discarded !== true, resourcesOf(executor));
  }

  #hold(id: string, holds: boolean, resources: readonly Resource[]): void {
    const held = this.#held.get(id);
    if (holds === (held !== undefined)) return;
    if (held !== undefined) {
      this.#held.delete(id);
      this.#used = this.#used.minus(held);
      return;
    }
    const taken = parseResources(resources);
    this.#held.set(id, taken);
    this.#used = this.#used.plus(taken);
  }

  /** Problems of the indexes, for `check`. */
  inconsistencies(): readonly string[] {
    const problems: string[] = [];
    if (!Resources.sum(this.#held.values()).equals(this.#used))
      problems.push("what tasks and executors hold is not their sum");
    for (const [key, containerId] of this.#containerOf) {
      if (!this.#runs.has(containerId))
        problems.push(`task ${key} names container ${containerId}, which is not there`);
    }
    for (const run of this.#runs.values()) {
      if (this.find(run.spec.frameworkId, taskIdOf(run)) !== run)
        problems.push(`container ${run.spec.containerId} is not the one of task ${taskIdOf(run)}`);
    }
    return problems;
  }
}

/** The length keeps two ids from running into each other. */
function taskKey(frameworkId: string, taskId: string): string {
  return `${frameworkId.length}:${frameworkId}/${taskId}`;
}

function forgetIn(index: Map<string, Set<string>>, key: string, member: string): void {
  const members = index.get(key);
  members?.delete(member);
  if (members?.size === 0) index.delete(key);
}
