import type { FrameworkInfoCapabilityType } from "#contracts/kernel/messages.gen.ts";
import type { Resources } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { AgentFacts, AgentPredicate } from "./offer-constraints.ts";

export type Capability = FrameworkInfoCapabilityType;

/** One allocation: these resources of this agent are the framework's, in this role, until given back. */
export interface Grant {
  readonly frameworkId: string;
  readonly role: string;
  readonly agentId: string;
  readonly resources: Resources;
}

/** What some framework holds on an agent when the agent or the framework becomes known. */
export interface Holding {
  readonly frameworkId: string;
  readonly role: string;
  readonly agentId: string;
  readonly resources: Resources;
}

/** Scalars in thousandths, by name. */
export type Quantities = ReadonlyMap<string, number>;

/** All of these must be there. Source: Mesos, min_allocatable_resources. */
export type MinimumQuantities = Quantities;

/** What a top-level role is sure to get, and the most it may consume. A quantity that is absent is not bounded. */
export interface Quota {
  readonly guarantees: Quantities;
  readonly limits: Quantities;
}

export interface FrameworkDescription {
  readonly roles: readonly string[];
  readonly suppressedRoles: readonly string[];
  readonly capabilities: ReadonlySet<Capability>;
  /** By role; replaces the allocator's own minimum. An empty list lets anything be offered. */
  readonly minimums: ReadonlyMap<string, readonly MinimumQuantities[]>;
  /** By role: on which agents the framework wants offers at all. */
  readonly constraints?: ReadonlyMap<string, AgentPredicate>;
}

export interface AllocatorPolicy {
  /** Time between batch runs, and the shortest life of a filter, in ms. */
  readonly allocationIntervalMs: number;
  /** One of these must be in an offer. */
  readonly minimums: readonly MinimumQuantities[];
  /** Filters above this are cut to it, in ms. */
  readonly filterMaxMs: number;
  /** Filters of one (framework, role, agent); the oldest goes when one more comes. */
  readonly filtersPerAgentMax: number;
  /** Quantities that do not count for fair shares. Source: Mesos, fair_sharing_excluded_resource_names. */
  readonly excludedNames: readonly string[];
  /** Agents with GPUs are offered only to frameworks that ask for GPUs. Source: Mesos, filter_gpu_resources. */
  readonly filterGpus: boolean;
  /** Region of the master; agents of other regions are for frameworks that know of regions. */
  readonly region: string | undefined;
}

export const defaultAllocatorPolicy: AllocatorPolicy = {
  allocationIntervalMs: 1000,
  minimums: [new Map([["cpus", 10]]), new Map([["mem", 32_000]])],
  filterMaxMs: 365 * 86_400_000,
  filtersPerAgentMax: 16,
  excludedNames: [],
  filterGpus: true,
  region: undefined,
};

/** Why a framework is not offered an agent in a role; the first that applies. */
export type Refusal =
  /** Disconnected, deactivated or draining. */
  | "inactive"
  /** In another region, and the framework has no REGION_AWARE. */
  | "otherRegion"
  /** The framework's offer constraints exclude it. */
  | "constraints"
  | "nothingFree"
  /** It has GPUs, and the framework has no GPU_RESOURCES. */
  | "gpus"
  /** All that is free is reserved for other roles. */
  | "reserved"
  /** All that is free is revocable, shared or refined, and the framework lacks the capability. */
  | "missingCapability"
  /** The role's quota limit leaves too little. */
  | "limit"
  /** What is free is kept for the guarantees of others. */
  | "heldBack"
  | "belowMinimum"
  /** The framework declined as much, for a time that is not over. */
  | "filtered";

/** What one agent has for a framework in a role. */
export interface AgentVerdict {
  readonly agentId: string;
  readonly facts: AgentFacts;
  /** `offerable`: the next run offers it, to this framework or to one with a smaller share. */
  readonly cause: Refusal | "offerable";
  readonly free: Resources;
  /** What the framework could be offered of it; empty unless offerable. */
  readonly offerable: Resources;
  /** When the filter ends, of a `filtered` one. */
  readonly until?: InstantMs;
}

/** How a framework stands in a role, and what each agent has for it. An answer to "why no offers?". */
export interface Explanation {
  readonly role: string;
  readonly suppressed: boolean;
  readonly agents: number;
  /** Dominant share of the framework within its role, and of the role, over weights. */
  readonly share: number;
  readonly roleShare: number;
  /** Active frameworks, of any role, that are tried before it. */
  readonly ahead: number;
  /** Of as many agents as were asked for. */
  readonly verdicts: readonly AgentVerdict[];
}
