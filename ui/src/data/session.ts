/** Who is logged in, as the door says beside the login cookie, and how to log in and out. */
import { requestJson } from "./request.ts";

/** What the door's readable cookie says; the token itself is in one that scripts cannot see. */
export interface SessionUser {
  readonly uid: string;
  readonly description: string;
}

const infoCookie = "dcos-acs-info-cookie";

/** The user of the info cookie, which is base64 of JSON; undefined when there is none or it is not understood. */
export function readSessionUser(cookies: string): SessionUser | undefined {
  const value = cookies
    .split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${infoCookie}=`))
    ?.slice(infoCookie.length + 1);
  if (value === undefined || value === "") return undefined;
  try {
    const bytes = Uint8Array.from(atob(decodeURIComponent(value)), (character) => character.charCodeAt(0));
    const parsed = JSON.parse(new TextDecoder().decode(bytes)) as Partial<SessionUser>;
    if (typeof parsed.uid !== "string") return undefined;
    return {
      uid: parsed.uid,
      description: typeof parsed.description === "string" ? parsed.description : "",
    };
  } catch {
    return undefined;
  }
}

export type Credentials = { readonly uid: string; readonly password: string } | { readonly token: string };

const loginPath = "/acs/api/v1/auth/login";

/** Sets the login cookies. Throws `RequestFailed` with 401 when the door does not know them. */
export async function logIn(credentials: Credentials): Promise<void> {
  await requestJson(loginPath, { method: "POST", body: credentials });
}

export async function logOut(): Promise<void> {
  await requestJson("/acs/api/v1/auth/logout");
}
