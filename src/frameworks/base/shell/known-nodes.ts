/**
 * What the master says of its agents, asked only when somebody wants to know why something has no place, and kept for a
 * moment. It is the API that every framework has: `GET /slaves`. Source: contract mesos.md, operator endpoints.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { HttpClient } from "#foundation/http/index.ts";
import type { KnownNode, KnownNodes, SetAside } from "../core/known-nodes.ts";

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
    ...setAsideOf(agent),
    byRole: roomByRole(agent),
  };
}

function setAsideOf(agent: JsonObject): { readonly setAside?: SetAside } {
  if (agent["deactivated"] !== true) return {};
  const drain = agent["drain_info"];
  const state = drain !== undefined && isJsonObject(drain) ? drain["state"] : undefined;
  return { setAside: state === "DRAINING" ? "draining" : state === "DRAINED" ? "drained" : "deactivated" };
}

/** From the `_full` fields, which name the role of each resource. */
function roomByRole(agent: JsonObject): KnownNode["byRole"] {
  const reserved = agent["reserved_resources_full"];
  const totals = new Map<string, Record<string, number>>();
  const add = (sums: Map<string, Record<string, number>>, resources: JsonValue | undefined): void => {
    for (const resource of Array.isArray(resources) ? resources.filter(isJsonObject) : []) {
      const { name, scalar } = resource;
      const value = scalar !== undefined && isJsonObject(scalar) ? scalar["value"] : undefined;
      if (typeof name !== "string" || typeof value !== "number") continue;
      const role = roleIn(resource);
      const sum = sums.get(role) ?? {};
      sum[name] = (sum[name] ?? 0) + Math.round(value * 1_000);
      sums.set(role, sum);
    }
  };
  add(totals, agent["unreserved_resources_full"]);
  if (isJsonObject(reserved)) for (const resources of Object.values(reserved)) add(totals, resources);
  const used = new Map<string, Record<string, number>>();
  add(used, agent["used_resources_full"]);
  return Object.fromEntries(
    [...totals].map(([role, total]) => {
      const taken = used.get(role) ?? {};
      const free = Object.entries(total).map(([name, all]) => [name, Math.max(0, all - (taken[name] ?? 0))]);
      return [role, { total, free: Object.fromEntries(free) as Record<string, number> }];
    }),
  );
}

/** In the format of stacked reservations the innermost one counts; older masters say `role`. */
function roleIn(resource: JsonObject): string {
  const { reservations, role } = resource;
  const last = Array.isArray(reservations) ? reservations.filter(isJsonObject).at(-1) : undefined;
  const named = last?.["role"] ?? role;
  return typeof named === "string" ? named : "*";
}

function nameIn(domain: JsonValue | undefined, part: "region" | "zone"): string | undefined {
  const place = domain !== undefined && isJsonObject(domain) ? domain[part] : undefined;
  const name = place !== undefined && isJsonObject(place) ? place["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}
