/**
 * Where new instances of a service would go, worked out before they are asked for.
 *
 * One after the other is put where it fits, on what nodes are known to have free. Where that leaves exactly one node the
 * answer is exact as long as nobody else takes the room; where several would do, the first is only likely: which node
 * offers first is not for Services to say.
 */

import type { Constraint } from "#domain/placement/constraints.ts";
import { fieldValueOf } from "#domain/placement/offered-agent.ts";
import { Spread } from "#domain/placement/spread.ts";
import { Resources } from "#domain/resources/index.ts";
import type { App } from "./app-table.ts";
import { chooseDisks } from "./disk-choice.ts";
import { fixedPortsOf, type JudgedNode } from "./node-verdicts.ts";

export interface PlannedPlacement {
  readonly agentId: string;
  readonly hostname: string;
  readonly count: number;
  readonly certainty: "exact" | "likely";
}

export interface PlacementPlan {
  readonly placements: readonly PlannedPlacement[];
  readonly unplaced: number;
}

/** A node with one of these against it takes nothing, whatever else makes way. */
const outOfTheQuestion = ["role", "ports", "setAside"] as const;

/** Instances that are placed one by one; of more, the rest is taken to fit as the last one did. */
const placedMax = 1_000;

interface Candidate {
  readonly node: JudgedNode;
  readonly free: Record<string, number>;
  /** Undefined: not known, and taken to be enough. */
  disks: Resources | undefined;
  count: number;
}

export interface PlacementQuestion {
  readonly app: Pick<App, "definition" | "facts">;
  readonly count: number;
  /** Nodes with what is free on them for this service, what it gives up itself included. */
  readonly nodes: readonly JudgedNode[];
  /** Where instances that stay are, by field. */
  readonly spreadOf: (field: string) => Spread;
}

export function planPlacements(question: PlacementQuestion): PlacementPlan {
  const { app, nodes } = question;
  const count = Math.min(question.count, placedMax);
  const spreads = new Map(
    app.facts.constraints.map(({ field }) => [field, copyOf(question.spreadOf(field), field, nodes)]),
  );
  const candidates = nodes
    .filter(({ stages, isNeverMet }) => outOfTheQuestion.every((stage) => !stages.has(stage)) && !isNeverMet)
    .map(
      (node): Candidate => ({
        node,
        free: { ...node.room.free },
        disks: node.room.disks === undefined ? undefined : Resources.of(node.room.disks),
        count: 0,
      }),
    );
  const accepts = (candidate: Candidate): boolean => fits(app, candidate, spreads);
  let placed = 0;
  let wasForced = true;
  while (placed < count) {
    const open = firstTwo(candidates, accepts);
    const [chosen] = open;
    if (chosen === undefined) break;
    wasForced &&= open.length === 1;
    take(app, chosen, spreads);
    placed += 1;
  }
  // When all room there is gets used, it does not matter in which order.
  const isFull = placed > 0 && isIndifferent(app.facts.constraints, candidates) && !candidates.some(accepts);
  const certainty = (wasForced || isFull) && question.count <= placedMax ? "exact" : "likely";
  return {
    placements: candidates
      .filter((candidate) => candidate.count > 0)
      .map(({ node, count: taken }) => ({
        agentId: node.room.agent.agentId,
        hostname: node.room.agent.host,
        count: taken,
        certainty,
      })),
    unplaced: placed < count ? question.count - placed : 0,
  };
}

/** Constraints under which the number of instances a node takes does not hang on the order of nodes. */
function isIndifferent(constraints: readonly Constraint[], candidates: readonly Candidate[]): boolean {
  const isOneNodeAHost =
    new Set(candidates.map(({ node }) => node.room.agent.host)).size === candidates.length;
  return constraints.every(({ field, operator }) => {
    switch (operator) {
      case "LIKE":
      case "UNLIKE":
      case "IS":
        return true;
      case "UNIQUE":
      case "MAX_PER":
        return isOneNodeAHost && (field === "hostname" || field === "@hostname");
      default:
        return false;
    }
  });
}

function firstTwo(
  candidates: readonly Candidate[],
  accepts: (each: Candidate) => boolean,
): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const candidate of candidates) {
    if (!accepts(candidate)) continue;
    found.push(candidate);
    if (found.length === 2) break;
  }
  return found;
}

function fits(
  { facts, definition }: PlacementQuestion["app"],
  { node, free, disks, count }: Candidate,
  spreads: ReadonlyMap<string, Spread>,
): boolean {
  if (!facts.scalars.every(({ name, millis }) => (free[name] ?? 0) >= millis)) return false;
  if (disks !== undefined && chooseDisks(facts.disks, disks.entries) === undefined) return false;
  // A port that is insisted on can be had once on a node.
  if (count > 0 && fixedPortsOf({ facts }).length > 0) return false;
  return facts.constraints.every((constraint) => {
    const spread = spreads.get(constraint.field) ?? new Spread();
    const value = fieldValueOf(node.room.agent, constraint.field);
    return constraint.accepts(value, { instances: definition.instances, spread });
  });
}

function take(
  { facts }: PlacementQuestion["app"],
  candidate: Candidate,
  spreads: ReadonlyMap<string, Spread>,
): void {
  for (const { name, millis } of facts.scalars) candidate.free[name] = (candidate.free[name] ?? 0) - millis;
  const taken = chooseDisks(facts.disks, candidate.disks?.entries ?? []);
  candidate.disks = candidate.disks?.minus(Resources.of(taken ?? []));
  candidate.count += 1;
  for (const [field, spread] of spreads) {
    const value = fieldValueOf(candidate.node.room.agent, field);
    if (value !== undefined) spread.add(value);
  }
}

/** Values of nodes are all that can be asked for. */
function copyOf(spread: Spread, field: string, nodes: readonly JudgedNode[]): Spread {
  const values = new Set(nodes.flatMap(({ room }) => fieldValueOf(room.agent, field) ?? []));
  if (spread.first !== undefined) values.add(spread.first);
  return Spread.of([...values].map((value) => [value, spread.count(value)] as const));
}
