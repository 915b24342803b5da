import type { SharedPolicy } from "#frameworks/base/core/surroundings.ts";
import type { AcceptedRolesDefault } from "./accepted-roles.ts";
import type { EndedDeploymentPolicy } from "./ended-deployments.ts";
import type { EvidencePolicy } from "./ended-instances.ts";
import type { GpuSchedulingBehavior } from "./gpu-behavior.ts";

/** The numbers the services core decides by. Source: Marathon flags (contract marathon.md sections 11.5, 12, 21). */
export interface ServicesPolicy extends SharedPolicy {
  readonly frameworkName: string;
  /** User tasks run as when the app names none; empty leaves it to the agent. */
  readonly frameworkUser: string;
  readonly hostname: string;
  readonly webuiUrl: string;
  readonly acceptedRolesDefault: AcceptedRolesDefault;
  /** Whether new top-level groups that do not say enforce their role. Source: Marathon flag `new_group_enforce_role`. */
  readonly newGroupEnforceRole: "off" | "top";
  readonly failoverTimeoutSeconds: number;
  /** Prefix of HOST and PORT variables. */
  readonly envVarsPrefix: string;
  readonly servicePortMin: number;
  readonly servicePortMax: number;
  readonly maxApps: number;
  /** Instances that all apps may want together: each is a record and takes its time to make. */
  readonly maxInstances: number;
  readonly maxRunningDeployments: number;
  /** Old definitions kept per app, and versions of the whole tree. */
  readonly maxVersions: number;
  /** Definitions kept for all earlier versions of the tree together. */
  readonly maxHistoryDefinitions: number;
  readonly maxInstancesPerOffer: number;
  readonly launchTokens: number;
  readonly launchTokenRefreshMs: number;
  /** How long a reservation that no task and no offer has shown counts as under way. Source: `task_reservation_timeout`. */
  readonly reservationTimeoutMs: number;
  /** So long before a window of maintenance nothing new goes to its agents. Source: Marathon flag `draining_seconds`. */
  readonly drainingMs: number;
  /** Agents with GPUs are kept for who needs them. Source: Marathon flag `gpu_scheduling_behavior`. */
  readonly gpuSchedulingBehavior: GpuSchedulingBehavior;
  /** Provisioned longer than this counts as never arrived. */
  readonly launchConfirmTimeoutMs: number;
  /** Staging or starting longer than this is killed. */
  readonly launchTimeoutMs: number;
  readonly scaleCheckInitialMs: number;
  readonly scaleCheckIntervalMs: number;
  readonly probesInFlightMax: number;
  /** Of a service's instances so many percent, at least one, may be away because their health check failed; 100: all. */
  readonly healthKillsMaxPercent: number;
  /** So long at most does one that was ended for its health count as away. */
  readonly healthKillHoldMs: number;
  /** Tasks that ended: how long, how many of a service, how many in all. */
  readonly evidence: EvidencePolicy;
  /** Deployments that are over. */
  readonly endedDeployments: EndedDeploymentPolicy;
}

const weekMs = 7 * 24 * 3_600_000;

export const defaultServicesPolicy: ServicesPolicy = {
  frameworkName: "marathon",
  frameworkUser: "",
  hostname: "localhost",
  webuiUrl: "",
  role: "*",
  acceptedRolesDefault: "any",
  newGroupEnforceRole: "off",
  failoverTimeoutSeconds: 604_800,
  envVarsPrefix: "",
  servicePortMin: 10_000,
  servicePortMax: 20_000,
  maxApps: 100_000,
  maxInstances: 250_000,
  maxRunningDeployments: 100,
  maxVersions: 50,
  maxHistoryDefinitions: 20_000,
  maxInstancesPerOffer: 5,
  launchTokens: 100,
  launchTokenRefreshMs: 30_000,
  reservationTimeoutMs: 20_000,
  declineMs: 120_000,
  drainingMs: 0,
  gpuSchedulingBehavior: "restricted",
  reviveRepeatMs: 5_000,
  reviveNewWorkMs: 20,
  suppressAfterMs: 1_000,
  launchConfirmTimeoutMs: 300_000,
  launchTimeoutMs: 300_000,
  killRetryMs: 30_000,
  killsInFlightMax: 100,
  reconcileInitialMs: 15_000,
  reconcileIntervalMs: 600_000,
  scaleCheckInitialMs: 15_000,
  scaleCheckIntervalMs: 300_000,
  probesInFlightMax: 256,
  healthKillsMaxPercent: 25,
  healthKillHoldMs: 300_000,
  evidence: { keepMs: weekMs, maxOfService: 100, max: 10_000 },
  endedDeployments: { keepMs: weekMs, max: 500 },
};
