/** A duration as Mesos writes it: `5secs`, `15mins`, in the largest unit that leaves nothing over. */
export function durationText(ms: number): string {
  for (const [unit, unitMs] of units) if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  return `${ms}ms`;
}

const units = [
  ["weeks", 604_800_000],
  ["days", 86_400_000],
  ["hrs", 3_600_000],
  ["mins", 60_000],
  ["secs", 1_000],
] as const;
