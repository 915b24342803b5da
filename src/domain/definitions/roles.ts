/**
 * Which Mesos roles a service may run in: by the group that it lies in, and by the one that it has already.
 * Source: contract marathon.md sections 5 and 8.
 */
import type { AppDefinition } from "./app.ts";
import type { ProblemList } from "./problems.ts";

/** What is known beside a definition where its role is judged. */
export interface RoleRules {
  /** Role of the framework. */
  readonly defaultRole: string;
  /** Whether a top-level group has its services run in the role of its name. Default: none does. */
  readonly enforcesRole?: (topGroup: string) => boolean;
  /** Role of a service that is there. Default: none is. */
  readonly roleNow?: (id: string) => string | undefined;
}

/** Path of the top-level group that something lies in; undefined in the root. */
export function topGroupAbove(id: string): string | undefined {
  const end = id.indexOf("/", 1);
  return end < 0 ? undefined : id.slice(0, end);
}

/** Role of the name of a top-level group. */
export const roleOfGroup = (topGroup: string): string => topGroup.slice(1);

/** Of a service that names none. */
export function defaultRoleOf(id: string, { defaultRole, enforcesRole }: RoleRules): string {
  const top = topGroupAbove(id);
  return top !== undefined && enforcesRole?.(top) === true ? roleOfGroup(top) : defaultRole;
}

/** What is wrong with a role; undefined: it may be. */
export function roleFault(id: string, role: string | undefined, rules: RoleRules): string | undefined {
  const { defaultRole, enforcesRole, roleNow } = rules;
  const top = topGroupAbove(id);
  if (role === undefined || role === roleNow?.(id)) return undefined;
  if (top === undefined)
    return role === defaultRole ? undefined : `must be "${defaultRole}", the role of this framework`;
  const own = roleOfGroup(top);
  if (role === own) return undefined;
  if (enforcesRole?.(top) === true) return `must be "${own}", the role that its group enforces`;
  return role === defaultRole
    ? undefined
    : `must be "${defaultRole}", the role of this framework, or "${own}", that of its group`;
}

/** `where` the accepted roles stand. */
export function validateRoles(
  { id, role, acceptedResourceRoles }: Pick<AppDefinition, "id" | "role" | "acceptedResourceRoles">,
  problems: ProblemList,
  { where = "", ...rules }: RoleRules & { readonly where?: string },
): void {
  const fault = roleFault(id, role, rules);
  if (fault !== undefined) problems.add("/role", fault);
  if (acceptedResourceRoles === undefined) return;
  const path = `${where}/acceptedResourceRoles`;
  if (acceptedResourceRoles.length === 0) problems.add(path, "must not be empty");
  for (const accepted of acceptedResourceRoles) {
    if (accepted !== "*" && accepted !== role) {
      problems.add(path, `"${accepted}" is neither "*" nor the app's role "${role}"`);
    }
  }
}
