/**
 * Quota: what each top-level role is guaranteed, and how much it may consume at most.
 *
 * A role consumes its unreserved, non-revocable scalars that are offered or used, and everything reserved for it, used
 * or not; the roles below it count as it. What guarantees still lack is kept free: of each quantity, no grant may leave
 * less free than all guarantees together lack ("headroom"). Sums are kept as things change, so that asking is cheap.
 *
 * Source: Mesos, quota (contract mesos.md section 5.2). There, the free resources of agents that are away count as
 * headroom too; here only those of agents that could be offered now, since nobody can be given the others.
 */
import { type Entry, Resources, roleOf, withAmount } from "#domain/resources/index.ts";
import type { MinimumQuantities, Quantities, Quota } from "./types.ts";

interface RoleUse {
  quota: Quota;
  readonly consumed: Map<string, number>;
}

/** What is left of some resources for a role, and why it is less. */
export interface Share {
  readonly resources: Resources;
  /** The role's own limit took something off. */
  readonly isLimited: boolean;
  /** Something is kept free for guarantees of others. */
  readonly isHeldBack: boolean;
}

const noQuantities: Quantities = new Map();
export const noQuota: Quota = { guarantees: noQuantities, limits: noQuantities };

/** `a` of `a/b/c`: quota is set on top-level roles only. */
export function topRoleOf(role: string): string {
  const slash = role.indexOf("/");
  return slash === -1 ? role : role.slice(0, slash);
}

export class QuotaTable {
  readonly #roles = new Map<string, RoleUse>();
  /** Unreserved, non-revocable scalars that are free on active agents. */
  readonly #free = new Map<string, number>();
  /** What all guarantees together lack. */
  readonly #required = new Map<string, number>();
  readonly #starving = new Set<string>();
  /** Roles whose limits leave less than any minimum. */
  readonly #exhausted = new Set<string>();
  readonly #minimums: readonly MinimumQuantities[];
  #quotas = 0;

  /** One of `minimums` is in every offer. */
  constructor(minimums: readonly MinimumQuantities[]) {
    this.#minimums = minimums;
  }

  set(role: string, quota: Quota): void {
    const use = this.#useOf(role);
    this.#lack(use, -1);
    if (isNone(use.quota) !== isNone(quota)) this.#quotas += isNone(quota) ? -1 : 1;
    use.quota = quota;
    this.#lack(use, 1);
    this.#noteStarving(role, use);
    this.#noteExhausted(role, use);
    this.#forgetUnused(role, use);
  }

  quotaOf(role: string): Quota {
    return this.#roles.get(role)?.quota ?? noQuota;
  }

  consumedBy(role: string): Quantities {
    return this.#roles.get(role)?.consumed ?? noQuantities;
  }

  get isEmpty(): boolean {
    return this.#quotas === 0;
  }

  /** Whether some role has less than it is guaranteed. */
  get hasStarving(): boolean {
    return this.#starving.size > 0;
  }

  isStarving(role: string): boolean {
    return this.#starving.has(role);
  }

  get starving(): Iterable<string> {
    return this.#starving;
  }

  /** Whether the role's limits leave too little for any offer. */
  isExhausted(role: string): boolean {
    return this.#exhausted.has(role);
  }

  /** Whether headroom leaves enough for an offer to a role that has what it is guaranteed, on whatever agent. */
  get hasSurplus(): boolean {
    return this.#holdsSome((name, least) => !this.#required.has(name) || this.surplusOf(name) >= least);
  }

  #holdsSome(holds: (name: string, least: number) => boolean): boolean {
    if (this.#minimums.length === 0) return true;
    for (const minimum of this.#minimums) {
      let isHeld = true;
      for (const [name, least] of minimum) isHeld &&= holds(name, least);
      if (isHeld) return true;
    }
    return false;
  }

  /** How much of a quantity is free beyond what guarantees lack; below 0 when they can't all be met. */
  surplusOf(name: string): number {
    return (this.#free.get(name) ?? 0) - (this.#required.get(name) ?? 0);
  }

  lackOf(name: string): number {
    return this.#required.get(name) ?? 0;
  }

  lackNames(): Iterable<string> {
    return this.#required.keys();
  }

  /** A framework of `role` got (`sign` 1) or gave back (-1) resources of an agent. */
  allocated(role: string, resources: Resources, sign: 1 | -1): void {
    const top = topRoleOf(role);
    for (const entry of resources.entries) {
      if (isOrdinary(entry) && entry.amount.kind === "scalar")
        this.#consume(top, entry.name, sign * entry.amount.millis);
    }
  }

  /** Reservations in the total of an agent came or went. */
  reserved(total: Resources, sign: 1 | -1): void {
    for (const entry of total.entries) {
      if (entry.reservations.length > 0 && !entry.revocable && entry.amount.kind === "scalar")
        this.#consume(topRoleOf(roleOf(entry)), entry.name, sign * entry.amount.millis);
    }
  }

  /** Free resources of an active agent came or went. */
  freed(resources: Resources, sign: 1 | -1): void {
    for (const entry of resources.entries) {
      if (isOrdinary(entry) && entry.amount.kind === "scalar")
        this.#free.set(entry.name, (this.#free.get(entry.name) ?? 0) + sign * entry.amount.millis);
    }
  }

  /** What of free resources a role may be granted now. */
  shareOf(role: string, resources: Resources): Share {
    if (this.#quotas === 0) return { resources, isLimited: false, isHeldBack: false };
    const use = this.#roles.get(topRoleOf(role));
    const given = new Map<string, number>();
    const kept: Entry[] = [];
    let isLimited = false;
    let isHeldBack = false;
    for (const entry of resources.entries) {
      if (!isOrdinary(entry) || entry.amount.kind !== "scalar") {
        kept.push(entry);
        continue;
      }
      const { name } = entry;
      const before = given.get(name) ?? 0;
      const byLimit = roomOf(use, name) - before;
      const byHeadroom = this.#grantable(use, name) - before;
      const millis = portion(entry, entry.amount.millis, Math.min(byLimit, byHeadroom));
      if (millis < entry.amount.millis) {
        if (byLimit < entry.amount.millis) isLimited = true;
        if (byHeadroom < entry.amount.millis) isHeldBack = true;
      }
      if (millis === 0) continue;
      given.set(name, before + millis);
      kept.push(millis === entry.amount.millis ? entry : withAmount(entry, { kind: "scalar", millis }));
    }
    return isLimited || isHeldBack
      ? { resources: Resources.of(kept), isLimited, isHeldBack }
      : { resources, isLimited, isHeldBack };
  }

  /** Whether these resources bring a role nearer to what it is guaranteed. */
  contributes(role: string, resources: Resources): boolean {
    const use = this.#roles.get(topRoleOf(role));
    if (use === undefined) return false;
    return resources.entries.some((entry) => isOrdinary(entry) && unmetOf(use, entry.name) > 0);
  }

  /** How much of a quantity a role may still consume; infinite without a limit. */
  roomOf(role: string, name: string): number {
    return roomOf(this.#roles.get(topRoleOf(role)), name);
  }

  #grantable(use: RoleUse | undefined, name: string): number {
    const required = this.#required.get(name) ?? 0;
    if (required === 0) return Number.POSITIVE_INFINITY;
    const unmet = use === undefined ? 0 : unmetOf(use, name);
    return unmet + Math.max(0, this.surplusOf(name));
  }

  #consume(top: string, name: string, millis: number): void {
    const use = this.#useOf(top);
    const isGuaranteed = use.quota.guarantees.has(name);
    const before = isGuaranteed ? unmetOf(use, name) : 0;
    const consumed = (use.consumed.get(name) ?? 0) + millis;
    if (consumed === 0) use.consumed.delete(name);
    else use.consumed.set(name, consumed);
    if (isGuaranteed) {
      this.#addRequired(name, unmetOf(use, name) - before);
      this.#noteStarving(top, use);
    }
    if (use.quota.limits.has(name)) this.#noteExhausted(top, use);
    if (consumed === 0) this.#forgetUnused(top, use);
  }

  #lack(use: RoleUse, sign: 1 | -1): void {
    for (const name of use.quota.guarantees.keys()) this.#addRequired(name, sign * unmetOf(use, name));
  }

  #addRequired(name: string, millis: number): void {
    const required = (this.#required.get(name) ?? 0) + millis;
    if (required === 0) this.#required.delete(name);
    else this.#required.set(name, required);
  }

  #noteStarving(role: string, use: RoleUse): void {
    for (const name of use.quota.guarantees.keys()) {
      if (unmetOf(use, name) > 0) {
        this.#starving.add(role);
        return;
      }
    }
    this.#starving.delete(role);
  }

  #noteExhausted(role: string, use: RoleUse): void {
    if (this.#holdsSome((name, least) => roomOf(use, name) >= least)) this.#exhausted.delete(role);
    else this.#exhausted.add(role);
  }

  #useOf(role: string): RoleUse {
    const known = this.#roles.get(role);
    if (known !== undefined) return known;
    const use: RoleUse = { quota: noQuota, consumed: new Map() };
    this.#roles.set(role, use);
    return use;
  }

  #forgetUnused(role: string, use: RoleUse): void {
    if (use.consumed.size === 0 && isNone(use.quota)) this.#roles.delete(role);
  }

  /** Each kept sum that is not the sum of `free` of active agents and `consumed` by role, as a sentence. */
  check(free: Quantities, consumed: ReadonlyMap<string, Quantities>): readonly string[] {
    const broken: string[] = [];
    const required = new Map<string, number>();
    for (const [role, use] of this.#roles) {
      for (const [name, millis] of use.consumed) {
        const held = consumed.get(role)?.get(name) ?? 0;
        if (held !== millis)
          broken.push(`quota: role ${role} consumes ${held} of ${name}, counted ${millis}`);
      }
      for (const name of use.quota.guarantees.keys())
        required.set(name, (required.get(name) ?? 0) + unmetOf(use, name));
    }
    for (const [role, names] of consumed) {
      for (const [name, millis] of names) {
        if (millis !== 0 && !this.consumedBy(role).has(name))
          broken.push(`quota: role ${role} consumes ${millis} of ${name}, not counted`);
      }
    }
    for (const [name, millis] of this.#free) {
      if ((free.get(name) ?? 0) !== millis)
        broken.push(`quota: ${free.get(name) ?? 0} of ${name} are free, counted ${millis}`);
    }
    for (const [name, millis] of required) {
      if (millis !== this.lackOf(name))
        broken.push(`quota: guarantees lack ${millis} of ${name}, counted ${this.lackOf(name)}`);
    }
    return broken;
  }
}

/** Neither reserved nor revocable: what quota is about. */
export const isOrdinary = (entry: Entry): boolean => entry.reservations.length === 0 && !entry.revocable;

const isNone = ({ guarantees, limits }: Quota): boolean => guarantees.size === 0 && limits.size === 0;

function unmetOf({ quota, consumed }: RoleUse, name: string): number {
  return Math.max(0, (quota.guarantees.get(name) ?? 0) - (consumed.get(name) ?? 0));
}

function roomOf(use: RoleUse | undefined, name: string): number {
  const limit = use?.quota.limits.get(name);
  return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(0, limit - (use?.consumed.get(name) ?? 0));
}

/** How much of an entry fits: some are taken whole, and GPUs in whole numbers. */
function portion(entry: Entry, millis: number, room: number): number {
  if (millis <= room) return millis;
  if (entry.whole || room <= 0) return 0;
  return entry.name === "gpus" ? Math.floor(room / 1000) * 1000 : room;
}
