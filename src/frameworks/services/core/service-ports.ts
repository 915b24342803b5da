/**
 * Gives a number to every service port that a definition leaves at 0.
 *
 * A number once given stays with the app: an update that leaves 0 gets back what the app had and no longer
 * names. Source: contract marathon.md section 3.3.
 */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { isInHostNetwork } from "#domain/definitions/ports.ts";
import { servicePortsOf } from "./app-table.ts";

export interface ServicePortRange {
  readonly min: number;
  readonly max: number;
  isUsed(port: number): boolean;
}

/** Ports given in one change: the search for the next begins where the last one ended. */
export class PortGiver {
  readonly #range: ServicePortRange;
  readonly #taken = new Set<number>();
  #candidate: number;

  constructor(range: ServicePortRange) {
    this.#range = range;
    this.#candidate = range.min;
  }

  /** What the giver must not give again. */
  take(port: number): void {
    this.#taken.add(port);
  }

  /** The lowest that nobody has and `named` doesn't hold; undefined when the range is exhausted. */
  lowestFree(named: ReadonlySet<number>): number | undefined {
    const { max } = this.#range;
    while (this.#candidate <= max && this.#isTaken(this.#candidate)) this.#candidate += 1;
    // What this app names is not given to it a second time.
    let port = this.#candidate;
    while (port <= max && (named.has(port) || this.#isTaken(port))) port += 1;
    return port > max ? undefined : port;
  }

  #isTaken(port: number): boolean {
    return this.#range.isUsed(port) || this.#taken.has(port);
  }
}

/** Undefined when no port is left. */
export function assignServicePorts(
  definition: AppDefinition,
  before: AppDefinition | undefined,
  giver: PortGiver,
): AppDefinition | undefined {
  const present = servicePortsOf(definition);
  if (!present.includes(0)) return definition;
  const named = new Set(present);
  const reusable = (before === undefined ? [] : servicePortsOf(before)).filter(
    (port) => port !== 0 && !named.has(port),
  );
  const assigned: number[] = [];
  for (const number of present) {
    const port = number === 0 ? (reusable.shift() ?? giver.lowestFree(named)) : number;
    if (port === undefined) return undefined;
    giver.take(port);
    assigned.push(port);
  }
  return withServicePorts(definition, assigned);
}

/** One for each of its ports, in their order. */
function withServicePorts(definition: AppDefinition, ports: readonly number[]): AppDefinition {
  const { container, portDefinitions } = definition;
  if (isInHostNetwork(definition))
    return {
      ...definition,
      portDefinitions: (portDefinitions ?? []).map((entry, index) => ({ ...entry, port: ports[index] ?? 0 })),
    };
  if (container === undefined) return definition;
  const portMappings = (container.portMappings ?? []).map((mapping, index) => ({
    ...mapping,
    servicePort: ports[index] ?? 0,
  }));
  return { ...definition, container: { ...container, portMappings } };
}
