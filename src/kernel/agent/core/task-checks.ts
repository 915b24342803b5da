/**
 * Runs the checks of tasks: when each is due, one run of it at a time, and what its result leads to.
 *
 * Invariants: a task without checks costs nothing here; a check that is neither due nor under way belongs to a task
 * that does not run or is being killed.
 * Source: contract mesos.md section 2.6.
 */
import { type CheckPlan, readCheck, readHealthCheck } from "#domain/health/index.ts";
import type { Random } from "#foundation/base/random.ts";
import {
  type CheckKind,
  checkStatusOf,
  isSameStatus,
  type ProbeResult,
  stepHealthCheck,
} from "./check-results.ts";
import type { Verdict } from "./status-text.ts";
import type { Step } from "./step.ts";
import { hasOwnContainer, type RunProgress, type TaskRun } from "./task-run.ts";
import type { AgentTimers } from "./timers.ts";

export interface TaskChecksPorts {
  readonly timers: AgentTimers;
  readonly random: Random;
  readonly progress: (step: Step, run: TaskRun, progress: RunProgress) => void;
  readonly tell: (step: Step, run: TaskRun, verdict: Verdict) => void;
  readonly kill: (step: Step, run: TaskRun) => void;
}

export const checkKinds: readonly CheckKind[] = ["healthCheck", "check"];

export class TaskChecks {
  readonly #ports: TaskChecksPorts;
  /** Numbers of the probes under way. */
  readonly #underWay = new Map<string, number>();
  #lastNumber = 0;

  constructor(ports: TaskChecksPorts) {
    this.#ports = ports;
  }

  /** The task runs now. */
  start(step: Step, run: TaskRun): void {
    for (const kind of checkKinds) {
      const plan = planOf(run, kind);
      if (plan !== undefined) this.#schedule(run, kind, step.now + plan.delayMs);
    }
  }

  /** The agent was away: what was due goes on, spread over an interval, so that not all tasks are asked at once. */
  resume(step: Step, run: TaskRun): void {
    const { runningAt = step.now, kill } = run.progress;
    if (kill !== undefined) return;
    for (const kind of checkKinds) {
      const plan = planOf(run, kind);
      if (plan === undefined) continue;
      const soon = step.now + Math.floor(this.#ports.random.next() * plan.intervalMs);
      this.#schedule(run, kind, Math.max(runningAt + plan.delayMs, soon));
    }
  }

  due(step: Step, run: TaskRun, check: CheckKind): void {
    const plan = planOf(run, check);
    if (plan === undefined || !isChecked(run)) return;
    this.#lastNumber += 1;
    const { containerId } = run.spec;
    this.#underWay.set(keyOf(run, check), this.#lastNumber);
    const { probe, timeoutMs } = plan;
    const { network } = run.progress;
    step.emit({
      kind: "runProbe",
      containerId,
      check,
      number: this.#lastNumber,
      probe,
      timeoutMs,
      ...(network === undefined ? {} : { networkOwner: network.owner }),
    });
  }

  ended(step: Step, run: TaskRun, check: CheckKind, number: number, result: ProbeResult): void {
    const plan = planOf(run, check);
    if (plan === undefined || this.#underWay.get(keyOf(run, check)) !== number) return;
    this.#underWay.delete(keyOf(run, check));
    if (!isChecked(run)) return;
    this.#schedule(run, check, step.now + plan.intervalMs);
    if (check === "healthCheck") this.#judgeHealth(step, run, result);
    else this.#judgeCheck(step, run, result);
  }

  /** It is being killed, or is over: nobody asks any more. */
  stop(step: Step, run: TaskRun): void {
    let wasUnderWay = false;
    for (const kind of checkKinds) {
      if (run.spec.task[kind === "check" ? "check" : "health_check"] === undefined) continue;
      this.#ports.timers.cancel({ kind, containerId: run.spec.containerId });
      if (this.#underWay.delete(keyOf(run, kind))) wasUnderWay = true;
    }
    if (wasUnderWay) step.emit({ kind: "cancelProbes", containerId: run.spec.containerId });
  }

  /** For invariants: due or under way. */
  isWatched(run: TaskRun, kind: CheckKind): boolean {
    return (
      this.#underWay.has(keyOf(run, kind)) ||
      this.#ports.timers.has({ kind, containerId: run.spec.containerId })
    );
  }

  #judgeHealth(step: Step, run: TaskRun, result: ProbeResult): void {
    const wire = run.spec.task.health_check;
    const plan = wire === undefined ? undefined : readHealthCheck(wire);
    if (plan === undefined || "problem" in plan) return;
    const { runningAt = step.now, health: before } = run.progress;
    const { health, tells, kills } = stepHealthCheck(before, { result, at: step.now, runningAt }, plan);
    if (health === undefined || !tells) return;
    this.#ports.progress(step, run, { ...run.progress, health });
    this.#ports.tell(step, run, {
      state: "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
      ...(health.failure === undefined ? {} : { message: `Health check failed: ${health.failure}` }),
    });
    if (kills) this.#ports.kill(step, run);
  }

  #judgeCheck(step: Step, run: TaskRun, result: ProbeResult): void {
    const wire = run.spec.task.check;
    if (wire === undefined) return;
    const checkStatus = checkStatusOf(wire, result);
    if (isSameStatus(run.progress.checkStatus, checkStatus)) return;
    this.#ports.progress(step, run, { ...run.progress, checkStatus });
    this.#ports.tell(step, run, {
      state: "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      reason: "REASON_TASK_CHECK_STATUS_UPDATED",
    });
  }

  #schedule(run: TaskRun, kind: CheckKind, at: number): void {
    this.#ports.timers.set({ kind, containerId: run.spec.containerId }, at);
  }
}

const keyOf = (run: TaskRun, kind: CheckKind): string => `${kind}/${run.spec.containerId}`;

/** The checks of a task without a container of its own are its executor's. */
export const isChecked = (run: TaskRun): boolean => hasOwnContainer(run) && isUp(run);

/** Runs, and nobody has decided that it ends. */
const isUp = ({ progress: { phase, kill, doom, runningAt } }: TaskRun): boolean =>
  phase === "running" && kill === undefined && doom === undefined && runningAt !== undefined;

/** What of the task's description says how to check it; it was judged before the task was taken. */
export function planOf({ spec }: TaskRun, kind: CheckKind): CheckPlan | undefined {
  const { health_check, check } = spec.task;
  const plan =
    kind === "healthCheck"
      ? health_check === undefined
        ? undefined
        : readHealthCheck(health_check)
      : check === undefined
        ? undefined
        : readCheck(check);
  return plan === undefined || "problem" in plan ? undefined : plan;
}
