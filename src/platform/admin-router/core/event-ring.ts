/**
 * The last events, in a ring of bounded size, from which a reader that comes back goes on behind what it saw.
 *
 * An id is the mark of this life of the door and a number that grows by one. A reader with another mark, or one that
 * is behind what is kept, is told to read everything again.
 */
import { type ClusterEvent, oldestEvent } from "#contracts/observe/events.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { Draft } from "./event-mapping.ts";

export interface EventFilter {
  /** Undefined: every kind. */
  readonly kinds: ReadonlySet<string> | undefined;
  /** Ids of things, or of the services they belong to. Undefined: everything. */
  readonly objects: ReadonlySet<string> | undefined;
}

export type Resumed =
  | { readonly kind: "events"; readonly events: readonly ClusterEvent[] }
  /** What was missed is not known any more. */
  | { readonly kind: "reset" };

export const ringEventsMax = 4_096;

export class EventRing {
  readonly #mark: string;
  readonly #max: number;
  readonly #startedAt: InstantMs;
  #events: ClusterEvent[] = [];
  #number = 0;

  /** `mark`: of letters and digits, another one in each life of the door. */
  constructor(mark: string, startedAt: InstantMs, max = ringEventsMax) {
    this.#mark = mark;
    this.#startedAt = startedAt;
    this.#max = max;
  }

  /** Everything that happened since then is kept. */
  get since(): InstantMs {
    return this.#number <= this.#max ? this.#startedAt : (this.#kept()[0]?.at ?? this.#startedAt);
  }

  push(draft: Draft, at: InstantMs): ClusterEvent {
    this.#number += 1;
    const event = { ...draft, id: `${this.#mark}-${this.#number}`, at };
    this.#events.push(event);
    // Cut in halves, so that each push costs the same on average.
    if (this.#events.length > 2 * this.#max) this.#events = this.#events.slice(-this.#max);
    return event;
  }

  /** A reset with the id of the last event: who goes on from it misses nothing after. */
  reset(at: InstantMs): ClusterEvent {
    return { id: `${this.#mark}-${this.#number}`, at, kind: "reset", change: "reset", object: "" };
  }

  /** Those that came at `at` or later. */
  from(at: InstantMs): readonly ClusterEvent[] {
    const kept = this.#kept();
    const before = kept.findLastIndex((event) => event.at < at);
    return kept.slice(before + 1);
  }

  #kept(): readonly ClusterEvent[] {
    return this.#events.slice(-this.#max);
  }

  /** What came after the event with this id. */
  after(id: string): Resumed {
    if (id === oldestEvent) return { kind: "events", events: this.#kept() };
    const match = /^([A-Za-z0-9]+)-(\d{1,15})$/.exec(id);
    const seen = Number(match?.[2]);
    const oldest = this.#number - Math.min(this.#events.length, this.#max);
    if (match?.[1] !== this.#mark || seen > this.#number || seen < oldest) return { kind: "reset" };
    const missed = this.#number - seen;
    return { kind: "events", events: missed === 0 ? [] : this.#events.slice(-missed) };
  }
}

/** Whether a reader wants an event; nobody can do without a reset. */
export function wantsEvent(event: ClusterEvent, { kinds, objects }: EventFilter): boolean {
  if (event.kind === "reset") return true;
  if (kinds?.has(event.kind) === false) return false;
  return (
    objects === undefined ||
    objects.has(event.object) ||
    (event.service !== undefined && objects.has(event.service))
  );
}

const listMax = 200;

/** From `kind=service,task` and `object=/a,/b`; parameters may be repeated. */
export function eventFilter(kinds: readonly string[], objects: readonly string[]): EventFilter {
  const set = (lists: readonly string[]): ReadonlySet<string> | undefined => {
    const words = lists
      .flatMap((list) => list.split(","))
      .map((word) => word.trim())
      .filter((word) => word !== "");
    return words.length === 0 ? undefined : new Set(words.slice(0, listMax));
  };
  return { kinds: set(kinds), objects: set(objects) };
}
