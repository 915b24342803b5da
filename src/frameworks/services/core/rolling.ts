/**
 * The arithmetic of a rolling replacement, as a function of counts.
 *
 * The obvious way is to remember a step ("kill 2, then wait for 2 healthy, then kill 2"). It breaks when
 * instances die in between or when a new process takes over. Here nothing is remembered: what to kill and
 * what to launch follows from what is there, so that it can be asked again after any event, in any order.
 *
 * Source: Marathon upgradeStrategy (contract marathon.md section 10.4).
 */

export interface RollingCounts {
  /** Wanted. */
  readonly instances: number;
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
  /** Old ones that nobody decided to end yet, serving or not. */
  readonly oldKept: number;
  /** Of those, the ones that run and are healthy (or have no checks). */
  readonly oldServing: number;
  /** Old ones that take up room: kept ones and those being killed. */
  readonly oldActive: number;
  /** New ones that shall run, placed or not. */
  readonly newKept: number;
  readonly newServing: number;
  /** New ones that take up room or will: kept ones and those being killed. */
  readonly newOccupying: number;
  /** The new ones take the places of old ones: nothing may run beside them, so one more of those has to go instead. */
  readonly isInPlace?: boolean;
}

export interface RollingDecision {
  /** Old instances to end now, those that don't serve first. */
  readonly kill: number;
  /** New instances to queue now. */
  readonly launch: number;
  readonly isFinished: boolean;
}

export interface RollingLimits {
  readonly minHealthy: number;
  readonly maxCapacity: number;
}

/** The limits as the strategy states them, before the deadlock guard. */
export function rollingLimits(
  counts: Pick<RollingCounts, "instances" | "minimumHealthCapacity" | "maximumOverCapacity">,
): RollingLimits {
  const { instances } = counts;
  return {
    minHealthy: Math.ceil(exact(instances * counts.minimumHealthCapacity)),
    maxCapacity: Math.floor(exact(instances * (1 + counts.maximumOverCapacity))),
  };
}

export function decideRolling(counts: RollingCounts): RollingDecision {
  const { minHealthy: statedHealthy, maxCapacity: statedCapacity } = rollingLimits(counts);
  const serving = counts.oldServing + counts.newServing;
  // With no room above and none below nothing could ever move: one extra instance breaks the deadlock.
  const isStuck = statedHealthy === statedCapacity && statedCapacity <= serving;
  const maxCapacity = isStuck && counts.isInPlace !== true ? statedCapacity + 1 : statedCapacity;
  const minHealthy = isStuck && counts.isInPlace === true ? statedHealthy - 1 : statedHealthy;

  const room = maxCapacity - counts.oldActive - counts.newOccupying;
  const launch = Math.max(0, Math.min(counts.instances - counts.newKept, room));
  const kill = decideKill(counts, { serving, minHealthy, launch });
  const isFinished =
    counts.newKept === counts.instances && counts.newServing === counts.instances && counts.oldActive === 0;
  return { kill, launch, isFinished };
}

function decideKill(
  counts: RollingCounts,
  derived: { readonly serving: number; readonly minHealthy: number; readonly launch: number },
): number {
  // What is above the minimum may go. An old one that doesn't serve goes first and doesn't lower it.
  const aboveMinimum = derived.serving - derived.minHealthy;
  // Each new one that serves takes the place of one old one; that also ends a surplus from scaling down.
  const replaced = counts.oldKept - (counts.instances - counts.newServing);
  const kill = clamp(Math.max(aboveMinimum, replaced), 0, counts.oldKept);
  if (kill > 0 || derived.launch > 0) return kill;
  // Nothing may be killed, nothing fits, and nothing is under way: old ones that don't serve hold the room.
  const isEverythingStill =
    counts.oldActive <= counts.oldKept &&
    counts.newOccupying === counts.newServing &&
    counts.newKept < counts.instances;
  const idleOld = counts.oldKept - counts.oldServing;
  return isEverythingStill ? clamp(counts.instances - counts.newKept, 0, idleOld) : 0;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}

/** Takes the dust of binary fractions off: 10 × (1 + 0.1) is 11, not 11.000000000000002. */
function exact(value: number): number {
  return Math.round(value * 1_000_000) / 1_000_000;
}
