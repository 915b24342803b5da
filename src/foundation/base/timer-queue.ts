import type { InstantMs } from "./core.ts";

interface Entry<Timer> {
  readonly key: string;
  readonly at: InstantMs;
  readonly order: number;
  readonly timer: Timer;
}

/**
 * The timers of one core, by key: setting a key again replaces it. Due timers come out by time, then in
 * the order they were set, so that a run is repeatable.
 *
 * A binary heap with lazy removal: a replaced or cancelled entry stays in the heap until it surfaces.
 * The heap is rebuilt when more than half of it is dead, so that it never outgrows its live timers.
 */
export class TimerQueue<Timer> {
  readonly #live = new Map<string, Entry<Timer>>();
  #heap: Entry<Timer>[] = [];
  #order = 0;

  get size(): number {
    return this.#live.size;
  }

  set(key: string, at: InstantMs, timer: Timer): void {
    const entry = { key, at, order: this.#order, timer };
    this.#order += 1;
    this.#live.set(key, entry);
    this.#push(entry);
    if (this.#heap.length > 64 && this.#heap.length > this.#live.size * 2) this.#rebuild();
  }

  cancel(key: string): void {
    this.#live.delete(key);
  }

  has(key: string): boolean {
    return this.#live.has(key);
  }

  at(key: string): InstantMs | undefined {
    return this.#live.get(key)?.at;
  }

  /** When the earliest timer is due. */
  nextAt(): InstantMs | undefined {
    this.#dropDead();
    return this.#heap[0]?.at;
  }

  /** Removes and returns the earliest timer if it is due at `now`. */
  takeDue(now: InstantMs): { readonly key: string; readonly timer: Timer } | undefined {
    this.#dropDead();
    const top = this.#heap[0];
    if (top === undefined || top.at > now) return undefined;
    this.#pop();
    this.#live.delete(top.key);
    return { key: top.key, timer: top.timer };
  }

  #dropDead(): void {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || this.#live.get(top.key) === top) return;
      this.#pop();
    }
  }

  #rebuild(): void {
    this.#heap = [...this.#live.values()].sort(byTimeThenOrder);
  }

  #push(entry: Entry<Timer>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Entry<Timer>;
      if (byTimeThenOrder(above, entry) <= 0) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = index * 2 + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const smaller =
        right < heap.length && byTimeThenOrder(heap[right] as Entry<Timer>, heap[left] as Entry<Timer>) < 0
          ? right
          : left;
      const below = heap[smaller] as Entry<Timer>;
      if (byTimeThenOrder(last, below) <= 0) break;
      heap[index] = below;
      index = smaller;
    }
    heap[index] = last;
  }
}

function byTimeThenOrder(one: { at: number; order: number }, other: { at: number; order: number }): number {
  return one.at - other.at || one.order - other.order;
}
