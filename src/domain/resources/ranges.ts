/** Sets of whole numbers as sorted, disjoint, coalesced inclusive ranges; ports, above all. */

export interface Range {
  readonly begin: number;
  readonly end: number;
}

export type Ranges = readonly Range[];

/** Sorts and joins overlapping and adjacent ranges. */
export function coalesce(ranges: Ranges): Ranges {
  const sorted = [...ranges].sort((one, other) => one.begin - other.begin);
  const joined: Range[] = [];
  for (const range of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && range.begin <= last.end + 1) {
      if (range.end > last.end) joined[joined.length - 1] = { begin: last.begin, end: range.end };
    } else {
      joined.push(range);
    }
  }
  return joined;
}

export function unionRanges(one: Ranges, other: Ranges): Ranges {
  return one.length === 0 ? other : other.length === 0 ? one : coalesce([...one, ...other]);
}

/** What of `from` is not in `taken`. Both are coalesced. */
export function subtractRanges(from: Ranges, taken: Ranges): Ranges {
  const left: Range[] = [];
  let index = 0;
  for (const { begin, end } of from) {
    let next = begin;
    while (index < taken.length && (taken[index] as Range).end < begin) index += 1;
    for (let at = index; at < taken.length && (taken[at] as Range).begin <= end; at += 1) {
      const hole = taken[at] as Range;
      if (hole.begin > next) left.push({ begin: next, end: hole.begin - 1 });
      next = Math.max(next, hole.end + 1);
    }
    if (next <= end) left.push({ begin: next, end });
  }
  return left;
}

/** Whether every number of `inner` is in `outer`. Both are coalesced. */
export function containsRanges(outer: Ranges, inner: Ranges): boolean {
  let index = 0;
  for (const { begin, end } of inner) {
    while (index < outer.length && (outer[index] as Range).end < begin) index += 1;
    const holder = outer[index];
    if (holder === undefined || holder.begin > begin || holder.end < end) return false;
  }
  return true;
}

export function countOf(ranges: Ranges): number {
  return ranges.reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
}

export function includes(ranges: Ranges, value: number): boolean {
  return ranges.some(({ begin, end }) => begin <= value && value <= end);
}

/** The number at `index` when all are counted in order. */
export function valueAt(ranges: Ranges, index: number): number | undefined {
  let left = index;
  for (const { begin, end } of ranges) {
    const size = end - begin + 1;
    if (left < size) return begin + left;
    left -= size;
  }
  return undefined;
}

/** As the v0 endpoints write it: `[31000-32000, 33000-33000]`. */
export function rangesText(ranges: Ranges): string {
  return `[${ranges.map(({ begin, end }) => `${begin}-${end}`).join(", ")}]`;
}
