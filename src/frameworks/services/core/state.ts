/** Everything the services core knows, by subject. Each table has one owner file; this only holds them together. */
import type { InstantMs } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import type { TimerQueue } from "#foundation/base/timer-queue.ts";
import type { KillTable } from "#frameworks/base/core/kill-table.ts";
import type { OfferInterest } from "#frameworks/base/core/offer-interest.ts";
import type { SharedTimer } from "#frameworks/base/core/surroundings.ts";
import type { AppTable } from "./app-table.ts";
import type { DeploymentTable } from "./deployment-table.ts";
import type { ProbeRequest, ReadinessRequest } from "./effects.ts";
import type { EndedDeploymentTable } from "./ended-deployments.ts";
import type { EndedInstanceTable } from "./ended-instances.ts";
import type { ProbeKey, ReadinessKey, RequestId } from "./events.ts";
import type { RoleUse, ToldRoles } from "./framework-roles.ts";
import type { GroupTable } from "./group-table.ts";
import type { HealthKills } from "./health-kills.ts";
import type { InstanceTable } from "./instance-table.ts";
import type { LaunchQueue } from "./launch-queue.ts";
import type { ServicesPolicy } from "./policy.ts";
import type { ProbeTable } from "./probes.ts";
import type { ReleaseTable } from "./releases.ts";
import type { RootHistory } from "./root-history.ts";
import type { TaskJson } from "./views.ts";

export type Timer =
  | SharedTimer
  | { readonly kind: "resume" }
  | { readonly kind: "backoffEnded"; readonly appId: string }
  | { readonly kind: "unreachable"; readonly instanceId: string }
  | { readonly kind: "overdue"; readonly instanceId: string; readonly taskId: string }
  | {
      readonly kind: "probe";
      readonly instanceId: string;
      readonly taskId: string;
      readonly checkIndex: number;
    }
  | { readonly kind: "readiness"; readonly instanceId: string; readonly taskId: string }
  | { readonly kind: "reservationLate"; readonly instanceId: string }
  | { readonly kind: "release"; readonly key: string }
  | { readonly kind: "tellRoles" }
  | { readonly kind: "refreshTokens" }
  | { readonly kind: "scaleCheck" };

export interface Connection {
  frameworkId: string | undefined;
  isConnected: boolean;
  master: string | undefined;
  /** Of the master's machine. */
  region: string | undefined;
}

/** A request that is answered when its instances are gone. */
export interface PendingWipe {
  readonly request: RequestId;
  readonly remaining: Set<string>;
  readonly tasks: readonly TaskJson[];
}

export interface ServicesState {
  readonly policy: ServicesPolicy;
  readonly random: Random;
  readonly timers: TimerQueue<Timer>;
  /** Reservations of instances that are gone. */
  readonly releases: ReleaseTable;
  readonly connection: Connection;
  readonly apps: AppTable;
  readonly groups: GroupTable;
  /** Earlier states of the tree. */
  readonly history: RootHistory;
  readonly instances: InstanceTable;
  readonly deployments: DeploymentTable;
  readonly endedInstances: EndedInstanceTable;
  readonly endedDeployments: EndedDeploymentTable;
  readonly kills: KillTable;
  readonly healthKills: HealthKills;
  readonly queue: LaunchQueue;
  readonly interest: OfferInterest;
  /** What the framework is subscribed for. */
  readonly roles: RoleUse;
  readonly toldRoles: ToldRoles;
  readonly probes: ProbeTable<ProbeKey, ProbeRequest>;
  readonly readiness: ProbeTable<ReadinessKey, ReadinessRequest>;
  readonly pendingWipes: Set<PendingWipe>;
  /** Offers that the master may still believe to be ours. */
  readonly unreturnedOffers: Set<string>;
  /** Versions are instants and never repeat, however many changes come in one millisecond. */
  lastVersion: InstantMs;
}

/** A version that no change had before, for the next change. */
export function versionAfter(state: ServicesState, now: InstantMs): InstantMs {
  return Math.max(now, state.lastVersion + 1);
}
