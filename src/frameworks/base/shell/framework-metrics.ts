/** What is counted of any framework of ours: its requests, and what it and the master tell each other. */
import {
  type Answer,
  failureOf,
  type HttpRequest,
  type HttpServer,
  routeThrough,
} from "#foundation/http/index.ts";
import type { FrameworkCall } from "../core/framework-call.ts";
import type { MasterEvent } from "../core/master-event.ts";
import { MarathonMetrics, type MetricNames } from "./marathon-metrics.ts";

const taskStates = [
  "staging",
  "starting",
  "running",
  "killing",
  "finished",
  "failed",
  "killed",
  "error",
  "lost",
  "dropped",
  "unreachable",
  "gone",
  "gone-by-operator",
  "unknown",
];
const methods = ["get", "post", "put", "delete"];
const classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const operations: ReadonlyMap<string, string> = new Map([
  ["LAUNCH", "launch"],
  ["LAUNCH_GROUP", "launch-group"],
  ["RESERVE", "reserve"],
]);

export interface Measured {
  readonly metrics: MarathonMetrics;
  /** The server, its requests counted and timed. */
  readonly measure: (server: HttpServer) => HttpServer;
}

/** With gauges and counters of its own beside those that all have. */
export function measureFramework(options: {
  /** Of all names, with its dot. */
  readonly prefix: string;
  readonly gauges: MetricNames["gauges"];
  readonly counters: readonly string[];
  readonly now: () => number;
}): Measured {
  const { prefix, gauges, counters, now } = options;
  let active = 0;
  const metrics = new MarathonMetrics(
    {
      prefix,
      gauges: { ...gauges, "http.requests.active.gauge": () => active },
      counters: [
        ...counters,
        ...["incoming", "declined", "used"].map((what) => `mesos.offers.${what}.counter`),
        ...["revive", "suppress"].map((what) => `mesos.calls.${what}.counter`),
        ...[...operations.values()].map((what) => `mesos.offer-operations.${what}.counter`),
        ...taskStates.map((state) => `mesos.task-updates.task-${state}.counter`),
        "http.requests.size.counter.bytes",
        "http.responses.size.counter.bytes",
      ],
      meters: classes.map((each) => `http.responses.${each}.rate.meter`),
      timers: ["", ...methods.map((method) => `.${method}`)].map(
        (method) => `http.requests${method}.duration.timer.seconds`,
      ),
    },
    now,
  );
  const measure = (server: HttpServer): HttpServer =>
    routeThrough(server, (route) =>
      server.route({
        ...route,
        handler: async (request): Promise<Answer> => {
          active += 1;
          const started = performance.now();
          try {
            const answer = await route.handler(request);
            countAnswer(metrics, answer);
            return answer;
          } catch (error) {
            countStatus(metrics, failureOf(error).status);
            throw error;
          } finally {
            active -= 1;
            countRequest(metrics, request, (performance.now() - started) / 1_000);
          }
        },
      }),
    );
  return { metrics, measure };
}

function countRequest(metrics: MarathonMetrics, { method, body }: HttpRequest, seconds: number): void {
  metrics.time("http.requests.duration.timer.seconds", seconds);
  metrics.time(`http.requests.${method.toLowerCase()}.duration.timer.seconds`, seconds);
  metrics.count("http.requests.size.counter.bytes", body.length);
}

/** A stream tells of its bytes itself. */
function countAnswer(metrics: MarathonMetrics, answer: Answer): void {
  countStatus(metrics, answer.kind === "plain" ? answer.status : 200);
  if (answer.kind !== "plain") return;
  const { body } = answer;
  const bytes = typeof body === "string" ? Buffer.byteLength(body) : Buffer.isBuffer(body) ? body.length : 0;
  metrics.count("http.responses.size.counter.bytes", bytes);
}

function countStatus(metrics: MarathonMetrics, status: number): void {
  metrics.mark(`http.responses.${Math.floor(status / 100)}xx.rate.meter`);
}

export function countEvent(metrics: MarathonMetrics, event: MasterEvent): void {
  if (event.kind === "offersReceived") metrics.count("mesos.offers.incoming.counter", event.offers.length);
  if (event.kind !== "statusReceived") return;
  const state = event.status.state.toLowerCase().replaceAll("_", "-");
  metrics.count(`mesos.task-updates.${state}.counter`);
}

export function countCall(metrics: MarathonMetrics, call: FrameworkCall): void {
  const { type, accept, decline } = call;
  if (type === "REVIVE" || type === "SUPPRESS") metrics.count(`mesos.calls.${type.toLowerCase()}.counter`);
  metrics.count("mesos.offers.declined.counter", decline?.offer_ids?.length ?? 0);
  if (accept === undefined) return;
  metrics.count("mesos.offers.used.counter", accept.offer_ids?.length ?? 0);
  for (const { type: operation, launch, launch_group: group } of accept.operations ?? []) {
    metrics.count(`mesos.offer-operations.${operations.get(operation ?? "") ?? ""}.counter`);
    const launched = [...(launch?.task_infos ?? []), ...(group?.task_group.tasks ?? [])];
    metrics.count("tasks.launched.counter", launched.length);
  }
}
