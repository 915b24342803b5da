import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import { historyLimits } from "./policy.ts";
import { type TaskRun, taskIdOf } from "./task-run.ts";

export interface PastFramework {
  readonly info: FrameworkInfo;
  /** Oldest first. */
  readonly runs: readonly TaskRun[];
}

/**
 * What ended lately, in memory. Each executor of a command task has one task, so bounding executors bounds
 * tasks too. Source: Mesos agent flags max_completed_executors_per_framework, 50 completed frameworks.
 */
export class History {
  readonly #frameworks = new Map<string, { info: FrameworkInfo; runs: TaskRun[] }>();

  add(frameworkId: string, info: FrameworkInfo, run: TaskRun): void {
    const past = this.#frameworks.get(frameworkId) ?? { info, runs: [] };
    past.info = info;
    past.runs.push(run);
    if (past.runs.length > historyLimits.executorsPerFramework) past.runs.shift();
    // Behind all others: the one that changed longest ago goes first.
    this.#frameworks.delete(frameworkId);
    this.#frameworks.set(frameworkId, past);
    if (this.#frameworks.size <= historyLimits.frameworks) return;
    const [oldest] = this.#frameworks.keys();
    if (oldest !== undefined) this.#frameworks.delete(oldest);
  }

  has(frameworkId: string, taskId: string): boolean {
    return this.#frameworks.get(frameworkId)?.runs.some((run) => taskIdOf(run) === taskId) ?? false;
  }

  frameworks(): ReadonlyMap<string, PastFramework> {
    return this.#frameworks;
  }
}
