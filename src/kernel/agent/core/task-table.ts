/** Every run this agent answers for, found by container and by task, and the frameworks they belong to. */
import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import { parseResources, Resources } from "#domain/resources/index.ts";
import type { Step } from "./step.ts";
import { recordKeys, type TaskRun, taskIdOf } from "./task-run.ts";

export interface FrameworkRecord {
  readonly formatVersion: 1;
  readonly info: FrameworkInfo;
}

export class TaskTable {
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
    this.account(run);
  }

  /** The framework goes with its last run. */
  remove(step: Step, run: TaskRun): void {
    const { containerId, frameworkId } = run.spec;
    this.#runs.delete(containerId);
    const key = taskKey(frameworkId, taskIdOf(run));
    if (this.#containerOf.get(key) === containerId) this.#containerOf.delete(key);
    const siblings = this.#runsOf.get(frameworkId);
    siblings?.delete(containerId);
    if (siblings !== undefined && siblings.size > 0) return;
    this.#runsOf.delete(frameworkId);
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
    const held = this.#held.get(spec.containerId);
    const holds = progress.phase !== "ended" && progress.discarded !== true;
    if (holds === (held !== undefined)) return;
    if (held !== undefined) {
      this.#held.delete(spec.containerId);
      this.#used = this.#used.minus(held);
      return;
    }
    const taken = parseResources(spec.resources);
    this.#held.set(spec.containerId, taken);
    this.#used = this.#used.plus(taken);
  }

  /** Problems of the indexes, for `check`. */
  inconsistencies(): readonly string[] {
    const problems: string[] = [];
    if (!Resources.sum(this.#held.values()).equals(this.#used))
      problems.push("what tasks hold is not their sum");
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
