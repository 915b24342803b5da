/**
 * Metrics by Marathon's names, as JSON and as Prometheus reads them. Sources: contract marathon.md sections 2.5 and 22,
 * metronome.md section 7.
 */
import type { JsonObject } from "#foundation/base/json.ts";
import { Meter, Sample } from "./rates.ts";

const quantiles = [
  ["p50", 0.5],
  ["p75", 0.75],
  ["p95", 0.95],
  ["p98", 0.98],
  ["p99", 0.99],
  ["p999", 0.999],
] as const;

interface Timer {
  readonly calls: Meter;
  readonly seconds: Sample;
  total: number;
}

/** Names are declared before they are used, so that nothing a client sends makes one. */
export interface MetricNames {
  /** Of all names, with its dot. */
  readonly prefix: string;
  readonly counters: readonly string[];
  readonly meters: readonly string[];
  readonly timers: readonly string[];
  /** Read when somebody asks. */
  readonly gauges: Readonly<Record<string, () => number>>;
}

export class MarathonMetrics {
  readonly #prefix: string;
  readonly #counters: Map<string, number>;
  readonly #meters: ReadonlyMap<string, Meter>;
  readonly #timers: ReadonlyMap<string, Timer>;
  readonly #gauges: MetricNames["gauges"];
  readonly #now: () => number;

  /** `nowMs` is the clock's. */
  constructor(names: MetricNames, nowMs: () => number) {
    this.#prefix = names.prefix;
    this.#now = () => nowMs() / 1_000;
    const now = this.#now();
    this.#counters = new Map(names.counters.map((name) => [name, 0]));
    this.#meters = new Map(names.meters.map((name) => [name, new Meter(now)]));
    this.#timers = new Map(
      names.timers.map((name) => [name, { calls: new Meter(now), seconds: new Sample(), total: 0 }]),
    );
    this.#gauges = names.gauges;
  }

  count(name: string, by = 1): void {
    const before = this.#counters.get(name);
    if (before !== undefined) this.#counters.set(name, before + by);
  }

  mark(name: string): void {
    this.#meters.get(name)?.mark(this.#now());
  }

  time(name: string, seconds: number): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    timer.calls.mark(this.#now());
    timer.seconds.add(seconds);
    timer.total += seconds;
  }

  snapshot(): JsonObject {
    const now = this.#now();
    const named = <Value>(
      all: Iterable<readonly [string, Value]>,
      show: (value: Value) => JsonObject,
    ): JsonObject => Object.fromEntries([...all].map(([name, value]) => [this.#prefix + name, show(value)]));
    return {
      version: "4.0.0",
      gauges: named(Object.entries(this.#gauges), (read) => ({ value: read() })),
      counters: named(this.#counters, (count) => ({ count })),
      histograms: {},
      meters: named(this.#meters, (meter) => ({
        count: meter.count,
        ...ratesOf(meter, now),
        units: "events/second",
      })),
      timers: named(this.#timers, ({ calls, seconds }) => {
        const { quantile, ...shape } = seconds.read();
        return {
          count: calls.count,
          ...shape,
          ...Object.fromEntries(quantiles.map(([name, share]) => [name, quantile(share)])),
          ...ratesOf(calls, now),
          duration_units: "seconds",
          rate_units: "calls/second",
        };
      }),
    };
  }

  prometheus(): string {
    const lines: string[] = [];
    const tell = (name: string, type: string, samples: readonly (readonly [string, number])[]): void => {
      const flat = `${this.#prefix}${name}`.replaceAll(/[^a-zA-Z0-9_:]/g, "_");
      lines.push(`# TYPE ${flat} ${type}`, ...samples.map(([suffix, value]) => `${flat}${suffix} ${value}`));
    };
    for (const [name, read] of Object.entries(this.#gauges)) tell(name, "gauge", [["", read()]]);
    for (const [name, count] of this.#counters) tell(name, "counter", [["", count]]);
    for (const [name, meter] of this.#meters) tell(name, "counter", [["", meter.count]]);
    for (const [name, { calls, seconds, total }] of this.#timers) {
      const { quantile } = seconds.read();
      tell(name, "summary", [
        ...quantiles.map(([, share]): readonly [string, number] => [
          `{quantile="${share}"}`,
          quantile(share),
        ]),
        ["_sum", total],
        ["_count", calls.count],
      ]);
    }
    return `${lines.join("\n")}\n`;
  }
}

function ratesOf(meter: Meter, now: number): JsonObject {
  const { mean, m1, m5, m15 } = meter.read(now);
  return { mean_rate: mean, m1_rate: m1, m5_rate: m5, m15_rate: m15 };
}
