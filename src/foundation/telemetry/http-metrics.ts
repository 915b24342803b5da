import { latencyBucketsSeconds, type Metrics } from "./metrics.ts";

/** What an HTTP server tells of each request. */
export interface HttpRequestMetrics {
  /** `route` is the declared pattern, never the path itself. */
  requestEnded(route: string, method: string, status: number, seconds: number): void;
}

const statusClasses: readonly string[] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const methods: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const routesMax = 200;

/** `<component>_http_requests_total` by route, method and class of status; `<component>_http_request_seconds` by route. */
export function createHttpMetrics(metrics: Metrics, component: string): HttpRequestMetrics {
  const requests = metrics.counter({
    name: `${component}_http_requests_total`,
    help: "Requests answered.",
    labels: { route: { max: routesMax }, method: methods, status: statusClasses },
  });
  const seconds = metrics.histogram({
    name: `${component}_http_request_seconds`,
    help: "Time from the first byte of a request to its answer.",
    labels: { route: { max: routesMax } },
    buckets: latencyBucketsSeconds,
  });
  return {
    requestEnded: (route, method, status, took) => {
      requests.add({ route, method, status: `${Math.floor(status / 100)}xx` });
      seconds.observe({ route }, took);
    },
  };
}
