/** What the master does. Each happens only after the step's writes are durable. */
import type { SchedulerEvent } from "#contracts/kernel/messages.gen.ts";
import type { MasterToAgent } from "#contracts/link/messages.ts";
import type { Quantities, Quota } from "../../allocator/index.ts";
import type { ConnectionId } from "./events.ts";
import type { TaskRecord } from "./task.ts";

export type MasterEffect =
  | { readonly kind: "sendEvent"; readonly connection: ConnectionId; readonly event: SchedulerEvent }
  /** After everything sent before. */
  | { readonly kind: "closeStream"; readonly connection: ConnectionId }
  | { readonly kind: "sendToAgent"; readonly connection: ConnectionId; readonly message: MasterToAgent }
  | { readonly kind: "closeLink"; readonly connection: ConnectionId; readonly reason: string }
  | ({ readonly kind: "reply"; readonly request: number } & Reply)
  /** For the operator's event stream and the cached answers. */
  | { readonly kind: "changed"; readonly change: MasterChange };

/** Quota of one role, and what it consumes of it. */
export interface RoleQuota {
  readonly role: string;
  readonly quota: Quota;
  readonly consumed: Quantities;
}

export interface Reply {
  /** Why nothing was done. */
  readonly problem?: string;
  /** What kind of problem it is; absent: what was asked for makes no sense. */
  readonly cause?: "notFound" | "conflict" | "forbidden";
  /** To `quotaListed`: every role with quota. */
  readonly quotas?: readonly RoleQuota[];
}

export type MasterChange =
  | { readonly kind: "taskAdded"; readonly task: TaskRecord }
  | { readonly kind: "taskUpdated"; readonly task: TaskRecord }
  | { readonly kind: "taskRemoved"; readonly task: TaskRecord }
  | { readonly kind: "agentAdded"; readonly agentId: string }
  /** Now on another link, with other resources, or something was decided about it. */
  | { readonly kind: "agentChanged"; readonly agentId: string }
  /** Its link broke, or it is registered no more: the state says which. */
  | { readonly kind: "agentRemoved"; readonly agentId: string }
  | { readonly kind: "frameworkAdded"; readonly frameworkId: string }
  | { readonly kind: "frameworkUpdated"; readonly frameworkId: string }
  | { readonly kind: "frameworkRemoved"; readonly frameworkId: string };
