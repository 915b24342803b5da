/** What a process of Services answers that stands by. Source: contract marathon.md section 19.2. */
import { type HttpServer, json, type PlainAnswer, text } from "#foundation/http/index.ts";
import type { LeaderProxy, ProxyManners, ProxyProblem } from "#frameworks/base/shell/leader-proxy.ts";
import { failure } from "./answers.ts";

const problems: Readonly<Record<ProxyProblem, readonly [number, string]>> = {
  noLeader: [502, "No process of Services leads now; try again in a moment"],
  loop: [502, "The request came back to where it was passed on: the address that the leader gave leads here"],
  noAnswer: [502, "The leading process of Services does not answer; try again in a moment"],
  failed: [500, "The request could not be passed on to the leading process of Services"],
};

const refuse = (problem: ProxyProblem, path: string): PlainAnswer => {
  const [status, message] = problems[problem];
  return path.startsWith("/keelson/") ? json({ code: "NotLeader", message }, 503) : failure(status, message);
};

/** Source: Marathon flags `leader_proxy_connection_timeout`, `leader_proxy_read_timeout`, `leader_proxy_max_open_connections`. */
export const proxyManners: ProxyManners = {
  viaHeader: "x-marathon-via",
  connectTimeoutMs: 5_000,
  readTimeoutMs: 10_000,
  connections: 64,
  refuse,
};

/** A stream is not passed through: it would hold two processes for as long as somebody listens. */
export function addStandbyRoutes(server: HttpServer, proxy: LeaderProxy): void {
  server.route({
    method: "GET",
    path: "/v2/events",
    handler: async (request) => {
      const leader = await proxy.otherLeader();
      return leader === undefined
        ? refuse("noLeader", request.path)
        : text("", 302, { location: `http://${leader}${request.raw.url ?? ""}` });
    },
  });
}
