/** Logging in at a door. Source: contract platform.md section 2.2, `/acs/api/v1/auth`. */
import { isJsonObject } from "#foundation/base/json.ts";
import { RequestFailed, request, throughDoor } from "./cluster.ts";

/** A token for a name and a password. Throws `RequestFailed`. */
export async function logIn(
  url: string,
  credentials: { readonly uid: string; readonly password: string },
): Promise<string> {
  const { body } = await request(throughDoor(url, undefined), `${url}/acs/api/v1/auth/login`, {
    method: "POST",
    body: credentials,
  });
  const token = isJsonObject(body) ? body["token"] : undefined;
  if (typeof token === "string") return token;
  throw new RequestFailed({ url, status: 502, body, message: "the answer holds no token" });
}

export async function logOut(url: string, token: string): Promise<void> {
  await request(throughDoor(url, token), `${url}/acs/api/v1/auth/logout`);
}

/** As the identity service shows a user. */
export interface User {
  readonly uid: string;
  readonly description: string;
  readonly isService: boolean;
}

export async function showUser(url: string, token: string | undefined, uid: string): Promise<User> {
  const { body } = await request(
    throughDoor(url, token),
    `${url}/acs/api/v1/users/${encodeURIComponent(uid)}`,
  );
  return userOf(body);
}

/** From what the identity service answers. */
export function userOf(body: unknown): User {
  const user = isJsonObject(body) ? body : {};
  return {
    uid: String(user["uid"]),
    description: String(user["description"] ?? ""),
    isService: user["is_service"] === true,
  };
}
