/** The two cookies of a login. Source: contract platform.md section 2.1. */
import { cookieNames } from "#contracts/identity.ts";

interface LoggedIn {
  readonly token: string;
  readonly uid: string;
  readonly description: string;
  /** Absent: as long as the browser runs. */
  readonly lifeSeconds: number | undefined;
}

/** Lax: a link from elsewhere may open the console; what it does wants a header besides (`csrfHeader`). */
export function loginCookies({ token, uid, description, lifeSeconds }: LoggedIn, secure: boolean): string[] {
  const info = Buffer.from(JSON.stringify({ uid, description, is_remote: false })).toString("base64");
  const life = lifeSeconds === undefined ? "" : `; Max-Age=${lifeSeconds}`;
  const end = `; Path=/; SameSite=Lax${life}${secure ? "; Secure" : ""}`;
  return [`${cookieNames.auth}=${token}; HttpOnly${end}`, `${cookieNames.info}=${info}${end}`];
}

export function logoutCookies(secure: boolean): string[] {
  const end = `; Path=/; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${secure ? "; Secure" : ""}`;
  return [`${cookieNames.auth}=; HttpOnly${end}`, `${cookieNames.info}=${end}`];
}
