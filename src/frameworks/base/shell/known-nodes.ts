/**
 * What the master says of its agents, of maintenance and of limits by quota, asked only when somebody wants to know why
 * something has no place, and kept for a moment. It is the API that every framework has: `GET /slaves`,
 * `/maintenance/schedule` and `/roles`. Source: contract mesos.md, operator endpoints.
 */

import { decodeMessage, MessageInvalid } from "#contracts/kernel/json-codec.ts";
import { instanceLabel } from "#domain/placement/offered-resources.ts";
import {
  coalesce,
  type Entry,
  parseResources,
  type Ranges,
  type Resources,
  ResourcesInvalid,
  subtractRanges,
  unionRanges,
} from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { HttpClient } from "#foundation/http/index.ts";
import type { KnownNode, KnownNodes, RoleLimit, SetAside } from "../core/known-nodes.ts";

/** An answer is good for so long. */
const keptMs = 500;
/** A person waits: better an answer without the master's word than none. */
const deadlineMs = 1_500;

export class NodeSource {
  readonly #client: Pick<HttpClient, "send">;
  readonly #masterUrl: () => string | undefined;
  readonly #now: () => InstantMs;
  #last: KnownNodes | undefined;
  #asking: Promise<KnownNodes | undefined> | undefined;

  constructor(options: {
    readonly client: Pick<HttpClient, "send">;
    /** Undefined while no master leads. */
    readonly masterUrl: () => string | undefined;
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
    const [agents, schedule, roles] = await Promise.all(
      ["/slaves", "/maintenance/schedule", "/roles"].map((path) => this.#get(path)),
    );
    if (agents === undefined) return undefined;
    this.#last = knownFrom({ agents, schedule, roles }, this.#now());
    return this.#last;
  }

  async #get(path: string): Promise<JsonValue | undefined> {
    const master = this.#masterUrl();
    if (master === undefined) return undefined;
    try {
      const url = `${master}${path}`;
      const answer = await this.#client.send({ method: "GET", url }, deadlineMs);
      return answer.status === 200 ? (JSON.parse(answer.body.toString("utf8")) as JsonValue) : undefined;
    } catch {
      // The reason for not knowing is told by the core: it is not connected either, or soon won't be.
      return undefined;
    }
  }
}

/** What the answers say together; of what was not answered nothing is known. */
export function knownFrom(
  answers: {
    readonly agents: JsonValue;
    readonly schedule: JsonValue | undefined;
    readonly roles: JsonValue | undefined;
  },
  at: InstantMs,
): KnownNodes {
  const windows = windowsIn(answers.schedule, at);
  const nodes = nodesIn(answers.agents).map((node) => {
    const maintenance = windows.get(node.agent.host);
    return maintenance === undefined ? node : { ...node, maintenance };
  });
  const hosts = new Set(nodes.map(({ agent }) => agent.host));
  const downHosts = [...windows].flatMap(([host, { startsAt, endsAt = Number.POSITIVE_INFINITY }]) =>
    !hosts.has(host) && startsAt <= at && at < endsAt ? [host] : [],
  );
  return {
    at,
    nodes,
    downHosts,
    ...(answers.roles === undefined ? {} : { limits: limitsIn(answers.roles) }),
  };
}

const listIn = (value: JsonValue | undefined, name: string): readonly JsonObject[] => {
  const list = value !== undefined && isJsonObject(value) ? value[name] : undefined;
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
};
const fieldIn = (value: JsonValue | undefined, name: string): JsonValue | undefined =>
  value !== undefined && isJsonObject(value) ? value[name] : undefined;

/** By host, the first window that is not over. */
function windowsIn(
  schedule: JsonValue | undefined,
  at: InstantMs,
): ReadonlyMap<string, NonNullable<KnownNode["maintenance"]>> {
  const windows = new Map<string, NonNullable<KnownNode["maintenance"]>>();
  for (const window of listIn(schedule, "windows")) {
    const start = fieldIn(fieldIn(window["unavailability"], "start"), "nanoseconds");
    const duration = fieldIn(fieldIn(window["unavailability"], "duration"), "nanoseconds");
    if (typeof start !== "number") continue;
    const startsAt = start / 1_000_000;
    const endsAt = typeof duration === "number" ? startsAt + duration / 1_000_000 : undefined;
    if (endsAt !== undefined && endsAt <= at) continue;
    for (const { hostname } of listIn(window, "machine_ids")) {
      if (typeof hostname !== "string" || (windows.get(hostname)?.startsAt ?? startsAt) < startsAt) continue;
      windows.set(hostname, { startsAt, ...(endsAt === undefined ? {} : { endsAt }) });
    }
  }
  return windows;
}

function limitsIn(roles: JsonValue): ReadonlyMap<string, RoleLimit> {
  return new Map(
    listIn(roles, "roles").flatMap(({ name, quota }) => {
      const limit = millisOf(fieldIn(quota, "limit"));
      if (typeof name !== "string" || Object.keys(limit).length === 0) return [];
      return [[name, { limit, consumed: millisOf(fieldIn(quota, "consumed")) }] as const];
    }),
  );
}

function millisOf(amounts: JsonValue | undefined): Record<string, number> {
  const entries = Object.entries(amounts !== undefined && isJsonObject(amounts) ? amounts : {});
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      typeof value === "number" ? [[name, Math.round(value * 1_000)] as const] : [],
    ),
  );
}

/** Agents of an answer; what is not understood is left out. */
export const nodesIn = (answer: JsonValue): readonly KnownNode[] => listIn(answer, "slaves").map(nodeOf);

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
    ...addressOf(agent),
    ...setAsideOf(agent),
    reservedFor: reservedForIn(agent),
    byRole: roomByRole(agent),
    freeDisks: freeDisksIn(agent),
    freePorts: freePortsByRole(agent),
  };
}

/** `slave(1)@host:port` */
function addressOf({ pid }: JsonObject): Pick<KnownNode, "address"> {
  const address = typeof pid === "string" ? pid.split("@")[1] : undefined;
  return address === undefined ? {} : { address };
}

function setAsideOf(agent: JsonObject): { readonly setAside?: SetAside } {
  if (agent["deactivated"] !== true) return {};
  const drain = agent["drain_info"];
  const state = drain !== undefined && isJsonObject(drain) ? drain["state"] : undefined;
  return { setAside: state === "DRAINING" ? "draining" : state === "DRAINED" ? "drained" : "deactivated" };
}

/** Instances that reservations carry the name of. */
function reservedForIn(agent: JsonObject): ReadonlySet<string> {
  const byRole = agent["reserved_resources_full"];
  const resources = byRole !== undefined && isJsonObject(byRole) ? Object.values(byRole).flat() : [];
  return new Set(
    resources.filter(isJsonObject).flatMap((resource) => {
      const last = listIn(resource, "reservations").at(-1);
      const labels = fieldIn(last ?? resource["reservation"], "labels");
      return listIn(labels, "labels").flatMap(({ key, value }) =>
        key === instanceLabel && typeof value === "string" ? [value] : [],
      );
    }),
  );
}

/** Reserved for one instance, or its volume: nobody else can take it, free or not. */
function isOfOne(resource: JsonObject): boolean {
  const last = listIn(resource, "reservations").at(-1);
  const labels = fieldIn(last ?? resource["reservation"], "labels");
  return (
    listIn(labels, "labels").some(({ key }) => key === instanceLabel) ||
    fieldIn(resource["disk"], "persistence") !== undefined
  );
}

/** All it has, from the `_full` fields, which name the role of each resource. */
function resourcesOf(agent: JsonObject): readonly JsonObject[] {
  const reserved = agent["reserved_resources_full"];
  return [
    listIn(agent, "unreserved_resources_full"),
    ...(isJsonObject(reserved) ? Object.keys(reserved).map((role) => listIn(reserved, role)) : []),
  ].flat();
}

function roomByRole(agent: JsonObject): KnownNode["byRole"] {
  const used = scalarsByRole(listIn(agent, "used_resources_full"));
  return Object.fromEntries(
    [...scalarsByRole(resourcesOf(agent))].map(([role, total]) => {
      const taken = used.get(role) ?? {};
      const free = Object.entries(total).map(([name, all]) => [name, Math.max(0, all - (taken[name] ?? 0))]);
      return [role, { total, free: Object.fromEntries(free) as Record<string, number> }];
    }),
  );
}

function scalarsByRole(resources: readonly JsonObject[]): ReadonlyMap<string, Record<string, number>> {
  const sums = new Map<string, Record<string, number>>();
  for (const resource of resources) {
    const { name } = resource;
    const value = fieldIn(resource["scalar"], "value");
    if (typeof name !== "string" || typeof value !== "number") continue;
    if (isOfOne(resource) || isOther(resource)) continue;
    const role = roleIn(resource);
    const sum = sums.get(role) ?? {};
    sum[name] = (sum[name] ?? 0) + Math.round(value * 1_000);
    sums.set(role, sum);
  }
  return sums;
}

/** Of another disk than the agent's own. */
const isOther = ({ disk }: JsonObject): boolean => fieldIn(disk, "source") !== undefined;

function freeDisksIn(agent: JsonObject): readonly Entry[] {
  const disksIn = (name: string): Resources =>
    parseResources(
      listIn(agent, name)
        .filter(isOther)
        .map((each) => decodeMessage("Resource", each)),
    ).unreserved();
  try {
    const all = disksIn("unreserved_resources_full");
    const used = disksIn("used_resources_full");
    return (all.contains(used) ? all.minus(used) : all).entries;
  } catch (error) {
    if (error instanceof ResourcesInvalid || error instanceof MessageInvalid) return [];
    throw error;
  }
}

function freePortsByRole(agent: JsonObject): Readonly<Record<string, Ranges>> {
  const used = portsByRole(listIn(agent, "used_resources_full"));
  return Object.fromEntries(
    [...portsByRole(resourcesOf(agent))].map(([role, ports]) => [
      role,
      subtractRanges(ports, used.get(role) ?? []),
    ]),
  );
}

function portsByRole(resources: readonly JsonObject[]): ReadonlyMap<string, Ranges> {
  const sums = new Map<string, Ranges>();
  for (const resource of resources.filter((each) => each["name"] === "ports" && !isOfOne(each))) {
    const role = roleIn(resource);
    const ranges = listIn(fieldIn(resource, "ranges"), "range").flatMap(({ begin, end }) =>
      typeof begin === "number" && typeof end === "number" ? [{ begin, end }] : [],
    );
    sums.set(role, unionRanges(sums.get(role) ?? [], coalesce(ranges)));
  }
  return sums;
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
