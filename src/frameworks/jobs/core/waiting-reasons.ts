/**
 * Why a run has no place: over all nodes that are known, what keeps it from each. Nodes drop out by what can be changed
 * least first, and where the last one drops out is the true cause. The same rules as `offers.ts`, told instead of applied.
 */
import type { ReasonCode } from "#contracts/services/reasons.ts";
import type { JobRunSpec } from "#domain/jobs/index.ts";
import { noPopulation } from "#domain/placement/constraints.ts";
import { fieldValueOf } from "#domain/placement/offered-agent.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { ImagePulls } from "#frameworks/base/core/image-pulls.ts";
import {
  type KnownNode,
  type KnownNodes,
  roomOfRoles,
  setAsideAt,
} from "#frameworks/base/core/known-nodes.ts";
import type { NodeFacts, ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import { constraintsOf } from "./job-table.ts";
import type { Run } from "./run.ts";
import type { JobsState } from "./state.ts";

export interface ExplainOptions {
  readonly now: InstantMs;
  /** What the master says; undefined when it was not asked or does not answer. */
  readonly known: KnownNodes | undefined;
  /** Node verdicts in the answer, the nearest misses first. */
  readonly nodesMax: number;
  /** What agents said of images on their way, when they were asked. */
  readonly pulls?: ImagePulls;
}

type MakeFacts = (code: ReasonCode, parameters?: ReasonFacts["parameters"]) => ReasonFacts;

const roles: ReadonlySet<string> = new Set(["*"]);
const resources = ["cpus", "mem", "disk", "gpus"] as const;
const stages = ["role", "constraint", "gpus", "setAside", "resources"] as const;
/** As Marathon calls it. */
const sparingGpus = "GPU_SCHEDULING_BEHAVIOR";
type Stage = (typeof stages)[number];

interface Judged {
  readonly node: KnownNode;
  readonly stages: ReadonlySet<Stage>;
  readonly verdict: NodeFacts;
}

/** Of a run that waits. */
export function waitingReason(state: JobsState, run: Run, options: ExplainOptions): ReasonFacts {
  const { obstacle, verdicts } = roomFor(state, run.spec, options);
  const code = state.interest.isSuppressed(state.policy.role) ? "offersSuppressed" : "noOffersYet";
  const reason = obstacle ?? { ...factsMaker(state)(code), nodes: verdicts };
  return { ...reason, since: run.createdAt };
}

export interface Room {
  /** Nodes that could take it now; none when nodes are not known. */
  readonly fitting: readonly KnownNode[];
  /** What keeps it from all of them; undefined when nothing is known to. */
  readonly obstacle: ReasonFacts | undefined;
  /** The nearest misses first. */
  readonly verdicts: NodeFacts[];
}

/** Where a run of this kind would find a place. */
export function roomFor(state: JobsState, spec: JobRunSpec, { known, nodesMax }: ExplainOptions): Room {
  const { role, drainingMs } = state.policy;
  const facts = factsMaker(state);
  const none = (obstacle: ReasonFacts | undefined): Room => ({ fitting: [], obstacle, verdicts: [] });
  if (!state.connection.isConnected) return none(facts("kernelUnreachable"));
  if (known === undefined) return none(undefined);
  const candidates = known.nodes.filter(({ isActive, setAside }) => isActive || setAside !== undefined);
  if (candidates.length === 0) return none(facts("noAgents"));
  const quota = quotaReason(spec, known, role, facts);
  if (quota !== undefined) return none(quota);
  const judged = candidates.map((node) =>
    judge({ node, at: known.at, setAside: setAsideAt(node, { now: known.at, drainingMs }) }, spec),
  );
  const verdicts = nearestFirst(judged)
    .slice(0, nodesMax)
    .map(({ verdict }) => verdict);
  const fitting = judged.filter((each) => each.stages.size === 0).map(({ node }) => node);
  const stage = lastStage(judged);
  if (stage === undefined) return { fitting, obstacle: undefined, verdicts };
  const left = judged.filter(
    (each) => !stages.slice(0, stages.indexOf(stage)).some((earlier) => each.stages.has(earlier)),
  );
  return { fitting, obstacle: { ...ofStage(stage, left, spec, facts), nodes: verdicts }, verdicts };
}

const factsMaker =
  ({ policy }: JobsState): MakeFacts =>
  (code, parameters = {}) => ({
    code,
    parameters: { count: 1, ...parameters },
    commands: [commandFor(code, policy.role)],
    nodes: [],
  });

/** Where more is to be seen. */
function commandFor(code: ReasonCode, role: string): string {
  switch (code) {
    case "kernelUnreachable":
      return "doctor";
    case "noOffersYet":
    case "offersSuppressed":
      return `role explain '${role}'`;
    case "quotaLimited":
      return "quota list";
    default:
      return "node list";
  }
}

function quotaReason(
  spec: JobRunSpec,
  { limits }: KnownNodes,
  role: string,
  facts: MakeFacts,
): ReasonFacts | undefined {
  // Limits are of top-level roles, with all below them.
  const [top = role] = role.split("/", 1);
  const quota = limits?.get(top);
  for (const resource of quota === undefined ? [] : resources) {
    const limit = quota?.limit[resource];
    const consumed = quota?.consumed[resource] ?? 0;
    const wanted = spec[resource];
    if (limit === undefined || limit - consumed >= wanted * 1_000) continue;
    return facts("quotaLimited", {
      role: top,
      resource,
      limit: limit / 1_000,
      consumed: consumed / 1_000,
      wanted,
    });
  }
  return undefined;
}

interface Candidate {
  readonly node: KnownNode;
  readonly at: InstantMs;
  readonly setAside: KnownNode["setAside"];
}

function judge({ node, at, setAside }: Candidate, spec: JobRunSpec): Judged {
  const found = new Set<Stage>();
  const causes: { code: ReasonCode; detail: string }[] = [];
  const against = (stage: Stage, code: ReasonCode, detail: string): void => {
    found.add(stage);
    causes.push({ code, detail });
  };
  const room = roomOfRoles(node, roles);
  if (resources.every((name) => (room.total[name] ?? 0) === 0)) against("role", "roleMissing", "*");
  const written = spec.placement.constraints.filter(({ value }) => value !== undefined);
  for (const [index, constraint] of constraintsOf(spec).entries()) {
    const value = fieldValueOf(node.agent, constraint.field);
    if (constraint.accepts(value, noPopulation)) continue;
    const { attribute = "", operator = "", value: wanted = "" } = written[index] ?? {};
    against("constraint", "constraintNotSatisfiable", `${attribute} ${operator} ${wanted} (${value ?? "-"})`);
  }
  // Nodes with GPUs are kept for those who need them.
  if (spec.gpus === 0 && (room.free["gpus"] ?? 0) > 0)
    against("constraint", "constraintNotSatisfiable", sparingGpus);
  if (setAside !== undefined) against("setAside", "nodesSetAside", setAside);
  const short = resources.flatMap((name) => {
    const wanted = Math.round(spec[name] * 1_000);
    const free = room.free[name] ?? 0;
    if (free >= wanted) return [];
    found.add(name === "gpus" ? "gpus" : "resources");
    return [{ name, wanted: wanted / 1_000, free: free / 1_000, missing: (wanted - free) / 1_000 }];
  });
  const { agentId, host } = node.agent;
  return { node, stages: found, verdict: { agentId, hostname: host, short, causes, at } };
}

/** Where the last node drops out; undefined when one of them would do. */
function lastStage(judged: readonly Judged[]): Stage | undefined {
  let left = judged;
  for (const stage of stages) {
    left = left.filter((each) => !each.stages.has(stage));
    if (left.length === 0) return stage;
  }
  return undefined;
}

function nearestFirst(judged: readonly Judged[]): readonly Judged[] {
  const obstacles = ({ verdict }: Judged): number => verdict.short.length + verdict.causes.length;
  return [...judged].sort((one, other) => obstacles(one) - obstacles(other));
}

function ofStage(stage: Stage, left: readonly Judged[], spec: JobRunSpec, facts: MakeFacts): ReasonFacts {
  const nodes = left.length;
  switch (stage) {
    case "role":
      return facts("roleMissing", { nodes, roles: "*" });
    case "constraint": {
      const [first] = spec.placement.constraints.filter(({ attribute, operator }) =>
        left.some(({ verdict }) =>
          verdict.causes.some(({ detail }) => detail.startsWith(`${attribute} ${operator} `)),
        ),
      );
      if (first === undefined) return facts("constraintNotSatisfiable", { nodes, constraint: sparingGpus });
      const { attribute, operator, value = "" } = first;
      return facts("constraintNotSatisfiable", { nodes, constraint: `${attribute} ${operator} ${value}` });
    }
    case "gpus":
      return facts("gpusMissing", { nodes, wanted: spec.gpus });
    case "setAside":
      return facts("nodesSetAside", { nodes });
    case "resources":
      return shortage(left, spec, facts);
  }
}

/** Larger than any node when one quantity is more than every node has in all; else short of what is free. */
function shortage(left: readonly Judged[], spec: JobRunSpec, facts: MakeFacts): ReasonFacts {
  const nodes = left.length;
  for (const name of resources) {
    const totals = left.map(({ node }) => ({
      host: node.agent.host,
      total: roomOfRoles(node, roles).total[name] ?? 0,
    }));
    const largest = totals.reduce((best, each) => (each.total > best.total ? each : best));
    if (largest.total >= spec[name] * 1_000) continue;
    return facts("largerThanAnyNode", {
      resource: name,
      wanted: spec[name],
      largest: largest.total / 1_000,
      host: largest.host,
      container: "none",
      nodes,
    });
  }
  const short = left
    .flatMap(({ node, verdict }) => verdict.short.map((each) => ({ ...each, host: node.agent.host })))
    .sort((one, other) => one.missing / one.wanted - other.missing / other.wanted);
  const { name: resource = "cpus", wanted = 0, free = 0, missing = 0, host = "" } = short[0] ?? {};
  return facts("insufficientResources", { resource, wanted, free, missing, host, nodes });
}
