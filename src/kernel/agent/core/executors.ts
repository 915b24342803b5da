/**
 * The life of an executor on its agent, from the first task for it to the last acknowledgement after its end.
 *
 * Invariants: an executor is on the disk before its container starts; under one name at most one lives; one that has
 * not subscribed is waited for until a time; every live task of an executor ends with it.
 * Source: contract mesos.md sections 2.1, 4.2, 4.6.
 */

import type { ExecutorInfo, FrameworkInfo, Resource, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster, KillTask } from "#contracts/link/messages.ts";
import { parseResources, Resources } from "#domain/resources/index.ts";
import { executorWithoutSecrets } from "#domain/secrets/index.ts";
import type { Random } from "#foundation/base/random.ts";
import type { ExitReport, LaunchFailureCode, RecoveredContainer } from "#kernel/containerizer/driver.ts";
import { hasOwnMemory } from "./apart-settings.ts";
import { networksIn, planExecutor, sandboxPath, shutdownGraceOf } from "./container-plan.ts";
import type { Drain } from "./drain.ts";
import { type ExecutorChannel, streamChannel } from "./executor-channel.ts";
import { type Executor, isNative, setProgress } from "./executor-run.ts";
import { ExecutorSessions } from "./executor-sessions.ts";
import { ExecutorTasks } from "./executor-tasks.ts";
import type { History } from "./history.ts";
import type { LinuxContext } from "./linux-settings.ts";
import { NativeExecutors, type NativeExecutorsParts } from "./native-executors.ts";
import type { AgentResources } from "./operations/agent-resources.ts";
import { type AgentFacts, type AgentPolicy, executorsMax, liveTasksMax } from "./policy.ts";
import type { Sandboxes } from "./sandboxes.ts";
import {
  doomed,
  executorTerminated,
  launchFailed,
  neverLaunched,
  type Verdict,
  verdictOfExecutorEnd,
} from "./status-text.ts";
import type { Step } from "./step.ts";
import type { TaskBook } from "./task-book.ts";
import { type Doom, recordKeys, type TaskRun } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";
import type { AgentTimers } from "./timers.ts";
import { isPathSafe, unsupportedInExecutor, unsupportedInNested } from "./unsupported.ts";
import type { UpdateStreams } from "./update-streams.ts";

export interface ExecutorsParts {
  readonly facts: AgentFacts;
  readonly policy: AgentPolicy;
  readonly random: Random;
  readonly timers: AgentTimers;
  readonly table: TaskTable;
  readonly book: TaskBook;
  /** For tasks whose containers are the agent's own. */
  readonly lifecycle: NativeExecutorsParts["lifecycle"];
  readonly streams: UpdateStreams;
  readonly sandboxes: Sandboxes;
  readonly history: History;
  readonly drain: Drain;
  readonly resources: AgentResources;
  readonly agentId: () => string | undefined;
  /** False when no master listens. */
  readonly send: (step: Step, message: AgentToMaster) => boolean;
}

/** Tasks for one executor: one, or the whole of a group. */
export interface ExecutorLaunch {
  readonly framework: FrameworkInfo;
  readonly info: ExecutorInfo;
  readonly tasks: readonly { readonly task: TaskInfo; readonly resources: readonly Resource[] }[];
  readonly role: string;
  readonly isGroup: boolean;
  /** The master took the executor for a new one. */
  readonly startsExecutor: boolean;
}

/** An executor that the agent plays ends well: how its tasks ended is told of them. */
const tasksOver: Verdict = { state: "TASK_FINISHED", source: "SOURCE_AGENT" };
/** Wait status of an executor whose end nobody saw. */
const unknownStatus = -1;

export class Executors {
  readonly #parts: ExecutorsParts;
  readonly tasks: ExecutorTasks;
  readonly sessions: ExecutorSessions;
  readonly native: NativeExecutors;

  constructor(parts: ExecutorsParts) {
    this.#parts = parts;
    this.native = new NativeExecutors({
      ...parts,
      end: (step, executor) => this.#end(step, executor, tasksOver, 0),
    });
    const channelOf = this.#channelOf;
    this.tasks = new ExecutorTasks({ ...parts, channelOf });
    this.sessions = new ExecutorSessions({ ...parts, tasks: this.tasks, channelOf });
  }

  readonly #channelOf = (_executor: Executor): ExecutorChannel => streamChannel;

  launch(step: Step, launch: ExecutorLaunch): void {
    const { table, book } = this.#parts;
    const { framework, info, startsExecutor } = launch;
    const frameworkId = framework.id?.value ?? "";
    const executorId = info.executor_id.value;
    const agentId = this.#parts.agentId();
    const fresh = launch.tasks.filter(
      ({ task }) => table.find(frameworkId, task.task_id.value) === undefined,
    );
    if (agentId === undefined || !isPathSafe(frameworkId) || fresh.length < launch.tasks.length) {
      step.log("warn", "task.duplicateIgnored", { frameworkId, executorId });
      return;
    }
    table.putFramework(step, frameworkId, framework);
    const present = table.executors.find(frameworkId, executorId);
    const refusal = this.#refusalOf(launch, present);
    if (refusal !== undefined) {
      for (const { task, resources } of fresh) {
        const run = book.newRun(step, { ...launch, frameworkId, agentId, task, resources, sandboxDir: "" });
        book.record(step, run, refusal);
      }
      // The master counts an executor that never came to be.
      if (startsExecutor && present === undefined)
        this.#tellExit(step, frameworkId, executorId, unknownStatus);
      return;
    }
    const executor = present ?? this.#newExecutor(step, launch, { frameworkId, agentId });
    const group = launch.isGroup ? { group: this.#parts.random.uuid() } : {};
    const nested = isNative(info) ? { isNested: true as const } : {};
    const runs = fresh.map(({ task, resources }) => {
      const { containerId, sandboxDir } = executor.spec;
      const run = book.newRun(step, {
        ...launch,
        frameworkId,
        agentId,
        task,
        resources,
        executor: { executorId, containerId, ...group, ...nested },
        sandboxDir,
      });
      book.record(step, run);
      step.log("info", "task.queued", { taskId: task.task_id.value, frameworkId, executorId });
      return run;
    });
    if (isNative(info)) this.native.launch(step, executor, runs);
    else if (present === undefined) this.#start(step, executor, framework);
    else this.tasks.deliver(step, executor);
  }

  containerStarted(step: Step, executor: Executor, pid: number): void {
    const { containerId } = executor.spec;
    const { phase } = executor.progress;
    if (phase === "ended" || phase === "terminating") {
      step.emit({ kind: "destroyContainer", containerId });
      return;
    }
    setProgress(step, executor, { ...executor.progress, pid });
  }

  launchFailed(step: Step, executor: Executor, code: LaunchFailureCode, message: string): void {
    if (executor.progress.phase === "ended") return;
    const { doom } = executor.progress;
    // A launch that took too long fails because the agent ended it.
    if (doom !== undefined) this.#end(step, executor, this.#doomed(executor, doom), unknownStatus);
    else if (code === "closed") this.#end(step, executor, executorTerminated(message), unknownStatus);
    else this.#end(step, executor, launchFailed(message), unknownStatus);
  }

  containerExited(step: Step, executor: Executor, report: ExitReport): void {
    const { containerId } = executor.spec;
    const { phase, doom } = executor.progress;
    if (phase === "ended") {
      step.emit({ kind: "removeContainer", containerId });
      return;
    }
    const verdict = doom === undefined ? verdictOfExecutorEnd(report) : this.#doomed(executor, doom);
    this.#end(step, executor, verdict, report.waitStatus ?? unknownStatus, report);
  }

  kill(step: Step, run: TaskRun, { killPolicy }: KillTask): void {
    const executor = this.#parts.table.executors.get(run.spec.executor?.containerId ?? "");
    if (executor === undefined || executor.progress.phase === "ended") return;
    if (this.tasks.kill(step, executor, run, killPolicy)) this.shutDown(step, executor);
  }

  /** This agent is to be empty. */
  drain(step: Step, run: TaskRun): void {
    const executor = this.#parts.table.executors.get(run.spec.executor?.containerId ?? "");
    if (executor === undefined || executor.progress.phase === "ended") return;
    const policy = this.#parts.drain.killPolicyOf(run.spec.task);
    if (this.tasks.kill(step, executor, run, policy, "draining")) this.shutDown(step, executor);
  }

  /** SHUTDOWN, and SIGKILL after its grace; without a stream at once. */
  shutDown(step: Step, executor: Executor): void {
    const { timers, policy } = this.#parts;
    const { phase } = executor.progress;
    if (phase === "ended" || phase === "terminating") return;
    const { containerId } = executor.spec;
    timers.cancel({ kind: "executorRegistration", containerId });
    const isOpenNow = isNative(executor.spec.info) || this.#channelOf(executor).isOpen(executor);
    const endsBy = step.now + (isOpenNow ? shutdownGraceOf(executor, policy) : 0);
    setProgress(step, executor, { ...executor.progress, phase: "terminating", endsBy });
    step.log("info", "executor.shuttingDown", { containerId, isOpen: isOpenNow });
    if (!isOpenNow) {
      step.emit({ kind: "destroyContainer", containerId });
      return;
    }
    timers.set({ kind: "executorShutdown", containerId }, endsBy);
    if (isNative(executor.spec.info)) this.native.shutDown(step, executor);
    else this.#channelOf(executor).shutDown(step, executor);
  }

  /** Its framework is gone, or was not to outlive the agent. */
  discard(step: Step, executor: Executor, grace: "own" | "none"): void {
    const { table } = this.#parts;
    this.tasks.discardAll(step, executor);
    if (executor.progress.phase === "ended") {
      this.#forgetIfOver(step, executor);
      return;
    }
    setProgress(step, executor, { ...executor.progress, discarded: true });
    table.accountExecutor(executor);
    if (grace === "own") this.shutDown(step, executor);
    else this.#destroy(step, executor);
  }

  /** Kills it; its tasks are told why. False: it was ending already. */
  doom(step: Step, executor: Executor, doom: Doom): boolean {
    if (executor.progress.phase === "ended" || executor.progress.doom !== undefined) return false;
    setProgress(step, executor, { ...executor.progress, doom });
    this.#destroy(step, executor);
    return true;
  }

  #doomed({ spec }: Executor, doom: Doom): Verdict {
    return doomed(doom, this.#parts.table.framework(spec.frameworkId));
  }

  registrationOver(step: Step, containerId: string): void {
    const executor = this.#parts.table.executors.get(containerId);
    if (executor === undefined) return;
    const { executorRegistrationTimeoutMs, executorReregistrationTimeoutMs } = this.#parts.policy;
    if (executor.progress.phase === "registering") {
      this.doom(step, executor, {
        reason: "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
        message:
          `The executor did not subscribe within ${executorRegistrationTimeoutMs / 1000} s of its launch; ` +
          "fetching its files counts, and the agent's executorRegistrationTimeoutMs makes it longer",
      });
    } else if (executor.progress.phase === "running") {
      this.doom(step, executor, {
        reason: "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
        message: `The executor did not subscribe again within ${executorReregistrationTimeoutMs / 1000} s after the agent came back`,
      });
    }
  }

  shutdownOver(step: Step, containerId: string): void {
    const executor = this.#parts.table.executors.get(containerId);
    if (executor !== undefined) this.#destroyContainer(step, executor);
  }

  /** What became of it while the agent was away. */
  recover(
    step: Step,
    executor: Executor,
    container: RecoveredContainer | undefined,
    rebooted: boolean,
  ): void {
    const { table, timers, policy } = this.#parts;
    const { containerId, frameworkId } = executor.spec;
    const { phase, discarded, endsBy } = executor.progress;
    if (phase === "ended") {
      if (container !== undefined) step.emit({ kind: "removeContainer", containerId });
      this.#forgetIfOver(step, executor);
      return;
    }
    const isWanted = discarded !== true && table.framework(frameworkId)?.checkpoint === true;
    if (!isWanted) this.discard(step, executor, "none");
    if (isNative(executor.spec.info)) {
      // It is its tasks; what becomes of these is found out one by one, and it ends with the last.
      if (phase === "terminating" && isWanted)
        timers.set({ kind: "executorShutdown", containerId }, Math.max(endsBy ?? 0, step.now));
      return;
    }
    if (container?.kind !== "running" || rebooted) {
      if (container?.kind === "ended" && !rebooted) this.containerExited(step, executor, container.report);
      else this.#end(step, executor, this.#goneVerdict(executor, container, rebooted), unknownStatus);
      return;
    }
    if (!isWanted) return;
    step.log("info", "executor.adopted", { containerId, pid: container.pid });
    setProgress(step, executor, { ...executor.progress, pid: container.pid });
    if (phase === "terminating") {
      if (endsBy === undefined || endsBy <= step.now) step.emit({ kind: "destroyContainer", containerId });
      else timers.set({ kind: "executorShutdown", containerId }, endsBy);
      return;
    }
    if (executor.connection !== undefined) return;
    const patienceMs =
      phase === "registering" ? policy.executorRegistrationTimeoutMs : policy.executorReregistrationTimeoutMs;
    timers.set({ kind: "executorRegistration", containerId }, step.now + patienceMs);
  }

  /** The last of its tasks may have been what kept it in mind. */
  runForgotten(step: Step, run: TaskRun): void {
    const executor = this.#parts.table.executors.get(run.spec.executor?.containerId ?? "");
    if (executor !== undefined) this.#forgetIfOver(step, executor);
  }

  #goneVerdict(executor: Executor, container: RecoveredContainer | undefined, rebooted: boolean): Verdict {
    if (rebooted) return executorTerminated("The machine was restarted");
    const { doom } = executor.progress;
    if (doom !== undefined) return this.#doomed(executor, doom);
    return executorTerminated(
      container?.kind === "neverStarted"
        ? container.message
        : "The executor's container was gone when the agent came back",
    );
  }

  #newExecutor(
    step: Step,
    { info, role, framework }: ExecutorLaunch,
    { frameworkId, agentId }: { readonly frameworkId: string; readonly agentId: string },
  ): Executor {
    const { facts, random, table } = this.#parts;
    const containerId = random.uuid();
    const executorId = info.executor_id.value;
    const sandboxDir = sandboxPath(facts.workDir, { agentId, frameworkId, executorId, containerId });
    const executor: Executor = {
      spec: {
        formatVersion: 1,
        containerId,
        frameworkId,
        agentId,
        info: { ...info, framework_id: framework.id ?? { value: frameworkId } },
        role,
        sandboxDir,
        launchedAt: step.now,
      },
      // Who is a part of the agent need not subscribe.
      progress: { formatVersion: 1, phase: isNative(info) ? "running" : "registering" },
      connection: undefined,
    };
    step.put(recordKeys.executor(containerId), {
      ...executor.spec,
      info: executorWithoutSecrets(executor.spec.info),
    });
    step.put(recordKeys.executorProgress(containerId), executor.progress);
    table.addExecutor(executor);
    return executor;
  }

  #start(step: Step, executor: Executor, framework: FrameworkInfo): void {
    const { facts, policy, table, timers } = this.#parts;
    const { containerId, info } = executor.spec;
    const runs = table.runsAt(executor);
    const volumes = this.#parts.resources.mounts(
      Resources.sum([info.resources ?? [], ...runs.map(({ spec }) => spec.resources)].map(parseResources)),
    );
    const plan = planExecutor(executor, { framework, runs, volumes }, facts, policy);
    step.emit({ kind: "launchContainer", plan });
    const at = step.now + policy.executorRegistrationTimeoutMs;
    timers.set({ kind: "executorRegistration", containerId }, at);
    step.log("info", "executor.launching", { executorId: info.executor_id.value, containerId });
  }

  #destroy(step: Step, executor: Executor): void {
    const { containerId } = executor.spec;
    this.#parts.timers.cancel({ kind: "executorRegistration", containerId });
    this.#parts.timers.cancel({ kind: "executorShutdown", containerId });
    setProgress(step, executor, { ...executor.progress, phase: "terminating", endsBy: step.now });
    this.#destroyContainer(step, executor);
  }

  #destroyContainer(step: Step, executor: Executor): void {
    if (isNative(executor.spec.info)) this.native.destroy(step, executor);
    else step.emit({ kind: "destroyContainer", containerId: executor.spec.containerId });
  }

  #end(step: Step, executor: Executor, verdict: Verdict, status: number, report?: ExitReport): void {
    const { table, timers, sandboxes } = this.#parts;
    const { containerId, frameworkId, info, sandboxDir } = executor.spec;
    const executorId = info.executor_id.value;
    for (const kind of ["executorRegistration", "executorShutdown"] as const)
      timers.cancel({ kind, containerId });
    this.sessions.close(step, executor);
    setProgress(step, executor, { ...executor.progress, phase: "ended" });
    table.accountExecutor(executor);
    table.executors.ended(executor);
    this.tasks.endAll(step, executor, verdict);
    if (executor.progress.discarded !== true) this.#tellExit(step, frameworkId, executorId, status);
    sandboxes.ended(step, containerId, sandboxDir, {
      frameworkId,
      taskId: executorId,
      state: verdict.state,
      ...(verdict.message === undefined ? {} : { message: verdict.message }),
      ...(report?.exit.kind === "exited" ? { exitCode: report.exit.status } : {}),
      ...(report?.exit.kind === "signaled" ? { signal: report.exit.signalName } : {}),
      isOutOfMemory: report?.oom !== undefined,
      ...(isNative(info) ? { isFrame: true } : {}),
    });
    if (!isNative(info)) step.emit({ kind: "removeContainer", containerId });
    else if (networksIn(info.container, containerId) !== undefined || hasOwnMemory(info.container))
      step.emit({ kind: "releaseFrame", containerId });
    step.log("info", "executor.ended", { executorId, containerId, status, message: verdict.message });
    this.#forgetIfOver(step, executor);
  }

  #tellExit(step: Step, frameworkId: string, executorId: string, status: number): void {
    this.#parts.send(step, { kind: "executorExited", frameworkId, executorId, status });
  }

  #forgetIfOver(step: Step, executor: Executor): void {
    const { table } = this.#parts;
    if (executor.progress.phase !== "ended" || table.runsAt(executor).length > 0) return;
    const { containerId, frameworkId } = executor.spec;
    if (table.executors.get(containerId) === undefined) return;
    const framework = table.framework(frameworkId);
    if (framework !== undefined) this.#parts.history.addExecutor(frameworkId, framework, executor);
    step.delete(recordKeys.executor(containerId));
    step.delete(recordKeys.executorProgress(containerId));
    table.removeExecutor(step, executor);
  }

  #refusalOf(launch: ExecutorLaunch, present: Executor | undefined): Verdict | undefined {
    const { table, resources: own, drain } = this.#parts;
    const { framework, info, tasks, startsExecutor } = launch;
    const never = (reason: Parameters<typeof neverLaunched>[1], message: string): Verdict =>
      neverLaunched(framework, reason, message);
    if (drain.record !== undefined) return never("REASON_AGENT_DRAINING", "This agent is being drained");
    if (!isPathSafe(info.executor_id.value))
      return launchFailed("ExecutorInfo.executor_id: not usable as the name of a directory");
    if (present === undefined && !startsExecutor)
      return never("REASON_EXECUTOR_TERMINATED", "The executor that the task is for has ended");
    if (present?.progress.phase === "terminating")
      return never("REASON_EXECUTOR_TERMINATED", "The executor that the task is for is ending");
    const problem = present === undefined ? unsupportedInExecutor(info, this.#parts) : undefined;
    if (problem !== undefined) return launchFailed(problem);
    const nested = isNative(info)
      ? tasks.flatMap(({ task }) => nestedProblem(task, info, this.#parts) ?? [])
      : [];
    if (nested[0] !== undefined) return launchFailed(nested[0]);
    if (table.size + tasks.length > liveTasksMax)
      return never("REASON_RESOURCES_UNKNOWN", `This agent already has ${liveTasksMax} tasks`);
    if (present === undefined && table.executors.size >= executorsMax)
      return never("REASON_RESOURCES_UNKNOWN", `This agent already has ${executorsMax} executors`);
    try {
      const wanted = Resources.sum([
        ...tasks.map(({ resources }) => parseResources(resources)),
        ...(present === undefined ? [parseResources(info.resources ?? [])] : []),
      ]);
      if (own.total.freeBeside(table.used())?.contains(wanted) === true) return undefined;
      return never("REASON_RESOURCES_UNKNOWN", `This agent does not have ${wanted} free`);
    } catch (error) {
      return never("REASON_RESOURCES_UNKNOWN", `resources: ${String(error)}`);
    }
  }
}

function nestedProblem(task: TaskInfo, info: ExecutorInfo, context: LinuxContext): string | undefined {
  if (!isPathSafe(task.task_id.value)) return "TaskInfo.task_id: not usable as the name of a directory";
  return unsupportedInNested(task, info, context);
}
