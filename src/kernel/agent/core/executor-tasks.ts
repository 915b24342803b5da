/**
 * Tasks that executors run: given to them, told by them, killed through them, and ended with them.
 *
 * Invariants: an executor is told of an acknowledged update only when the update is on the disk; an update that comes
 * twice is one; a task was given to its executor exactly when its phase is past `launching`.
 * Source: contract mesos.md sections 1.6, 1.7, 2.1.
 */
import type { KillPolicy, TaskInfo, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { executorLimits } from "./container-plan.ts";
import type { Drain } from "./drain.ts";
import type { ExecutorChannel } from "./executor-channel.ts";
import type { Executor } from "./executor-run.ts";
import { requestKill } from "./kill-grace.ts";
import type { AgentPolicy } from "./policy.ts";
import { killedDuringLaunch, neverLaunched, type Verdict } from "./status-text.ts";
import type { Step } from "./step.ts";
import type { TaskBook } from "./task-book.ts";
import { isTerminal, type TaskRun, taskIdOf } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";
import type { UpdateStreams } from "./update-streams.ts";

/** Updates of one task that may wait for the scheduler; what comes then is not acknowledged, so it comes again. */
const updatesWaitingMax = 1_000;
/** Uuids remembered of each task: more updates than that are never on their way at once. */
const uuidsKept = 64;

export interface ExecutorTasksParts {
  readonly policy: AgentPolicy;
  readonly table: TaskTable;
  readonly book: TaskBook;
  readonly streams: UpdateStreams;
  readonly drain: Drain;
  readonly channelOf: (executor: Executor) => ExecutorChannel;
}

export class ExecutorTasks {
  readonly #parts: ExecutorTasksParts;
  #invalidUpdates = 0;

  constructor(parts: ExecutorTasksParts) {
    this.#parts = parts;
  }

  /** Updates of executors that could not be taken, since the agent started. */
  get invalidUpdates(): number {
    return this.#invalidUpdates;
  }

  /** Gives the executor what waits for it, group by group. */
  deliver(step: Step, executor: Executor): void {
    const { table, book, channelOf } = this.#parts;
    const channel = channelOf(executor);
    if (executor.progress.phase !== "running" || !channel.isOpen(executor)) return;
    const waiting = table.runsAt(executor).filter(isQueued);
    if (waiting.length === 0) return;
    this.resize(step, executor);
    const groups = new Map<string, TaskRun[]>();
    for (const run of waiting) {
      const key = run.spec.executor?.group ?? run.spec.containerId;
      groups.set(key, [...(groups.get(key) ?? []), run]);
    }
    for (const runs of groups.values()) {
      for (const run of runs) book.progress(step, run, { ...run.progress, phase: "running" });
      channel.launch(step, executor, runs);
    }
  }

  /** The container may use what the executor and its live tasks were given. */
  resize(step: Step, executor: Executor): void {
    if (executor.progress.phase !== "running") return;
    step.emit({
      kind: "updateContainer",
      containerId: executor.spec.containerId,
      limits: executorLimits(executor, this.#parts.table.runsAt(executor), this.#parts.policy),
    });
  }

  /** What an executor tells of one of its tasks: kept first, then acknowledged. */
  update(step: Step, executor: Executor, told: TaskStatus): void {
    const { table, book, channelOf, drain } = this.#parts;
    const framework = table.framework(executor.spec.frameworkId);
    // Whoever wanted it killed: while the agent is emptied, that is why.
    const { state, source = "SOURCE_EXECUTOR" } = told;
    const status = { ...told, ...drain.verdictOf({ state, source }, framework) };
    const taskId = status.task_id.value;
    const uuid = status.uuid ?? "";
    const run = table.find(executor.spec.frameworkId, taskId);
    const isOwn = run?.spec.executor?.containerId === executor.spec.containerId;
    if (run === undefined || !isOwn || run.progress.phase === "ended") {
      // It has long been told of, or never was here: its executor need not keep it.
      const known = run?.progress.executorUuids?.includes(uuid) === true;
      if (!known) {
        this.#invalidUpdates += 1;
        step.log("warn", "update.ofUnknownTask", { taskId, state: status.state });
      }
      channelOf(executor).acknowledge(step, executor, { taskId, uuid });
      return;
    }
    if (run.progress.executorUuids?.includes(uuid) === true) {
      channelOf(executor).acknowledge(step, executor, { taskId, uuid });
      return;
    }
    if (this.#isFull(run) && !isTerminal(status.state)) {
      this.#invalidUpdates += 1;
      step.log("warn", "update.tooManyWait", { taskId, max: updatesWaitingMax });
      return;
    }
    const isOver = this.#take(step, executor, run, status);
    if (run.progress.discarded !== true) book.tellStatus(step, run, this.#whole(step, executor, run, status));
    channelOf(executor).acknowledge(step, executor, { taskId, uuid });
    if (!isOver) return;
    this.resize(step, executor);
    if (run.progress.discarded === true) book.forget(step, run);
  }

  /** The executor came back: what it was given before and says nothing of never reached it. */
  reconcile(step: Step, executor: Executor, listed: readonly TaskInfo[]): void {
    const { table } = this.#parts;
    const held = new Set(listed.map(({ task_id }) => task_id.value));
    const framework = table.framework(executor.spec.frameworkId);
    for (const run of table.runsAt(executor)) {
      if (run.progress.phase !== "running") continue;
      if (run.progress.state === "TASK_STAGING" && !held.has(taskIdOf(run))) {
        const message = "The task did not reach its executor before the agent was restarted";
        this.#end(step, run, neverLaunched(framework, "REASON_AGENT_RESTARTED", message));
      } else if (run.progress.kill !== undefined) {
        this.#parts.channelOf(executor).kill(step, executor, run, run.progress.kill.policy);
      }
    }
  }

  /** Answers whether the executor is left without anything that it was started for. */
  kill(
    step: Step,
    executor: Executor,
    run: TaskRun,
    policy: KillPolicy | undefined,
    cause: "scheduler" | "draining" = "scheduler",
  ): boolean {
    const { table, book, channelOf } = this.#parts;
    if (run.progress.phase === "ended") return false;
    if (isQueued(run)) {
      const group = run.spec.executor?.group;
      for (const each of table.runsAt(executor)) {
        const falls = each === run || (group !== undefined && each.spec.executor?.group === group);
        if (falls && isQueued(each)) this.#end(step, each, killedDuringLaunch);
      }
      return executor.progress.phase === "registering" && !table.runsAt(executor).some(isLive);
    }
    const kill = requestKill(
      run.progress.kill,
      {
        cause,
        override: policy,
        taskPolicy: run.spec.task.kill_policy,
        defaultGraceMs: this.#parts.policy.killGraceMs,
      },
      step.now,
    );
    book.progress(step, run, {
      ...run.progress,
      kill: { ...kill, ...(policy === undefined ? {} : { policy }) },
    });
    channelOf(executor).kill(step, executor, run, policy);
    return false;
  }

  /** The executor is gone, and with it whatever it ran or was to run. */
  endAll(step: Step, executor: Executor, verdict: Verdict): void {
    for (const run of this.#parts.table.runsAt(executor)) if (isLive(run)) this.#end(step, run, verdict);
  }

  /** Nobody wants to hear of them any more. */
  discardAll(step: Step, executor: Executor): void {
    const { table, book, streams } = this.#parts;
    for (const run of table.runsAt(executor)) {
      streams.forget(step, run.spec.containerId);
      if (isLive(run)) book.progress(step, run, { ...run.progress, discarded: true });
      else book.forget(step, run);
    }
  }

  #end(step: Step, run: TaskRun, verdict: Verdict): void {
    const { book, drain, table } = this.#parts;
    book.end(step, run, drain.verdictOf(verdict, table.framework(run.spec.frameworkId)));
    if (run.progress.discarded === true) book.forget(step, run);
  }

  #isFull(run: TaskRun): boolean {
    return this.#parts.streams.pending(run.spec.containerId).length >= updatesWaitingMax;
  }

  /** Answers whether the task is over. */
  #take(step: Step, executor: Executor, run: TaskRun, status: TaskStatus): boolean {
    const { book } = this.#parts;
    const uuids = [...(run.progress.executorUuids ?? []), status.uuid ?? ""].slice(-uuidsKept);
    const isFirstRunning = status.state === "TASK_RUNNING" && run.progress.runningAt === undefined;
    run.progress = {
      ...run.progress,
      executorUuids: uuids,
      ...(executor.progress.pid === undefined ? {} : { pid: executor.progress.pid }),
      ...(isFirstRunning ? { runningAt: step.now } : {}),
    };
    const isOver = isTerminal(status.state);
    if (isOver) book.ended(step, run, status.state);
    else book.progress(step, run, { ...run.progress, state: status.state });
    return isOver;
  }

  /** What the agent knows better than the executor is the agent's. */
  #whole(step: Step, executor: Executor, run: TaskRun, status: TaskStatus): TaskStatus {
    const own = this.#parts.book.containerStatusOf(run, executor.progress.pid);
    return {
      ...status,
      source: "SOURCE_EXECUTOR",
      agent_id: { value: executor.spec.agentId },
      executor_id: executor.spec.info.executor_id,
      timestamp: status.timestamp ?? step.now / 1000,
      container_status: { ...own, ...status.container_status },
    };
  }
}

/** Not given to its executor yet. */
export const isQueued = ({ progress }: TaskRun): boolean => progress.phase === "launching";
const isLive = ({ progress }: TaskRun): boolean => progress.phase !== "ended";
