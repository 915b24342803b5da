import type { ValueScalar } from "#contracts/kernel/messages.gen.ts";

/** JSON has no infinity: what came over the link or from the disk as null was one. */
export function isBounded(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Limits of a task as state documents show them. */
export function limitsSummary(
  limits: Readonly<Record<string, ValueScalar>>,
): Readonly<Record<string, number | "Infinity">> {
  return Object.fromEntries(
    Object.entries(limits).map(([name, { value }]) => [name, isBounded(value) ? value : "Infinity"]),
  );
}
