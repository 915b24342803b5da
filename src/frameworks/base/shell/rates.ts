/** How often something happens, and how long it takes: sums of fixed size, whatever happens. */

/** Averages that forget, by the minute: 1, 5 and 15. */
const minutes = [1, 5, 15] as const;
const tickSeconds = 5;

/** Occurrences and their rates per second. `now` is in seconds, and does not go back. */
export class Meter {
  #count = 0;
  #sinceTick = 0;
  #lastTick: number;
  readonly #startedAt: number;
  readonly #rates: number[] = minutes.map(() => 0);
  #isFirst = true;

  constructor(now: number) {
    this.#startedAt = now;
    this.#lastTick = now;
  }

  get count(): number {
    return this.#count;
  }

  mark(now: number): void {
    this.#tick(now);
    this.#count += 1;
    this.#sinceTick += 1;
  }

  read(now: number): {
    readonly mean: number;
    readonly m1: number;
    readonly m5: number;
    readonly m15: number;
  } {
    this.#tick(now);
    const [m1 = 0, m5 = 0, m15 = 0] = this.#rates;
    const seconds = now - this.#startedAt;
    return { mean: seconds > 0 ? this.#count / seconds : 0, m1, m5, m15 };
  }

  #tick(now: number): void {
    const ticks = Math.floor((now - this.#lastTick) / tickSeconds);
    if (ticks <= 0) return;
    this.#lastTick += ticks * tickSeconds;
    const rate = this.#sinceTick / tickSeconds;
    this.#sinceTick = 0;
    for (const [index, minute] of minutes.entries()) {
      const kept = Math.exp(-tickSeconds / 60 / minute);
      const before = this.#rates[index] ?? 0;
      const after = this.#isFirst ? rate : rate + (before - rate) * kept;
      // Nothing happened in the other ticks.
      this.#rates[index] = after * kept ** (ticks - 1);
    }
    this.#isFirst = false;
  }
}

/** So many of the newest values stand for all. */
const valuesMax = 1_024;

/** The newest values of something measured, in no order. */
export class Sample {
  readonly #values: number[] = [];
  #next = 0;

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % valuesMax;
  }

  read(): {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    readonly stddev: number;
    readonly quantile: (share: number) => number;
  } {
    const sorted = [...this.#values].sort((one, other) => one - other);
    const mean = sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length);
    const variance =
      sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, sorted.length - 1);
    return {
      min: sorted[0] ?? 0,
      max: sorted.at(-1) ?? 0,
      mean,
      stddev: Math.sqrt(variance),
      quantile: (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0,
    };
  }
}
