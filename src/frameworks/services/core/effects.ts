/** What the services core asks for. The host performs these only after the step's writes are durable. */

import type { LockHolder } from "#contracts/services/plan.ts";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { assertNever } from "#foundation/base/assert.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { CallEffect } from "#frameworks/base/core/core-turn.ts";
import type { StopEffect } from "#frameworks/base/core/master-event.ts";
import type { ProbeKey, ReadinessKey, RequestId } from "./events.ts";
import type { PlanFacts } from "./plan-view.ts";
import type { DeploymentStepJson, TaskJson } from "./views.ts";

export type ServicesEffect =
  | { readonly kind: "reply"; readonly request: RequestId; readonly result: RequestResult }
  | CallEffect
  /** One event of `/v2/events`, complete: `eventType`, `timestamp` and its payload. */
  | { readonly kind: "publish"; readonly event: StreamEvent }
  /** Answer with a `probed` event, at latest after the timeout. */
  | { readonly kind: "probe"; readonly probe: ProbeRequest }
  /** Answer with a `readinessAnswered` event, at latest after the timeout. */
  | { readonly kind: "askReadiness"; readonly request: ReadinessRequest }
  | StopEffect;

export type StreamEvent = JsonObject & { readonly eventType: string; readonly timestamp: string };

export interface ProbeRequest {
  readonly key: ProbeKey;
  readonly target: /** Success is a status from 200 to 399; redirects are not followed; TLS is not verified. */
    | {
        readonly kind: "http";
        readonly scheme: "http" | "https";
        readonly host: string;
        readonly port: number;
        readonly path: string;
        /** A status from 100 to 199 counts as success. */
        readonly ignoreHttp1xx: boolean;
      }
    | { readonly kind: "tcp"; readonly host: string; readonly port: number };
  readonly ipProtocol: "IPv4" | "IPv6";
  readonly timeoutMs: number;
}

/** A GET whose answer's status decides. Redirects are not followed; TLS is not verified. */
export interface ReadinessRequest {
  readonly key: ReadinessKey;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly timeoutMs: number;
}

export type RequestResult =
  /** A deployment was accepted; it is visible already and may even have ended. */
  | {
      readonly kind: "deployed";
      readonly deploymentId: string;
      /** Version of the whole change, ISO 8601. */
      readonly version: string;
      /** The stored definitions that were created or changed, as `GET` would show them. */
      readonly apps: readonly AppDefinition[];
    }
  /** Tasks as they were when the kill was taken. */
  | { readonly kind: "killed"; readonly tasks: readonly TaskJson[] }
  /** Steps that the change would take, as `GET` would show them; nothing was done. */
  | { readonly kind: "planned"; readonly steps: readonly DeploymentStepJson[] }
  /** What was planned, and the deployment that does it; none when nothing was to be done. */
  | {
      readonly kind: "applied";
      readonly plan: PlanFacts;
      readonly deploymentId?: string;
      readonly version?: string;
    }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Why a request was not taken; nothing changed. The shell makes Marathon's status and body of it. */
export type Refusal =
  /** 409 */
  | { readonly code: "AppExists"; readonly appId: string; readonly isPod: boolean }
  /** 404 */
  | { readonly code: "AppUnknown"; readonly appId: string }
  /** 409 */
  | { readonly code: "GroupExists"; readonly groupId: string }
  /** 409, an app is where a group shall be made */
  | { readonly code: "PathTaken"; readonly path: string }
  /** 404 */
  | { readonly code: "GroupUnknown"; readonly groupId: string }
  /** 422, no such version of the tree is kept, or the group wasn't in it */
  | { readonly code: "GroupVersionUnknown"; readonly groupId: string; readonly version: string }
  /** 404, `Path '…' does not exist` */
  | { readonly code: "PathUnknown"; readonly path: string }
  /** 409 with the deployments in the way, and what of the change they hold */
  | { readonly code: "Locked"; readonly holders: readonly LockHolder[]; readonly appIds: readonly string[] }
  /** 403 */
  | { readonly code: "TooManyDeployments"; readonly max: number }
  /** 403, too many apps */
  | { readonly code: "TooManyApps"; readonly max: number }
  /** 409, something of a plan has moved since it was made */
  | { readonly code: "BasisMoved"; readonly basis: string }
  /** 404, the app has no such version; without one: none to go back to */
  | { readonly code: "VersionUnknown"; readonly appId: string; readonly version: string | undefined }
  /** 404 */
  | { readonly code: "DeploymentUnknown"; readonly deploymentId: string }
  /** 404, nothing is queued for that app */
  | { readonly code: "NotQueued"; readonly appId: string }
  /** 500: no service port is left between these two */
  | { readonly code: "ServicePortsExhausted"; readonly min: number; readonly max: number }
  /** 422 with details as in section 1.1: id clash, dependency cycle */
  | {
      readonly code: "Invalid";
      readonly details: readonly { readonly path: string; readonly errors: readonly string[] }[];
    };

/** A refusal in one sentence, for events. */
export function reasonOf(refusal: Refusal): string {
  switch (refusal.code) {
    case "AppExists":
      return `the app ${refusal.appId} exists already`;
    case "AppUnknown":
    case "NotQueued":
      return `the app ${refusal.appId} does not exist`;
    case "GroupExists":
      return `the group ${refusal.groupId} exists already`;
    case "PathTaken":
      return `an app is at ${refusal.path}`;
    case "GroupUnknown":
      return `the group ${refusal.groupId} does not exist`;
    case "GroupVersionUnknown":
      return `the group ${refusal.groupId} has no version ${refusal.version}`;
    case "PathUnknown":
      return `${refusal.path} does not exist`;
    case "Locked":
      return `${refusal.appIds.join(", ")} locked by deployment ${refusal.holders.map(({ deploymentId }) => deploymentId).join(", ")}`;
    case "TooManyDeployments":
      return `${refusal.max} deployments are running`;
    case "TooManyApps":
      return `there are ${refusal.max} apps`;
    case "DeploymentUnknown":
      return `the deployment ${refusal.deploymentId} does not exist`;
    case "BasisMoved":
      return "something has changed since the plan was made";
    case "VersionUnknown":
      return refusal.version === undefined
        ? `${refusal.appId} has no earlier version`
        : `${refusal.appId} has no version ${refusal.version}`;
    case "ServicePortsExhausted":
      return `no service port from ${refusal.min} to ${refusal.max} is left`;
    case "Invalid":
      return refusal.details.map(({ path, errors }) => `${path}: ${errors.join("; ")}`).join(" ");
    default:
      return assertNever(refusal);
  }
}
