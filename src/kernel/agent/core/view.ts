/** What the agent shows of itself, as values; the shell turns them into the documents of its endpoints. */
import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import type { OperationStatusUpdate } from "#contracts/link/messages.ts";
import type { Resources } from "#domain/resources/index.ts";
import type { VolumeMount } from "#kernel/containerizer/driver.ts";
import type { DrainRecord } from "./drain.ts";
import type { Executor } from "./executor-run.ts";
import type { MessageCounters } from "./executor-sessions.ts";
import type { Executors } from "./executors.ts";
import type { History, PastFramework } from "./history.ts";
import type { AgentFacts } from "./policy.ts";
import type { IdentityRecord } from "./records.ts";
import type { Sandboxes, SandboxRecord } from "./sandboxes.ts";
import type { Standalone } from "./standalone.ts";
import type { TaskBook, TaskCounters } from "./task-book.ts";
import type { TaskLifecycle } from "./task-lifecycle.ts";
import type { TaskRun } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";

export interface RecoveryFacts {
  readonly inMs: number;
  /** Containers that ran and were in no record. */
  readonly errors: number;
}

export interface AgentView {
  readonly facts: AgentFacts;
  readonly agentId: string | undefined;
  readonly masterId: string | undefined;
  readonly isRegistered: boolean;
  readonly isRecovered: boolean;
  /** From its start until it knew what still runs; undefined before. */
  /** Of its start, once that is over. */
  readonly recovery: RecoveryFacts | undefined;
  readonly total: Resources;
  readonly used: Resources;
  /** While this agent is being emptied. */
  readonly drain: DrainRecord | undefined;
  /** Whose status waits for an acknowledgement. */
  readonly operations: readonly OperationStatusUpdate[];
  /** By container. */
  readonly standalones: ReadonlyMap<string, Standalone>;
  /** Where the persistent volumes of a run are, and where it finds them. */
  readonly mountsOf: (run: TaskRun) => readonly VolumeMount[];
  readonly frameworks: ReadonlyMap<
    string,
    {
      readonly info: FrameworkInfo;
      /** Of command tasks and of tasks that executors run. */
      readonly runs: readonly TaskRun[];
      readonly executors: readonly Executor[];
    }
  >;
  /** The framework's executor that lives under this name. */
  readonly executor: (frameworkId: string, executorId: string) => Executor | undefined;
  /** Also of frameworks that are still here. */
  readonly past: ReadonlyMap<string, PastFramework>;
  readonly counters: TaskCounters & {
    readonly launchErrors: number;
    readonly invalidUpdates: number;
    readonly preempted: number;
    readonly messages: MessageCounters;
  };
  readonly sandboxes: ReturnType<Sandboxes["facts"]>;
  /** What is left of ended tasks, by container, in the order in which they ended. */
  readonly endings: ReadonlyMap<string, SandboxRecord>;
}

export function viewOf(parts: {
  readonly facts: AgentFacts;
  readonly identity: IdentityRecord | undefined;
  readonly table: TaskTable;
  readonly history: History;
  readonly sandboxes: Sandboxes;
  readonly book: TaskBook;
  readonly lifecycle: TaskLifecycle;
  readonly executors: Executors;
  readonly preempted: number;
  readonly total: Resources;
  readonly drain: DrainRecord | undefined;
  readonly operations: readonly OperationStatusUpdate[];
  readonly standalones: ReadonlyMap<string, Standalone>;
  readonly mountsOf: (run: TaskRun) => readonly VolumeMount[];
  readonly isRegistered: boolean;
  readonly isRecovered: boolean;
  /** Of its start, once that is over. */
  readonly recovery: RecoveryFacts | undefined;
  readonly masterId: string | undefined;
}): AgentView {
  const { table } = parts;
  return {
    facts: parts.facts,
    agentId: parts.identity?.agentId,
    masterId: parts.masterId,
    isRegistered: parts.isRegistered,
    isRecovered: parts.isRecovered,
    recovery: parts.recovery,
    total: parts.total,
    drain: parts.drain,
    used: table.used(),
    operations: parts.operations,
    standalones: parts.standalones,
    mountsOf: parts.mountsOf,
    frameworks: new Map(
      [...table.frameworks()].map(([id, info]) => [
        id,
        { info, runs: table.runsOf(id), executors: table.executors.of(id) },
      ]),
    ),
    executor: (frameworkId, executorId) => table.executors.find(frameworkId, executorId),
    past: parts.history.frameworks(),
    counters: {
      ...parts.book.counters(),
      launchErrors: parts.lifecycle.launchErrors,
      preempted: parts.preempted,
      invalidUpdates: parts.executors.tasks.invalidUpdates,
      messages: parts.executors.sessions.counters(),
    },
    sandboxes: parts.sandboxes.facts(),
    endings: parts.sandboxes.records(),
  };
}
