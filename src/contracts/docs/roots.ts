/** Every public schema that is documented, by the name under which people ask for it. */

import type { Endpoint } from "../endpoint.ts";
import { LoginLink } from "../iam/own-endpoints.ts";
import { JobInput } from "../jobs/job.ts";
import { JobItem, JobPlan, JobRunItem, JobTaskItem } from "../jobs/own-endpoints.ts";
import { FrameworkItem, NodeOffer, OfferVerdict, RoleItem } from "../kernel/allocation-endpoints.ts";
import { Machine, MaintenanceWindow } from "../kernel/maintenance-endpoints.ts";

import {
  ImagePullItem,
  NodeItem,
  Quantities,
  TaskEvidence,
  TaskItem,
  TaskUsage,
} from "../kernel/own-endpoints.ts";
import { AuditRecord, FieldChange } from "../observe/audit.ts";
import { ClusterEvent } from "../observe/events.ts";
import { MergedLogRequest } from "../observe/merged-log.ts";
import { type TSchema, Type } from "../schema.ts";
import { AppInput } from "../services/app.ts";
import { GroupUpdateInput } from "../services/group.ts";
import {
  Conflict,
  DeploymentItem,
  HistoryEntry,
  InstanceContainerItem,
  InstanceItem,
  ServiceItem,
} from "../services/own-endpoints.ts";
import { LockHolder, Plan, PlannedGroup, PlannedService, PlanStepAction } from "../services/plan.ts";
import { PodInput } from "../services/pod.ts";
import { NodeVerdict, Reason } from "../services/reasons.ts";
import { ownEndpoints } from "./own-apis.ts";

/** What people write into files; `explain` lists these first. */
export const definitionRoots = {
  app: AppInput,
  pod: PodInput,
  group: GroupUpdateInput,
  job: JobInput,
} as const;

/** What answers are made of; each is documented once and named where it occurs. */
export const shapeRoots = {
  ServiceItem,
  InstanceItem,
  InstanceContainerItem,
  DeploymentItem,
  HistoryEntry,
  JobItem,
  JobRunItem,
  JobTaskItem,
  JobPlan,
  Plan,
  PlannedGroup,
  PlannedService,
  PlanStepAction,
  LockHolder,
  Conflict,
  Reason,
  NodeVerdict,
  NodeItem,
  Machine,
  MaintenanceWindow,
  Quantities,
  RoleItem,
  FrameworkItem,
  OfferVerdict,
  NodeOffer,
  TaskItem,
  TaskEvidence,
  ImagePullItem,
  TaskUsage,
  AuditRecord,
  FieldChange,
  ClusterEvent,
  MergedLogRequest,
  LoginLink,
} as const;

/** An endpoint as one schema: `listServices.query.group`. */
function endpointSchema({ params, query, body, reply }: Endpoint): TSchema {
  const parts = { params, query, ...(body === undefined ? {} : { body }), reply };
  const filled = Object.entries(parts).filter(
    ([, part]) => JSON.stringify(part) !== JSON.stringify(Type.Object({})),
  );
  return Type.Object(Object.fromEntries(filled));
}

export const documentedRoots: Readonly<Record<string, TSchema>> = {
  ...definitionRoots,
  ...Object.fromEntries(
    Object.entries(ownEndpoints).map(([name, endpoint]) => [name, endpointSchema(endpoint)] as const),
  ),
  ...shapeRoots,
};
