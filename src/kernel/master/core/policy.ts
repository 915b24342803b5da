/** The numbers the master decides by. Source: Mesos master flags (contract mesos.md section 10). */
import { type AllocatorPolicy, defaultAllocatorPolicy } from "../../allocator/index.ts";
import type { RemovalRate } from "./removal-pace.ts";

export interface MasterPolicy {
  readonly pingIntervalMs: number;
  /** Pings in a row without an answer after which an agent is unreachable. */
  readonly missedPingsMax: number;
  /** How long an agent may stay away, after a broken link or a new master, before it is unreachable. */
  readonly agentReregisterTimeoutMs: number;
  /** How fast agents that don't answer are given up. Absent: as soon as it is their time. */
  readonly agentRemovalRate?: RemovalRate;
  readonly heartbeatIntervalMs: number;
  /** Longest failover timeout taken, in ms: what does not fit a timer is as good as for ever. */
  readonly failoverTimeoutMaxMs: number;
  /** Frameworks that are there, connected or expected back. One more is refused. */
  readonly frameworksMax: number;
  readonly completedFrameworksMax: number;
  readonly completedTasksMax: number;
  readonly unreachableTasksMax: number;
  /** Unreachable agents remembered in the registry. */
  readonly unreachableAgentsMax: number;
  /** Agents given up for ever that are remembered. */
  readonly goneAgentsMax: number;
  readonly rootSubmissions: boolean;
  /** Roles that frameworks but the cluster's own may have, and quota may be for; `*` always. Absent: any. */
  readonly roles?: readonly string[];
  /** After this long without an answer an offer is taken back. Absent: never. */
  readonly offerTimeoutMs?: number;
  /** Agents that don't say in which region and zone they are may not register. */
  readonly requireAgentDomain: boolean;
  /** With quota, a new master offers nothing before this part of the agents in its registry is back... */
  readonly allocatorAgentRecoveryFactor: number;
  /** ...or this time is over. */
  readonly allocatorRecoveryTimeoutMs: number;
  readonly allocator: AllocatorPolicy;
}

export const defaultMasterPolicy: MasterPolicy = {
  pingIntervalMs: 15_000,
  missedPingsMax: 5,
  agentReregisterTimeoutMs: 600_000,
  heartbeatIntervalMs: 15_000,
  failoverTimeoutMaxMs: 10 * 365 * 86_400_000,
  frameworksMax: 10_000,
  completedFrameworksMax: 50,
  completedTasksMax: 1_000,
  unreachableTasksMax: 1_000,
  unreachableAgentsMax: 102_400,
  goneAgentsMax: 102_400,
  rootSubmissions: true,
  requireAgentDomain: false,
  allocatorAgentRecoveryFactor: 0.8,
  allocatorRecoveryTimeoutMs: 600_000,
  allocator: defaultAllocatorPolicy,
};
