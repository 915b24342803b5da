/**
 * What keeps an app from each node: every obstacle, with its numbers, judged again from the last offer of the node or,
 * where none came, from what the master says of it.
 *
 * Source: contract marathon.md section 13; the same rules as `matching.ts`, told instead of applied.
 */
import type { ReasonCode } from "#contracts/services/reasons.ts";
import { compileConstraint, type FieldPopulation } from "#domain/placement/constraints.ts";
import { agentOf, fieldValueOf } from "#domain/placement/offered-agent.ts";
import { isInMaintenance, isUsable, isUsableDisk } from "#domain/placement/offered-resources.ts";
import { Spread } from "#domain/placement/spread.ts";
import {
  countOf,
  type Entry,
  includes,
  parseResources,
  type Ranges,
  ResourcesInvalid,
} from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { SetAside } from "#frameworks/base/core/known-nodes.ts";
import type { NodeFacts } from "#frameworks/base/core/reason-facts.ts";
import type { App } from "./app-table.ts";
import { chooseDisks, diskText } from "./disk-choice.ts";
import { type GpuSchedulingBehavior, sparesGpus } from "./gpu-behavior.ts";
import type { InstanceAgent } from "./instance.ts";
import type { UnusedOffer } from "./offer-stats.ts";

/** A node as an app could use it. */
export interface NodeRoom {
  readonly agent: InstanceAgent;
  /** By resource, in thousandths, of roles the app may use. */
  readonly free: Readonly<Record<string, number>>;
  /** All it has, free or not; undefined while nobody said. */
  readonly total: Readonly<Record<string, number>> | undefined;
  /** Beside its own, and nobody's; undefined: not known. */
  readonly disks: readonly Entry[] | undefined;
  /** undefined: not known. */
  readonly ports: Ranges | undefined;
  readonly setAside: SetAside | undefined;
  /** ms UTC of what this is judged by. */
  readonly at: InstantMs;
}

/** In this order a node is out of the question. */
export type ObstacleStage = "role" | "constraint" | "gpus" | "setAside" | "disks" | "resources" | "ports";
export const obstacleStages: readonly ObstacleStage[] = [
  "role",
  "constraint",
  "gpus",
  "setAside",
  "disks",
  "resources",
  "ports",
];

export interface JudgedNode {
  readonly room: NodeRoom;
  readonly stages: ReadonlySet<ObstacleStage>;
  /** Constraints that no number of instances elsewhere would change. */
  readonly isNeverMet: boolean;
  readonly verdict: NodeFacts;
}

export interface NodeQuestion {
  readonly app: App;
  readonly acceptedRoles: ReadonlySet<string>;
  readonly populationOf: (field: string) => FieldPopulation;
  readonly localRegion: string | undefined;
  readonly drainingMs: number;
  readonly gpuSchedulingBehavior: GpuSchedulingBehavior;
}

/** Malformed resources say nothing. */
export function roomOfOffer(
  { offer, at }: UnusedOffer,
  { acceptedRoles, drainingMs }: Pick<NodeQuestion, "acceptedRoles" | "drainingMs">,
): NodeRoom | undefined {
  try {
    const all = parseResources(offer.resources ?? []);
    const isAccepted = (role: string): boolean => acceptedRoles.has(role);
    const usable = all.filter((entry) => isUsable(entry, isAccepted));
    return {
      agent: agentOf(offer),
      free: Object.fromEntries(scalarNames.map((name) => [name, usable.scalarMillis(name)])),
      total: undefined,
      disks: all.entries.filter((entry) => isUsableDisk(entry, isAccepted)),
      ports: usable.ranges("ports"),
      setAside: isInMaintenance(offer, { now: at, drainingMs }) ? "maintenance" : undefined,
      at,
    };
  } catch (error) {
    if (error instanceof ResourcesInvalid) return undefined;
    throw error;
  }
}

const scalarNames = ["cpus", "mem", "disk", "gpus"] as const;

export function judgeNode(room: NodeRoom, question: NodeQuestion): JudgedNode {
  const stages = new Set<ObstacleStage>();
  const causes: { readonly code: ReasonCode; readonly detail: string }[] = [];
  const against = (stage: ObstacleStage, code: ReasonCode, detail: string): void => {
    stages.add(stage);
    causes.push({ code, detail });
  };
  const { app } = question;
  // What is reserved for others is not there for it, however large the node is.
  const ofItsRoles = room.total ?? room.free;
  const hasNothing = scalarNames.every((name) => (ofItsRoles[name] ?? 0) === 0);
  if (hasNothing) against("role", "roleMissing", [...question.acceptedRoles].sort().join(", "));
  const constraints = constraintsAgainst(room, question);
  for (const { text, never } of constraints) {
    against("constraint", never ? "constraintNotSatisfiable" : "constraintUnsatisfied", text);
  }
  const hasGpus = (room.total?.["gpus"] ?? room.free["gpus"] ?? 0) > 0;
  if (hasGpus && sparesGpus(app, question.gpuSchedulingBehavior)) {
    against("constraint", "constraintNotSatisfiable", "GPU_SCHEDULING_BEHAVIOR");
  }
  if (room.setAside !== undefined) against("setAside", "nodesSetAside", room.setAside);
  // What follows from having nothing for its roles is not told beside it.
  const isShortOfDisks = room.disks !== undefined && chooseDisks(app.facts.disks, room.disks) === undefined;
  if (isShortOfDisks && !hasNothing)
    against("disks", "disksMissing", room.disks.map(diskText).join(", ") || "-");
  const asked = hasNothing ? [] : app.facts.scalars;
  const short = asked.flatMap(({ name, millis }) => {
    const free = room.free[name] ?? 0;
    if (free >= millis) return [];
    stages.add(name === "gpus" ? "gpus" : "resources");
    return [{ name, wanted: millis / 1_000, free: free / 1_000, missing: Math.round(millis - free) / 1_000 }];
  });
  for (const port of hasNothing ? [] : takenPorts(app, room.ports))
    against("ports", "portsTaken", String(port));
  const { agentId, host } = room.agent;
  return {
    room,
    stages,
    isNeverMet: constraints.some(({ never }) => never),
    verdict: { agentId, hostname: host, short, causes, at: room.at },
  };
}

interface UnmetConstraint {
  readonly text: string;
  readonly never: boolean;
}

/** As written, with what the node has instead. */
function constraintsAgainst(
  room: NodeRoom,
  { app, populationOf, localRegion }: NodeQuestion,
): readonly UnmetConstraint[] {
  const unmet = (app.definition.constraints ?? []).flatMap((written): readonly UnmetConstraint[] => {
    const constraint = compileConstraint(written);
    const value = fieldValueOf(room.agent, constraint.field);
    if (constraint.accepts(value, populationOf(constraint.field))) return [];
    const never = !constraint.accepts(value, { instances: app.definition.instances, spread: new Spread() });
    return [{ text: `${written.join(" ")} (${value ?? "-"})`, never }];
  });
  const { region } = room.agent;
  const isFar = region !== undefined && localRegion !== undefined && region !== localRegion;
  const asksForRegions = app.facts.constraints.some(({ field }) => field === "@region" || field === "@zone");
  return isFar && !asksForRegions ? [...unmet, { text: `@region (${region})`, never: true }] : unmet;
}

export const fixedPortsOf = ({ facts }: Pick<App, "facts">): readonly number[] =>
  facts.hostPorts.filter((port) => port !== undefined);

/** Ports it insists on and the node does not have free; of others, whether there are enough. */
function takenPorts(app: App, offered: Ranges | undefined): readonly number[] {
  const { hostPorts } = app.facts;
  if (offered === undefined || hostPorts.length === 0) return [];
  const missing = fixedPortsOf(app).filter((port) => !includes(offered, port));
  if (missing.length > 0) return missing;
  return countOf(offered) < hostPorts.length ? [0] : [];
}
