/** Whether a request may go on, before anything behind the door is asked. Source: contract platform.md section 1.6. */
import { cookieNames } from "#contracts/identity.ts";
import { cookieOf } from "./headers.ts";
import type { Target } from "./route-table.ts";

export interface Head {
  readonly method: string;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  readonly accept: string | undefined;
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
  readonly fetchDestination: string | undefined;
}

export type Presented =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly by: "header" | "cookie"; readonly token: string };

/**
 * The token a request brings: after `token=` or `Bearer ` in the header; the cookie only when there is no header at
 * all, so that a header that is no token is not saved by a cookie.
 */
export function presentedToken(
  { authorization, cookie }: Pick<Head, "authorization" | "cookie">,
  cookieName: string = cookieNames.auth,
): Presented {
  if (authorization !== undefined) {
    const token = /^\s*(?:token=|bearer\s+)(\S+)\s*$/i.exec(authorization)?.[1];
    return token === undefined ? { kind: "none" } : { kind: "token", by: "header", token };
  }
  const token = cookieOf(cookie, cookieName);
  return token === undefined || token === "" ? { kind: "none" } : { kind: "token", by: "cookie", token };
}

/** A person followed a link or typed an address: a whole page is asked for, not a part of one. */
export function isNavigation({ method, fetchMode, fetchDestination }: Head): boolean {
  return method === "GET" && fetchMode === "navigate" && fetchDestination === "document";
}

/**
 * Whether a page of another site may be where somebody comes from. Only for what shows something to people; an API is
 * never called from another site's page.
 */
export function mayComeFromElsewhere(head: Head, target: Target["kind"] | "named", name?: string): boolean {
  if (!isNavigation(head)) return false;
  return (
    target === "files" ||
    target === "service" ||
    target === "named" ||
    name === "login" ||
    name === "serviceLogin"
  );
}

/**
 * A cookie alone is not enough for what does or tells something of ours: a page must say that it means it. What a
 * browser itself says came from a page of this address may read without.
 */
export function wantsCsrfHeader(
  by: "header" | "cookie",
  { method, fetchSite }: Pick<Head, "method" | "fetchSite">,
  path: string,
  target: Target,
): boolean {
  if (by === "header" || target.kind === "service") return false;
  if (target.kind === "own" && target.name === "serviceLogin") return false;
  const reads = method === "GET" || method === "HEAD" || method === "OPTIONS";
  if (!reads) return true;
  return fetchSite !== "same-origin" && /(?:^|\/)keelson\/v1(?:\/|$)/.test(path);
}

/** Programs that ask for JSON get JSON; everybody else the page of the contract. */
export function wantsJson({ accept }: Pick<Head, "accept">): boolean {
  return (
    accept !== undefined &&
    /\bapplication\/(?:[a-z0-9.+-]*\+)?json\b/i.test(accept) &&
    !/\btext\/html\b/i.test(accept)
  );
}
