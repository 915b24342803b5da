/**
 * Which sandboxes of ended tasks go now.
 *
 * All of them go once they are old enough. Before that the oldest go while they take more than the budget: those of
 * tasks that ended well first, since nobody asks why they did; those of failed ones only when nothing else is left.
 */
import type { TaskState } from "#contracts/kernel/messages.gen.ts";
import type { InstantMs } from "#foundation/base/core.ts";

export interface KeptSandbox {
  readonly containerId: string;
  readonly endedAt: InstantMs;
  /** Absent in records from before causes were kept. */
  readonly state: TaskState | undefined;
  /** 0 while it has not been measured. */
  readonly bytes: number;
}

export interface RemovalPolicy {
  readonly keepMs: number;
  readonly bytesMax: number;
}

const endedWell: ReadonlySet<TaskState | undefined> = new Set(["TASK_FINISHED", "TASK_KILLED", undefined]);

/** In the order in which they go. */
export function chooseRemovals(
  sandboxes: Iterable<KeptSandbox>,
  now: InstantMs,
  { keepMs, bytesMax }: RemovalPolicy,
): readonly string[] {
  const oldestFirst = [...sandboxes].sort((one, other) => one.endedAt - other.endedAt);
  const removals = oldestFirst.filter(({ endedAt }) => endedAt + keepMs <= now);
  const kept = oldestFirst.filter(({ endedAt }) => endedAt + keepMs > now);
  let bytes = kept.reduce((sum, sandbox) => sum + sandbox.bytes, 0);
  const byWorth = [
    ...kept.filter(({ state }) => endedWell.has(state)),
    ...kept.filter(({ state }) => !endedWell.has(state)),
  ];
  for (const sandbox of byWorth) {
    if (bytes <= bytesMax) break;
    // An empty one frees nothing.
    if (sandbox.bytes === 0) continue;
    bytes -= sandbox.bytes;
    removals.push(sandbox);
  }
  return removals.map(({ containerId }) => containerId);
}
