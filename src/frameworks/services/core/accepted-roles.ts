/** Resources of which roles an app takes that does not say. Source: Marathon flag `accepted_resource_roles_default_behavior`. */
export type AcceptedRolesDefault = "unreserved" | "reserved" | "any";

export const acceptedRolesDefaults: readonly AcceptedRolesDefault[] = ["any", "unreserved", "reserved"];

/** Resources that are nobody's. */
export const anybodysRole = "*";

/** Whether resources of `role` are taken by an app that runs in the role `own`. */
export const takesByDefault = (behavior: AcceptedRolesDefault, own: string, role: string): boolean =>
  (role === anybodysRole && (behavior !== "reserved" || own === anybodysRole)) ||
  (role === own && behavior !== "unreserved");

export const rolesByDefault = (behavior: AcceptedRolesDefault, own: string): ReadonlySet<string> =>
  new Set([own, anybodysRole].filter((role) => takesByDefault(behavior, own, role)));
