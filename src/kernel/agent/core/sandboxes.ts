/** When the sandboxes of ended tasks go. Source: contract mesos.md section 2.8, agent flags gc_delay and others. */
import type { InstantMs } from "#foundation/base/core.ts";
import type { AgentPolicy } from "./policy.ts";
import type { Step } from "./step.ts";
import { recordKeys } from "./task-run.ts";

export interface SandboxRecord {
  readonly formatVersion: 1;
  readonly directory: string;
  readonly endedAt: InstantMs;
}

/** Removals asked for at once; the rest waits for the next look at the disk. */
const removalsMax = 100;

export class Sandboxes {
  readonly #ended = new Map<string, SandboxRecord>();
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
    this.#ended.set(containerId, record);
  }

  ended(step: Step, containerId: string, directory: string): void {
    const record: SandboxRecord = { formatVersion: 1, directory, endedAt: step.now };
    this.#ended.set(containerId, record);
    step.put(recordKeys.sandbox(containerId), record);
  }

  /** `used`: part of the disk in use. The fuller it is, the younger may a sandbox go. */
  diskMeasured(step: Step, used: number): void {
    const { gcDelayMs, gcHeadroom } = this.#policy;
    this.#maxAgeMs = gcDelayMs * Math.max(0, 1 - gcHeadroom - used);
    for (const [containerId, { directory, endedAt }] of this.#ended) {
      if (this.#removing.size >= removalsMax) return;
      if (this.#removing.has(containerId) || endedAt + this.#maxAgeMs > step.now) continue;
      this.#removing.add(containerId);
      step.emit({ kind: "removeSandbox", containerId, directory });
    }
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
    this.#ended.delete(containerId);
    step.delete(recordKeys.sandbox(containerId));
  }

  facts(): {
    readonly pending: number;
    readonly removed: number;
    readonly failed: number;
    readonly maxAgeMs: number;
  } {
    return {
      pending: this.#ended.size,
      removed: this.#removed,
      failed: this.#failed,
      maxAgeMs: this.#maxAgeMs,
    };
  }
}
