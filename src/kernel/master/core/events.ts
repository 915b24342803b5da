/** What the master is told. Time comes beside each event. */

import type {
  MachineID,
  MaintenanceSchedule,
  OfferOperation,
  QuotaQuotaConfig,
  QuotaQuotaRequest,
  SchedulerCall,
  SchedulerCallSubscribe,
  SchedulerCallUpdateFramework,
} from "#contracts/kernel/messages.gen.ts";

import type { AgentToMaster, DrainOrder } from "#contracts/link/messages.ts";

/** Names one open stream or link; given by the shell, never used again. */
export type ConnectionId = string;

export type MasterEvent =
  /** A valid SUBSCRIBE arrived on a stream that is open now. */
  | {
      readonly kind: "schedulerSubscribed";
      readonly connection: ConnectionId;
      /** Id of the call, if it had one. */
      readonly frameworkId?: string;
      readonly subscribe: SchedulerCallSubscribe;
      /** It is a daemon of this cluster, which may everything. */
      readonly isOwn?: boolean;
    }
  | { readonly kind: "schedulerDisconnected"; readonly connection: ConnectionId }
  /** Any other call, after the checks of the API: it comes from the framework's present stream. */
  | { readonly kind: "schedulerCalled"; readonly frameworkId: string; readonly call: SchedulerCall }
  /** The one call with an answer of its own. */
  | {
      readonly kind: "frameworkUpdateAsked";
      readonly request: number;
      readonly frameworkId: string;
      readonly update: SchedulerCallUpdateFramework;
    }
  | { readonly kind: "agentConnected"; readonly connection: ConnectionId; readonly address: string }
  | { readonly kind: "agentSaid"; readonly connection: ConnectionId; readonly message: AgentToMaster }
  | { readonly kind: "agentDisconnected"; readonly connection: ConnectionId }
  /** An operator ends a framework. */
  | { readonly kind: "teardownAsked"; readonly request: number; readonly frameworkId: string }
  /** An operator decides about an agent, registered or not. */
  | {
      readonly kind: "agentOrdered";
      readonly request: number;
      readonly agentId: string;
      readonly order: AgentOrder;
    }
  /** An operator changes what an agent has. */
  | {
      readonly kind: "operationAsked";
      readonly request: number;
      readonly agentId: string;
      readonly operation: OfferOperation;
    }
  /** Changes nothing: the reply says that everything decided before has been told. */
  | { readonly kind: "tellingAsked"; readonly request: number }
  | { readonly kind: "quotaAsked"; readonly request: number; readonly change: QuotaChange }
  /** Answered after every earlier step is durable: so is the quota in the answer. */
  | { readonly kind: "quotaListed"; readonly request: number }
  | {
      readonly kind: "maintenanceScheduleAsked";
      readonly request: number;
      readonly schedule: MaintenanceSchedule;
    }
  /** Machines go down, or are up again. */
  | {
      readonly kind: "maintenanceAsked";
      readonly request: number;
      readonly isDown: boolean;
      readonly machines: readonly MachineID[];
    }
  | {
      readonly kind: "weightsAsked";
      readonly request: number;
      readonly weights: readonly { readonly role: string; readonly weight: number }[];
    };

export type AgentOrder =
  | { readonly kind: "drain"; readonly drain: DrainOrder }
  | { readonly kind: "deactivate" }
  | { readonly kind: "reactivate" }
  | { readonly kind: "markGone" };

export type QuotaChange =
  | { readonly kind: "update"; readonly configs: readonly QuotaQuotaConfig[]; readonly force: boolean }
  /** The older call: guarantees alone, which are the limits too. */
  | { readonly kind: "set"; readonly request: QuotaQuotaRequest }
  | { readonly kind: "remove"; readonly role: string };
