/**
 * Resources of an agent, an offer or a task: an immutable sum of entries.
 *
 * Invariants: no entry is nothing, no two entries have the same identity, scalars are whole thousandths.
 * Source: Mesos resource arithmetic (contract mesos.md section 5.6).
 */
import type { Resource } from "#contracts/kernel/messages.gen.ts";
import { assert } from "#foundation/base/assert.ts";
import {
  containsEntry,
  type Entry,
  entryToWire,
  isNothing,
  mergeEntries,
  type ReservationFormat,
  roleOf,
  subtractEntry,
  timesEntry,
} from "./entry.ts";
import { type Ranges, rangesText, unionRanges } from "./ranges.ts";

export interface WireOptions {
  readonly format?: ReservationFormat;
  /** Written into every resource as `allocation_info`, if given. */
  readonly allocationRole?: string | undefined;
}

export class Resources {
  static readonly empty = new Resources([]);

  readonly entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.entries = entries;
  }

  /** The sum of any entries; equal identities are added, nothings dropped. */
  static of(entries: readonly Entry[]): Resources {
    // Few, and all different, mostly: then there is nothing to add up.
    if (entries.length ** 2 <= pairsMax && entries.every(isAlone)) {
      return entries.length === 0 ? Resources.empty : new Resources(entries.slice());
    }
    const sums = new Map<string, Entry>();
    for (const entry of entries) {
      if (isNothing(entry.amount)) continue;
      const present = sums.get(entry.key);
      sums.set(entry.key, present === undefined ? entry : mergeEntries(present, entry));
    }
    return sums.size === 0 ? Resources.empty : new Resources([...sums.values()]);
  }

  static sum(parts: Iterable<Resources>): Resources {
    const entries: Entry[] = [];
    for (const part of parts) entries.push(...part.entries);
    return Resources.of(entries);
  }

  /** Each as often as its number says. */
  static sumOf(counts: ReadonlyMap<Resources, number>): Resources {
    const entries: Entry[] = [];
    for (const [part, times] of counts)
      for (const entry of part.entries) entries.push(times === 1 ? entry : timesEntry(entry, times));
    return Resources.of(entries);
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  plus(other: Resources): Resources {
    if (other.isEmpty) return this;
    if (this.isEmpty) return other;
    if (this.entries.length * other.entries.length > pairsMax)
      return Resources.of([...this.entries, ...other.entries]);
    const sum = [...this.entries];
    for (const entry of other.entries) {
      const index = indexOfKey(sum, entry.key);
      const present = sum[index];
      if (present === undefined) sum.push(entry);
      else sum[index] = mergeEntries(present, entry);
    }
    return new Resources(sum);
  }

  /** `other` must be contained. */
  minus(other: Resources): Resources {
    if (other.isEmpty) return this;
    // The sentence only when it is needed: making it costs more than the sum.
    if (!this.contains(other)) assert(false, `resources ${this} do not contain ${other}`);
    return this.#less(other);
  }

  /** Less `other`, and nothing of a kind of which `other` has more. */
  minusAtMost(other: Resources): Resources {
    return this.filter((entry) => {
      const taken = other.entries[indexOfKey(other.entries, entry.key)];
      return taken === undefined || containsEntry(entry, taken);
    }).#less(other);
  }

  #less(other: Resources): Resources {
    const rests = this.entries.map((entry) => {
      const taken = other.entries[indexOfKey(other.entries, entry.key)];
      return taken === undefined ? entry : subtractEntry(entry, taken);
    });
    const left = rests.every(isThere) ? rests : rests.filter(isThere);
    return left.length === 0 ? Resources.empty : new Resources(left);
  }

  contains(other: Resources): boolean {
    for (const wanted of other.entries) {
      const present = this.entries[indexOfKey(this.entries, wanted.key)];
      if (present === undefined || !containsEntry(present, wanted)) return false;
    }
    return true;
  }

  equals(other: Resources): boolean {
    return this.entries.length === other.entries.length && this.contains(other) && other.contains(this);
  }

  filter(keep: (entry: Entry) => boolean): Resources {
    // All of them, mostly: then nothing is made.
    const first = this.entries.findIndex((entry) => !keep(entry));
    if (first === -1) return this;
    const kept = this.entries.filter((entry, index) => index < first || (index > first && keep(entry)));
    return kept.length === 0 ? Resources.empty : new Resources(kept);
  }

  /**
   * What is free of these when `held` is held: what is shared stays free however often it is held. Undefined when more
   * is held than there is.
   */
  freeBeside(held: Resources): Resources | undefined {
    const alone = held.notShared();
    if (!this.contains(alone)) return undefined;
    if (alone === held) return this.#less(alone);
    const isThere = (entry: Entry): boolean => this.entries.some(({ key }) => key === entry.key);
    return held.shared().entries.every(isThere) ? this.#less(alone) : undefined;
  }

  /** What several may hold at once: shared persistent volumes. */
  shared(): Resources {
    return this.filter(({ shared }) => shared);
  }

  /** All copies of what is shared but one each. */
  spareCopies(): Resources {
    const spare = this.entries.flatMap((entry) =>
      entry.copies > 1 ? [{ ...entry, copies: entry.copies - 1 }] : [],
    );
    return spare.length === 0 ? Resources.empty : new Resources(spare);
  }

  notShared(): Resources {
    return this.filter(({ shared }) => !shared);
  }

  /** Persistent volumes among these. */
  volumes(): readonly Entry[] {
    return this.entries.filter(({ disk }) => disk?.persistence !== undefined);
  }

  unreserved(): Resources {
    return this.filter(({ reservations }) => reservations.length === 0);
  }

  /** What is reserved for `role` or one of its ancestors: a role may use what its parents were given. */
  reservedFor(role: string): Resources {
    return this.filter((entry) => {
      if (entry.reservations.length === 0) return false;
      const holder = roleOf(entry);
      return holder === role || role.startsWith(`${holder}/`);
    });
  }

  /** Sum of a scalar over all identities, in thousandths. */
  scalarMillis(name: string): number {
    let sum = 0;
    for (const entry of this.entries)
      if (entry.name === name && entry.amount.kind === "scalar") sum += entry.amount.millis;
    return sum;
  }

  ranges(name: string): Ranges {
    let all: Ranges = [];
    for (const entry of this.entries) {
      if (entry.name === name && entry.amount.kind === "ranges") {
        all = all.length === 0 ? entry.amount.ranges : unionRanges(all, entry.amount.ranges);
      }
    }
    return all;
  }

  /** Copies of what is shared are written out one by one. */
  toWire({ format = "stack", allocationRole }: WireOptions = {}): readonly Resource[] {
    const wire = this.entries.map((entry) => entryToWire(entry, format, allocationRole));
    if (this.entries.every(({ copies }) => copies === 1)) return wire;
    return wire.flatMap((each, index) =>
      Array.from({ length: this.entries[index]?.copies ?? 0 }, () => each),
    );
  }

  /**
   * As the v0 endpoints show resources: numbers by name, ranges and sets as text; cpus, mem, disk and gpus always.
   * Source: mesos.md section 3.6.
   */
  toSummary(): Readonly<Record<string, number | string>> {
    const millis = new Map<string, number>([
      ["cpus", 0],
      ["gpus", 0],
      ["mem", 0],
      ["disk", 0],
    ]);
    const texts = new Map<string, string>();
    for (const entry of this.entries) {
      const name = entry.revocable ? `${entry.name}_revocable` : entry.name;
      const { amount } = entry;
      if (amount.kind === "scalar") millis.set(name, (millis.get(name) ?? 0) + amount.millis);
      else if (amount.kind === "ranges") texts.set(name, rangesText(this.ranges(entry.name)));
      else texts.set(name, `{${[...amount.items].sort().join(", ")}}`);
    }
    const numbers = [...millis].map(([name, value]): [string, number] => [name, value / 1000]);
    return Object.fromEntries<number | string>([...numbers, ...texts]);
  }

  toString(): string {
    return this.entries
      .map((entry) => {
        const { amount } = entry;
        const role = roleOf(entry) === "*" ? "" : `(${roleOf(entry)})`;
        const value =
          amount.kind === "scalar"
            ? String(amount.millis / 1000)
            : amount.kind === "ranges"
              ? rangesText(amount.ranges)
              : `{${[...amount.items].join(",")}}`;
        const volume = entry.disk?.persistence === undefined ? "" : `[${entry.disk.persistence.id}]`;
        const copies = entry.copies === 1 ? "" : ` x${entry.copies}`;
        return `${entry.name}${role}${volume}:${value}${copies}`;
      })
      .join("; ");
  }
}

/** Up to this many comparisons, looking through a short list costs less than making a map. */
const pairsMax = 64;

/** Something, and the first of its identity. */
const isAlone = ({ amount, key }: Entry, index: number, all: readonly Entry[]): boolean =>
  !isNothing(amount) && indexOfKey(all, key) === index;

const isThere = (entry: Entry | undefined): entry is Entry => entry !== undefined;

function indexOfKey(entries: readonly Entry[], key: string): number {
  for (let index = 0; index < entries.length; index += 1) if (entries[index]?.key === key) return index;
  return -1;
}
