/** Quota and weights over the operator API and the older endpoints. Source: contract mesos.md sections 3.2, 3.5. */
import { decodeMessage, MessageInvalid } from "#contracts/kernel/json-codec.ts";
import type {
  MasterCall,
  QuotaQuotaInfo,
  QuotaQuotaStatus,
  ValueScalar,
  WeightInfo,
} from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import {
  type Answer,
  empty,
  type HttpRequest,
  type Principal,
  parseJson,
  text,
} from "#foundation/http/index.ts";
import { type Quantities, type QuotaChange, type Reply, type RoleQuota, roleProblem } from "../core/index.ts";

export interface QuotaPort {
  /** Answers when the change is durable. */
  change(change: QuotaChange, principal: Principal): Promise<Reply>;
  /** Quota as it is durable, of the roles that this principal may see. */
  list(principal: Principal): Promise<readonly RoleQuota[]>;
}

export interface RoleWeight {
  readonly role: string;
  readonly weight: number;
}

/** As messages are written everywhere: what is empty is left out. */
export function quotaStatus(quotas: readonly RoleQuota[]): QuotaQuotaStatus {
  const guaranteed = quotas.filter(({ quota }) => quota.guarantees.size > 0);
  if (quotas.length === 0) return {};
  return {
    ...(guaranteed.length === 0 ? {} : { infos: guaranteed.map(quotaInfo) }),
    configs: quotas.map(({ role, quota: { guarantees, limits } }) => ({
      role,
      ...(guarantees.size === 0 ? {} : { guarantees: scalars(guarantees) }),
      ...(limits.size === 0 ? {} : { limits: scalars(limits) }),
    })),
  };
}

function quotaInfo({ role, quota }: RoleQuota): QuotaQuotaInfo {
  const guarantee = [...quota.guarantees].map(([name, millis]) => ({
    name,
    type: "SCALAR" as const,
    scalar: { value: millis / 1000 },
    role: "*",
  }));
  return { role, guarantee };
}

const scalars = (quantities: Quantities): Readonly<Record<string, ValueScalar>> =>
  Object.fromEntries([...quantities].map(([name, millis]) => [name, { value: millis / 1000 }]));

/** UPDATE_QUOTA, SET_QUOTA and REMOVE_QUOTA of the v1 API. */
export async function changeQuota(call: MasterCall, port: QuotaPort, principal: Principal): Promise<Answer> {
  const change = readChange(call);
  if (change === undefined) return text(`Expecting '${call.type?.toLowerCase()}' to be present`, 400);
  return answerOf(await port.change(change, principal));
}

function readChange({ type, update_quota, set_quota, remove_quota }: MasterCall): QuotaChange | undefined {
  if (type === "UPDATE_QUOTA" && update_quota !== undefined) {
    const { quota_configs: configs = [], force = false } = update_quota;
    return { kind: "update", configs, force };
  }
  if (type === "SET_QUOTA" && set_quota !== undefined)
    return { kind: "set", request: set_quota.quota_request };
  if (type === "REMOVE_QUOTA" && remove_quota !== undefined)
    return { kind: "remove", role: remove_quota.role };
  return undefined;
}

function answerOf({ problem, cause }: Reply): Answer {
  if (problem === undefined) return empty(200);
  return text(problem, cause === "conflict" ? 409 : cause === "forbidden" ? 403 : 400);
}

/** `POST /quota`: the older way to set a guarantee. */
export async function postQuota(port: QuotaPort, { body, principal }: HttpRequest): Promise<Answer> {
  let change: QuotaChange;
  try {
    change = { kind: "set", request: decodeMessage("QuotaQuotaRequest", parseJson(body)) };
  } catch (error) {
    if (error instanceof MessageInvalid || error instanceof CodedError)
      return text(`Failed to parse the quota request: ${error.message}`, 400);
    throw error;
  }
  return answerOf(await port.change(change, principal));
}

/** `DELETE /quota/<role>`. */
export async function deleteQuota(port: QuotaPort, { params, principal }: HttpRequest): Promise<Answer> {
  return answerOf(await port.change({ kind: "remove", role: params["role"] ?? "" }, principal));
}

/** The weights, or what is wrong with the first bad one. */
export function readWeights(given: readonly WeightInfo[]): readonly RoleWeight[] | string {
  const weights: RoleWeight[] = [];
  for (const { role = "", weight } of given) {
    const problem = roleProblem(role);
    if (problem !== undefined) return problem;
    if (!(weight > 0) || !Number.isFinite(weight))
      return `role ${role}: a weight of ${weight} is not above 0`;
    weights.push({ role, weight });
  }
  return weights;
}
