export { createHttpMetrics, type HttpRequestMetrics } from "./http-metrics.ts";
export { createLogCapture, type LogCapture, type LogRecord } from "./log-capture.ts";
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type LogSink,
  silentLogger,
  type Verbosity,
} from "./logger.ts";
export {
  type CounterMetric,
  createMetrics,
  type GaugeMetric,
  type HistogramMetric,
  type LabelSet,
  type LabelSets,
  type LabelValues,
  latencyBucketsSeconds,
  type MetricOptions,
  type Metrics,
} from "./metrics.ts";
export { Timings } from "./timings.ts";
