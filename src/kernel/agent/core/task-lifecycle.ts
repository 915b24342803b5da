/**
 * The life of a command task on its agent, from `runTask` to its last acknowledged status.
 *
 * Invariants: a run is on the disk before anything of it starts; at most one run of a task is here; a state
 * only moves forward; nothing is told of a run that was discarded.
 * Source: contract mesos.md sections 1.6, 1.7, 2.3, 4.2.
 */
import type { FrameworkInfo, Resource, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { AcknowledgeUpdate, KillTask, RunTask } from "#contracts/link/messages.ts";
import { parseResources } from "#domain/resources/index.ts";
import type { Random } from "#foundation/base/random.ts";
import type { ExitReport, LaunchFailureCode } from "#kernel/containerizer/driver.ts";
import { checkStatusOf } from "./check-results.ts";
import { networkPlanOf, planContainer } from "./container-plan.ts";
import type { Drain } from "./drain.ts";
import type { ContainerNetwork } from "./events.ts";
import type { History } from "./history.ts";
import { type KillRequest, requestKill } from "./kill-grace.ts";
import type { AgentResources } from "./operations/agent-resources.ts";
import { type AgentFacts, type AgentPolicy, liveTasksMax } from "./policy.ts";
import { volumesOfRun } from "./run-volumes.ts";
import type { Ending, Sandboxes } from "./sandboxes.ts";
import {
  doomed,
  launchFailed,
  neverLaunched,
  type Verdict,
  verdictOfExit,
  verdictOfLaunchFailure,
} from "./status-text.ts";
import type { Step } from "./step.ts";
import type { TaskBook } from "./task-book.ts";
import { TaskChecks } from "./task-checks.ts";
import { type Doom, hasCapability, isTerminal, type KillCause, type TaskRun, taskIdOf } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";
import type { AgentTimers } from "./timers.ts";
import { isPathSafe, unsupportedIn } from "./unsupported.ts";
import type { UpdateStreams } from "./update-streams.ts";

export interface LifecycleParts {
  readonly facts: AgentFacts;
  readonly policy: AgentPolicy;
  readonly random: Random;
  readonly timers: AgentTimers;
  readonly table: TaskTable;
  readonly book: TaskBook;
  readonly streams: UpdateStreams;
  readonly sandboxes: Sandboxes;
  readonly history: History;
  readonly drain: Drain;
  readonly resources: AgentResources;
  readonly agentId: () => string | undefined;
  /** After its end was told. */
  readonly onEnded: (step: Step, run: TaskRun, verdict: Verdict) => void;
}

export class TaskLifecycle {
  readonly #parts: LifecycleParts;
  readonly #book: TaskBook;
  readonly checks: TaskChecks;
  #launchErrors = 0;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    this.#book = parts.book;
    this.checks = new TaskChecks({
      timers: parts.timers,
      random: parts.random,
      progress: (step, run, progress) => this.#book.progress(step, run, progress),
      tell: (step, run, verdict) => this.#book.tell(step, run, verdict),
      kill: (step, run) => this.killFor(step, run, "healthCheck"),
    });
  }

  /** Launches that came to nothing since the agent started. */
  get launchErrors(): number {
    return this.#launchErrors;
  }

  run(step: Step, { framework, task, role, resources }: RunTask): void {
    const { table } = this.#parts;
    const frameworkId = framework.id?.value ?? "";
    const agentId = this.#parts.agentId();
    const taskId = task.task_id.value;
    if (agentId === undefined || !isPathSafe(frameworkId)) {
      step.log("error", "task.ignored", { taskId, frameworkId, cause: "no usable framework or agent id" });
      return;
    }
    if (table.find(frameworkId, taskId) !== undefined) {
      step.log("warn", "task.duplicateIgnored", { taskId, frameworkId });
      return;
    }
    table.putFramework(step, frameworkId, framework);
    const run = this.#book.newRun(step, { frameworkId, agentId, task, role, resources });
    const refusal = this.#refusalOf(framework, task, resources);
    if (refusal !== undefined) {
      this.#book.record(step, { ...run, spec: { ...run.spec, sandboxDir: "" } }, refusal);
      return;
    }
    this.#book.record(step, run, { state: "TASK_STARTING", source: "SOURCE_EXECUTOR" });
    this.launch(step, run, framework);
  }

  /** Starts the container of a run that was recorded. */
  launch(step: Step, run: TaskRun, framework: FrameworkInfo): void {
    const { facts, policy, resources } = this.#parts;
    const { frameworkId, containerId } = run.spec;
    const executor = this.#parts.table.executors.get(run.spec.executor?.containerId ?? "");
    const volumes = volumesOfRun(run, executor, resources);
    const executorContainer = executor?.spec.info.container;
    const network = networkPlanOf(run.spec, executorContainer);
    const input = { ...run.spec, framework, volumes, network, executorContainer };
    const plan = planContainer(input, facts, policy);
    step.emit({ kind: "launchContainer", plan });
    step.log("info", "task.launching", { taskId: taskIdOf(run), frameworkId, containerId });
  }

  kill(step: Step, { frameworkId, taskId, killPolicy }: KillTask): void {
    const { table, history, policy } = this.#parts;
    const run = table.find(frameworkId, taskId);
    if (run === undefined) {
      // A task that ended here just now is known to the master; any other never came.
      if (!history.has(frameworkId, taskId))
        this.tellNeverLaunched(step, { frameworkId, taskId, cause: "kill" });
      return;
    }
    this.#requestKill(step, run, {
      cause: "scheduler",
      override: killPolicy,
      taskPolicy: run.spec.task.kill_policy,
      defaultGraceMs: policy.killGraceMs,
    });
  }

  /** This agent is to be empty. */
  drain(step: Step, run: TaskRun): void {
    this.#requestKill(step, run, {
      cause: "draining",
      override: this.#parts.drain.killPolicyOf(run.spec.task),
      taskPolicy: undefined,
      defaultGraceMs: this.#parts.policy.killGraceMs,
    });
  }

  /** For a task the master believes to be here. */
  tellNeverLaunched(
    step: Step,
    input: {
      readonly frameworkId: string;
      readonly taskId: string;
      readonly cause: "kill" | "reconcile";
      readonly framework?: FrameworkInfo | undefined;
    },
  ): void {
    const { table } = this.#parts;
    const { frameworkId, taskId, cause } = input;
    const agentId = this.#parts.agentId();
    if (agentId === undefined || !isPathSafe(frameworkId) || table.find(frameworkId, taskId) !== undefined)
      return;
    if (table.size >= liveTasksMax) return;
    const framework = table.framework(frameworkId) ?? input.framework;
    if (framework !== undefined) table.putFramework(step, frameworkId, framework);
    const task: TaskInfo = { name: "", task_id: { value: taskId }, agent_id: { value: agentId } };
    const run = this.#book.newRun(step, { frameworkId, agentId, task, role: "*", resources: [] });
    const verdict =
      cause === "kill"
        ? neverLaunched(
            framework,
            "REASON_EXECUTOR_TERMINATED",
            "The task to kill is not known to this agent",
          )
        : neverLaunched(framework, "REASON_RECONCILIATION", "The task is not known to this agent");
    this.#book.record(step, { ...run, spec: { ...run.spec, sandboxDir: "" } }, verdict);
  }

  containerStarted(step: Step, containerId: string, pid: number, network?: ContainerNetwork): void {
    const run = this.#parts.table.get(containerId);
    if (run === undefined || run.progress.phase === "ended") {
      step.emit({ kind: "destroyContainer", containerId });
      return;
    }
    if (run.progress.phase === "running") return;
    if (run.progress.kill !== undefined || run.progress.doom !== undefined) {
      // It was killed during its launch and started all the same: nobody is told that it ran.
      this.#book.progress(step, run, { ...run.progress, phase: "running", pid });
      step.emit({ kind: "destroyContainer", containerId });
      return;
    }
    const { check } = run.spec.task;
    this.#book.progress(step, run, {
      ...run.progress,
      phase: "running",
      state: "TASK_RUNNING",
      pid,
      ...(network === undefined ? {} : { network }),
      runningAt: step.now,
      ...(check === undefined ? {} : { checkStatus: checkStatusOf(check) }),
    });
    this.#book.tell(step, run, { state: "TASK_RUNNING", source: "SOURCE_EXECUTOR" });
    this.armMaxCompletion(run);
    this.checks.start(step, run);
    step.log("info", "task.running", { taskId: taskIdOf(run), containerId, pid });
  }

  launchFailed(step: Step, containerId: string, code: LaunchFailureCode, message: string): void {
    const run = this.#parts.table.get(containerId);
    if (run === undefined || run.progress.phase !== "launching") return;
    const { kill, doom } = run.progress;
    if (kill === undefined && doom === undefined) this.#launchErrors += 1;
    this.end(
      step,
      run,
      doom === undefined ? verdictOfLaunchFailure(code, message, kill) : this.#doomed(run, doom),
    );
  }

  containerExited(step: Step, report: ExitReport): void {
    const { containerId } = report;
    const run = this.#parts.table.get(containerId);
    if (run === undefined || run.progress.phase === "ended") {
      step.emit({ kind: "removeContainer", containerId });
      return;
    }
    const { kill, runningAt, health } = run.progress;
    const verdict =
      run.progress.doom === undefined
        ? verdictOfExit(report, kill, runningAt !== undefined, health?.failure)
        : this.#doomed(run, run.progress.doom);
    this.end(step, run, verdict, report);
  }

  /** Nothing of the run lives any more. `report`: what is known of its end. */
  end(step: Step, run: TaskRun, found: Verdict, report?: ExitReport): void {
    const { containerId, sandboxDir, frameworkId } = run.spec;
    const { timers, sandboxes, drain, table } = this.#parts;
    const verdict = drain.verdictOf(found, table.framework(frameworkId));
    timers.cancel({ kind: "killGrace", containerId });
    timers.cancel({ kind: "maxCompletion", containerId });
    this.checks.stop(step, run);
    this.#book.end(step, run, verdict);
    if (sandboxDir !== "") sandboxes.ended(step, containerId, sandboxDir, endingOf(run, verdict, report));
    step.emit({ kind: "removeContainer", containerId });
    if (run.progress.discarded === true) this.#book.forget(step, run);
    this.#parts.onEnded(step, run, verdict);
  }

  acknowledge(step: Step, { frameworkId, taskId, uuid }: AcknowledgeUpdate): void {
    const { table, streams } = this.#parts;
    const run = table.find(frameworkId, taskId);
    if (run === undefined) return;
    const result = streams.acknowledge(step, run.spec.containerId, uuid);
    if (result.kind === "head" && result.isLast && isTerminal(result.status.state))
      this.#book.forget(step, run);
  }

  /** Kills a run that nobody wants to hear of: its framework is gone, or was not to outlive the agent. */
  discard(step: Step, run: TaskRun, grace: "own" | "none"): void {
    const { containerId } = run.spec;
    this.#parts.streams.forget(step, containerId);
    if (run.progress.phase === "ended") {
      this.#book.forget(step, run);
      return;
    }
    this.#book.progress(step, run, { ...run.progress, discarded: true });
    this.#requestKill(step, run, {
      cause: "discarded",
      override: grace === "none" ? { grace_period: { nanoseconds: 0 } } : undefined,
      taskPolicy: run.spec.task.kill_policy,
      defaultGraceMs: this.#parts.policy.killGraceMs,
    });
  }

  /** The agent's own wish, with the grace of the task. */
  killFor(step: Step, run: TaskRun, cause: KillCause): void {
    this.#requestKill(step, run, {
      cause,
      override: undefined,
      taskPolicy: run.spec.task.kill_policy,
      defaultGraceMs: this.#parts.policy.killGraceMs,
    });
  }

  /** No grace is left. */
  destroy(step: Step, { spec: { containerId } }: TaskRun): void {
    this.#parts.timers.cancel({ kind: "killGrace", containerId });
    step.emit({ kind: "destroyContainer", containerId });
  }

  /** Kills it for a reason of the agent's own, which is what is told of it; false: it was ending already. */
  doom(step: Step, run: TaskRun, doom: Doom): boolean {
    const { phase, kill } = run.progress;
    if (phase === "ended" || kill !== undefined || run.progress.doom !== undefined) return false;
    this.checks.stop(step, run);
    this.#book.progress(step, run, { ...run.progress, doom });
    step.emit({ kind: "destroyContainer", containerId: run.spec.containerId });
    return true;
  }

  #doomed({ spec }: TaskRun, doom: Doom): Verdict {
    return doomed(doom, this.#parts.table.framework(spec.frameworkId));
  }

  killGraceOver(step: Step, containerId: string): void {
    step.emit({ kind: "destroyContainer", containerId });
  }

  maxCompletionOver(step: Step, containerId: string): void {
    const run = this.#parts.table.get(containerId);
    if (run === undefined || run.progress.phase !== "running" || run.progress.kill !== undefined) return;
    this.#requestKill(step, run, {
      cause: "maxCompletionTime",
      override: { grace_period: { nanoseconds: 0 } },
      taskPolicy: undefined,
      defaultGraceMs: 0,
    });
  }

  armMaxCompletion(run: TaskRun): void {
    const nanoseconds = run.spec.task.max_completion_time?.nanoseconds;
    const { runningAt } = run.progress;
    if (nanoseconds === undefined || runningAt === undefined) return;
    const at = runningAt + Math.max(0, Math.ceil(nanoseconds / 1_000_000));
    this.#parts.timers.set({ kind: "maxCompletion", containerId: run.spec.containerId }, at);
  }

  #requestKill(step: Step, run: TaskRun, request: KillRequest): void {
    if (run.progress.phase === "ended") return;
    this.checks.stop(step, run);
    const { containerId } = run.spec;
    const present = run.progress.kill;
    const kill = requestKill(present, request, step.now);
    const isFirst = present === undefined;
    const tellsKilling =
      isFirst &&
      run.progress.runningAt !== undefined &&
      run.progress.discarded !== true &&
      hasCapability(this.#parts.table.framework(run.spec.frameworkId), "TASK_KILLING_STATE");
    this.#book.progress(step, run, {
      ...run.progress,
      kill,
      ...(tellsKilling ? { state: "TASK_KILLING" } : {}),
    });
    if (tellsKilling) {
      const verdict = { state: "TASK_KILLING", source: "SOURCE_EXECUTOR" } as const;
      this.#book.tell(step, run, this.#parts.drain.verdictOf(verdict, undefined));
    }
    if (run.progress.phase === "launching" || kill.deadline <= step.now) {
      this.#parts.timers.cancel({ kind: "killGrace", containerId });
      step.emit({ kind: "destroyContainer", containerId });
      return;
    }
    if (isFirst) step.emit({ kind: "signalContainer", containerId, signal: "SIGTERM" });
    this.#parts.timers.set({ kind: "killGrace", containerId }, kill.deadline);
  }

  #refusalOf(framework: FrameworkInfo, task: TaskInfo, wire: readonly Resource[]): Verdict | undefined {
    const { table, drain } = this.#parts;
    if (drain.record !== undefined)
      return neverLaunched(framework, "REASON_AGENT_DRAINING", "This agent is being drained");
    if (!isPathSafe(task.task_id.value))
      return launchFailed("TaskInfo.task_id: not usable as the name of a directory");
    const problem = unsupportedIn(task, this.#parts);
    if (problem !== undefined) return launchFailed(problem);
    if (table.size >= liveTasksMax)
      return neverLaunched(
        framework,
        "REASON_RESOURCES_UNKNOWN",
        `This agent already has ${liveTasksMax} tasks`,
      );
    try {
      const wanted = parseResources(wire);
      // Out of what is free, so that no port is given twice.
      if (this.#parts.resources.total.freeBeside(table.used())?.contains(wanted) === true) return undefined;
      return neverLaunched(framework, "REASON_RESOURCES_UNKNOWN", `This agent does not have ${wanted} free`);
    } catch (error) {
      return neverLaunched(framework, "REASON_RESOURCES_UNKNOWN", `TaskInfo.resources: ${String(error)}`);
    }
  }
}

function endingOf(run: TaskRun, verdict: Verdict, report: ExitReport | undefined): Ending {
  const { spec, progress } = run;
  const exit = report?.exit;
  return {
    frameworkId: spec.frameworkId,
    taskId: taskIdOf(run),
    state: verdict.state,
    ...(verdict.message === undefined ? {} : { message: verdict.message }),
    ...(progress.runningAt === undefined ? {} : { startedAt: progress.runningAt }),
    ...(exit?.kind === "exited" ? { exitCode: exit.status } : {}),
    ...(exit?.kind === "signaled" ? { signal: exit.signalName } : {}),
    isOutOfMemory: report?.oom !== undefined,
  };
}
