/** Whether a call of an operator is allowed, by what it does. Source: contract mesos.md sections 3.1 and 7. */
import type { Endpoint } from "#contracts/endpoint.ts";
import {
  putMaintenance,
  showMaintenance,
  startMaintenance,
  stopMaintenance,
} from "#contracts/kernel/maintenance-endpoints.ts";
import type { MasterCall } from "#contracts/kernel/messages.gen.ts";
import { deactivateNode, drainNode, markNodeGone, reactivateNode } from "#contracts/kernel/node-endpoints.ts";
import type { AuthorizationAction, Authorizer } from "#domain/authorization/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { type Answer, nameOf, type Principal, text } from "#foundation/http/index.ts";
import { denial, type MasterState, type Need, type QuotaChange, type Reply } from "../core/index.ts";
import { type Viewer, viewerOf, visibleState } from "./viewer.ts";

/** What can be judged without knowing the cluster's state. */
export class Refusals {
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /** Why not, or nothing. Daemons of this cluster may everything. */
  denial(principal: Principal, needs: readonly Need[]): string | undefined {
    if (principal.kind === "internal") return undefined;
    return denial(this.#authorizer, nameOf(principal), needs);
  }

  /** 403, or nothing. */
  refusal(principal: Principal, needs: readonly Need[]): Answer | undefined {
    const problem = this.denial(principal, needs);
    return problem === undefined ? undefined : text(problem, 403);
  }
}

export class Permissions extends Refusals {
  readonly #authorizer: Authorizer;
  readonly #state: MasterState;

  constructor(authorizer: Authorizer, state: MasterState) {
    super(authorizer);
    this.#authorizer = authorizer;
    this.#state = state;
  }

  /** As an answer of the core would be, or nothing. */
  forbidden(principal: Principal, needs: readonly Need[]): Reply | undefined {
    const problem = this.denial(principal, needs);
    return problem === undefined ? undefined : { problem, cause: "forbidden" };
  }

  mayGetQuota(principal: Principal, role: string): boolean {
    return this.denial(principal, [{ action: "get_quotas", object: role }]) === undefined;
  }

  /** For our own endpoints: throws Forbidden. */
  demand(principal: Principal, needs: readonly Need[]): void {
    const problem = this.denial(principal, needs);
    if (problem !== undefined) throw new CodedError("Forbidden", problem);
  }

  ofCall(principal: Principal, call: MasterCall): Answer | undefined {
    return this.refusal(principal, callNeeds(call, this.#state));
  }

  teardownNeeds(frameworkId: string | undefined): readonly Need[] {
    return teardownNeeds(this.#state, frameworkId);
  }

  viewer(principal: Principal): Viewer {
    return viewerOf(this.#authorizer, principal);
  }

  /** The state as this principal may see it. */
  visible(principal: Principal): MasterState {
    return visibleState(this.#state, this.viewer(principal));
  }
}

const withoutObject: Partial<Record<NonNullable<MasterCall["type"]>, AuthorizationAction>> = {
  DEACTIVATE_AGENT: "deactivate_agents",
  DRAIN_AGENT: "drain_agents",
  GET_FLAGS: "view_flags",
  GET_MAINTENANCE_SCHEDULE: "get_maintenance_schedules",
  GET_MAINTENANCE_STATUS: "get_maintenance_statuses",
  LIST_FILES: "access_mesos_logs",
  MARK_AGENT_GONE: "mark_agents_gone",
  REACTIVATE_AGENT: "reactivate_agents",
  READ_FILE: "access_mesos_logs",
  SET_LOGGING_LEVEL: "set_log_level",
  START_MAINTENANCE: "start_maintenances",
  STOP_MAINTENANCE: "stop_maintenances",
  UPDATE_MAINTENANCE_SCHEDULE: "update_maintenance_schedules",
};

/** What lists show is filtered instead; operations and quota are judged where they are made. */
function callNeeds(call: MasterCall, state: MasterState): readonly Need[] {
  const single = call.type === undefined ? undefined : withoutObject[call.type];
  if (single !== undefined) return [{ action: single }];
  switch (call.type) {
    case "GET_METRICS":
      return [{ action: "get_endpoints", object: "/metrics/snapshot" }];
    case "UPDATE_WEIGHTS":
      return roles(
        "update_weights",
        (call.update_weights?.weight_infos ?? []).map(({ role }) => role),
      );
    case "TEARDOWN":
      return teardownNeeds(state, call.teardown?.framework_id.value);
    default:
      return [];
  }
}

const endpoints = new Map<Endpoint, AuthorizationAction>([
  [putMaintenance as Endpoint, "update_maintenance_schedules"],
  [showMaintenance as Endpoint, "get_maintenance_schedules"],
  [startMaintenance as Endpoint, "start_maintenances"],
  [stopMaintenance as Endpoint, "stop_maintenances"],
  [deactivateNode as Endpoint, "deactivate_agents"],
  [drainNode as Endpoint, "drain_agents"],
  [markNodeGone as Endpoint, "mark_agents_gone"],
  [reactivateNode as Endpoint, "reactivate_agents"],
]);

/** Of our own endpoints; those that only show are filtered. */
export function endpointNeeds(endpoint: Endpoint): readonly Need[] {
  const action = endpoints.get(endpoint);
  return action === undefined ? [] : [{ action }];
}

function teardownNeeds(state: MasterState, id: string | undefined): readonly Need[] {
  const principal = id === undefined ? undefined : state.frameworks.get(id)?.info.principal;
  return [{ action: "teardown_frameworks", ...(principal === undefined ? {} : { object: principal }) }];
}

/** The roles whose quota a change is about. */
export function quotaNeeds(change: QuotaChange): readonly Need[] {
  switch (change.kind) {
    case "update":
      return roles(
        "update_quotas",
        change.configs.map(({ role }) => role),
      );
    case "set":
      return roles("update_quotas", [change.request.role]);
    case "remove":
      return roles("update_quotas", [change.role]);
  }
}

const roles = (action: AuthorizationAction, named: readonly (string | undefined)[]): readonly Need[] =>
  named.map((object) => (object === undefined ? { action } : { action, object }));
