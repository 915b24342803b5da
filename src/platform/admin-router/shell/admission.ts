/** Whether a request may go on, and as whom: everything that is decided before anything behind the door hears of it. */
import type { IncomingMessage } from "node:http";
import { csrfHeader } from "#contracts/identity.ts";
import { missingPermission } from "#domain/permissions/index.ts";
import { checkOrigin } from "#foundation/http/index.ts";
import {
  type Head,
  isNavigation,
  mayComeFromElsewhere,
  presentedToken,
  wantsCsrfHeader,
} from "../core/access.ts";
import { cookieOf, headerList, sessionCookie } from "../core/headers.ts";
import { type CalledBy, calledBy } from "../core/hosts.ts";
import { queryOf, readPath } from "../core/paths.ts";
import { type Found, findRule } from "../core/route-table.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

export interface Who {
  readonly uid: string;
  /** ms UTC; undefined: never. */
  readonly expiresAt: number | undefined;
  /** What they had to be permitted; undefined: being a user is enough. */
  readonly resource: string | undefined;
  /** What is passed on to a daemon of ours, and to a service that is trusted; undefined for the cluster's own token. */
  readonly authorization: string | undefined;
  readonly by: "header" | "cookie" | "session";
}

export type Admission =
  | { readonly kind: "console"; readonly found: Found; readonly query: string; readonly who: Who | undefined }
  | {
      readonly kind: "named";
      readonly serviceId: string;
      readonly host: string;
      readonly path: string;
      readonly query: string;
      readonly who: Who;
      /** A header that is no token of ours belongs to the service. */
      readonly ownAuthorization: string | undefined;
    }
  /** Somebody comes to a named host with a ticket. */
  | { readonly kind: "ticket"; readonly host: string; readonly query: URLSearchParams }
  /** A browser without a session: it goes to the console's address and comes back. */
  | { readonly kind: "fetchTicket"; readonly host: string; readonly target: string }
  | Refused;

export interface Refused {
  readonly kind: "refused";
  readonly status: 400 | 401 | 403 | 421 | 501 | 503;
  readonly code:
    | "InvalidRequest"
    | "Unauthorized"
    | "Forbidden"
    | "ForeignOrigin"
    | "HostNotAllowed"
    | "NotAvailable"
    | "Overloaded";
  readonly message: string;
}

/** The permission of one service. Source: contract platform.md section 2.3. */
export const serviceResource = (path: string): string => `dcos:adminrouter:service:${path}`;

export const ticketPath = "/.keelson/session";

export interface AdmissionOptions {
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  /** Names besides loopback ones under which the console answers. */
  readonly allowedHosts: readonly string[];
}

const refused = (status: Refused["status"], code: Refused["code"], message: string): Refused => ({
  kind: "refused",
  status,
  code,
  message,
});

export async function admit(
  request: IncomingMessage,
  isUpgrade: boolean,
  options: AdmissionOptions,
): Promise<Admission> {
  const target = request.url ?? "";
  const called = calledBy(request.headers.host, options.allowedHosts);
  if (called.kind === "refused")
    return refused(
      421,
      "HostNotAllowed",
      "this is not a name of this cluster; call it by a loopback address or a configured name",
    );
  const read = readPath(target);
  if (read.kind === "refused") return refused(400, "InvalidRequest", read.problem);
  const head = headOf(request);
  const found = called.kind === "console" ? findRule(read.path) : undefined;
  const foreign = originRefusal(request, head, found, options);
  if (foreign !== undefined) return foreign;
  if (found === undefined && called.kind === "service")
    return admitNamed(called, { head, path: read.path, target, isUpgrade }, options);
  if (found === undefined) return refused(421, "HostNotAllowed", "this is not a name of this cluster");
  return admitConsole(request, found, { head, target, isUpgrade }, options);
}

/**
 * What a parser lets through, and two servers could frame differently. Asked before `admit`, at once: what follows on
 * the connection is not to be taken for a request.
 */
export function framingProblem({
  headers,
  rawHeaders,
  url,
  httpVersion,
}: IncomingMessage): Refused | undefined {
  if (!(url ?? "").startsWith("/"))
    return refused(400, "InvalidRequest", "a path is wanted, not a whole address");
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked")
    return refused(501, "NotAvailable", "the only Transfer-Encoding that is taken is chunked");
  if (coding !== undefined && (headers["content-length"] !== undefined || httpVersion === "1.0"))
    return refused(400, "InvalidRequest", "the length of the body is said in two ways");
  const hosts = headerList(rawHeaders).filter(([name]) => name.toLowerCase() === "host");
  if (hosts.length !== 1) return refused(400, "InvalidRequest", "one Host header is wanted");
  return undefined;
}

function originRefusal(
  { headers }: IncomingMessage,
  head: Head,
  found: Found | undefined,
  { allowedHosts }: AdmissionOptions,
): Refused | undefined {
  const name = found?.rule.target.kind === "own" ? found.rule.target.name : undefined;
  // Somebody follows a link of another site to something that shows: only what is not a navigation is judged.
  const mayCome = mayComeFromElsewhere(head, found?.rule.target.kind ?? "named", name);
  const refusal = checkOrigin(
    { host: headers.host, origin: headers.origin, fetchSite: mayCome ? undefined : head.fetchSite },
    { allowedHosts },
  );
  if (refusal === undefined) return undefined;
  return refusal.code === "HostNotAllowed"
    ? refused(421, "HostNotAllowed", refusal.message)
    : refused(403, "ForeignOrigin", refusal.message);
}

interface Asked {
  readonly head: Head;
  readonly target: string;
  readonly isUpgrade: boolean;
}

async function admitConsole(
  request: IncomingMessage,
  found: Found,
  { head, target, isUpgrade }: Asked,
  { tokens }: AdmissionOptions,
): Promise<Admission> {
  const { rule } = found;
  const query = queryOf(target);
  if (rule.access === "everybody") return { kind: "console", found, query, who: undefined };
  const presented = presentedToken(head);
  const identified = presented.kind === "token" ? await tokens.identify(presented.token) : undefined;
  if (presented.kind === "none" || identified === undefined)
    return refused(401, "Unauthorized", "a token is wanted: Authorization: token=…");
  const resource = rule.access === "users" ? undefined : rule.access.resource;
  // Which service is meant is found out later, and judged then.
  const isEarly = resource === undefined || rule.target.kind === "service";
  const denial = await denialOf(tokens, identified.uid, isEarly ? undefined : resource);
  if (denial !== undefined) return denial;
  if (presented.by === "cookie" && isUpgrade && request.headers.origin === undefined)
    return refused(403, "Forbidden", "beside a cookie, an Upgrade wants an Origin");
  if (
    !isUpgrade &&
    request.headers[csrfHeader] === undefined &&
    wantsCsrfHeader(presented.by, head, found.path, rule.target)
  )
    return refused(403, "Forbidden", `beside a cookie, this wants the header ${csrfHeader}`);
  const { uid, expiresAt, isClusterToken } = identified;
  const authorization = isClusterToken
    ? undefined
    : presented.by === "cookie"
      ? `token=${presented.token}`
      : head.authorization;
  return {
    kind: "console",
    found,
    query,
    who: { uid, expiresAt, resource, authorization, by: presented.by },
  };
}

async function admitNamed(
  { serviceId, host }: CalledBy & { kind: "service" },
  { head, path, target, isUpgrade }: Asked & { readonly path: string },
  { tokens, sessions }: AdmissionOptions,
): Promise<Admission> {
  if (path === ticketPath)
    return { kind: "ticket", host, query: new URLSearchParams(queryOf(target).slice(1)) };
  const resource = serviceResource(serviceId.slice(1));
  const presented = head.authorization === undefined ? undefined : presentedToken(head);
  const identified = presented?.kind === "token" ? await tokens.identify(presented.token) : undefined;
  const session =
    identified === undefined ? sessions.session(cookieOf(head.cookie, sessionCookie) ?? "", host) : undefined;
  const known = identified ?? session;
  if (known === undefined) {
    if (isNavigation(head) && !isUpgrade) return { kind: "fetchTicket", host, target };
    return refused(401, "Unauthorized", "a token is wanted: Authorization: token=…");
  }
  const denial = await denialOf(tokens, known.uid, resource);
  if (denial !== undefined) return denial;
  const who: Who = {
    uid: known.uid,
    expiresAt: known.expiresAt,
    resource,
    authorization: identified?.isClusterToken === false ? head.authorization : undefined,
    by: identified === undefined ? "session" : "header",
  };
  const ownAuthorization = identified === undefined ? head.authorization : undefined;
  return { kind: "named", serviceId, host, path, query: queryOf(target), who, ownAuthorization };
}

/** Why somebody may not; without a resource it is enough to be there. */
export async function denialOf(
  tokens: Tokens,
  uid: string,
  resource: string | undefined,
): Promise<Refused | undefined> {
  const permission = await tokens.permission(uid, resource);
  switch (permission) {
    case "allowed":
      return undefined;
    case "unknownUser":
      return refused(401, "Unauthorized", "the user of this token is not there any more");
    case "forbidden":
      return refused(403, "Forbidden", missingPermission(uid, resource ?? "", "full"));
    case "unavailable":
      return refused(503, "Overloaded", "permissions can't be asked for; try again in a moment");
  }
}

export function headOf({ method = "GET", headers }: IncomingMessage): Head {
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    method,
    authorization: headers.authorization,
    cookie: headers.cookie,
    accept: headers.accept,
    fetchSite: one("sec-fetch-site"),
    fetchMode: one("sec-fetch-mode"),
    fetchDestination: one("sec-fetch-dest"),
  };
}
