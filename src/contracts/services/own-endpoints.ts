/** What Services answer beyond Marathon's API, below `/keelson/v1` of their port (`/service/marathon/keelson/v1` at the door). */

import { defineEndpoint } from "../endpoint.ts";
import { type AuditRecord, FieldChange } from "../observe/audit.ts";
import { languageQuery, pageOf, pageQuery } from "../paging.ts";
import { type Static, Type } from "../schema.ts";
import { LockHolder, Plan, PlanStepAction } from "./plan.ts";
import { Reason } from "./reasons.ts";

const None = Type.Object({});
const Definition = Type.Record(Type.String(), Type.Unknown());

export const ServiceStatus = Type.Enum([
  /** As wished. */
  "running",
  /** A deployment is under way. */
  "deploying",
  /** Instances wait for a place. */
  "waiting",
  /** Instances end again and again. */
  "failing",
  /** They run, their health checks fail. */
  "unhealthy",
  /** None are wished. */
  "stopped",
]);
export type ServiceStatus = Static<typeof ServiceStatus>;

export const ServiceItem = Type.Object({
  id: Type.String(),
  status: ServiceStatus,
  instances: Type.Object({
    wanted: Type.Integer(),
    running: Type.Integer(),
    staged: Type.Integer(),
    healthy: Type.Integer(),
    unhealthy: Type.Integer(),
  }),
  /** Of one instance; memory and disk in MiB. */
  cpus: Type.Number(),
  mem: Type.Number(),
  disk: Type.Number(),
  gpus: Type.Number(),
  version: Type.String(),
  labels: Type.Record(Type.String(), Type.String()),
  deployments: Type.Array(Type.String()),
  /** `http://host:port` of running instances, at most ten. */
  addresses: Type.Array(Type.String()),
  /** Names of a pod's containers; absent for an app. */
  containers: Type.Optional(Type.Array(Type.String())),
  /** The first reason when it is not as wished. */
  reason: Type.Optional(Reason),
});
export type ServiceItem = Static<typeof ServiceItem>;

export const listServices = defineEndpoint({
  method: "GET",
  path: "/services",
  summary: "Services with their state, a window of a filtered and sorted list",
  params: None,
  query: Type.Object({ ...pageQuery, ...languageQuery, group: Type.Optional(Type.String()) }),
  reply: pageOf(ServiceItem),
  errors: ["Invalid"],
  permission: { resource: "service", action: "view" },
});

/** One container of a pod's instance. */
export const InstanceContainerItem = Type.Object({
  name: Type.String(),
  taskId: Type.String(),
  condition: Type.String(),
  healthy: Type.Optional(Type.Boolean()),
  ports: Type.Array(Type.Integer()),
  /** What its state's message says. */
  cause: Type.Optional(Type.String()),
});
export type InstanceContainerItem = Static<typeof InstanceContainerItem>;

/** Instances that run, and those that ended and are still remembered. */
export const InstanceItem = Type.Object({
  id: Type.String(),
  service: Type.String(),
  taskId: Type.Optional(Type.String()),
  /** Condition: Provisioned, Staging, Starting, Running, Unreachable, Killing, Failed, Finished, Killed, … */
  condition: Type.String(),
  goal: Type.String(),
  isActive: Type.Boolean(),
  healthy: Type.Optional(Type.Boolean()),
  ready: Type.Optional(Type.Boolean()),
  agentId: Type.Optional(Type.String()),
  hostname: Type.Optional(Type.String()),
  ports: Type.Array(Type.Integer()),
  version: Type.String(),
  stagedAt: Type.Optional(Type.Integer()),
  startedAt: Type.Optional(Type.Integer()),
  endedAt: Type.Optional(Type.Integer()),
  /** What ended it: the state's message, such as `Command exited with status 2`. */
  cause: Type.Optional(Type.String()),
  /** Of a pod, once it was placed. */
  containers: Type.Optional(Type.Array(InstanceContainerItem)),
});
export type InstanceItem = Static<typeof InstanceItem>;

export const listInstances = defineEndpoint({
  method: "GET",
  path: "/instances",
  summary: "Instances of services, with those that ended and why",
  params: None,
  query: Type.Object({
    ...pageQuery,
    service: Type.Optional(Type.String()),
    /** Ended ones too. */
    ended: Type.Optional(Type.Boolean()),
  }),
  reply: Type.Intersect([
    pageOf(InstanceItem),
    /** ms UTC; ended instances from before are forgotten by the budget. */
    Type.Object({ endedSince: Type.Optional(Type.Integer()) }),
  ]),
  errors: ["NotFound"],
  permission: { resource: "service", action: "view" },
});

/** Of a service, an instance, a task or a deployment, whichever has that name. The first reason is the true cause. */
export const explainWhy = defineEndpoint({
  method: "GET",
  path: "/why",
  summary: "Why something is not as wished",
  params: None,
  query: Type.Object({ name: Type.String({ minLength: 1, maxLength: 1_024 }), ...languageQuery }),
  reply: Type.Object({
    kind: Type.Enum(["service", "instance", "deployment"]),
    id: Type.String(),
    isAsWished: Type.Boolean(),
    status: Type.Optional(ServiceStatus),
    wanted: Type.Optional(Type.Integer()),
    running: Type.Optional(Type.Integer()),
    reasons: Type.Array(Reason),
  }),
  errors: ["NotFound"],
  permission: { resource: "service", action: "view" },
});

const ChangeSet = {
  /** Apps, pods or groups as Marathon has them; old spellings are taken. */
  definitions: Type.Array(Definition, { maxItems: 10_000 }),
  /** Services below this group that no definition names are removed. */
  pruneGroup: Type.Optional(Type.String()),
  /** Ids to remove. */
  removals: Type.Optional(Type.Array(Type.String(), { maxItems: 10_000 })),
  /** Ids whose instances are replaced although nothing else changes. */
  restarts: Type.Optional(Type.Array(Type.String(), { maxItems: 10_000 })),
  /** By id: how many instances a service shall have that otherwise stays as it is. */
  instances: Type.Optional(
    Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { maxProperties: 10_000 }),
  ),
  /** Replaces deployments in the way. */
  force: Type.Optional(Type.Boolean()),
};

export const planChange = defineEndpoint({
  method: "POST",
  path: "/plan",
  summary: "What a change would do, and where, without doing it",
  params: None,
  query: Type.Object({ ...languageQuery }),
  body: Type.Object(ChangeSet),
  reply: Plan,
  errors: ["Invalid", "NotFound"],
  permission: { resource: "service", action: "view" },
});

export const applyChange = defineEndpoint({
  method: "POST",
  path: "/apply",
  summary: "Makes the services as the definitions say, in one deployment",
  params: None,
  query: Type.Object({ ...languageQuery }),
  body: Type.Object({
    ...ChangeSet,
    /** From a plan: refused with Conflict when something has moved since. */
    basis: Type.Optional(Type.String()),
    /** Kept in history and audit. */
    message: Type.Optional(Type.String({ maxLength: 1_000 })),
  }),
  /** No deploymentId: nothing was to be done. */
  reply: Type.Object({
    deploymentId: Type.Optional(Type.String()),
    version: Type.Optional(Type.String()),
    plan: Plan,
  }),
  errors: ["Invalid", "NotFound", "Conflict", "TooManyRequests"],
  permission: { resource: "service", action: "update" },
});

export const HistoryEntry = Type.Object({
  version: Type.String(),
  isCurrent: Type.Boolean(),
  at: Type.Integer(),
  user: Type.Optional(Type.String()),
  from: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  /** Against the version before; the oldest kept has none. */
  changes: Type.Array(FieldChange),
  instances: Type.Integer(),
});
export type HistoryEntry = Static<typeof HistoryEntry>;

export const showHistory = defineEndpoint({
  method: "GET",
  path: "/history/{id...}",
  summary: "Versions of a service, newest first, with who made them and what changed",
  params: Type.Object({ id: Type.String({ minLength: 1 }) }),
  query: Type.Object({ ...pageQuery }),
  reply: pageOf(HistoryEntry),
  errors: ["NotFound"],
  permission: { resource: "service", action: "view" },
});

/** `version` absent: the one before. The number of instances stays as it is unless `withInstances`. */
export const rollbackService = defineEndpoint({
  method: "POST",
  path: "/rollback/{id...}",
  summary: "Brings back an earlier version of a service",
  params: Type.Object({ id: Type.String({ minLength: 1 }) }),
  query: Type.Object({ ...languageQuery }),
  body: Type.Object({
    version: Type.Optional(Type.String()),
    withInstances: Type.Optional(Type.Boolean()),
    force: Type.Optional(Type.Boolean()),
    dryRun: Type.Optional(Type.Boolean()),
    message: Type.Optional(Type.String({ maxLength: 1_000 })),
  }),
  reply: Type.Object({ deploymentId: Type.Optional(Type.String()), version: Type.String(), plan: Plan }),
  errors: ["NotFound", "Conflict", "Invalid"],
  permission: { resource: "service", action: "update" },
});

export const DeploymentItem = Type.Object({
  id: Type.String(),
  /** ms UTC */
  startedAt: Type.Integer(),
  user: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  services: Type.Array(Type.String()),
  /** 1-based; 0 before it starts. */
  step: Type.Integer(),
  steps: Type.Array(Type.Object({ actions: Type.Array(PlanStepAction) })),
  /** Instances that are as the deployment wants them, of those it wants. */
  done: Type.Integer(),
  wanted: Type.Integer(),
  state: Type.Enum(["running", "succeeded", "failed", "cancelled"]),
  endedAt: Type.Optional(Type.Integer()),
  /** What it waits for, while it runs. */
  reason: Type.Optional(Reason),
});
export type DeploymentItem = Static<typeof DeploymentItem>;

/** Running ones first, then those that ended and are still remembered. */
export const listDeployments = defineEndpoint({
  method: "GET",
  path: "/deployments",
  summary: "Deployments with their plan, progress and owner",
  params: None,
  query: Type.Object({ ...pageQuery, ...languageQuery, service: Type.Optional(Type.String()) }),
  reply: pageOf(DeploymentItem),
  errors: [],
  permission: { resource: "service", action: "view" },
});

/** Definitions judged as `apply` would judge them; nothing is stored. */
export const Conflict = Type.Object({ lockedBy: Type.Array(LockHolder) });
export type { AuditRecord };
