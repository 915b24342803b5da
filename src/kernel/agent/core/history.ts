import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import type { Executor } from "./executor-run.ts";
import { historyLimits } from "./policy.ts";
import { type TaskRun, taskIdOf } from "./task-run.ts";

export interface PastFramework {
  readonly info: FrameworkInfo;
  /** Oldest first. */
  readonly runs: readonly TaskRun[];
  /** Frameworks' own, oldest first; those of command tasks are their runs. */
  readonly executors: readonly Executor[];
}

interface PastRecord {
  info: FrameworkInfo;
  readonly runs: TaskRun[];
  readonly executors: Executor[];
}

/**
 * What ended lately, in memory. Each executor of a command task has one task, so bounding executors bounds
 * tasks too. Source: Mesos agent flags max_completed_executors_per_framework, 50 completed frameworks.
 */
export class History {
  readonly #frameworks = new Map<string, PastRecord>();

  add(frameworkId: string, info: FrameworkInfo, run: TaskRun): void {
    const { runs } = this.#past(frameworkId, info);
    runs.push(run);
    if (runs.length > historyLimits.executorsPerFramework) runs.shift();
  }

  addExecutor(frameworkId: string, info: FrameworkInfo, executor: Executor): void {
    const { executors } = this.#past(frameworkId, info);
    executors.push(executor);
    if (executors.length > historyLimits.executorsPerFramework) executors.shift();
  }

  #past(frameworkId: string, info: FrameworkInfo): PastRecord {
    const past = this.#frameworks.get(frameworkId) ?? { info, runs: [], executors: [] };
    past.info = info;
    // Behind all others: the one that changed longest ago goes first.
    this.#frameworks.delete(frameworkId);
    this.#frameworks.set(frameworkId, past);
    if (this.#frameworks.size <= historyLimits.frameworks) return past;
    const [oldest] = this.#frameworks.keys();
    if (oldest !== undefined) this.#frameworks.delete(oldest);
    return past;
  }

  has(frameworkId: string, taskId: string): boolean {
    return this.#frameworks.get(frameworkId)?.runs.some((run) => taskIdOf(run) === taskId) ?? false;
  }

  frameworks(): ReadonlyMap<string, PastFramework> {
    return this.#frameworks;
  }
}
