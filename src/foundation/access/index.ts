export { basicHeader, type Credential, CredentialsInvalid } from "./credentials.ts";
export { openAccess, type SecurityOptions } from "./open-access.ts";
export { remember, TokenVerifier } from "./token-verifier.ts";
