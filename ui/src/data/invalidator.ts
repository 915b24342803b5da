/**
 * Turns a stream of events into reads that keep lists at most a second old without storms: prefixes are gathered for
 * a moment, and a new round begins only when the one before has been answered, after at least twice its length.
 */
import type { QueryClient } from "@tanstack/react-query";
import type { KeyPrefix } from "./staleness.ts";

const roundMs = 400;
/** More prefixes than this in one round: everything is read again, which is then cheaper than naming it. */
const prefixesMax = 200;

export class Invalidator {
  readonly #client: Pick<QueryClient, "invalidateQueries">;
  readonly #waiting = new Map<string, KeyPrefix>();
  #everything = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #closed = false;

  constructor(client: Pick<QueryClient, "invalidateQueries">) {
    this.#client = client;
  }

  /** `undefined`: everything. */
  add(prefixes: readonly KeyPrefix[] | undefined): void {
    if (prefixes === undefined) this.#everything = true;
    else for (const prefix of prefixes) this.#waiting.set(prefix.join("\n"), prefix);
    if (this.#waiting.size > prefixesMax) this.#everything = true;
    this.#schedule(roundMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(afterMs: number): void {
    if (this.#closed || this.#running || this.#timer !== undefined) return;
    if (!this.#everything && this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => void this.#round(), afterMs);
  }

  async #round(): Promise<void> {
    this.#timer = undefined;
    this.#running = true;
    const started = performance.now();
    const prefixes = this.#everything ? [[]] : [...this.#waiting.values()];
    this.#everything = false;
    this.#waiting.clear();
    await Promise.allSettled(prefixes.map((queryKey) => this.#client.invalidateQueries({ queryKey })));
    this.#running = false;
    this.#schedule(Math.max(roundMs, 2 * (performance.now() - started)));
  }
}
