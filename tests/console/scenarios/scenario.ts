/** What a console scenario is: a cluster's lists as the contracts have them, or a way in which answers fail. */
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { JobItem } from "#contracts/jobs/own-endpoints.ts";
import type { NodeItem, showCapacity, TaskItem } from "#contracts/kernel/own-endpoints.ts";
import type { AuditRecord } from "#contracts/observe/audit.ts";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import type {
  DeploymentItem,
  HistoryEntry,
  InstanceItem,
  ServiceItem,
} from "#contracts/services/own-endpoints.ts";
import type { Plan } from "#contracts/services/plan.ts";
import type { Reason } from "#contracts/services/reasons.ts";

export interface Scenario {
  readonly name: string;
  /** `ok` answers from the data; the others answer every call alike. */
  readonly mode: "ok" | "loading" | "error" | "forbidden" | "loggedOut";
  readonly services: readonly ServiceItem[];
  readonly jobs: readonly JobItem[];
  readonly nodes: readonly NodeItem[];
  readonly tasks: readonly TaskItem[];
  readonly deployments: readonly DeploymentItem[];
  readonly audit: readonly AuditRecord[];
  /** Sent when a page begins to follow. */
  readonly events: readonly ClusterEvent[];
  /** A deployment that holds every service: plans without `force` name it. */
  readonly lockedBy?: string;
  readonly capacity: ReplyOf<typeof showCapacity>;
  /** What the pages of one service ask for beyond the lists. */
  readonly service?: ServiceScenario;
}

/** By the id of a service. */
export interface ServiceScenario {
  readonly instances?: (id: string) => readonly InstanceItem[];
  readonly reasons?: (id: string) => readonly Reason[] | undefined;
  readonly history?: (id: string) => readonly HistoryEntry[];
  /** Of every change. */
  readonly plan: Plan;
}

const nothing = { cpus: 0, mem: 0, disk: 0, gpus: 0 };

/** A cluster with nothing in it. */
export const emptyScenario: Scenario = {
  name: "empty",
  mode: "ok",
  services: [],
  jobs: [],
  nodes: [],
  tasks: [],
  deployments: [],
  audit: [],
  events: [],
  capacity: {
    clusterName: "keelson",
    total: nothing,
    used: nothing,
    offered: nothing,
    nodes: { active: 0, disconnected: 0, unreachable: 0 },
    frameworks: 0,
    tasks: {},
  },
};
