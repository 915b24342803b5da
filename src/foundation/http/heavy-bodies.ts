/**
 * Large bodies take turns, since what they are parsed into is many times as large: however many come at once, only so
 * much of it is in the heap. What waits is bounded too, and what comes beyond that is refused.
 */
import { getHeapStatistics } from "node:v8";
import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError } from "#foundation/base/errors.ts";

/** Smaller ones never wait. */
const heavyBytes = 262_144;
/** Of the heap, what bodies that are handled at the same time may be large. */
const partOfHeap = 32;
const waitingBytesMax = 268_435_456;

export interface HeavyBodyBounds {
  /** One is always handled, however large. */
  readonly handledBytesMax: number;
  readonly waitingBytesMax: number;
}

const boundsOfHeap = (): HeavyBodyBounds => ({
  handledBytesMax: getHeapStatistics().heap_size_limit / partOfHeap,
  waitingBytesMax,
});

export class HeavyBodies {
  readonly #bounds: HeavyBodyBounds;
  readonly #waiting: { readonly bytes: number; readonly start: () => void }[] = [];
  #handledBytes = 0;
  #waitingBytes = 0;

  constructor(bounds: HeavyBodyBounds = boundsOfHeap()) {
    this.#bounds = bounds;
  }

  /** Handles a request when it is its turn: those that came first are handled first. Throws `Overloaded`. */
  async inTurn<T>(bytes: number, handle: () => T | Promise<T>): Promise<T> {
    if (bytes < heavyBytes) return handle();
    if (this.#waiting.length > 0 || !this.#fits(bytes)) await this.#wait(bytes);
    else this.#handledBytes += bytes;
    try {
      return await handle();
    } finally {
      this.#handledBytes -= bytes;
      this.#startNext();
    }
  }

  #fits(bytes: number): boolean {
    return this.#handledBytes === 0 || this.#handledBytes + bytes <= this.#bounds.handledBytesMax;
  }

  #wait(bytes: number): Promise<void> {
    if (this.#waitingBytes + bytes > this.#bounds.waitingBytesMax)
      throw new CodedError<ErrorCode>(
        "Overloaded",
        "too many large bodies wait to be handled; nothing of this one was taken: send it again in a moment",
      );
    this.#waitingBytes += bytes;
    return new Promise((start) => this.#waiting.push({ bytes, start }));
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#waitingBytes -= next.bytes;
      this.#handledBytes += next.bytes;
      next.start();
    }
  }
}
