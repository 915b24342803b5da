/** One kind of resource and how much of it: what merges with what. */
import type {
  Labels,
  Resource,
  ResourceDiskInfo,
  ResourceProviderID,
  ResourceReservationInfo,
} from "#contracts/kernel/messages.gen.ts";
import { coalesce, containsRanges, type Ranges, subtractRanges, unionRanges } from "./ranges.ts";

/** Scalars are thousandths, as integers: equal sums compare equal. */
export type Amount =
  | { readonly kind: "scalar"; readonly millis: number }
  | { readonly kind: "ranges"; readonly ranges: Ranges }
  | { readonly kind: "set"; readonly items: ReadonlySet<string> };

/** Everything that tells two resources of one name apart. Source: Mesos, mergeability of resources. */
export interface Identity {
  readonly name: string;
  readonly reservations: readonly ResourceReservationInfo[];
  readonly disk: ResourceDiskInfo | undefined;
  readonly providerId: ResourceProviderID | undefined;
  readonly revocable: boolean;
  readonly shared: boolean;
}

export interface Entry extends Identity {
  /** Canonical text of the identity. */
  readonly key: string;
  /** Taken whole or not at all: persistent volumes, MOUNT and BLOCK disks. */
  readonly whole: boolean;
  readonly amount: Amount;
  /** How often a shared resource is held; 1 for what is not shared. Each copy is the whole amount. */
  readonly copies: number;
}

export function makeEntry(identity: Identity, amount: Amount): Entry {
  const { name, reservations, disk, providerId, revocable, shared } = identity;
  return {
    name,
    reservations,
    disk,
    providerId,
    revocable,
    shared,
    key: keyOf(identity),
    whole: isWhole(disk),
    amount,
    copies: 1,
  };
}

/** Field by field: sums of resources are made of this, and a literal is the fastest of copies. */
export function withAmount(entry: Entry, amount: Amount): Entry {
  const { name, reservations, disk, providerId, revocable, shared, key, whole, copies } = entry;
  return { name, reservations, disk, providerId, revocable, shared, key, whole, amount, copies };
}

/** The same amount under another identity. */
export function remade(entry: Entry, changes: Partial<Identity>): Entry {
  const { name, reservations, disk, providerId, revocable, shared } = entry;
  return makeEntry({ name, reservations, disk, providerId, revocable, shared, ...changes }, entry.amount);
}

/** Two entries of one identity as one: amounts add up, copies of what is shared are counted. */
export function mergeEntries(one: Entry, other: Entry): Entry {
  if (one.shared) return { ...one, copies: one.copies + other.copies };
  return withAmount(one, addAmounts(one.amount, other.amount));
}

/** As many of one entry as one. */
export function timesEntry(entry: Entry, times: number): Entry {
  if (entry.shared) return { ...entry, copies: entry.copies * times };
  const { amount } = entry;
  return amount.kind === "scalar"
    ? withAmount(entry, { kind: "scalar", millis: amount.millis * times })
    : entry;
}

/** What is left of `from`, which contains `taken`; undefined for nothing. */
export function subtractEntry(from: Entry, taken: Entry): Entry | undefined {
  if (from.shared) {
    const copies = from.copies - taken.copies;
    return copies > 0 ? { ...from, copies } : undefined;
  }
  const rest = withAmount(from, subtractAmounts(from.amount, taken.amount));
  return isNothing(rest.amount) ? undefined : rest;
}

/** Whether `outer`, of the same identity, has all of `inner`. */
export function containsEntry(outer: Entry, inner: Entry): boolean {
  if (inner.shared) return outer.copies >= inner.copies && equalAmounts(outer.amount, inner.amount);
  return inner.whole ? equalAmounts(outer.amount, inner.amount) : containsAmount(outer.amount, inner.amount);
}

function keyOf({ name, reservations, disk, providerId, revocable, shared }: Identity): string {
  if (reservations.length === 0 && disk === undefined && providerId === undefined && !revocable && !shared)
    return name;
  return JSON.stringify([
    name,
    reservations.map(canonicalReservation),
    disk === undefined ? null : canonicalDisk(disk),
    providerId?.value ?? null,
    revocable,
    shared,
  ]);
}

function canonicalReservation({
  type,
  role,
  principal,
  labels,
}: ResourceReservationInfo): readonly unknown[] {
  return [type ?? "DYNAMIC", role ?? null, principal ?? null, canonicalLabels(labels)];
}

/** Labels are a bag: their order says nothing. */
function canonicalLabels(labels: Labels | undefined): readonly string[] {
  return (labels?.labels ?? []).map(({ key, value }) => JSON.stringify([key, value ?? null])).sort();
}

/** The same disk is the same text, in whatever order its fields came. */
function canonicalDisk({ source, persistence, volume }: ResourceDiskInfo): readonly unknown[] {
  return [
    source === undefined
      ? null
      : [
          source.type,
          source.path?.root ?? null,
          source.mount?.root ?? null,
          source.vendor ?? null,
          source.id ?? null,
          source.profile ?? null,
          canonicalLabels(source.metadata),
        ],
    persistence === undefined ? null : [persistence.id, persistence.principal ?? null],
    volume === undefined ? null : [volume.container_path, volume.mode, volume.host_path ?? null],
  ];
}

function isWhole(disk: ResourceDiskInfo | undefined): boolean {
  const source = disk?.source;
  if (disk?.persistence !== undefined || source?.type === "MOUNT" || source?.type === "BLOCK") return true;
  return source?.type === "RAW" && source.id !== undefined;
}

/** The innermost role a resource is reserved for, or `*`. */
export function roleOf({ reservations }: Identity): string {
  return reservations.at(-1)?.role ?? "*";
}

export function isNothing(amount: Amount): boolean {
  switch (amount.kind) {
    case "scalar":
      return amount.millis === 0;
    case "ranges":
      return amount.ranges.length === 0;
    case "set":
      return amount.items.size === 0;
  }
}

export function addAmounts(one: Amount, other: Amount): Amount {
  if (one.kind === "scalar" && other.kind === "scalar")
    return { kind: "scalar", millis: one.millis + other.millis };
  if (one.kind === "ranges" && other.kind === "ranges") {
    return { kind: "ranges", ranges: unionRanges(one.ranges, other.ranges) };
  }
  if (one.kind === "set" && other.kind === "set")
    return { kind: "set", items: new Set([...one.items, ...other.items]) };
  return one;
}

export function subtractAmounts(from: Amount, taken: Amount): Amount {
  if (from.kind === "scalar" && taken.kind === "scalar")
    return { kind: "scalar", millis: from.millis - taken.millis };
  if (from.kind === "ranges" && taken.kind === "ranges") {
    return { kind: "ranges", ranges: subtractRanges(from.ranges, taken.ranges) };
  }
  if (from.kind === "set" && taken.kind === "set") {
    return { kind: "set", items: new Set([...from.items].filter((item) => !taken.items.has(item))) };
  }
  return from;
}

export function containsAmount(outer: Amount, inner: Amount): boolean {
  if (outer.kind === "scalar" && inner.kind === "scalar") return outer.millis >= inner.millis;
  if (outer.kind === "ranges" && inner.kind === "ranges") return containsRanges(outer.ranges, inner.ranges);
  if (outer.kind === "set" && inner.kind === "set")
    return [...inner.items].every((item) => outer.items.has(item));
  return false;
}

export function equalAmounts(one: Amount, other: Amount): boolean {
  return containsAmount(one, other) && containsAmount(other, one);
}

/**
 * Wire form. `old` writes `role` and one `reservation`, for frameworks without RESERVATION_REFINEMENT; `endpoint` writes
 * both where both can say it, for people's tools of either age.
 */
export type ReservationFormat = "stack" | "old" | "endpoint";

export function entryToWire(
  entry: Entry,
  format: ReservationFormat,
  allocationRole: string | undefined,
): Resource {
  const { amount, disk, providerId } = entry;
  // Nearly all of what is launched: a name and a number.
  if (entry.key === entry.name && amount.kind === "scalar" && allocationRole === undefined) {
    const scalar = { value: amount.millis / 1000 };
    return format === "stack"
      ? { name: entry.name, type: "SCALAR", scalar }
      : { name: entry.name, type: "SCALAR", scalar, role: "*" };
  }
  return {
    name: entry.name,
    ...(amount.kind === "scalar"
      ? { type: "SCALAR" as const, scalar: { value: amount.millis / 1000 } }
      : amount.kind === "ranges"
        ? { type: "RANGES" as const, ranges: { range: amount.ranges } }
        : { type: "SET" as const, set: { item: [...amount.items] } }),
    ...reservationFields(entry, format),
    ...(allocationRole === undefined ? {} : { allocation_info: { role: allocationRole } }),
    ...(disk === undefined ? {} : { disk }),
    ...(providerId === undefined ? {} : { provider_id: providerId }),
    ...(entry.revocable ? { revocable: {} } : {}),
    ...(entry.shared ? { shared: {} } : {}),
  };
}

function reservationFields(entry: Entry, format: ReservationFormat): Partial<Resource> {
  const { reservations } = entry;
  if (format === "stack") return reservations.length === 0 ? {} : { reservations };
  if (format === "endpoint" && reservations.length > 0)
    return { ...(reservations.length === 1 ? reservationFields(entry, "old") : {}), reservations };
  const top = reservations.at(-1);
  if (top === undefined) return { role: "*" };
  if (top.type === "STATIC") return { role: top.role ?? "*" };
  const { principal, labels } = top;
  return {
    role: top.role ?? "*",
    reservation: {
      ...(principal === undefined ? {} : { principal }),
      ...(labels === undefined ? {} : { labels }),
    },
  };
}

export function rangesAmount(ranges: Ranges): Amount {
  return { kind: "ranges", ranges: coalesce(ranges) };
}
