/**
 * Why instances of an app have no place: one funnel over all nodes that are known. Nodes drop out by what can be changed
 * least first — role, constraints, GPUs, then what is free — and where the last one drops out is the true cause.
 */
import type { ReasonCode } from "#contracts/services/reasons.ts";
import { volumesOf } from "#domain/definitions/app.ts";
import { unionRanges } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import {
  freePortsOf,
  type KnownNode,
  type KnownNodes,
  roomOfRoles,
  setAsideAt,
} from "#frameworks/base/core/known-nodes.ts";
import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import { rolesByDefault } from "./accepted-roles.ts";
import type { App } from "./app-table.ts";
import { wishText } from "./disk-choice.ts";
import { roleOfApp } from "./framework-roles.ts";
import type { QueueEntry } from "./launch-queue.ts";
import {
  fixedPortsOf,
  type JudgedNode,
  judgeNode,
  type NodeQuestion,
  type NodeRoom,
  type ObstacleStage,
  obstacleStages,
  roomOfOffer,
} from "./node-verdicts.ts";
import { volumeReasons } from "./reasons-volumes.ts";
import type { ServicesState } from "./state.ts";

export interface PlacingOptions {
  readonly now: InstantMs;
  readonly known: KnownNodes | undefined;
  /** Node verdicts in the answer, the nearest misses first. */
  readonly nodesMax: number;
}

export function placingReasons(
  state: ServicesState,
  app: App,
  entry: QueueEntry,
  options: PlacingOptions,
): readonly ReasonFacts[] {
  const { known } = options;
  const role = roleOfApp(state, app);
  const facts = (code: ReasonCode, parameters: ReasonFacts["parameters"] = {}): ReasonFacts => ({
    code,
    parameters: { count: entry.waiting, ...parameters },
    commands: [commandFor(code, app.id, role)],
    since: entry.since,
    nodes: [],
  });
  const volumes = volumeReasons(state, app, known, facts);
  const isAllBound = volumes.waiting > 0 && volumes.waiting >= entry.waiting;
  if (isAllBound) return volumes.reasons;
  return [...volumes.reasons, ...placingAnywhere(state, app, entry, { ...options, role, facts })];
}

type MakeFacts = (code: ReasonCode, parameters?: ReasonFacts["parameters"]) => ReasonFacts;

/** Where more is to be seen, by what is in the way. */
function commandFor(code: ReasonCode, appId: string, role: string): string {
  switch (code) {
    case "noOffersYet":
    case "offersSuppressed":
    case "waitsItsTurn":
    case "roleRefused":
      return `role explain ${role}`;
    case "quotaLimited":
      return "quota list";
    case "portsTaken":
      return "ps";
    case "volumesAway":
    case "volumesLost":
      return `service instances ${appId}`;
    default:
      return "node list";
  }
}

/** Of instances that no volumes bind to a node. */
function placingAnywhere(
  state: ServicesState,
  app: App,
  entry: QueueEntry,
  options: PlacingOptions & { readonly role: string; readonly facts: MakeFacts },
): readonly ReasonFacts[] {
  const { known, facts, role } = options;
  const refusal = state.toldRoles.problemOf(role, options.now);
  if (refusal !== undefined)
    return [facts("roleRefused", { role, detail: refusal === "" ? "none" : refusal })];
  if (known !== undefined && !known.nodes.some(isCandidate)) {
    const down = known.downHosts?.length ?? 0;
    return [down > 0 ? facts("nodesSetAside", { nodes: down }) : facts("noAgents")];
  }
  const limited = quotaReason(app, options);
  if (state.queue.tokens <= 0) return [facts("waitsItsTurn")];
  const { lastUnusedAt, lastUsedAt } = entry.stats;
  if (lastUsedAt !== undefined && (lastUnusedAt === undefined || lastUsedAt > lastUnusedAt)) {
    return [facts("waitsItsTurn")];
  }
  const judged = judgeNodes(state, app, [...entry.stats.unusedOffers()], known);
  if (judged.length === 0) {
    return [limited ?? facts(state.interest.isSuppressed(options.role) ? "offersSuppressed" : "noOffersYet")];
  }
  const nodes = nearestFirst(judged)
    .slice(0, options.nodesMax)
    .map(({ verdict }) => verdict);
  const stage = lastStage(judged);
  if (stage === undefined) return [{ ...(limited ?? facts("noOffersYet")), nodes }];
  const left = remainingBefore(judged, stage);
  const first: ReasonFacts = { ...reasonOfStage(app, stage, left, facts), nodes };
  // What a limit keeps back looks like a lack on the nodes; what no node could give at all is told as that.
  if (
    limited !== undefined &&
    (stage === "resources" || stage === "ports") &&
    first.code !== "largerThanAnyNode"
  )
    return [{ ...limited, nodes }];
  // Whatever else keeps all nodes away has to be mended too.
  const others = obstacleStages
    .filter((other) => other !== stage && judged.every(({ stages }) => stages.has(other)))
    .map((other): ReasonFacts => ({ ...reasonOfStage(app, other, judged, facts), nodes: [] }));
  return [first, ...others];
}

/** The role may not use as much more as one instance needs. */
function quotaReason(
  app: App,
  { known, role, facts }: PlacingOptions & { readonly role: string; readonly facts: MakeFacts },
): ReasonFacts | undefined {
  // Limits are of top-level roles, with all below them.
  const [top = role] = role.split("/", 1);
  const quota = known?.limits?.get(top);
  for (const { name, millis } of quota === undefined ? [] : app.facts.scalars) {
    const limit = quota?.limit[name];
    const consumed = quota?.consumed[name] ?? 0;
    if (limit === undefined || limit - consumed >= millis) continue;
    const amounts = { limit: limit / 1_000, consumed: consumed / 1_000, wanted: millis / 1_000 };
    return facts("quotaLimited", { role: top, resource: name, ...amounts });
  }
  return undefined;
}

/** It could take something, or could if no operator had set it aside. */
const isCandidate = ({ isActive, setAside }: KnownNode): boolean => isActive || setAside !== undefined;

/**
 * Judged by the last unused offer where there is one, and by what the master says: an offer may be a scrap, while the rest
 * of its node is offered to somebody else, and is free all the same.
 */
export function judgeNodes(
  state: ServicesState,
  app: App,
  unused: Parameters<typeof roomOfOffer>[0][],
  known: KnownNodes | undefined,
): readonly JudgedNode[] {
  const question = questionOf(state, app);
  const totals = new Map((known?.nodes ?? []).map((node) => [node.agent.agentId, node]));
  const rooms = new Map<string, NodeRoom>();
  for (const offer of unused) {
    const room = roomOfOffer(offer, question);
    if (room === undefined) continue;
    const { agentId } = room.agent;
    const node = totals.get(agentId);
    // An agent that is gone for the master is no candidate any more.
    if (known !== undefined && node?.isActive !== true) continue;
    rooms.set(
      agentId,
      node === undefined ? room : withRest(room, node, { ...question, knownAt: known?.at ?? 0 }),
    );
  }
  for (const node of known?.nodes ?? []) {
    if (!isCandidate(node) || rooms.has(node.agent.agentId)) continue;
    rooms.set(node.agent.agentId, {
      agent: node.agent,
      ...roomOfRoles(node, question.acceptedRoles),
      disks: node.freeDisks,
      ports: freePortsOf(node, question.acceptedRoles),
      setAside: setAsideAt(node, { now: known?.at ?? 0, drainingMs: question.drainingMs }),
      at: known?.at ?? 0,
    });
  }
  return [...rooms.values()].map((room) => judgeNode(room, question));
}

/** Whoever holds the rest of the node. What the master said before the offer was made may be over: then the offer alone counts. */
function withRest(
  room: NodeRoom,
  node: KnownNode,
  { acceptedRoles, knownAt }: NodeQuestion & { readonly knownAt: InstantMs },
): NodeRoom {
  const { total, free } = roomOfRoles(node, acceptedRoles);
  if (knownAt < room.at) return { ...room, total };
  const names = [...Object.keys(room.free), ...Object.keys(free)];
  const ports = freePortsOf(node, acceptedRoles);
  return {
    ...room,
    total,
    free: Object.fromEntries(names.map((name) => [name, Math.max(room.free[name] ?? 0, free[name] ?? 0)])),
    ports: room.ports === undefined || ports === undefined ? room.ports : unionRanges(room.ports, ports),
  };
}

export function questionOf(state: ServicesState, app: App): NodeQuestion {
  const role = roleOfApp(state, app);
  return {
    app,
    acceptedRoles: app.facts.acceptedRoles ?? rolesByDefault(state.policy.acceptedRolesDefault, role),
    populationOf: (field) => ({
      instances: app.definition.instances,
      spread: state.instances.spreadOf(app.id, field),
    }),
    localRegion: state.connection.region,
    drainingMs: state.policy.drainingMs,
    gpuSchedulingBehavior: state.policy.gpuSchedulingBehavior,
  };
}

/** Where the last node drops out; undefined when one of them would do. */
function lastStage(judged: readonly JudgedNode[]): ObstacleStage | undefined {
  let left = judged;
  for (const stage of obstacleStages) {
    left = left.filter(({ stages }) => !stages.has(stage));
    if (left.length === 0) return stage;
  }
  return undefined;
}

function remainingBefore(judged: readonly JudgedNode[], stage: ObstacleStage): readonly JudgedNode[] {
  const earlier = obstacleStages.slice(0, obstacleStages.indexOf(stage));
  return judged.filter(({ stages }) => !earlier.some((each) => stages.has(each)));
}

function nearestFirst(judged: readonly JudgedNode[]): readonly JudgedNode[] {
  const obstacles = ({ verdict }: JudgedNode): number => verdict.short.length + verdict.causes.length;
  return [...judged].sort(
    (one, other) =>
      obstacles(one) - obstacles(other) ||
      (one.verdict.hostname < other.verdict.hostname
        ? -1
        : one.verdict.hostname > other.verdict.hostname
          ? 1
          : 0),
  );
}

function reasonOfStage(
  app: App,
  stage: ObstacleStage,
  left: readonly JudgedNode[],
  facts: (code: ReasonCode, parameters?: ReasonFacts["parameters"]) => ReasonFacts,
): ReasonFacts {
  const nodes = left.length;
  switch (stage) {
    case "role":
      return facts("roleMissing", { nodes, roles: left[0]?.verdict.causes[0]?.detail ?? "" });
    case "constraint": {
      const isNever = left.every(({ isNeverMet }) => isNeverMet);
      return facts(isNever ? "constraintNotSatisfiable" : "constraintUnsatisfied", {
        nodes,
        constraint: commonConstraint(app, left),
      });
    }
    case "gpus":
      return facts("gpusMissing", { nodes, wanted: app.definition.gpus });
    case "setAside":
      return facts("nodesSetAside", { nodes });
    case "disks":
      return facts("disksMissing", { nodes, disks: disksOf(app) });
    case "resources":
      return reasonOfShortage(app, left, facts);
    case "ports":
      return facts("portsTaken", { nodes, ...portsOf(app) });
  }
}

/** The constraint that most nodes fail, as written. */
function commonConstraint(app: App, left: readonly JudgedNode[]): string {
  const written = (app.definition.constraints ?? []).map((constraint) => constraint.join(" "));
  const counted = written.map((text) => ({
    text,
    count: left.filter(({ verdict }) => verdict.causes.some(({ detail }) => detail.startsWith(`${text} (`)))
      .length,
  }));
  counted.sort((one, other) => other.count - one.count);
  const first = counted[0];
  if (first !== undefined && first.count > 0) return first.text;
  return left[0]?.verdict.causes[0]?.detail ?? "";
}

/**
 * Larger than any node when one quantity is more than every node has in all; else short of what is free. The quantity
 * told is the one that most nodes are short of, with the node that comes nearest.
 */
function reasonOfShortage(
  app: App,
  left: readonly JudgedNode[],
  facts: (code: ReasonCode, parameters?: ReasonFacts["parameters"]) => ReasonFacts,
): ReasonFacts {
  const counted = new Map<string, number>();
  for (const { verdict } of left) {
    for (const { name } of verdict.short) counted.set(name, (counted.get(name) ?? 0) + 1);
  }
  const ranked = [...counted].sort(([one, many], [other, fewer]) => fewer - many || (one < other ? -1 : 1));
  for (const [name] of ranked) {
    const wanted =
      left.flatMap(({ verdict }) => verdict.short).find((each) => each.name === name)?.wanted ?? 0;
    const totals = left.map(({ room }) => ({ room, total: room.total?.[name] }));
    const isTooLarge = totals.every(({ total }) => total !== undefined && total < wanted * 1_000);
    if (!isTooLarge) continue;
    const largest = totals.reduce((best, each) => ((each.total ?? 0) > (best.total ?? 0) ? each : best));
    return facts("largerThanAnyNode", {
      resource: name,
      wanted,
      largest: (largest.total ?? 0) / 1_000,
      host: largest.room.agent.host,
      nodes: left.length,
      container: largestContainer(app, name),
    });
  }
  const [name = "cpus"] = ranked[0] ?? [];
  const short = left.flatMap(({ room, verdict }) =>
    verdict.short.filter((each) => each.name === name).map((each) => ({ ...each, host: room.agent.host })),
  );
  const nearest = short.reduce(
    (best, each) => (each.missing < best.missing ? each : best),
    short[0] ?? {
      wanted: 0,
      free: 0,
      missing: 0,
      host: "",
    },
  );
  return facts("insufficientResources", {
    resource: name,
    wanted: nearest.wanted,
    free: nearest.free,
    missing: nearest.missing,
    host: nearest.host,
    nodes: left.length,
  });
}

/** Of a pod, the container that asks for most of it; `none` for an app. */
function largestContainer({ definition }: App, name: string): string {
  if (name !== "cpus" && name !== "mem" && name !== "disk" && name !== "gpus") return "none";
  const containers = definition.pod?.containers ?? [];
  const [largest] = [...containers].sort((one, other) => other.resources[name] - one.resources[name]);
  return largest?.name ?? "none";
}

const disksOf = ({ definition }: App): string =>
  volumesOf(definition)
    .flatMap(({ persistent }) => (persistent.type === "root" ? [] : [wishText(persistent)]))
    .join(", ");

/** The ports it insists on, or how many it needs. */
function portsOf(app: App): { readonly kind: "fixed" | "any"; readonly ports: string } {
  const fixed = fixedPortsOf(app);
  return fixed.length > 0
    ? { kind: "fixed", ports: fixed.join(", ") }
    : { kind: "any", ports: String(app.facts.hostPorts.length) };
}
