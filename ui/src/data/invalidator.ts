/**
 * Turns a stream of events into reads that keep lists at most a second old without storms: prefixes are gathered for
 * a moment, and a new round begins only when the one before has been answered, after at least twice its length. The first
 * after a while without any begins sooner.
 */
import type { QueryClient } from "@tanstack/react-query";
import type { KeyPrefix } from "./staleness.ts";

const roundMs = 400;
const firstRoundMs = 100;
/** More prefixes than this in one round: everything is read again, which is then cheaper than naming it. */
const prefixesMax = 200;

export class Invalidator {
  readonly #client: Pick<QueryClient, "invalidateQueries">;
  readonly #waiting = new Map<string, KeyPrefix>();
  #everything = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The number of the round that is being answered. */
  #running: number | undefined;
  #rounds = 0;
  /** When the next round may begin, on the clock of `performance`. */
  #restsUntil = 0;
  #closed = false;

  constructor(client: Pick<QueryClient, "invalidateQueries">) {
    this.#client = client;
  }

  /** `undefined`: everything. */
  add(prefixes: readonly KeyPrefix[] | undefined): void {
    if (prefixes === undefined) this.#everything = true;
    else for (const prefix of prefixes) this.#waiting.set(prefix.join("\n"), prefix);
    if (this.#waiting.size > prefixesMax) this.#everything = true;
    this.#schedule();
  }

  /** Everything, at once, whatever is still being waited for: that may never be answered. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = undefined;
    this.#restsUntil = 0;
    this.add(undefined);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#closed || this.#running !== undefined || this.#timer !== undefined) return;
    if (!this.#everything && this.#waiting.size === 0) return;
    const afterMs = Math.max(firstRoundMs, this.#restsUntil - performance.now());
    this.#timer = setTimeout(() => void this.#round(), afterMs);
  }

  async #round(): Promise<void> {
    this.#timer = undefined;
    this.#rounds += 1;
    const round = this.#rounds;
    this.#running = round;
    const started = performance.now();
    const prefixes = this.#everything ? [[]] : [...this.#waiting.values()];
    this.#everything = false;
    this.#waiting.clear();
    await Promise.allSettled(prefixes.map((queryKey) => this.#client.invalidateQueries({ queryKey })));
    // Given up meanwhile: another one has taken its place.
    if (this.#running !== round) return;
    this.#running = undefined;
    const now = performance.now();
    this.#restsUntil = now + Math.max(roundMs, 2 * (now - started));
    this.#schedule();
  }
}
