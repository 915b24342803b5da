/** Durations as Mesos shows them: the newest, and percentiles of the last ones. Source: contract mesos.md section 3.8. */

const samplesMax = 1_000;
const percentiles: readonly (readonly [string, number])[] = [
  ["p50", 0.5],
  ["p90", 0.9],
  ["p95", 0.95],
  ["p99", 0.99],
  ["p999", 0.999],
  ["p9999", 0.9999],
];

export class Timings {
  readonly #samples: number[] = [];
  #count = 0;

  add(milliseconds: number): void {
    this.#samples[this.#count % samplesMax] = milliseconds;
    this.#count += 1;
  }

  async of<Value>(work: Promise<Value>): Promise<Value> {
    const started = performance.now();
    const value = await work;
    this.add(performance.now() - started);
    return value;
  }

  /** `name` and what is said of its window; nothing before the first sample, as Mesos has it. */
  *entries(name: string): IterableIterator<[string, number]> {
    if (this.#count === 0) return;
    const sorted = [...this.#samples].sort((one, other) => one - other);
    const at = (share: number): number => sorted[Math.ceil(share * (sorted.length - 1))] ?? 0;
    yield [name, this.#samples[(this.#count - 1) % samplesMax] ?? 0];
    yield [`${name}/count`, sorted.length];
    yield [`${name}/min`, at(0)];
    yield [`${name}/max`, at(1)];
    for (const [suffix, share] of percentiles) yield [`${name}/${suffix}`, at(share)];
  }
}
