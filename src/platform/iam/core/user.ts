/** Users and service accounts, as records and as the API shows them. Source: DC/OS IAM API, `/acs/api/v1/users`. */
import type { InstantMs } from "#foundation/base/core.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";

export interface User {
  readonly uid: string;
  readonly description: string;
  readonly createdAt: InstantMs;
  readonly credential: Credential;
}

export type Credential =
  /** Logs in by links alone. */
  | { readonly kind: "none" }
  /** `hash`: PHC string of Argon2id. */
  | { readonly kind: "password"; readonly hash: string }
  /** PEM of an RSA public key; makes the user a service account. */
  | { readonly kind: "key"; readonly publicKey: string };

export const isService = ({ credential }: User): boolean => credential.kind === "key";

/** 1 to 96 letters, digits and `- _ @ .`; `anonymous` means nobody. */
export const isUid = (text: string): boolean => /^[A-Za-z0-9\-_@.]{1,96}$/.test(text) && text !== "anonymous";

/** The user object of the API; a hash is never in it. */
export function shownUser({ uid, description, credential }: User): Record<string, JsonValue> {
  return {
    uid,
    url: `/acs/api/v1/users/${uid}`,
    description,
    is_remote: false,
    is_service: credential.kind === "key",
    provider_type: "internal",
    provider_id: "",
    ...(credential.kind === "key" ? { public_key: credential.publicKey } : {}),
  };
}

export const userKey = (uid: string): string => `users/${encodeURIComponent(uid)}`;

/** Format 1 said of each user whether it is a superuser; since format 2 groups and grants say it. */
export function userToJson(user: User): JsonValue {
  return { formatVersion: 2, ...user, credential: { ...user.credential } };
}

/** Throws for a newer format. Only ever reads what `userToJson` wrote. */
export function userFromJson(value: JsonValue): { readonly user: User; readonly wasSuperuser: boolean } {
  const version = isJsonObject(value) ? value["formatVersion"] : undefined;
  if (!isJsonObject(value) || (version !== 1 && version !== 2))
    throw new Error("a user was written by a newer version of this program; this one reads formats 1 and 2");
  const { formatVersion: _version, isSuperuser = false, ...user } = value;
  return { user: user as unknown as User, wasSuperuser: isSuperuser === true };
}
