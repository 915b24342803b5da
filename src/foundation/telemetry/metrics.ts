import { Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * Every value a label can have, or how many different ones are counted apart before the rest become `other`
 * (for sets known only at run time, such as the routes of a server). Never ids.
 */
export type LabelSet = readonly string[] | { readonly max: number };
export type LabelSets = { readonly [label: string]: LabelSet };
/** One value for each label. */
export type LabelValues<Labels extends LabelSets> = {
  readonly [Name in keyof Labels]: Labels[Name] extends readonly string[] ? Labels[Name][number] : string;
};

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
      const filter = labelFilter(options.labels);
      return { add: (labels, by = 1) => counter.inc(filter(labels), by) };
    },
    gauge: (options) => {
      const { read } = options;
      const gauge: Gauge = new Gauge({
        ...common(options),
        ...(read === undefined ? {} : { collect: () => gauge.set(read()) }),
      });
      const filter = labelFilter(options.labels);
      return { set: (labels, value) => gauge.set(filter(labels), value) };
    },
    histogram: (options) => {
      const histogram = new Histogram({ ...common(options), buckets: [...options.buckets] });
      const filter = labelFilter(options.labels);
      return { observe: (labels, value) => histogram.observe(filter(labels), value) };
    },
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

/** What a value outside its set is counted as: a caller that is not typed cannot grow the set. */
const otherValue = "other";

type GivenLabels = { [label: string]: string };

/** Puts values outside their sets to `other`; remembers the ones met of sets that are only bounded. */
function labelFilter<Labels extends LabelSets>(sets: Labels): (labels: LabelValues<Labels>) => GivenLabels {
  const filters = Object.entries(sets).map(
    ([name, set]): [keyof Labels & string, (value: string) => boolean] => {
      if (!("max" in set)) return [name, (value) => set.includes(value)];
      const met = new Set<string>();
      return [
        name,
        (value) => {
          if (met.size < set.max) met.add(value);
          return met.has(value);
        },
      ];
    },
  );
  return (labels) => {
    const given: GivenLabels = {};
    for (const [name, isAllowed] of filters) {
      const value = labels[name];
      given[name] = isAllowed(value) ? value : otherValue;
    }
    return given;
  };
}

/** Series that start at 0 rather than with their first event, so that rates see the first event too. */
const combinationsMax = 200;

function combinations(sets: LabelSets): GivenLabels[] {
  let all: GivenLabels[] = [{}];
  for (const [name, set] of Object.entries(sets)) {
    if ("max" in set || all.length * set.length > combinationsMax) return [];
    all = all.flatMap((labels) => set.map((value) => ({ ...labels, [name]: value })));
  }
  return all;
}
