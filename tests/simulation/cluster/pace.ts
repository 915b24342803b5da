/** How long daemons wait for each other, and how long one has to wait until nothing is waited for any more. */
import { defaultJobsPolicy, type JobsPolicy } from "#frameworks/jobs/core/index.ts";
import { defaultServicesPolicy, type ServicesPolicy } from "#frameworks/services/core/index.ts";
import { type AgentPolicy, defaultPolicy } from "#kernel/agent/core/policy.ts";
import { defaultMasterPolicy, type MasterPolicy } from "#kernel/master/core/index.ts";
import type { FaultPlan } from "../engine/index.ts";
import type { Lifetimes } from "./fake-containers.ts";

export interface Pace {
  readonly master: MasterPolicy;
  readonly agent: AgentPolicy;
  readonly services: ServicesPolicy;
  readonly jobs: JobsPolicy;
  /** Longer than the master waits for an agent to come back. */
  readonly settleMs: number;
  /** Longer than the longest wait there is, such as an agent's retry of an update. */
  readonly convergeMs: number;
  /** Longer than an agent may stay away plus the widest round of reconciliation. */
  readonly reconciledWithinMs: number;
}

const services: ServicesPolicy = { ...defaultServicesPolicy, role: "services" };

const asShipped: Pace = {
  master: defaultMasterPolicy,
  agent: defaultPolicy,
  services,
  jobs: defaultJobsPolicy,
  settleMs: 900_000,
  convergeMs: 1_800_000,
  reconciledWithinMs: 25 * 60_000,
};

const hastyFramework = {
  declineMs: 20_000,
  launchConfirmTimeoutMs: 30_000,
  launchTimeoutMs: 30_000,
  killRetryMs: 8_000,
  reconcileIntervalMs: 30_000,
};

/** So short that agents are given up and come back while faults go on, which at the shipped pace takes longer than a run. */
const hasty: Pace = {
  master: {
    ...defaultMasterPolicy,
    pingIntervalMs: 2_000,
    agentReregisterTimeoutMs: 8_000,
    allocatorRecoveryTimeoutMs: 15_000,
  },
  agent: {
    ...defaultPolicy,
    registrationBackoffMaxMs: 8_000,
    updateRetryMs: 2_000,
    updateRetryMaxMs: 20_000,
  },
  services: {
    ...services,
    ...hastyFramework,
    scaleCheckIntervalMs: 20_000,
  },
  jobs: { ...defaultJobsPolicy, ...hastyFramework },
  settleMs: 60_000,
  convergeMs: 240_000,
  reconciledWithinMs: 150_000,
};

/** Agents that fall silent are given up half a second apart at least. */
const paced: Pace = { ...hasty, master: { ...hasty.master, agentRemovalRate: { agents: 2, perMs: 1_000 } } };

/** Above the threshold from which machines take back what they lend. */
export const busyLoad = 9;

/** Agents that look at the load of their machine, and often. */
export const lending = (pace: Pace): Pace => ({
  ...pace,
  agent: { ...pace.agent, loadThreshold5Min: busyLoad - 1, qosCorrectionIntervalMs: 10_000 },
});

const shippedEvery = 4;
const pacedEvery = 5;

/** Most seeds are hasty: they find more in a tenth of the time. */
export function paceOf(seed: number): Pace {
  if (seed % shippedEvery === 0) return asShipped;
  return seed % pacedEvery === 2 ? paced : hasty;
}

/** How often what is broken in a cluster. */
export const faultPlan: FaultPlan = {
  everyMs: 4_000,
  crash: 3,
  crashInCommit: 4,
  breakConnection: 3,
  cutConnection: 5,
  slowWay: 2,
  partition: 2,
  slowDisk: 1,
  failingDisk: 1,
  longestMs: 15_000,
  callLost: 0.01,
  callTwice: 0.02,
};

/** Of tasks while everything breaks, and after. */
export const busy: Lifetimes = { ending: 0.4, longestMs: 40_000, failing: 0.5, stubborn: 0.2, ailing: 0.1 };
export const calm: Lifetimes = { ...busy, ending: 0, ailing: 0 };
