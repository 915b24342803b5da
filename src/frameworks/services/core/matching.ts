/**
 * Whether what is left of an offer can take one instance of an app, and what it would take.
 *
 * Every reason against is collected, not only the first: people ask why something waits.
 * Source: contract marathon.md section 13.
 */
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import type { FieldPopulation } from "#domain/placement/constraints.ts";
import { fieldValueOf } from "#domain/placement/offered-agent.ts";
import {
  isInMaintenance,
  isUsable,
  isUsableDisk,
  reservedFirst,
  takeScalar,
} from "#domain/placement/offered-resources.ts";
import {
  countOf,
  type Entry,
  includes,
  makeEntry,
  type Ranges,
  Resources,
  valueAt,
} from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import { type AcceptedRolesDefault, takesByDefault } from "./accepted-roles.ts";
import type { App } from "./app-table.ts";
import { chooseDisks } from "./disk-choice.ts";
import { type GpuSchedulingBehavior, sparesGpus } from "./gpu-behavior.ts";
import type { InstanceAgent } from "./instance.ts";
import type { RejectReason } from "./offer-stats.ts";

export interface OfferedRoom {
  readonly offer: Offer;
  readonly agent: InstanceAgent;
  /** What earlier launches from this offer left. */
  readonly left: Resources;
}

export interface MatchContext {
  readonly now: InstantMs;
  readonly random: Random;
  /** Role the app runs in. */
  readonly role: string;
  /** What an app takes that does not say. */
  readonly acceptedRolesDefault: AcceptedRolesDefault;
  /** Region that needs no asking for. */
  readonly localRegion: string | undefined;
  /** How long before its maintenance an agent is spared. */
  readonly drainingMs: number;
  readonly gpuSchedulingBehavior: GpuSchedulingBehavior;
  readonly populationOf: (field: string) => FieldPopulation;
}

export type Match =
  | {
      readonly kind: "fits";
      readonly taken: Resources;
      readonly ports: readonly number[];
      /** Of `taken`, what volumes are made on that are not on the agent's own disk, in their order. */
      readonly disks: readonly Entry[];
    }
  | { readonly kind: "rejected"; readonly reasons: readonly RejectReason[] };

export function matchInstance(app: App, room: OfferedRoom, context: MatchContext): Match {
  const reasons: RejectReason[] = [];
  const { acceptedRoles } = app.facts;
  const isAccepted = (role: string): boolean =>
    acceptedRoles === undefined
      ? takesByDefault(context.acceptedRolesDefault, context.role, role)
      : acceptedRoles.has(role);
  const usable = room.left.filter((entry) => isUsable(entry, isAccepted));
  const isOurRole = (room.offer.allocation_info?.role ?? context.role) === context.role;
  if (!isOurRole || usable.isEmpty) reasons.push("UnfulfilledRole");
  if (!meetsConstraints(app, room, context) || !isInReach(app, room, context)) {
    reasons.push("UnfulfilledConstraint");
  }
  if (isInMaintenance(room.offer, context)) reasons.push(...maintenanceReasons);
  const taken: Entry[] = [];
  for (const { name, millis, reason } of app.facts.scalars) {
    if (!takeScalar(usable, name, millis, taken)) reasons.push(reason);
  }
  const disks = chooseDisks(app.facts.disks, usableDisks(app, room, isAccepted));
  if (disks === undefined) reasons.push("InsufficientDisk");
  const ports = takePorts(app, usable, context.random, taken);
  if (ports === undefined) reasons.push("InsufficientPorts");
  if (room.left.scalarMillis("gpus") > 0 && sparesGpus(app, context.gpuSchedulingBehavior))
    reasons.push("DeclinedScarceResources");
  if (reasons.length > 0 || ports === undefined || disks === undefined)
    return { kind: "rejected", reasons: [...new Set(reasons)] };
  return { kind: "fits", taken: Resources.of([...taken, ...disks]), ports, disks };
}

/** Nearly nobody asks for any. */
const usableDisks = (
  { facts }: App,
  { left }: OfferedRoom,
  isAccepted: (role: string) => boolean,
): readonly Entry[] =>
  facts.disks.length === 0 ? [] : left.entries.filter((entry) => isUsableDisk(entry, isAccepted));

function meetsConstraints(app: App, room: OfferedRoom, context: MatchContext): boolean {
  return app.facts.constraints.every((constraint) =>
    constraint.accepts(fieldValueOf(room.agent, constraint.field), context.populationOf(constraint.field)),
  );
}

/** An agent of another region is only used by an app that speaks of regions or zones. */
function isInReach(app: App, room: OfferedRoom, context: MatchContext): boolean {
  const { region } = room.agent;
  if (region === undefined || context.localRegion === undefined || region === context.localRegion)
    return true;
  return app.facts.constraints.some(({ field }) => field === "@region" || field === "@zone");
}

/** Maintenance counts as a constraint as well. */
export const maintenanceReasons: readonly RejectReason[] = ["UnfulfilledConstraint", "AgentMaintenance"];

function takePorts(
  app: App,
  usable: Resources,
  random: Random,
  taken: Entry[],
): readonly number[] | undefined {
  const { hostPorts } = app.facts;
  if (hostPorts.length === 0) return [];
  const ports = choosePorts(hostPorts, usable.ranges("ports"), random);
  if (ports === undefined) return undefined;
  for (const entry of reservedFirst(usable, "ports")) {
    if (entry.amount.kind !== "ranges") continue;
    const { ranges } = entry.amount;
    for (const port of ports)
      if (includes(ranges, port) && !isTaken(taken, port))
        taken.push(makeEntry(entry, { kind: "ranges", ranges: [{ begin: port, end: port }] }));
  }
  return ports;
}

/** Those that are insisted on, and others for the rest. */
function choosePorts(
  wanted: readonly (number | undefined)[],
  offered: Ranges,
  random: Random,
): readonly number[] | undefined {
  const fixed = wanted.filter((port) => port !== undefined);
  if (fixed.length === 0) return randomPorts(offered, wanted.length, random);
  if (!fixed.every((port) => includes(offered, port))) return undefined;
  // As many more as are fixed, should some of these be among the chosen.
  const spare = countOf(offered) - fixed.length;
  const open = wanted.length - fixed.length;
  if (spare < open) return undefined;
  const drawn = open === 0 ? [] : randomPorts(offered, Math.min(wanted.length, countOf(offered)), random);
  const free = (drawn ?? []).filter((port) => !fixed.includes(port));
  const chosen = wanted.map((port) => port ?? free.shift());
  return chosen.every((port) => port !== undefined) ? chosen : undefined;
}

function isTaken(taken: readonly Entry[], port: number): boolean {
  return taken.some((entry) => entry.amount.kind === "ranges" && includes(entry.amount.ranges, port));
}

/** Neighbours from a random start, so that a port just given up isn't the next one given out. */
function randomPorts(offered: Ranges, count: number, random: Random): readonly number[] | undefined {
  const total = countOf(offered);
  if (total < count) return undefined;
  const start = random.below(total);
  const ports: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const port = valueAt(offered, (start + index) % total);
    if (port !== undefined) ports.push(port);
  }
  return ports;
}
