/** The nodes of a cluster as a framework's core reckons with them, when it is asked why something has no place. */
import type { OfferedAgent } from "#domain/placement/offered-agent.ts";
import { type Entry, type Ranges, unionRanges } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";

/** Why operators want nothing new on a node. */
export type SetAside = "draining" | "drained" | "deactivated" | "maintenance";

/** What the master says of its agents, for those that nothing was offered of. */
export interface KnownNode {
  readonly agent: OfferedAgent;
  readonly isActive: boolean;
  /** `host:port` at which it answers; absent: not known. */
  readonly address?: string;
  /** Nothing of it is offered, by an operator's word. */
  readonly setAside?: SetAside;
  /** Its window of maintenance, in ms UTC; without `endsAt` it never ends. */
  readonly maintenance?: { readonly startsAt: InstantMs; readonly endsAt?: InstantMs };
  /** Instances that something is reserved for, by the labels of reservations. */
  readonly reservedFor?: ReadonlySet<string>;
  /** By role, `*` for what is reserved for nobody: thousandths by resource; `disk` is its own. */
  readonly byRole: Readonly<Record<string, RoleRoom>>;
  /** Disks beside its own that nobody has; absent: not known. */
  readonly freeDisks?: readonly Entry[];
  /** By role, those that no task has; absent: not known. */
  readonly freePorts?: Readonly<Record<string, Ranges>>;
}

export interface RoleRoom {
  readonly total: Readonly<Record<string, number>>;
  readonly free: Readonly<Record<string, number>>;
}

/** What a node has for somebody who takes resources of these roles. */
export function roomOfRoles(node: Pick<KnownNode, "byRole">, roles: ReadonlySet<string>): RoleRoom {
  const total: Record<string, number> = {};
  const free: Record<string, number> = {};
  for (const [role, room] of Object.entries(node.byRole)) {
    if (!roles.has(role)) continue;
    for (const [name, millis] of Object.entries(room.total)) total[name] = (total[name] ?? 0) + millis;
    for (const [name, millis] of Object.entries(room.free)) free[name] = (free[name] ?? 0) + millis;
  }
  return { total, free };
}

/** Free ports for somebody who takes resources of these roles; undefined: not known. */
export function freePortsOf(
  { freePorts }: Pick<KnownNode, "freePorts">,
  roles: ReadonlySet<string>,
): Ranges | undefined {
  if (freePorts === undefined) return undefined;
  return Object.entries(freePorts).reduce<Ranges>(
    (sum, [role, ports]) => (roles.has(role) ? unionRanges(sum, ports) : sum),
    [],
  );
}

export interface KnownNodes {
  readonly at: InstantMs;
  readonly nodes: readonly KnownNode[];
  /** By role, of those that have a limit: thousandths by resource. Absent: not known. */
  readonly limits?: ReadonlyMap<string, RoleLimit>;
  /** Machines whose window of maintenance is open and whose agents are gone. */
  readonly downHosts?: readonly string[];
}

export interface RoleLimit {
  readonly limit: Readonly<Record<string, number>>;
  readonly consumed: Readonly<Record<string, number>>;
}

/** Why operators want nothing new on it, at that time. */
export function setAsideAt(
  { setAside, maintenance }: Pick<KnownNode, "setAside" | "maintenance">,
  { now, drainingMs }: { readonly now: InstantMs; readonly drainingMs: number },
): SetAside | undefined {
  if (setAside !== undefined || maintenance === undefined) return setAside;
  const { startsAt, endsAt = Number.POSITIVE_INFINITY } = maintenance;
  return now > startsAt - drainingMs && now < endsAt ? "maintenance" : undefined;
}
