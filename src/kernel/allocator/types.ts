import type { FrameworkInfoCapabilityType } from "#contracts/kernel/messages.gen.ts";
import type { Resources } from "#domain/resources/index.ts";

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

/** Scalars in thousandths, all of which must be there. Source: Mesos, min_allocatable_resources. */
export type MinimumQuantities = ReadonlyMap<string, number>;

export interface FrameworkDescription {
  readonly roles: readonly string[];
  readonly suppressedRoles: readonly string[];
  readonly capabilities: ReadonlySet<Capability>;
  /** By role; replaces the allocator's own minimum. An empty list lets anything be offered. */
  readonly minimums: ReadonlyMap<string, readonly MinimumQuantities[]>;
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
}

export const defaultAllocatorPolicy: AllocatorPolicy = {
  allocationIntervalMs: 1000,
  minimums: [new Map([["cpus", 10]]), new Map([["mem", 32_000]])],
  filterMaxMs: 365 * 86_400_000,
  filtersPerAgentMax: 16,
};

/** How many agents a framework is not offered in a role, by cause. An answer to "why no offers?". */
export interface Explanation {
  readonly role: string;
  readonly suppressed: boolean;
  readonly agents: number;
  readonly inactive: number;
  readonly nothingFree: number;
  readonly missingCapability: number;
  readonly belowMinimum: number;
  readonly filtered: number;
  readonly offerable: number;
}
