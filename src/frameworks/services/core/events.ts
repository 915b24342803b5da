/**
 * What the services core is told: requests of the API, already parsed, validated and normalised; what the
 * master's stream says; results of probes. Time comes beside each event, never inside.
 */
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { KnownNodes } from "#frameworks/base/core/known-nodes.ts";
import type { MasterEvent } from "#frameworks/base/core/master-event.ts";
import type { GroupChange } from "./group-changes.ts";
import type { Origin } from "./origin.ts";
import type { WishedChange } from "./wished-change.ts";

/** Chosen by the shell, unique among requests in flight; comes back in exactly one `reply` effect. */
export type RequestId = number;

/** Whether the app must be new, must be there already, or may be either. */
export type AppExpectation = "absent" | "present" | "any";

export interface AppUpsert {
  /** The whole definition as it shall be. `version`, `versionInfo` and service ports that are 0 are assigned by the core. */
  readonly definition: AppDefinition;
  readonly expect: AppExpectation;
}

export type ServicesEvent =
  /** Creates, changes and deletes apps in one deployment. Source: Marathon v2 POST, PUT, PATCH, DELETE /v2/apps. */
  | {
      readonly kind: "changeApps";
      readonly request: RequestId;
      readonly upserts: readonly AppUpsert[];
      /** Ids to delete; an unknown one is refused with AppUnknown. */
      readonly removals: readonly string[];
      /** Cancels conflicting deployments instead of being refused by them. */
      readonly force: boolean;
      readonly origin?: Origin;
    }
  /** Makes services as wished, in one deployment; nothing to do is an answer too. */
  | {
      readonly kind: "applyChange";
      readonly request: RequestId;
      readonly wish: WishedChange;
      readonly force: boolean;
      /** Of a plan: refused with BasisMoved when it is not this state's any more. */
      readonly basis?: string;
      /** What the master says of its agents, for the places in the answer. */
      readonly known?: KnownNodes;
      readonly origin?: Origin;
    }
  /** Brings back an earlier version of an app. */
  | {
      readonly kind: "rollBack";
      readonly request: RequestId;
      readonly appId: string;
      readonly version?: string;
      readonly withInstances: boolean;
      readonly force: boolean;
      readonly known?: KnownNodes;
      readonly origin?: Origin;
    }
  /** Creates, changes, scales, restores or deletes a group with all below it, in one deployment. Source: /v2/groups. */
  | {
      readonly kind: "changeGroup";
      readonly request: RequestId;
      /** Absolute path. */
      readonly groupId: string;
      readonly change: GroupChange;
      readonly force: boolean;
      /** Answers with the steps instead of taking them. */
      readonly isDryRun: boolean;
      readonly origin?: Origin;
    }
  /** Source: Marathon v2 PATCH /v2/groups/{id}. */
  | {
      readonly kind: "patchGroup";
      readonly request: RequestId;
      readonly groupId: string;
      readonly enforceRole: boolean;
    }
  /** Replaces every instance without changing the definition. Source: Marathon v2 POST /v2/apps/{id}/restart. */
  | {
      readonly kind: "restartApp";
      readonly request: RequestId;
      readonly appId: string;
      readonly force: boolean;
      readonly origin?: Origin;
    }
  /**
   * Kills tasks by task id or instance id; unknown ones are skipped. `scale` lowers `instances` through a deployment,
   * `wipe` forgets the instances (new ids follow); both at once are the shell's 400. Source: Marathon v2 task deletion.
   */
  | {
      readonly kind: "killTasks";
      readonly request: RequestId;
      readonly ids: readonly string[];
      readonly mode: "kill" | "wipe" | "scale";
      readonly force: boolean;
      readonly origin?: Origin;
    }
  /** With force only cancels; without, a reverting deployment follows. Source: Marathon v2 DELETE /v2/deployments/{id}. */
  | {
      readonly kind: "cancelDeployment";
      readonly request: RequestId;
      readonly deploymentId: string;
      readonly force: boolean;
      readonly origin?: Origin;
    }
  /** Source: Marathon v2 DELETE /v2/queue/{id}/delay. */
  | { readonly kind: "resetDelay"; readonly request: RequestId; readonly appId: string }
  | MasterEvent
  | {
      readonly kind: "readinessAnswered";
      readonly key: ReadinessKey;
      readonly answer: ReadinessAnswer;
    }
  | {
      readonly kind: "probed";
      readonly probe: ProbeKey;
      readonly result:
        | { readonly kind: "success" }
        /** `cause` ends up in `lastFailureCause`. */
        | { readonly kind: "failure"; readonly cause: string };
    };

/** Names the readiness check of one incarnation. */
export interface ReadinessKey {
  readonly instanceId: string;
  readonly taskId: string;
}

/** What a readiness check got; one that got nothing says so with status 504. */
export interface ReadinessAnswer {
  readonly status: number;
  readonly contentType: string;
  /** At most its first few kilobytes. */
  readonly body: string;
}

/** Names one probe of one incarnation, so that a late answer is never taken for a newer task's. */
export interface ProbeKey {
  readonly instanceId: string;
  readonly taskId: string;
  /** Index into the app's `healthChecks`. */
  readonly checkIndex: number;
}
