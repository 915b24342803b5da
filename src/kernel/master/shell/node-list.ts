/** The nodes and the sums over them, for clients of our own. */
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { listNodes, NodeItem, showCapacity } from "#contracts/kernel/own-endpoints.ts";
import type { Resources } from "#domain/resources/index.ts";
import { type ListQuery, type ListShape, listWindow } from "#foundation/base/list-window.ts";
import { type AgentRecord, type AgentStanding, holdersOn, type MasterState } from "../core/index.ts";
import { attributesJson } from "./v0-records.ts";

/** A node that is registered, one of the registry that is not back yet, or one that was given up. */
type Node =
  | { readonly kind: "registered"; readonly id: string; readonly agent: AgentRecord }
  | {
      readonly kind: "away" | "unreachable";
      readonly id: string;
      readonly hostname: string;
      readonly standing: AgentStanding;
    }
  /** Only shown when asked for by its id. */
  | { readonly kind: "gone"; readonly id: string; readonly hostname: string };

export function nodeList(state: MasterState, query: ListQuery): ReplyOf<typeof listNodes> {
  const { items, total } = listWindow(nodesOf(state), query, nodeShape);
  return { items: items.map(nodeItem), total };
}

/** Undefined: it was never here. */
export function nodeOf(state: MasterState, id: string): NodeItem | undefined {
  const agent = state.agents.get(id);
  if (agent !== undefined) return nodeItem({ kind: "registered", id, agent });
  const away = state.recovered.get(id);
  if (away !== undefined) return nodeItem({ kind: "away", ...away, id });
  const unreachable = state.unreachable.get(id);
  if (unreachable !== undefined) return nodeItem({ kind: "unreachable", hostname: "", ...unreachable, id });
  const gone = state.gone.get(id);
  return gone === undefined ? undefined : nodeItem({ kind: "gone", id, hostname: gone.hostname });
}

export function capacity(state: MasterState, clusterName: string): ReplyOf<typeof showCapacity> {
  const total = nothing();
  const used = nothing();
  const offered = nothing();
  let active = 0;
  for (const agent of state.agents.values()) {
    if (agent.connection !== undefined) active += 1;
    add(total, agent.total);
    addUsed(used, agent);
    for (const { resources } of agent.offers.values()) add(offered, resources);
  }
  const tasks = new Map<string, number>();
  for (const framework of state.frameworks.values()) {
    for (const group of [framework.tasks, framework.unreachableTasks]) {
      for (const task of group.values()) tasks.set(task.state, (tasks.get(task.state) ?? 0) + 1);
    }
  }
  return {
    clusterName,
    total: wire(total),
    used: wire(used),
    offered: wire(offered),
    nodes: {
      active,
      disconnected: state.agents.size - active + state.recovered.size,
      unreachable: state.unreachable.size,
    },
    frameworks: state.frameworks.size,
    tasks: Object.fromEntries(tasks),
  };
}

function* nodesOf(state: MasterState): Generator<Node> {
  for (const agent of state.agents.values()) yield { kind: "registered", id: agent.id, agent };
  for (const { agentId, hostname, standing } of state.recovered.values())
    yield { kind: "away", id: agentId, hostname, standing };
  for (const [id, { hostname = "", standing }] of state.unreachable)
    yield { kind: "unreachable", id, hostname, standing };
}

const hostnameOf = (node: Node): string =>
  node.kind === "registered" ? node.agent.info.hostname : node.hostname;

function stateOf(node: Node): NodeItem["state"] {
  if (node.kind === "unreachable") return "unreachable";
  return node.kind === "registered" && node.agent.connection !== undefined ? "active" : "disconnected";
}

function standingOf(node: Node): AgentStanding | { readonly kind: "gone" } {
  if (node.kind === "gone") return node;
  return node.kind === "registered" ? node.agent.standing : node.standing;
}

function standingFields(node: Node): Pick<NodeItem, "standing" | "drain"> {
  const standing = standingOf(node);
  return {
    standing: standing.kind,
    ...("order" in standing ? { drain: { since: standing.since, ...standing.order } } : {}),
  };
}

const ofAgent =
  <Value>(read: (agent: AgentRecord) => Value) =>
  (node: Node): Value | undefined =>
    node.kind === "registered" ? read(node.agent) : undefined;

const nodeShape: ListShape<Node> = {
  words: (node) => [
    node.id,
    hostnameOf(node),
    ...(node.kind === "registered"
      ? Object.entries(attributesOf(node.agent)).map(([name, value]) => `${name}:${value}`)
      : []),
  ],
  fields: {
    id: ({ id }) => id,
    hostname: hostnameOf,
    state: stateOf,
    standing: (node) => standingOf(node).kind,
    isPublic: (node) => node.kind === "registered" && isPublic(node.agent),
    region: ofAgent((agent) => domainOf(agent).region),
    zone: ofAgent((agent) => domainOf(agent).zone),
    version: ofAgent(({ version }) => version),
    registeredAt: ofAgent(({ registeredAt }) => registeredAt),
    tasks: ofAgent(({ tasks }) => tasks.size),
    cpus: ofAgent(({ total }) => total.scalarMillis("cpus")),
    mem: ofAgent(({ total }) => total.scalarMillis("mem")),
    disk: ofAgent(({ total }) => total.scalarMillis("disk")),
    usedCpus: ofAgent((agent) => usedBy(agent).cpus),
    usedMem: ofAgent((agent) => usedBy(agent).mem),
    usedDisk: ofAgent((agent) => usedBy(agent).disk),
  },
  tests: {
    /** `attribute:rack=a`, or only its name. */
    attribute: (node, value) => {
      if (node.kind !== "registered") return false;
      const [name = "", ...rest] = value.split("=");
      const has = new Map(Object.entries(attributesOf(node.agent))).get(name);
      return has !== undefined && (rest.length === 0 || has === rest.join("="));
    },
  },
  tieBreak: (node) => `${hostnameOf(node)} ${node.id}`,
};

function nodeItem(node: Node): NodeItem {
  const none = wire(nothing());
  if (node.kind !== "registered") {
    const { id, hostname } = node;
    return {
      id,
      hostname,
      url: "",
      state: stateOf(node),
      ...standingFields(node),
      isPublic: false,
      attributes: {},
      total: none,
      used: none,
      offered: none,
      tasks: 0,
      registeredAt: 0,
      version: "",
    };
  }
  const { id, agent } = node;
  const { region, zone } = domainOf(agent);
  const total = nothing();
  const offered = nothing();
  add(total, agent.total);
  for (const { resources } of agent.offers.values()) add(offered, resources);
  return {
    id,
    hostname: agent.info.hostname,
    url: `http://${agent.pid.slice(agent.pid.indexOf("@") + 1)}`,
    state: stateOf(node),
    ...standingFields(node),
    isPublic: isPublic(agent),
    attributes: attributesOf(agent),
    ...(region === undefined ? {} : { region }),
    ...(zone === undefined ? {} : { zone }),
    total: wire(total),
    used: wire(usedBy(agent)),
    offered: wire(offered),
    tasks: agent.tasks.size,
    registeredAt: agent.registeredAt,
    version: agent.version,
  };
}

function attributesOf({ info }: AgentRecord): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributesJson(info.attributes ?? [])).map(([name, value]) => [name, String(value)]),
  );
}

/** Source: DC/OS: a public agent has the attribute `public_ip`. */
function isPublic({ info }: AgentRecord): boolean {
  return info.attributes?.some(({ name, text }) => name === "public_ip" && text?.value !== "false") ?? false;
}

function domainOf({ info }: AgentRecord): { readonly region?: string; readonly zone?: string } {
  const domain = info.domain?.fault_domain;
  return domain === undefined ? {} : { region: domain.region.name, zone: domain.zone.name };
}

/** Thousandths. */
interface Sums {
  cpus: number;
  mem: number;
  disk: number;
  gpus: number;
}

const nothing = (): Sums => ({ cpus: 0, mem: 0, disk: 0, gpus: 0 });

function add(sums: Sums, resources: Resources): void {
  for (const { name, amount } of resources.entries) {
    if (amount.kind !== "scalar") continue;
    if (name === "cpus" || name === "mem" || name === "disk" || name === "gpus") sums[name] += amount.millis;
  }
}

function addUsed(sums: Sums, agent: AgentRecord): void {
  for (const { resources } of holdersOn(agent)) add(sums, resources);
}

function usedBy(agent: AgentRecord): Sums {
  const used = nothing();
  addUsed(used, agent);
  return used;
}

const wire = ({ cpus, mem, disk, gpus }: Sums): NodeItem["total"] => ({
  cpus: cpus / 1000,
  mem: mem / 1000,
  disk: disk / 1000,
  gpus: gpus / 1000,
});
