/** Everything that is not about one job. Source: contract metronome.md sections 2 and 7. */
import { type HttpServer, json, text } from "#foundation/http/index.ts";
import type { MarathonMetrics } from "#frameworks/base/shell/marathon-metrics.ts";
import type { ApiContext } from "./context.ts";
import { guarded } from "./routes.ts";
import { seesJob } from "./sight.ts";

export interface SystemContext extends ApiContext {
  /** host:port of this daemon. */
  readonly leader: string;
  /** What this daemon goes by. */
  readonly config: object;
  readonly metrics: Pick<MarathonMetrics, "snapshot">;
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
  get("/v1/metrics", () => json(context.metrics.snapshot()));
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
