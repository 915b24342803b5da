/** The tables of the master, and what every part of it does with them. */

import type {
  DomainInfo,
  FrameworkInfoCapabilityType,
  SchedulerEvent,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import type { MasterToAgent } from "#contracts/link/messages.ts";
import { type Authorizer, permissive } from "#domain/authorization/index.ts";
import type { Entry, Resources } from "#domain/resources/index.ts";
import type { InstantMs, Outcome, Write } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import { TimerQueue } from "#foundation/base/timer-queue.ts";
import { Allocator, type Quota } from "../../allocator/index.ts";
import { AgentLinkOrder } from "./agent-link-order.ts";
import { AgentPids } from "./agent-pids.ts";
import type { MasterChange, MasterEffect } from "./effects.ts";
import type { ConnectionId } from "./events.ts";
import { MaintenanceState } from "./maintenance-state.ts";
import { OperationTable } from "./operations/operation-table.ts";
import type { MasterPolicy } from "./policy.ts";
import type { AgentRecord, AgentStanding, FrameworkRecord, OfferRecord } from "./records.ts";
import type { GoneAgent, UnreachableAgent } from "./registry.ts";
import { RemovalPace } from "./removal-pace.ts";
import { BoundedHistory, type WantedKill } from "./task.ts";

export type MasterTimer =
  | { readonly kind: "heartbeat"; readonly frameworkId: string }
  | { readonly kind: "ping"; readonly agentId: string }
  | { readonly kind: "failover"; readonly frameworkId: string }
  | { readonly kind: "offerTimeout"; readonly offerId: string }
  /** Frameworks are asked to leave machines that will not be there. */
  | { readonly kind: "inverseOffers" }
  /** An agent whose link broke, or that a new master has not heard from, is given up. */
  | { readonly kind: "reregister"; readonly agentId: string }
  /** The turn of the next agent that is given up. */
  | { readonly kind: "removal" };

/** Who this master is, for clients. */
export interface MasterIdentity {
  readonly id: string;
  readonly epoch: number;
  readonly hostname: string;
  readonly ip: string;
  readonly port: number;
  readonly version: string;
  /** Region and zone it is in, if it was told. */
  readonly domain?: DomainInfo;
}

/** An agent in the registry that this master has not heard from. */
export interface RecoveredAgent {
  readonly agentId: string;
  readonly hostname: string;
  readonly standing: AgentStanding;
}

export class MasterState {
  readonly policy: MasterPolicy;
  readonly authorizer: Authorizer;
  readonly random: Random;
  readonly identity: MasterIdentity;
  readonly allocator: Allocator;
  readonly timers = new TimerQueue<MasterTimer>();
  readonly frameworks = new Map<string, FrameworkRecord>();
  readonly completedFrameworks: BoundedHistory<FrameworkRecord>;
  /** Ids that may never subscribe again; grows with each removal, so it is bounded like the history but larger. */
  readonly retiredFrameworkIds: BoundedHistory<true>;
  readonly frameworkByConnection = new Map<ConnectionId, string>();
  readonly agents = new Map<string, AgentRecord>();
  readonly agentPids = new AgentPids();
  readonly agentLinks = new AgentLinkOrder();
  readonly agentByConnection = new Map<ConnectionId, string>();
  readonly recovered = new Map<string, RecoveredAgent>();
  readonly unreachable = new Map<string, UnreachableAgent>();
  readonly removals: RemovalPace;
  readonly gone = new Map<string, GoneAgent>();
  /** Registered agents that are being drained. */
  readonly draining = new Set<string>();
  readonly maintenance = new MaintenanceState();
  readonly offers = new Map<string, OfferRecord>();
  /** Kills of tasks whose agents are not back yet after a restart, by framework and task. */
  readonly earlyKills = new BoundedHistory<WantedKill>(earlyKillsMax);
  readonly resourceSets = new ResourceSets();
  readonly operations = new OperationTable();
  readonly weights = new Map<string, number>();
  /** By top-level role; the allocator has the same. */
  readonly quotas = new Map<string, Quota>();
  /** Counts the steps that may have changed what is shown of this; those that only keep connections alive do not count. */
  version = 0;
  nextFramework = 0;
  nextAgent = 0;
  nextOffer = 0;

  constructor(options: {
    readonly policy: MasterPolicy;
    /** Default: everybody may everything. */
    readonly authorizer?: Authorizer;
    readonly random: Random;
    readonly identity: MasterIdentity;
  }) {
    this.policy = options.policy;
    this.authorizer = options.authorizer ?? permissive;
    this.removals = new RemovalPace(options.policy.agentRemovalRate);
    this.random = options.random;
    this.identity = options.identity;
    const region = options.identity.domain?.fault_domain?.region.name;
    this.allocator = new Allocator({ ...options.policy.allocator, region }, options.random);
    this.completedFrameworks = new BoundedHistory(options.policy.completedFrameworksMax);
    this.retiredFrameworkIds = new BoundedHistory(retiredFrameworkIdsMax);
  }
}

/** Tasks of one kind use equal resources: one value serves them all. */
class ResourceSets {
  #byText = new Map<string, Resources>();

  shared(resources: Resources): Resources {
    const text = resources.entries.map(entryText).join();
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    if (this.#byText.size >= resourceSetsMax) this.#byText = new Map();
    this.#byText.set(text, resources);
    return resources;
  }
}

function entryText({ key, amount }: Entry): string {
  const value =
    amount.kind === "scalar" ? amount.millis : amount.kind === "ranges" ? amount.ranges : [...amount.items];
  return `${key} ${JSON.stringify(value)}`;
}

const resourceSetsMax = 10_000;
const retiredFrameworkIdsMax = 100_000;
const earlyKillsMax = 100_000;

/** One step: what it writes and does, collected in order. */
export class Turn {
  readonly now: InstantMs;
  readonly #writes: Write[] = [];
  readonly #effects: MasterEffect[] = [];

  constructor(now: InstantMs) {
    this.now = now;
  }

  write(write: Write): void {
    this.#writes.push(write);
  }

  do(effect: MasterEffect): void {
    this.#effects.push(effect);
  }

  changed(change: MasterChange): void {
    this.#effects.push({ kind: "changed", change });
  }

  /** To the framework's stream, if it has one; otherwise the event is lost, as the contract says. */
  tell(framework: FrameworkRecord, event: SchedulerEvent): void {
    if (framework.connection === undefined) return;
    this.#effects.push({ kind: "sendEvent", connection: framework.connection, event });
  }

  tellAgent(agent: AgentRecord, message: MasterToAgent): boolean {
    if (agent.connection === undefined) return false;
    this.#effects.push({ kind: "sendToAgent", connection: agent.connection, message });
    return true;
  }

  finish(): Outcome<MasterEffect> {
    return { writes: this.#writes, effects: this.#effects };
  }
}

export const isAware = (framework: FrameworkRecord, capability: FrameworkInfoCapabilityType): boolean =>
  framework.capabilities.has(capability);

/** An update of the master's own: it carries no uuid and wants no acknowledgement. */
export function masterStatus(
  turn: Turn,
  status: Pick<TaskStatus, "task_id" | "state"> & Partial<TaskStatus>,
): TaskStatus {
  return { source: "SOURCE_MASTER", timestamp: turn.now / 1000, ...status };
}

export function tellStatus(turn: Turn, framework: FrameworkRecord, status: TaskStatus): void {
  turn.tell(framework, { type: "UPDATE", update: { status } });
}

/** LOST for those who can't read better, otherwise the precise state. */
export function lostOr(
  framework: FrameworkRecord,
  precise: "TASK_DROPPED" | "TASK_UNREACHABLE" | "TASK_GONE" | "TASK_GONE_BY_OPERATOR" | "TASK_UNKNOWN",
): TaskStatus["state"] {
  return isAware(framework, "PARTITION_AWARE") ? precise : "TASK_LOST";
}
