export { AclsInvalid, parseAcls } from "./acls.ts";
export type { AuthorizationAction } from "./actions.ts";
export { type Authorizer, permissive } from "./authorizer.ts";
export { createAuthorizer } from "./create-authorizer.ts";
export { isKnownResource, knownResources } from "./known-resources.ts";
