import { takeScalar } from "#domain/placement/offered-resources.ts";
import { type Entry, includes, makeEntry, Resources } from "#domain/resources/index.ts";

/** Quantities by name, as definitions have them. */
type Quantities = Readonly<Record<"cpus" | "mem" | "disk", number>> & { readonly gpus?: number };

/** So much out of what an instance takes, and these of its ports. */
export function partOf(whole: Resources, wanted: Quantities, ports: readonly number[] = []): Resources {
  const entries: Entry[] = [];
  for (const name of ["cpus", "mem", "disk", "gpus"] as const)
    takeScalar(whole, name, Math.round((wanted[name] ?? 0) * 1_000), entries);
  for (const entry of whole.entries) {
    if (entry.name !== "ports" || entry.amount.kind !== "ranges") continue;
    const { ranges } = entry.amount;
    const here = ports.filter((port) => includes(ranges, port)).map((port) => ({ begin: port, end: port }));
    for (const range of here) entries.push(makeEntry(entry, { kind: "ranges", ranges: [range] }));
  }
  return Resources.of(entries);
}
