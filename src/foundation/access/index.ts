export { basicHeader, type Credential, CredentialsInvalid } from "./credentials.ts";
export { type OpenedAccess, openAccess, type SecurityOptions } from "./open-access.ts";
export { remember, TokenVerifier } from "./token-verifier.ts";
