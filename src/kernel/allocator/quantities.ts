/** What is free, what counts, what is enough: questions about resources that the allocator asks. */
import type { Entry, Resources } from "#domain/resources/index.ts";
import type { MinimumQuantities } from "./types.ts";

/** Adds scalars, in thousandths by name, to the sums of one key. */
export function addTo(sums: Map<string, Map<string, number>>, key: string, resources: Resources): void {
  const sum = sums.get(key) ?? new Map<string, number>();
  sums.set(key, sum);
  for (const { name, amount } of resources.entries) {
    if (amount.kind === "scalar") sum.set(name, (sum.get(name) ?? 0) + amount.millis);
  }
}

/** May be offered to anybody. */
export const isPlainEntry = (entry: Entry): boolean =>
  entry.reservations.length === 0 && !entry.revocable && !entry.shared;

/** Whether an offer of these would be worth making. */
export function isAllocatable(resources: Resources, minimums: readonly MinimumQuantities[]): boolean {
  return minimums.length === 0 || minimums.some((minimum) => holdsMinimum(resources, minimum));
}

function holdsMinimum(resources: Resources, minimum: MinimumQuantities): boolean {
  for (const [name, millis] of minimum) if (resources.scalarMillis(name) < millis) return false;
  return true;
}

/** `total` less `held`, and nothing of a kind of which more is held than there is. What is shared is always free. */
export function freeOf(total: Resources, held: Resources): Resources {
  return total.freeBeside(held) ?? total.minusAtMost(held.notShared());
}

/** What of `resources` counts in its holder's share: a shared one that is also in `others` is counted there. */
export function countedBeside(others: Resources, resources: Resources): Resources {
  const known = others.shared();
  if (known.isEmpty) return resources;
  return resources.filter(({ key, shared }) => !shared || !known.entries.some((other) => other.key === key));
}
