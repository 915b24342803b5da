/** The deciding half of Services. */

export { formatInstant, parseInstant } from "#foundation/base/iso-time.ts";
export type { FrameworkCall } from "#frameworks/base/core/framework-call.ts";
export type { KnownNode, KnownNodes, SetAside } from "#frameworks/base/core/known-nodes.ts";
export type { NodeFacts, ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
export { RecordInvalid } from "#frameworks/base/core/stored-record.ts";
export { acceptedRolesDefaults } from "./accepted-roles.ts";
export {
  type ProbeRequest,
  type ReadinessRequest,
  type Refusal,
  type RequestResult,
  reasonOf,
  type ServicesEffect,
  type StreamEvent,
} from "./effects.ts";
export type {
  AppExpectation,
  AppUpsert,
  ProbeKey,
  ReadinessAnswer,
  RequestId,
  ServicesEvent,
} from "./events.ts";
export type { GroupChange } from "./group-changes.ts";
export { parseTaskId } from "./ids.ts";
export type { Origin } from "./origin.ts";

export type { OwnQueries } from "./own-queries.ts";
export type { PlanFacts } from "./plan-view.ts";
export { type PlanWarning, planWarningCodes } from "./plan-warnings.ts";
export { defaultServicesPolicy, type ServicesPolicy } from "./policy.ts";
export type { ExplainOptions } from "./reasons.ts";
export { recordPrefixes } from "./restore.ts";
export { createServicesCore, type ServicesCore, type StoredRecord } from "./services-core.ts";
export type {
  AppView,
  DeploymentActionJson,
  DeploymentJson,
  DeploymentStepJson,
  GroupThenView,
  GroupView,
  HealthCheckResultJson,
  PodView,
  QueueItemJson,
  ServicesInfo,
  ServicesQueries,
  TaskFailureJson,
  TaskJson,
} from "./views.ts";
export type { WishedChange } from "./wished-change.ts";
