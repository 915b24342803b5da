/**
 * Which instances go when there are too many.
 *
 * Source: Marathon scaling and killSelection (contract marathon.md section 10.3). One departure: an instance
 * that was never placed, whose task ended already or is being ended goes before any that runs on (ADR 0046).
 */
import { type Condition, isActive } from "./conditions.ts";

export interface KillCandidate {
  readonly id: string;
  readonly condition: Condition;
  /** Its task is being ended already. */
  readonly isEnding?: boolean;
  /** When its task started, or was sent on its way, or when the instance came to be. */
  readonly since: number;
}

export type KillSelection = "YOUNGEST_FIRST" | "OLDEST_FIRST";

export interface KillOrder {
  readonly killSelection: KillSelection;
  /** Explicitly named instances; they go first, and all of them. */
  readonly sentenced?: ReadonlySet<string>;
  /** For each GROUP_BY constraint: the group an instance is in, undefined when it has none. */
  readonly groupings?: readonly ((candidate: KillCandidate) => string | undefined)[];
}

/** Sorted copies and at most `count` of them, plus every sentenced one. */
export function selectToKill<Candidate extends KillCandidate>(
  candidates: readonly Candidate[],
  count: number,
  order: KillOrder,
): readonly Candidate[] {
  const sentenced = order.sentenced ?? new Set<string>();
  const selected = candidates.filter((candidate) => sentenced.has(candidate.id));
  const rest = candidates
    .filter((candidate) => !sentenced.has(candidate.id))
    .sort((one, other) => compare(one, other, order.killSelection));
  const missing = Math.max(0, count - selected.length);
  const groupings = order.groupings ?? [];
  if (groupings.length === 0) return [...selected, ...rest.slice(0, missing)];
  return [...selected, ...takeBalanced(rest, missing, groupings)];
}

/** Unhealthy first, then as for scaling. For a rolling replacement. */
export function orderForReplacement<Candidate extends KillCandidate>(
  candidates: readonly Candidate[],
  isServing: (candidate: Candidate) => boolean,
  killSelection: KillSelection,
): readonly Candidate[] {
  return [...candidates].sort(
    (one, other) => Number(isServing(one)) - Number(isServing(other)) || compare(one, other, killSelection),
  );
}

function compare(one: KillCandidate, other: KillCandidate, killSelection: KillSelection): number {
  const byWeight = weightOf(one) - weightOf(other);
  if (byWeight !== 0) return byWeight;
  const byAge = killSelection === "YOUNGEST_FIRST" ? other.since - one.since : one.since - other.since;
  // Ids decide ties, so that a run can be repeated.
  return byAge !== 0 ? byAge : one.id < other.id ? -1 : 1;
}

function weightOf({ condition, isEnding }: KillCandidate): number {
  if (!isActive(condition) || isEnding === true) return 0;
  switch (condition) {
    case "Unreachable":
      return 1;
    case "Provisioned":
    case "Staging":
      return 2;
    case "Starting":
      return 3;
    case "Running":
      return 4;
    default:
      return 5;
  }
}

/** Takes from the fullest groups as long as groups differ; when all are even, in the given order. */
function takeBalanced<Candidate extends KillCandidate>(
  sorted: readonly Candidate[],
  count: number,
  groupings: NonNullable<KillOrder["groupings"]>,
): readonly Candidate[] {
  const rest = [...sorted];
  const taken: Candidate[] = [];
  const sizes = groupings.map((groupOf) => groupSizes(rest, groupOf));
  while (taken.length < count && rest.length > 0) {
    const largest = sizes.map(largestIfUneven);
    const isEven = largest.every((size) => size === undefined);
    const isInFullest = (candidate: Candidate): boolean =>
      groupings.some((groupOf, at) => {
        const group = groupOf(candidate);
        return group !== undefined && largest[at] !== undefined && sizes[at]?.get(group) === largest[at];
      });
    const index = isEven ? 0 : rest.findIndex(isInFullest);
    const [victim] = rest.splice(Math.max(index, 0), 1);
    if (victim === undefined) break;
    taken.push(victim);
    for (const [at, groupOf] of groupings.entries()) {
      const group = groupOf(victim);
      if (group !== undefined) sizes[at]?.set(group, (sizes[at]?.get(group) ?? 1) - 1);
    }
  }
  return taken;
}

function groupSizes(
  candidates: readonly KillCandidate[],
  groupOf: (candidate: KillCandidate) => string | undefined,
): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const candidate of candidates) {
    const group = groupOf(candidate);
    if (group !== undefined) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  }
  return sizes;
}

/** Of the fullest group; undefined when all are even. */
function largestIfUneven(sizes: ReadonlyMap<string, number>): number | undefined {
  let largest = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (const size of sizes.values()) {
    largest = Math.max(largest, size);
    smallest = Math.min(smallest, size);
  }
  return largest > smallest ? largest : undefined;
}
