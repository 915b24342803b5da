/**
 * What is left of ended tasks: cause, output, files; and when the files go.
 *
 * A record outlives its files, so that whoever asks late hears when they went.
 * Source: contract mesos.md section 2.8, agent flags gc_delay and others; the budget is our own.
 */
import type { TaskState } from "#contracts/kernel/messages.gen.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { AgentPolicy } from "./policy.ts";
import { chooseRemovals } from "./sandbox-removal.ts";
import type { Step } from "./step.ts";
import { recordKeys } from "./task-run.ts";

/** How a task ended. Absent in records of 0.1.0. */
export interface Ending {
  readonly frameworkId: string;
  readonly taskId: string;
  readonly state: TaskState;
  readonly message?: string;
  readonly startedAt?: InstantMs;
  readonly exitCode?: number;
  /** Such as SIGKILL. */
  readonly signal?: string;
  readonly isOutOfMemory: boolean;
  /** It was only what held the sandboxes of others together: no task of its own. */
  readonly isFrame?: boolean;
}

export interface SandboxRecord {
  readonly formatVersion: 1;
  readonly directory: string;
  readonly endedAt: InstantMs;
  readonly ending?: Ending;
  /** What its files take, once that was measured. */
  readonly bytes?: number;
  /** The files are gone since. */
  readonly filesRemovedAt?: InstantMs;
}

/** Less room than this above the headroom shortens the time, down to nothing where the headroom begins. Mesos shortens it always (ADR 0065). */
const shrinkingFrom = 0.2;

/** Removals asked for at once; the rest waits for the next look at the disk. */
const removalsMax = 100;

export class Sandboxes {
  readonly #records = new Map<string, SandboxRecord>();
  readonly #removing = new Set<string>();
  readonly #policy: AgentPolicy;
  #removed = 0;
  #failed = 0;
  #maxAgeMs: number;

  constructor(policy: AgentPolicy) {
    this.#policy = policy;
    this.#maxAgeMs = policy.gcDelayMs;
  }

  restore(containerId: string, record: SandboxRecord): void {
    this.#records.set(containerId, record);
  }

  /** Asks for the size of those that a former life of the agent did not get to measure. */
  resume(step: Step): void {
    for (const [containerId, { bytes, directory, filesRemovedAt }] of this.#records) {
      if (bytes === undefined && filesRemovedAt === undefined)
        step.emit({ kind: "measureSandbox", containerId, directory });
    }
  }

  ended(step: Step, containerId: string, directory: string, ending: Ending): void {
    this.#put(step, containerId, { formatVersion: 1, directory, endedAt: step.now, ending });
    step.emit({ kind: "measureSandbox", containerId, directory });
  }

  measured(step: Step, containerId: string, bytes: number): void {
    const record = this.#records.get(containerId);
    if (record === undefined || record.filesRemovedAt !== undefined || record.bytes === bytes) return;
    this.#put(step, containerId, { ...record, bytes });
    this.#collect(step);
  }

  /** `used`: part of the disk in use. From some point on, the fuller it is, the younger may a sandbox go. */
  diskMeasured(step: Step, used: number): void {
    const { gcDelayMs, gcHeadroom } = this.#policy;
    const room = (1 - gcHeadroom - used) / shrinkingFrom;
    this.#maxAgeMs = gcDelayMs * Math.min(1, Math.max(0, room));
    this.#collect(step);
    this.#forgetOldest(step);
  }

  removed(step: Step, containerId: string, failure: string | undefined): void {
    if (!this.#removing.delete(containerId)) return;
    if (failure !== undefined) {
      // It stays in the list and is tried again at the next look.
      this.#failed += 1;
      step.log("warn", "sandbox.removalFailed", { containerId, failure });
      return;
    }
    this.#removed += 1;
    const record = this.#records.get(containerId);
    if (record === undefined) return;
    const { bytes: _bytes, ...rest } = record;
    this.#put(step, containerId, { ...rest, filesRemovedAt: step.now });
  }

  /** By container, in the order in which they ended. */
  records(): ReadonlyMap<string, SandboxRecord> {
    return this.#records;
  }

  facts(): {
    readonly pending: number;
    readonly removed: number;
    readonly failed: number;
    readonly maxAgeMs: number;
    readonly usedBytes: number;
    readonly budgetBytes: number;
  } {
    let pending = 0;
    let usedBytes = 0;
    for (const { filesRemovedAt, bytes = 0 } of this.#records.values()) {
      if (filesRemovedAt !== undefined) continue;
      pending += 1;
      usedBytes += bytes;
    }
    return {
      pending,
      removed: this.#removed,
      failed: this.#failed,
      maxAgeMs: this.#maxAgeMs,
      usedBytes,
      budgetBytes: this.#policy.evidenceBytesMax,
    };
  }

  #collect(step: Step): void {
    const kept = [...this.#records].flatMap(
      ([containerId, { endedAt, ending, bytes = 0, filesRemovedAt }]) =>
        filesRemovedAt === undefined && !this.#removing.has(containerId)
          ? [{ containerId, endedAt, state: ending?.state, bytes }]
          : [],
    );
    const policy = { keepMs: this.#maxAgeMs, bytesMax: this.#policy.evidenceBytesMax };
    for (const containerId of chooseRemovals(kept, step.now, policy)) {
      const record = this.#records.get(containerId);
      if (record === undefined || this.#removing.size >= removalsMax) return;
      this.#removing.add(containerId);
      step.emit({ kind: "removeSandbox", containerId, directory: record.directory });
    }
  }

  /** Records without files are forgotten after another such time, or when there are too many. */
  #forgetOldest(step: Step): void {
    const { gcDelayMs, endingsKeptMax } = this.#policy;
    const gone = [...this.#records].filter(([, { filesRemovedAt }]) => filesRemovedAt !== undefined);
    for (const [index, [containerId, { filesRemovedAt = 0 }]] of gone.entries()) {
      if (filesRemovedAt + gcDelayMs > step.now && gone.length - index <= endingsKeptMax) continue;
      this.#records.delete(containerId);
      step.delete(recordKeys.sandbox(containerId));
    }
  }

  #put(step: Step, containerId: string, record: SandboxRecord): void {
    this.#records.set(containerId, record);
    step.put(recordKeys.sandbox(containerId), record);
  }
}
