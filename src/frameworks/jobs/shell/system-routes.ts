/** Everything that is not about one job. Source: contract metronome.md sections 2 and 7. */
import { type HttpServer, json, text } from "#foundation/http/index.ts";
import type { ApiContext } from "./context.ts";
import { guarded } from "./routes.ts";
import { seesJob } from "./sight.ts";

export interface SystemContext extends ApiContext {
  /** host:port of this daemon. */
  readonly leader: string;
  /** What this daemon goes by. */
  readonly config: object;
  readonly startedAt: number;
}

/** Of Metronome and of the part of Marathon in it, whose ways these are. */
const version = "0.6.48";
const libVersion = "1.7.202";

export function addSystemRoutes(server: HttpServer, context: SystemContext): void {
  const get = (path: string, handle: Parameters<typeof guarded>[0]): void =>
    server.route({ method: "GET", path, handler: guarded(handle) });
  server.route({ method: "GET", path: "/ping", access: "open", handler: () => text("pong") });
  get("/info", () => json({ version, libVersion, config: context.config }));
  get("/leader", () => json({ leader: context.leader }));
  get("/v1/metrics", () => json(metricsSnapshot(context)));
  get("/v1/queue", () => json(queue(context)));
}

/** By the first segment of their jobs' ids, which is what upstream calls the job here. */
function queue({ queries }: ApiContext): readonly object[] {
  const byJob = new Map<string, { readonly runId: string }[]>();
  for (const { jobId, id } of queries.waiting()) {
    if (!seesJob(jobId)) continue;
    const [first = jobId] = jobId.split(".");
    const runs = byJob.get(first) ?? [];
    runs.push({ runId: id });
    byJob.set(first, runs);
  }
  return [...byJob].map(([jobId, runs]) => ({ jobId, runs }));
}

/** Names as Marathon's reporter has them, behind Metronome's prefix. */
function metricsSnapshot({ queries, now, startedAt }: SystemContext): object {
  const { active, started, failed } = queries.counters();
  return {
    version: "4.0.0",
    gauges: {
      "metronome.jobs.active.gauge": { value: active },
      "metronome.uptime.gauge.seconds": { value: (now() - startedAt) / 1_000 },
    },
    counters: {
      "metronome.jobs.started.counter": { count: started },
      "metronome.jobs.failed.counter": { count: failed },
    },
    histograms: {},
    meters: {},
    timers: {},
  };
}
