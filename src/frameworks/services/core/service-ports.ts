/**
 * Gives a number to every service port that a definition leaves at 0.
 *
 * A number once given stays with the app: an update that leaves 0 gets back what the app had and no longer
 * names. Source: contract marathon.md section 3.3.
 */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { servicePortsOf } from "./app-table.ts";

export interface ServicePortRange {
  readonly min: number;
  readonly max: number;
  isUsed(port: number): boolean;
}

/** Undefined when the range is exhausted. `taken` are ports given earlier in the same change; it grows. */
export function assignServicePorts(
  definition: AppDefinition,
  before: AppDefinition | undefined,
  range: ServicePortRange,
  taken: Set<number>,
): AppDefinition | undefined {
  const definitions = definition.portDefinitions;
  if (definitions === undefined || !definitions.some((entry) => entry.port === 0)) return definition;
  const named = new Set(definitions.map((entry) => entry.port));
  const reusable = (before === undefined ? [] : servicePortsOf(before)).filter(
    (port) => port !== 0 && !named.has(port),
  );
  let candidate = range.min;
  const lowestFree = (): number | undefined => {
    while (
      candidate <= range.max &&
      (range.isUsed(candidate) || taken.has(candidate) || named.has(candidate))
    ) {
      candidate += 1;
    }
    return candidate > range.max ? undefined : candidate;
  };
  const assigned: (typeof definitions)[number][] = [];
  for (const entry of definitions) {
    const port = entry.port === 0 ? (reusable.shift() ?? lowestFree()) : entry.port;
    if (port === undefined) return undefined;
    taken.add(port);
    assigned.push({ ...entry, port });
  }
  return { ...definition, portDefinitions: assigned };
}
