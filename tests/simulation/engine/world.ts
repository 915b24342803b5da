/**
 * Virtual time and everything that will happen in it.
 *
 * One event runs at a time, by instant and then in the order events were scheduled; nothing else moves. All
 * randomness comes from the seed, in a stream of its own for every name, so that one component drawing once
 * more does not change what another sees.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import { type Random, seededRandom } from "#foundation/base/random.ts";
import { TimerQueue } from "#foundation/base/timer-queue.ts";
import { Trace, type TraceOptions } from "./trace.ts";

/** Looks at the whole world after a step; returns what is wrong, each as a sentence. */
export type Invariant = () => readonly string[];

export interface Scheduled {
  cancel(): void;
}

export interface WorldOptions extends TraceOptions {
  readonly seed: number;
}

/** 2020-09-13T12:26:40Z. */
export const worldStart: InstantMs = 1_600_000_000_000;

export class World {
  readonly seed: number;
  readonly trace: Trace;
  readonly #queue = new TimerQueue<() => void>();
  readonly #invariants: { readonly name: string; readonly check: Invariant; readonly every: number }[] = [];
  readonly #problems: string[] = [];
  #now: InstantMs = worldStart;
  #scheduled = 0;
  #steps = 0;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.trace = new Trace(options);
  }

  get now(): InstantMs {
    return this.#now;
  }
  get elapsedMs(): number {
    return this.#now - worldStart;
  }
  get steps(): number {
    return this.#steps;
  }
  /** What went wrong; a world with a problem does not go on. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** The random stream of `name`, the same for the same seed. */
  fork(name: string): Random {
    return seededRandom(mix(this.seed, name));
  }

  schedule(delayMs: number, run: () => void): Scheduled {
    this.#scheduled += 1;
    const key = String(this.#scheduled);
    this.#queue.set(key, this.#now + Math.max(0, Math.ceil(delayMs)), run);
    return { cancel: () => this.#queue.cancel(key) };
  }

  /** Asked after every step, or after each `every` of them when looking is dear. */
  addInvariant(name: string, check: Invariant, every = 1): void {
    this.#invariants.push({ name, check, every });
  }

  /** Ends the run: something happened that must not. */
  report(problem: string): void {
    this.trace.add(this.elapsedMs, "world", "problem", problem);
    this.#problems.push(problem);
  }

  /** Runs until `until` is true, time is over or a problem was found; true if `until` became true. */
  run(options: { readonly forMs: number; readonly until?: () => boolean }): boolean {
    const end = this.#now + options.forMs;
    while (this.#problems.length === 0) {
      if (options.until?.() === true) return true;
      const at = this.#queue.nextAt();
      if (at === undefined || at > end) break;
      this.#now = at;
      this.#step();
    }
    if (this.#problems.length === 0) this.#now = end;
    return false;
  }

  #step(): void {
    this.#steps += 1;
    try {
      this.#queue.takeDue(this.#now)?.timer();
      for (const { name, check, every } of this.#invariants) {
        if (this.#steps % every !== 0) continue;
        for (const broken of check()) this.report(`${name}: ${broken}`);
      }
    } catch (error) {
      this.report(`thrown: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
}

/** FNV-1a of the name, folded with the seed. */
function mix(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}

/** A whole number of milliseconds in [min, max]. */
export function between(random: Random, min: number, max: number): number {
  return min + random.below(max - min + 1);
}

/** A copy as the wire or the disk would make it. */
export function wireCopy<Value>(value: Value): Value {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value); // same shape
}
