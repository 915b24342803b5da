/** Our own endpoints by who serves them, for pages and documentation. A test finds those that are missing here. */
import type { Endpoint } from "../endpoint.ts";
import { createLoginLink } from "../iam/own-endpoints.ts";
import { explainJob, listJobRuns, listJobs, planJobs } from "../jobs/own-endpoints.ts";
import {
  explainFramework,
  explainRole,
  listFrameworks,
  listRoles,
  removeQuota,
  setQuota,
} from "../kernel/allocation-endpoints.ts";
import {
  putMaintenance,
  showMaintenance,
  startMaintenance,
  stopMaintenance,
} from "../kernel/maintenance-endpoints.ts";

import {
  deactivateNode,
  drainNode,
  markNodeGone,
  reactivateNode,
  showNode,
} from "../kernel/node-endpoints.ts";
import {
  listEvidence,
  listImagePulls,
  listNodes,
  listTasks,
  showCapacity,
  showIsolation,
  showUsage,
} from "../kernel/own-endpoints.ts";
import { listAudit } from "../observe/audit.ts";
import {
  applyChange,
  explainWhy,
  listDeployments,
  listInstances,
  listServices,
  planChange,
  rollbackService,
  showHistory,
} from "../services/own-endpoints.ts";

export interface OwnApi {
  readonly server: "door" | "services" | "jobs" | "master" | "agent";
  /** Path at the door; `/keelson/v1` and the endpoint's path follow. */
  readonly prefix: string;
  readonly endpoints: Readonly<Record<string, Endpoint>>;
}

export const ownApis: readonly OwnApi[] = [
  { server: "door", prefix: "", endpoints: { listAudit, createLoginLink } },
  {
    server: "services",
    prefix: "/service/marathon",
    endpoints: {
      listServices,
      listInstances,
      explainWhy,
      planChange,
      applyChange,
      showHistory,
      rollbackService,
      listDeployments,
    },
  },
  {
    server: "jobs",
    prefix: "/service/metronome",
    endpoints: { listJobs, listJobRuns, explainJob, planJobs },
  },
  {
    server: "master",
    prefix: "/mesos",
    endpoints: {
      listNodes,
      showNode,
      drainNode,
      deactivateNode,
      reactivateNode,
      markNodeGone,
      showMaintenance,
      putMaintenance,
      startMaintenance,
      stopMaintenance,
      listTasks,
      showCapacity,
      listFrameworks,
      explainFramework,
      listRoles,
      explainRole,
      setQuota,
      removeQuota,
    },
  },
  {
    server: "agent",
    prefix: "/agent/{agentId}",
    endpoints: { listEvidence, listImagePulls, showUsage, showIsolation },
  },
];

/** By name. */
export const ownEndpoints: Readonly<Record<string, Endpoint>> = Object.assign(
  {},
  ...ownApis.map(({ endpoints }) => endpoints),
);
