/**
 * Takes back what was lent: while the machine's load is above a threshold, whatever runs on revocable resources is killed.
 *
 * Source: Mesos QoS controller, `LoadQoSController`; contract mesos.md sections 4.2 and 5.6. There the agent asks its
 * controller again as soon as it has answered (`--qos_correction_interval_min` 0 s); here the load is looked at every 15 s.
 */
import type { Resource } from "#contracts/kernel/messages.gen.ts";
import { isNative } from "./executor-run.ts";
import type { Executors } from "./executors.ts";
import type { AgentPolicy } from "./policy.ts";
import type { Step } from "./step.ts";
import type { TaskLifecycle } from "./task-lifecycle.ts";
import type { Doom, TaskRun } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";
import type { AgentTimers } from "./timers.ts";

export interface LoadControlParts {
  readonly policy: AgentPolicy;
  readonly timers: AgentTimers;
  readonly table: TaskTable;
  readonly lifecycle: TaskLifecycle;
  readonly executors: Executors;
}

/** Load averages of the machine: processes that run or wait to, over so many minutes. */
export interface MachineLoad {
  readonly over5Min: number;
  readonly over15Min: number;
}

export class LoadControl {
  readonly #parts: LoadControlParts;
  #preempted = 0;

  constructor(parts: LoadControlParts) {
    this.#parts = parts;
  }

  /** Executors that had to give way since the agent started; a command task counts as one. */
  get preempted(): number {
    return this.#preempted;
  }

  /** Asks for the load, and again later; nothing without a threshold. */
  due(step: Step): void {
    const { policy, timers } = this.#parts;
    if (policy.loadThreshold5Min === undefined && policy.loadThreshold15Min === undefined) return;
    timers.set({ kind: "load" }, step.now + policy.qosCorrectionIntervalMs);
    step.emit({ kind: "measureLoad" });
  }

  measured(step: Step, load: MachineLoad): void {
    const excess = this.#excessOf(load);
    if (excess === undefined) return;
    const { table, executors, lifecycle } = this.#parts;
    const doom: Doom = { reason: "REASON_CONTAINER_PREEMPTED", message: `Preempted: ${excess}` };
    /** Each answers whether it falls now, and did not before. */
    const falls: (() => boolean)[] = [];
    const fell = (run: TaskRun): boolean => lifecycle.doom(step, run, doom);
    for (const executor of [...table.executors.all()]) {
      const runs = table.runsAt(executor).filter(({ progress }) => progress.phase !== "ended");
      const given = [executor.spec.info.resources ?? [], ...runs.map(({ spec }) => spec.resources)];
      if (executor.progress.phase === "ended" || !given.some(isRevocable)) continue;
      if (isNative(executor.spec.info)) falls.push(() => runs.filter(fell).length > 0);
      else if (executors.doom(step, executor, doom)) this.#preempted += 1;
    }
    for (const run of table.runs())
      if (run.spec.executor === undefined && isRevocable(run.spec.resources)) falls.push(() => fell(run));
    for (const falling of falls) if (falling()) this.#preempted += 1;
  }

  #excessOf({ over5Min, over15Min }: MachineLoad): string | undefined {
    const { loadThreshold5Min, loadThreshold15Min } = this.#parts.policy;
    if (loadThreshold5Min !== undefined && over5Min > loadThreshold5Min)
      return `the load over 5 minutes is ${over5Min}, above ${loadThreshold5Min}`;
    if (loadThreshold15Min !== undefined && over15Min > loadThreshold15Min)
      return `the load over 15 minutes is ${over15Min}, above ${loadThreshold15Min}`;
    return undefined;
  }
}

const isRevocable = (wire: readonly Resource[]): boolean =>
  wire.some(({ revocable }) => revocable !== undefined);
