/** The authorizer that a daemon's options ask for. */
import { aclAuthorizer, parseAcls } from "./acls.ts";
import { type Authorizer, permissive } from "./authorizer.ts";
import { type GrantsOf, grantsAuthorizer } from "./grants.ts";

/** Lists, if there are any, decide alone. Throws `AclsInvalid`. */
export function createAuthorizer(
  { acls, strict = false }: { readonly acls?: unknown; readonly strict?: boolean },
  grantsOf: GrantsOf,
): Authorizer {
  if (acls !== undefined) return aclAuthorizer(parseAcls(acls));
  return strict ? grantsAuthorizer(grantsOf) : permissive;
}
