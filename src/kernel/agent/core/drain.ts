/**
 * Emptying this agent by the master's order: its tasks end, each within its grace, and nothing new starts until it is
 * empty. The order is on the disk, so that an agent that starts again goes on with it.
 * Source: contract mesos.md sections 4.2 (AGENT_DRAINING), 4.3 (draining).
 */
import type { FrameworkInfo, KillPolicy, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { DrainOrder } from "#contracts/link/messages.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { Verdict } from "./status-text.ts";
import type { Step } from "./step.ts";
import { hasCapability, recordKeys, type TaskRun } from "./task-run.ts";

export interface DrainRecord extends DrainOrder {
  readonly formatVersion: 1;
  readonly since: InstantMs;
}

const nanosecondsPerMs = 1_000_000;

export class Drain {
  readonly #killGraceMs: number;
  #record: DrainRecord | undefined;

  constructor(killGraceMs: number) {
    this.#killGraceMs = killGraceMs;
  }

  get record(): DrainRecord | undefined {
    return this.#record;
  }

  restore(record: DrainRecord | undefined): void {
    this.#record = record;
  }

  /** The newest order counts; without one, what was ordered before is over. */
  order(step: Step, order: DrainOrder | undefined): void {
    if (order === undefined) return this.#end(step);
    const record = { formatVersion: 1, since: this.#record?.since ?? step.now, ...order } as const;
    if (JSON.stringify(record) === JSON.stringify(this.#record)) return;
    this.#record = record;
    step.put(recordKeys.drain, record);
    step.log("info", "agent.draining", { ...order });
  }

  /** Nobody waits for runs that were discarded. */
  endWhenEmpty(step: Step, runs: Iterable<TaskRun>): void {
    if (this.#record === undefined) return;
    for (const { progress } of runs) if (progress.discarded !== true) return;
    this.#end(step);
  }

  /** How long the task may take: its own time, and no longer than the order says. */
  killPolicyOf({ kill_policy: own }: TaskInfo): KillPolicy {
    const ownNanoseconds = own?.grace_period?.nanoseconds ?? this.#killGraceMs * nanosecondsPerMs;
    const longest = (this.#record?.maxGraceMs ?? Number.POSITIVE_INFINITY) * nanosecondsPerMs;
    return { grace_period: { nanoseconds: Math.min(ownNanoseconds, longest) } };
  }

  /** Whoever wanted the task killed: while the agent drains, that is why it ends here. */
  verdictOf(verdict: Verdict, framework: FrameworkInfo | undefined): Verdict {
    if (this.#record === undefined) return verdict;
    if (verdict.state !== "TASK_KILLED" && verdict.state !== "TASK_KILLING") return verdict;
    const isGone =
      verdict.state === "TASK_KILLED" && this.#record.markGone && hasCapability(framework, "PARTITION_AWARE");
    return {
      ...verdict,
      reason: "REASON_AGENT_DRAINING",
      ...(isGone ? { state: "TASK_GONE_BY_OPERATOR" } : {}),
    };
  }

  #end(step: Step): void {
    if (this.#record === undefined) return;
    this.#record = undefined;
    step.delete(recordKeys.drain);
    step.log("info", "agent.drainOver");
  }
}
