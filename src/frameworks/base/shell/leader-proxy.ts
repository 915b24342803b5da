/**
 * Passes requests on to the process that leads, and its answers back: what those do that stand by.
 * Source: contract marathon.md section 19.2; metronome.md section 1.
 */
import {
  Agent,
  type Answer,
  type HttpRequest,
  type PlainAnswer,
  requestVia,
} from "#foundation/http/index.ts";

/** Nobody leads; the request came through here already; the leader is not reached; it is and breaks off. */
export type ProxyProblem = "noLeader" | "loop" | "noAnswer" | "failed";

export interface ProxyManners {
  /** Header of who passed a request or an answer on: `1.1 host:port`. */
  readonly viaHeader: string;
  /** Header of an answer with the leader's address, where it has none itself. */
  readonly leaderHeader?: string;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly connections: number;
  readonly refuse: (problem: ProxyProblem, path: string) => PlainAnswer;
}

/** As long as the original waits for a leader: ten times a quarter of a second. */
const leaderTriesMax = 10;
const leaderTryMs = 250;
/** Headers of one connection, and those that the next one gets anew. Source: RFC 9110, section 7.6.1. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "host",
  "content-length",
]);

export class LeaderProxy {
  readonly #manners: ProxyManners;
  readonly #agent: Agent;
  readonly #self: () => string;
  /** `host:port` of who leads, as its node has it. */
  leader: string | undefined;

  /** `self`: what this process stands for election as. */
  constructor(manners: ProxyManners, self: () => string) {
    this.#manners = manners;
    this.#self = self;
    this.#agent = new Agent({
      connect: { timeout: manners.connectTimeoutMs },
      connections: manners.connections,
      pipelining: 1,
    });
  }

  /** Another process that leads, waited for a while; this one leads only once it serves. */
  async otherLeader(): Promise<string | undefined> {
    for (let tries = 0; ; tries += 1) {
      if (this.leader !== undefined && this.leader !== this.#self()) return this.leader;
      if (tries === leaderTriesMax) return undefined;
      await new Promise((resolve) => setTimeout(resolve, leaderTryMs));
    }
  }

  async pass(request: HttpRequest): Promise<Answer> {
    const { viaHeader, leaderHeader, readTimeoutMs, refuse } = this.#manners;
    const via = `1.1 ${this.#self()}`;
    const earlier = request.headers[viaHeader];
    const passedBy = [earlier ?? []].flat().join(", ");
    if (passedBy.split(",").some((each) => each.trim() === via)) return refuse("loop", request.path);
    const leader = await this.otherLeader();
    if (leader === undefined) return refuse("noLeader", request.path);
    const isStream = request.headers.accept?.includes("text/event-stream") === true;
    const isGone = new AbortController();
    request.raw.once("close", () => {
      if (request.raw.socket.destroyed) isGone.abort();
    });
    try {
      const answer = await requestVia(this.#agent, `http://${leader}${request.raw.url ?? "/"}`, {
        method: request.method as "GET",
        signal: isGone.signal,
        headersTimeout: readTimeoutMs,
        bodyTimeout: isStream ? 0 : readTimeoutMs,
        headers: {
          ...passedHeaders(request.headers),
          [viaHeader]: passedBy === "" ? via : `${passedBy}, ${via}`,
        },
        ...(request.body.length === 0 ? {} : { body: request.body }),
      });
      const length = answer.headers["content-length"];
      return {
        kind: "plain",
        status: answer.statusCode,
        headers: {
          ...passedHeaders(answer.headers),
          ...(typeof length === "string" ? { "content-length": length } : {}),
          ...(leaderHeader === undefined ? {} : { [leaderHeader]: `http://${leader}` }),
          [viaHeader]: via,
        },
        body: answer.body as AsyncIterable<Buffer>,
      };
    } catch (error) {
      return refuse(isUnreached(error) ? "noAnswer" : "failed", request.path);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function passedHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || ofConnection.has(name) ? [] : [[name, [value].flat().join(", ")]],
    ),
  );
}

/** Refused, reset before an answer, or silent. */
function isUnreached(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return code.startsWith("E") || code === "UND_ERR_SOCKET" || code.endsWith("_TIMEOUT");
}
