/** What stays open on somebody's behalf, and is cut when they may not any more: a token ends, a user goes. */
import type { Tokens } from "./tokens.ts";

export interface OpenWork {
  readonly uid: string;
  readonly resource: string | undefined;
  /** ms UTC; undefined: never. */
  readonly expiresAt: number | undefined;
  readonly end: () => void;
}

/** Source: contract platform.md section 1.6: what was decided is asked again after 5 s. */
const sweepMs = 5_000;

export class OpenWorks {
  readonly #tokens: Tokens;
  readonly #now: () => number;
  readonly #open = new Set<OpenWork>();
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> | undefined;

  constructor(tokens: Tokens, now: () => number) {
    this.#tokens = tokens;
    this.#now = now;
    this.#timer = setInterval(() => void this.sweep(), sweepMs);
    this.#timer.unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /** Call what it answers when the work is over. */
  add(work: OpenWork): () => void {
    this.#open.add(work);
    return () => this.#open.delete(work);
  }

  sweep(): Promise<void> {
    this.#sweeping ??= this.#run().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { end } of this.#open) end();
  }

  async #run(): Promise<void> {
    for (const work of [...this.#open]) {
      const isOver = work.expiresAt !== undefined && work.expiresAt <= this.#now();
      const permission = isOver ? "forbidden" : await this.#tokens.permission(work.uid, work.resource);
      // Unavailable is no verdict: what runs goes on until there is one.
      if (permission === "allowed" || permission === "unavailable") continue;
      this.#open.delete(work);
      work.end();
    }
  }
}
