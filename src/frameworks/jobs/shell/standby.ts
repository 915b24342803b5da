/** What a process of Jobs answers that stands by. Source: contract metronome.md section 1. */
import { type HttpServer, json, type PlainAnswer, text } from "#foundation/http/index.ts";
import type { ProxyManners, ProxyProblem } from "#frameworks/base/shell/leader-proxy.ts";
import type { MarathonMetrics } from "#frameworks/base/shell/marathon-metrics.ts";

const problems: Readonly<Record<ProxyProblem, readonly [number, string]>> = {
  noLeader: [503, "No process of Jobs leads now; try again in a moment"],
  loop: [400, "The request came back to where it was passed on: the address that the leader gave leads here"],
  noAnswer: [503, "The leading process of Jobs does not answer; try again in a moment"],
  failed: [500, "The request could not be passed on to the leading process of Jobs"],
};

export const proxyManners: ProxyManners = {
  viaHeader: "x-via",
  leaderHeader: "x-leader",
  connectTimeoutMs: 5_000,
  readTimeoutMs: 30_000,
  connections: 64,
  refuse: (problem, path): PlainAnswer => {
    const [status, message] = problems[problem];
    return path.startsWith("/keelson/")
      ? json({ code: "NotLeader", message }, 503)
      : json({ message }, status);
  },
};

export function addStandbyRoutes(server: HttpServer, metrics: Pick<MarathonMetrics, "snapshot">): void {
  server.route({ method: "GET", path: "/ping", access: "open", handler: () => text("pong") });
  server.route({ method: "GET", path: "/v1/metrics", handler: () => json(metrics.snapshot()) });
}
