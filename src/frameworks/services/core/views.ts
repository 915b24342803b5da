/**
 * What the services core shows: synchronous reads, in Marathon's own field names, so that the shell adds
 * nothing but filters, embeds and paging.
 *
 * Source: Marathon v2 API (contract marathon.md sections 2, 10.1, 15.2, 16, 18, 19.5).
 */
import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { PodDefinition } from "#domain/definitions/pod.ts";
import type { RoleRules } from "#domain/definitions/roles.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject } from "#foundation/base/json.ts";

export interface ServicesQueries {
  /** In the order of creation; no pods. */
  listApps(): readonly AppView[];
  app(appId: string): AppView | undefined;
  listPods(): readonly PodView[];
  pod(podId: string): PodView | undefined;
  /** Of a pod, also while a deployment removes it. */
  podStatus(podId: string, now: InstantMs): JsonObject | undefined;
  /** One instance, as the routes of pods show it. */
  podInstance(instanceId: string): { readonly podId: string; readonly json: JsonObject } | undefined;
  /** Of apps and pods. */
  listDefinitions(): Iterable<AppDefinition>;
  definition(id: string): AppDefinition | undefined;
  hasApp(appId: string): boolean;
  /** All apps at any depth below a group; undefined for an unknown group. */
  appsBelow(groupId: string): readonly AppView[] | undefined;
  hasGroup(groupId: string): boolean;
  groupCount(): number;
  group(groupId: string): GroupView | undefined;
  /** Versions of the tree that are kept and had this group, newest first; undefined for a group nobody knows of. */
  groupVersions(groupId: string): readonly string[] | undefined;
  /** A group as it was in a version of the tree. */
  groupThen(groupId: string, version: string): GroupThenView | undefined;
  /** Versions kept, newest first, the current one included; undefined for an unknown app. */
  appVersions(appId: string): readonly string[] | undefined;
  appVersion(appId: string, version: string): AppDefinition | undefined;
  /** Placed tasks of one app; undefined for an unknown app. */
  tasks(appId: string): readonly TaskJson[] | undefined;
  /** By task id or instance id. */
  task(id: string): TaskJson | undefined;
  allTasks(): readonly TaskJson[];
  deployments(): readonly DeploymentJson[];
  deployment(id: string): DeploymentJson | undefined;
  queue(now: InstantMs, options: { readonly lastUnusedOffers: boolean }): readonly QueueItemJson[];
  info(): ServicesInfo;
  unfinishedWork(now: InstantMs): UnfinishedWork;
  /** What to subscribe with, the stored framework id included. */
  frameworkInfo(): FrameworkInfo;
  /** By which roles of definitions are judged, as things are when they are asked. */
  roleRules(): RoleRules;
}

interface GroupFields {
  readonly id: string;
  readonly dependencies: readonly string[];
  readonly version: string;
  /** Of top-level groups only. */
  readonly enforceRole?: boolean;
}

/** What lies in it is worked out when it is asked for. */
export interface GroupView extends GroupFields {
  apps(): readonly AppView[];
  pods(): readonly PodView[];
  groups(): readonly GroupView[];
}

export interface GroupThenView extends GroupFields {
  apps(): readonly AppDefinition[];
  pods(): readonly PodDefinition[];
  groups(): readonly GroupThenView[];
}

export interface PodView {
  readonly definition: PodDefinition;
  status(now: InstantMs): JsonObject;
}

export interface AppView {
  readonly definition: AppDefinition;
  /** Placed or not. */
  readonly instanceCount: number;
  readonly tasksStaged: number;
  readonly tasksRunning: number;
  readonly tasksHealthy: number;
  readonly tasksUnhealthy: number;
  readonly deployments: readonly { readonly id: string }[];
  readonly lastTaskFailure?: TaskFailureJson;
  tasks(): readonly TaskJson[];
  /** Of its instances, while a deployment has it in its hands. */
  readinessCheckResults(): readonly JsonObject[];
  taskStats(now: InstantMs): JsonObject;
}

export interface TaskJson {
  readonly id: string;
  readonly appId: string;
  readonly host: string;
  readonly slaveId?: string;
  readonly state: string;
  readonly role: string;
  readonly region?: string;
  readonly zone?: string;
  readonly ports: readonly number[];
  readonly servicePorts: readonly number[];
  readonly ipAddresses: readonly { readonly ipAddress: string; readonly protocol: string }[];
  readonly stagedAt?: string;
  readonly startedAt?: string;
  readonly version?: string;
  readonly healthCheckResults?: readonly HealthCheckResultJson[];
  readonly checkResult?: CheckResultJson;
  readonly localVolumes?: readonly LocalVolumeJson[];
}

export type LocalVolumeJson = {
  readonly runSpecId: string;
  readonly containerPath: string;
  readonly uuid: string;
  readonly persistenceId: string;
};

/** What the app's `check` told last. */
export type CheckResultJson =
  | { readonly http: { readonly statusCode: number } }
  | { readonly tcp: { readonly succeeded: boolean } }
  | { readonly command: { readonly exitCode: number } };

export interface HealthCheckResultJson {
  readonly instanceId: string;
  readonly alive: boolean;
  readonly consecutiveFailures: number;
  readonly firstSuccess?: string;
  readonly lastSuccess?: string;
  readonly lastFailure?: string;
  readonly lastFailureCause?: string;
}

export interface TaskFailureJson {
  readonly appId: string;
  readonly host: string;
  readonly message: string;
  readonly state: string;
  readonly taskId: string;
  readonly timestamp: string;
  readonly version: string;
  readonly slaveId?: string;
}

type DeploymentVerb = "Start" | "Stop" | "Scale" | "Restart";

export interface DeploymentActionJson {
  readonly action: `${DeploymentVerb}${"Application" | "Pod"}`;
  readonly app?: string;
  readonly pod?: string;
}

export interface DeploymentStepJson {
  readonly actions: readonly DeploymentActionJson[];
}

export interface DeploymentJson {
  readonly id: string;
  readonly version: string;
  readonly affectedApps: readonly string[];
  readonly affectedPods: readonly string[];
  readonly steps: readonly DeploymentStepJson[];
  readonly currentActions: readonly (DeploymentActionJson & {
    readonly readinessCheckResults: readonly JsonObject[];
  })[];
  readonly currentStep: number;
  readonly totalSteps: number;
}

export interface QueueItemJson {
  readonly app?: AppDefinition;
  readonly pod?: PodDefinition;
  readonly count: number;
  readonly role: string;
  readonly delay: { readonly timeLeftSeconds: number; readonly overdue: boolean };
  readonly since: string;
  readonly processedOffersSummary: JsonObject;
  readonly lastUnusedOffers?: readonly JsonObject[];
}

/** What was asked of the master and is not answered. */
export interface UnfinishedWork {
  /** Launches that should have been confirmed by now. */
  readonly overdueLaunches: number;
  readonly killsInFlight: number;
  /** How often all of these were said. */
  readonly killAttempts: number;
}

export interface ServicesInfo {
  readonly frameworkId?: string;
  readonly frameworkName: string;
  readonly connected: boolean;
  /** host:port of the master. */
  readonly master?: string;
  readonly role: string;
}
