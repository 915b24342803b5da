/** What a FrameworkInfo says, checked. Source: contract mesos.md sections 1.2, 1.10, 1.11. */
import type {
  FrameworkInfo,
  FrameworkInfoCapabilityType,
  SchedulerCallUpdateFramework,
} from "#contracts/kernel/messages.gen.ts";
import { roleLengthMax } from "#domain/resources/index.ts";
import {
  type AgentPredicate,
  type FrameworkDescription,
  type MinimumQuantities,
  readOfferConstraints,
} from "../../allocator/index.ts";
import { idFault, idLengthMax } from "./ids.ts";
import type { MasterPolicy } from "./policy.ts";

export type ReadFramework =
  | {
      readonly kind: "valid";
      readonly roles: readonly string[];
      readonly capabilities: ReadonlySet<FrameworkInfoCapabilityType>;
      readonly wantedAgents: ReadonlyMap<string, AgentPredicate>;
    }
  | { readonly kind: "invalid"; readonly problem: string };

/** What SUBSCRIBE or UPDATE_FRAMEWORK says of a framework. */
export function readFrameworkInfo({
  framework_info: info,
  suppressed_roles: suppressed = [],
  offer_constraints: constraints,
}: SchedulerCallUpdateFramework): ReadFramework {
  const capabilities = new Set(
    (info.capabilities ?? []).flatMap(({ type }) => (type === undefined || type === "UNKNOWN" ? [] : [type])),
  );
  const isMultiRole = capabilities.has("MULTI_ROLE");
  const roles = isMultiRole ? (info.roles ?? []) : [info.role ?? "*"];
  const problem =
    (isMultiRole && info.role !== undefined
      ? "'FrameworkInfo.role' must not be set together with MULTI_ROLE"
      : undefined) ??
    (!isMultiRole && (info.roles ?? []).length > 0
      ? "'FrameworkInfo.roles' needs the capability MULTI_ROLE"
      : undefined) ??
    idProblem(info.id?.value ?? "") ??
    (new Set(roles).size < roles.length ? "'FrameworkInfo.roles' names a role twice" : undefined) ??
    roles.map(roleProblem).find((each) => each !== undefined) ??
    timeoutProblem(info.failover_timeout ?? 0) ??
    suppressed
      .filter((role) => !roles.includes(role))
      .map((role) => `suppressed role ${role} is not one of the framework's`)[0] ??
    minimumsProblem(info);
  if (problem !== undefined) return { kind: "invalid", problem };
  const read = readOfferConstraints(constraints, roles);
  if (read.kind === "invalid") return read;
  return { kind: "valid", roles, capabilities, wantedAgents: read.constraints };
}

/** It is part of the paths of sandboxes. None, or an empty one, asks for a new id. */
function idProblem(id: string): string | undefined {
  const fault = idFault(id);
  if (fault === "length") return `'FrameworkInfo.id' has ${id.length} characters; ${idLengthMax} are allowed`;
  return fault === "dots" || fault === "characters"
    ? `'FrameworkInfo.id' "${id}" can't be the id of a framework`
    : undefined;
}

/** Where only some roles are wanted. Source: Mesos, --roles. */
export function foreignRole(
  { roles: wanted }: Pick<MasterPolicy, "roles">,
  roles: readonly string[],
): string | undefined {
  const foreign =
    wanted === undefined ? undefined : roles.find((role) => role !== "*" && !wanted.includes(role));
  return foreign === undefined ? undefined : `role ${foreign} is none of those of this master (--roles)`;
}

/** Source: Mesos, valid role names. */
export function roleProblem(role: string): string | undefined {
  if (role === "*") return undefined;
  if (role === "") return "a role has no name";
  if (role.length > roleLengthMax)
    return `a role has ${role.length} characters; ${roleLengthMax} are allowed`;
  for (const part of role.split("/")) {
    if (part === "" || part === "." || part === ".." || part === "*" || part.startsWith("-"))
      return `"${role}" is not a valid role`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly what is refused
    if (/[\s\\\u0008\u007f]/.test(part)) return `"${role}" is not a valid role`;
  }
  return undefined;
}

function timeoutProblem(seconds: number): string | undefined {
  return seconds >= 0 ? undefined : `'FrameworkInfo.failover_timeout' of ${seconds} is not 0 or more`;
}

function minimumsProblem({ offer_filters: filters = {} }: FrameworkInfo): string | undefined {
  for (const [role, { min_allocatable_resources: minimum }] of Object.entries(filters)) {
    for (const { quantities = {} } of minimum?.quantities ?? []) {
      const values = Object.values(quantities);
      if (values.length === 0) return `offer_filters of ${role} holds a set without quantities`;
      if (values.some(({ value }) => !(value >= 0)))
        return `offer_filters of ${role} holds a negative quantity`;
    }
  }
  return undefined;
}

/** What the allocator needs to know. */
export function describe({
  info,
  roles,
  suppressed,
  capabilities,
  wantedAgents,
}: {
  readonly info: FrameworkInfo;
  readonly roles: readonly string[];
  readonly suppressed: ReadonlySet<string>;
  readonly capabilities: ReadonlySet<FrameworkInfoCapabilityType>;
  readonly wantedAgents: ReadonlyMap<string, AgentPredicate>;
}): FrameworkDescription {
  const minimums = new Map<string, readonly MinimumQuantities[]>();
  for (const [role, { min_allocatable_resources: minimum }] of Object.entries(info.offer_filters ?? {})) {
    if (minimum === undefined) continue;
    minimums.set(
      role,
      (minimum.quantities ?? []).map(
        ({ quantities = {} }) =>
          new Map(Object.entries(quantities).map(([name, { value }]) => [name, Math.round(value * 1000)])),
      ),
    );
  }
  return { roles, suppressedRoles: [...suppressed], capabilities, minimums, constraints: wantedAgents };
}
