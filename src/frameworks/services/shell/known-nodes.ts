/**
 * What the master says of its agents, asked only when somebody wants to know why something has no place, and kept for a
 * moment. It is the API that every framework has: `GET /slaves`. Source: contract mesos.md, operator endpoints.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { HttpClient } from "#foundation/http/index.ts";
import type { KnownNode, KnownNodes } from "../core/index.ts";

/** An answer is good for so long. */
const keptMs = 500;
/** A person waits: better an answer without the master's word than none. */
const deadlineMs = 1_500;

export class NodeSource {
  readonly #client: Pick<HttpClient, "send">;
  readonly #masterUrl: string;
  readonly #now: () => InstantMs;
  #last: KnownNodes | undefined;
  #asking: Promise<KnownNodes | undefined> | undefined;

  constructor(options: {
    readonly client: Pick<HttpClient, "send">;
    readonly masterUrl: string;
    readonly now: () => InstantMs;
  }) {
    this.#client = options.client;
    this.#masterUrl = options.masterUrl;
    this.#now = options.now;
  }

  /** Undefined when the master does not answer. Requests at the same time share one call. */
  read(): Promise<KnownNodes | undefined> {
    if (this.#last !== undefined && this.#now() - this.#last.at < keptMs) return Promise.resolve(this.#last);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<KnownNodes | undefined> {
    try {
      const url = `${this.#masterUrl}/slaves`;
      const answer = await this.#client.send({ method: "GET", url }, deadlineMs);
      if (answer.status !== 200) return undefined;
      this.#last = { at: this.#now(), nodes: nodesIn(JSON.parse(answer.body.toString("utf8")) as JsonValue) };
      return this.#last;
    } catch {
      // The reason for not knowing is told by the core: it is not connected either, or soon won't be.
      return undefined;
    }
  }
}

/** Agents of an answer; what is not understood is left out. */
export function nodesIn(answer: JsonValue): readonly KnownNode[] {
  const agents = isJsonObject(answer) ? answer["slaves"] : undefined;
  return Array.isArray(agents) ? agents.filter(isJsonObject).map(nodeOf) : [];
}

function nodeOf(agent: JsonObject): KnownNode {
  const objectIn = (name: string): JsonObject => {
    const value = agent[name];
    return isJsonObject(value) ? value : {};
  };
  const total = scalarsOf(objectIn("unreserved_resources"));
  const used = scalarsOf(objectIn("used_resources"));
  const domain = objectIn("domain")["fault_domain"];
  return {
    agent: {
      agentId: String(agent["id"] ?? ""),
      host: String(agent["hostname"] ?? ""),
      region: nameIn(domain, "region"),
      zone: nameIn(domain, "zone"),
      attributes: Object.entries(objectIn("attributes")).map(
        ([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)] as const,
      ),
    },
    isActive: agent["active"] === true,
    total,
    free: Object.fromEntries(
      Object.entries(total).map(([name, millis]) => [name, Math.max(0, millis - (used[name] ?? 0))]),
    ),
  };
}

function scalarsOf(resources: JsonObject): Readonly<Record<string, number>> {
  const scalars: Record<string, number> = {};
  for (const [name, value] of Object.entries(resources)) {
    if (typeof value === "number") scalars[name] = Math.round(value * 1_000);
  }
  return scalars;
}

function nameIn(domain: JsonValue | undefined, part: "region" | "zone"): string | undefined {
  const place = domain !== undefined && isJsonObject(domain) ? domain[part] : undefined;
  const name = place !== undefined && isJsonObject(place) ? place["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}
