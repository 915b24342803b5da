/**
 * Keeps runs: writes what becomes of each, tells it, counts it, forgets it. Whoever runs a task (the agent itself, or
 * an executor) decides; this puts it down.
 *
 * Invariants: a run is on the disk before anything of it starts; nothing is told of a run that was discarded.
 */

import type {
  NetworkInfo,
  Resource,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import { taskWithoutSecrets } from "#domain/secrets/index.ts";
import type { Random } from "#foundation/base/random.ts";
import { uuidToBase64 } from "#foundation/base/uuid.ts";
import { nestedSandbox, networkPlanOf, sandboxPath } from "./container-plan.ts";
import type { History } from "./history.ts";
import { protocolOf } from "./network-infos.ts";
import type { AgentFacts } from "./policy.ts";
import type { Verdict } from "./status-text.ts";
import type { Step } from "./step.ts";
import {
  containerIdOf,
  executorIdOf,
  isTerminal,
  type RunExecutor,
  type RunProgress,
  recordKeys,
  type TaskRun,
  taskIdOf,
} from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";
import type { UpdateStreams } from "./update-streams.ts";

export interface TaskBookParts {
  readonly facts: AgentFacts;
  readonly random: Random;
  readonly table: TaskTable;
  readonly streams: UpdateStreams;
  readonly history: History;
  /** After its record is gone. */
  readonly onForgotten: (step: Step, run: TaskRun) => void;
}

/** Things that were counted since the agent started. */
export interface TaskCounters {
  readonly ended: ReadonlyMap<TaskState, number>;
  readonly validUpdates: number;
}

export interface NewRun {
  readonly frameworkId: string;
  readonly agentId: string;
  readonly task: TaskInfo;
  readonly role: string;
  readonly resources: readonly Resource[];
  /** Absent for a command task, which the agent runs by itself. */
  readonly executor?: RunExecutor;
  /** Absent: that of a command task. A container within its executor's is given the executor's, to be below it. */
  readonly sandboxDir?: string;
}

export class TaskBook {
  readonly #parts: TaskBookParts;
  readonly #ended = new Map<TaskState, number>();
  #validUpdates = 0;

  constructor(parts: TaskBookParts) {
    this.#parts = parts;
  }

  counters(): TaskCounters {
    return { ended: this.#ended, validUpdates: this.#validUpdates };
  }

  newRun(step: Step, input: NewRun): TaskRun {
    const containerId = this.#parts.random.uuid();
    const { frameworkId, agentId, task, role, resources, executor } = input;
    const given = input.sandboxDir;
    const sandboxDir =
      (executor?.isNested === true && given !== undefined ? nestedSandbox(given, containerId) : given) ??
      sandboxPath(this.#parts.facts.workDir, {
        agentId,
        frameworkId,
        executorId: task.task_id.value,
        containerId,
      });
    return {
      spec: {
        formatVersion: 1,
        containerId,
        frameworkId,
        agentId,
        task,
        role,
        resources,
        ...(executor === undefined ? {} : { executor }),
        sandboxDir,
        launchedAt: step.now,
      },
      progress: { formatVersion: 1, phase: "launching", state: "TASK_STAGING" },
      statuses: [],
      forwarded: undefined,
    };
  }

  /** Takes a run in. `first`: what is told of it at once; a run that an executor tells of has nothing to tell yet. */
  record(step: Step, run: TaskRun, first?: Verdict): void {
    const ended = first !== undefined && isTerminal(first.state);
    run.progress = {
      ...run.progress,
      state: first?.state ?? run.progress.state,
      phase: ended ? "ended" : "launching",
    };
    this.#parts.table.add(run);
    step.put(recordKeys.spec(run.spec.containerId), {
      ...run.spec,
      task: taskWithoutSecrets(run.spec.task),
    });
    step.put(recordKeys.progress(run.spec.containerId), run.progress);
    if (first === undefined) return;
    if (ended) this.#count(first.state);
    this.tell(step, run, first);
  }

  progress(step: Step, run: TaskRun, progress: RunProgress): void {
    run.progress = progress;
    this.#parts.table.account(run);
    step.put(recordKeys.progress(run.spec.containerId), progress);
  }

  /** Nothing of it runs any more. */
  end(step: Step, run: TaskRun, verdict: Verdict): void {
    this.ended(step, run, verdict.state);
    this.tell(step, run, verdict);
    step.log("info", "task.ended", {
      taskId: taskIdOf(run),
      containerId: run.spec.containerId,
      state: verdict.state,
      message: verdict.message,
    });
  }

  /** Nothing of it runs any more; who ran it has told so. */
  ended(step: Step, run: TaskRun, state: TaskState): void {
    this.progress(step, run, { ...run.progress, phase: "ended", state });
    this.#count(state);
  }

  tell(step: Step, run: TaskRun, verdict: Verdict): void {
    if (run.progress.discarded === true) return;
    this.#tellStatus(step, run, this.#statusOf(step, run, verdict), false);
  }

  /** A whole status of its executor, with its uuid. */
  tellStatus(step: Step, run: TaskRun, status: TaskStatus): void {
    this.#tellStatus(step, run, status, true);
  }

  #tellStatus(step: Step, run: TaskRun, status: TaskStatus, isKept: boolean): void {
    const last = run.statuses.at(-1);
    const kept = last?.state === status.state ? run.statuses.slice(0, -1) : run.statuses;
    run.statuses = [...kept, status];
    this.#validUpdates += 1;
    this.#parts.streams.add(step, run.spec.containerId, run.spec.frameworkId, status, isKept);
  }

  noteForwarded(containerId: string, status: TaskStatus): void {
    const run = this.#parts.table.get(containerId);
    if (run !== undefined) run.forwarded = { state: status.state, uuid: status.uuid ?? "" };
  }

  forget(step: Step, run: TaskRun): void {
    const { containerId, frameworkId, sandboxDir } = run.spec;
    const { table, streams, history } = this.#parts;
    const framework = table.framework(frameworkId);
    if (framework !== undefined && sandboxDir !== "") history.add(frameworkId, framework, run);
    streams.forget(step, containerId);
    step.delete(recordKeys.spec(containerId));
    step.delete(recordKeys.progress(containerId));
    table.remove(step, run);
    this.#parts.onForgotten(step, run);
  }

  /** Where a run is, as its statuses say. */
  containerStatusOf(run: TaskRun, pid = run.progress.pid): TaskStatus["container_status"] {
    if (run.spec.sandboxDir === "") return undefined;
    return {
      container_id: containerIdOf(run),
      network_infos: this.#networksOf(run),
      ...(pid === undefined ? {} : { executor_pid: pid }),
    };
  }

  /** Its own, once it has joined them; before that nothing is known of its addresses. */
  #networksOf({ spec, progress }: TaskRun): readonly NetworkInfo[] {
    const { facts, table } = this.#parts;
    if (progress.network !== undefined) return progress.network.infos;
    const executor = table.executors.get(spec.executor?.containerId ?? "");
    const planned = networkPlanOf(spec, executor?.spec.info.container);
    if (planned !== undefined) return planned.infos;
    return [{ ip_addresses: [{ protocol: protocolOf(facts.ip), ip_address: facts.ip }] }];
  }

  #statusOf(step: Step, run: TaskRun, verdict: Verdict): TaskStatus {
    const { health, checkStatus } = run.progress;
    const tellsChecks = verdict.state === "TASK_RUNNING";
    const containerStatus = this.containerStatusOf(run);
    return {
      task_id: run.spec.task.task_id,
      ...verdict,
      agent_id: { value: run.spec.agentId },
      executor_id: { value: executorIdOf(run) },
      timestamp: step.now / 1000,
      uuid: uuidToBase64(this.#parts.random.uuid()),
      ...(tellsChecks && health !== undefined ? { healthy: health.isHealthy } : {}),
      ...(tellsChecks && checkStatus !== undefined ? { check_status: checkStatus } : {}),
      ...(containerStatus === undefined ? {} : { container_status: containerStatus }),
    };
  }

  #count(state: TaskState): void {
    this.#ended.set(state, (this.#ended.get(state) ?? 0) + 1);
  }
}
