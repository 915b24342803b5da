import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Label names, each with every value it can have: small fixed sets, never ids. */
export type LabelSets = { readonly [label: string]: readonly string[] };
/** One value for each label. */
export type LabelValues<Labels extends LabelSets> = { readonly [Name in keyof Labels]: Labels[Name][number] };

export interface MetricOptions<Labels extends LabelSets> {
  /** `<component>_<noun>_<unit>`; counters end in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels: Labels;
}

export interface CounterMetric<Labels extends LabelSets> {
  /** Adds `by`, 1 when absent, never negative. */
  add(labels: LabelValues<Labels>, by?: number): void;
}

export interface GaugeMetric<Labels extends LabelSets> {
  set(labels: LabelValues<Labels>, value: number): void;
}

export interface HistogramMetric<Labels extends LabelSets> {
  /** In the unit that the metric's name ends with. */
  observe(labels: LabelValues<Labels>, value: number): void;
}

/** The metrics of one daemon and what `GET /metrics` answers. */
export interface Metrics {
  counter<const Labels extends LabelSets>(options: MetricOptions<Labels>): CounterMetric<Labels>;
  /** `read`, when given, is called for the value of a gauge without labels each time it is exposed. */
  gauge<const Labels extends LabelSets>(
    options: MetricOptions<Labels> & { readonly read?: () => number },
  ): GaugeMetric<Labels>;
  histogram<const Labels extends LabelSets>(
    options: MetricOptions<Labels> & { readonly buckets: readonly number[] },
  ): HistogramMetric<Labels>;
  /** Prometheus text exposition. */
  expose(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Seconds from 1 ms to 10 s, for request and step times. */
export const latencyBucketsSeconds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const common = (options: MetricOptions<LabelSets>) => ({
    name: options.name,
    help: options.help,
    labelNames: Object.keys(options.labels),
    registers: [registry],
  });
  return {
    counter: (options) => {
      const counter = new Counter(common(options));
      for (const labels of combinations(options.labels)) counter.inc(labels, 0);
      return { add: (labels, by = 1) => counter.inc(checked(options, labels), by) };
    },
    gauge: (options) => {
      const { read } = options;
      const gauge: Gauge = new Gauge({
        ...common(options),
        ...(read === undefined ? {} : { collect: () => gauge.set(read()) }),
      });
      return { set: (labels, value) => gauge.set(checked(options, labels), value) };
    },
    histogram: (options) => {
      const histogram = new Histogram({ ...common(options), buckets: [...options.buckets] });
      return { observe: (labels, value) => histogram.observe(checked(options, labels), value) };
    },
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

/** What a value outside its declared set is counted as: a caller that is not typed cannot grow the set. */
const otherValue = "other";

function checked<Labels extends LabelSets>(
  options: MetricOptions<Labels>,
  labels: LabelValues<Labels>,
): { [label: string]: string } {
  const given: { [label: string]: string } = {};
  for (const [name, allowed] of Object.entries(options.labels)) {
    const value = labels[name] ?? otherValue;
    given[name] = allowed.includes(value) ? value : otherValue;
  }
  return given;
}

/** Series that start at 0 rather than with their first event, so that rates see the first event too. */
const combinationsMax = 200;

function combinations(sets: LabelSets): { [label: string]: string }[] {
  let all: { [label: string]: string }[] = [{}];
  for (const [name, values] of Object.entries(sets)) {
    if (all.length * values.length > combinationsMax) return [];
    all = all.flatMap((labels) => values.map((value) => ({ ...labels, [name]: value })));
  }
  return all;
}
