/** What the agent shows of itself, as values; the shell turns them into the documents of its endpoints. */
import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import type { OperationStatusUpdate } from "#contracts/link/messages.ts";
import type { Resources } from "#domain/resources/index.ts";
import type { DrainRecord } from "./drain.ts";
import type { History, PastFramework } from "./history.ts";
import type { AgentFacts } from "./policy.ts";
import type { IdentityRecord } from "./records.ts";
import type { Sandboxes, SandboxRecord } from "./sandboxes.ts";
import type { LifecycleCounters, TaskLifecycle } from "./task-lifecycle.ts";
import type { TaskRun } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";

export interface AgentView {
  readonly facts: AgentFacts;
  readonly agentId: string | undefined;
  readonly masterId: string | undefined;
  readonly isRegistered: boolean;
  readonly isRecovered: boolean;
  /** From its start until it knew what still runs; undefined before. */
  readonly recoveredInMs: number | undefined;
  readonly total: Resources;
  readonly used: Resources;
  /** While this agent is being emptied. */
  readonly drain: DrainRecord | undefined;
  /** Whose status waits for an acknowledgement. */
  readonly operations: readonly OperationStatusUpdate[];
  readonly frameworks: ReadonlyMap<
    string,
    { readonly info: FrameworkInfo; readonly runs: readonly TaskRun[] }
  >;
  /** Also of frameworks that are still here. */
  readonly past: ReadonlyMap<string, PastFramework>;
  readonly counters: LifecycleCounters;
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
  readonly lifecycle: TaskLifecycle;
  readonly total: Resources;
  readonly drain: DrainRecord | undefined;
  readonly operations: readonly OperationStatusUpdate[];
  readonly isRegistered: boolean;
  readonly isRecovered: boolean;
  readonly recoveredInMs: number | undefined;
  readonly masterId: string | undefined;
}): AgentView {
  const { table } = parts;
  return {
    facts: parts.facts,
    agentId: parts.identity?.agentId,
    masterId: parts.masterId,
    isRegistered: parts.isRegistered,
    isRecovered: parts.isRecovered,
    recoveredInMs: parts.recoveredInMs,
    total: parts.total,
    drain: parts.drain,
    used: table.used(),
    operations: parts.operations,
    frameworks: new Map([...table.frameworks()].map(([id, info]) => [id, { info, runs: table.runsOf(id) }])),
    past: parts.history.frameworks(),
    counters: parts.lifecycle.counters(),
    sandboxes: parts.sandboxes.facts(),
    endings: parts.sandboxes.records(),
  };
}
