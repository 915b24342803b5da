/** What of a request and of an answer goes through the door. Source: contract platform.md section 1.6, hygiene. */
import { cookieNames, csrfHeader, identityHeaders } from "#contracts/identity.ts";

/** Cookie of a named host; it is worth nothing anywhere else. */
export const sessionCookie = "keelson-service-session";

const ownCookies: ReadonlySet<string> = new Set([cookieNames.auth, cookieNames.info, sessionCookie]);

/** Headers of one connection, not of a request. Source: RFC 9110, section 7.6.1. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/** Said by the door alone: what a client says under these names is dropped. */
const saidByDoor: ReadonlySet<string> = new Set([
  ...Object.values(identityHeaders),
  csrfHeader,
  "x-real-ip",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "forwarded",
]);

export type HeaderList = readonly (readonly [string, string])[];

/** Names and values by turns, as Node gives them, with duplicates. */
export function headerList(raw: readonly string[]): HeaderList {
  const list: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) list.push([raw[index] ?? "", raw[index + 1] ?? ""]);
  return list;
}

export interface Passing {
  readonly clientAddress: string;
  readonly protocol: "http" | "https";
  /** What the client called us; names with a port. */
  readonly host: string;
  /** Replaces whatever the client sent; undefined: none is passed on. */
  readonly authorization: string | undefined;
  /** Who asks, for daemons of ours; never for what tasks serve. */
  readonly identity: { readonly user: string; readonly secret: string } | undefined;
  /** Part of the agent route: the answer is passed on as it is. */
  readonly dropAcceptEncoding?: boolean;
}

/** What is passed on of a request. `host` is among it. */
export function requestHeaders(given: HeaderList, passing: Passing): string[] {
  const named = connectionNames(given);
  const passed: string[] = [];
  let forwardedFor = passing.clientAddress;
  for (const [name, value] of given) {
    const lower = name.toLowerCase();
    // Appended to what a client claims, as everybody behind expects; the last one is ours and true.
    if (lower === "x-forwarded-for" && !named.has(lower)) forwardedFor = `${value}, ${passing.clientAddress}`;
    if (ofConnection.has(lower) || named.has(lower) || saidByDoor.has(lower)) continue;
    if (lower === "host" || lower === "authorization") continue;
    if (lower === "accept-encoding" && passing.dropAcceptEncoding === true) continue;
    if (lower === "cookie") {
      const kept = otherCookies(value);
      if (kept !== "") passed.push(name, kept);
      continue;
    }
    passed.push(name, value);
  }
  passed.push("host", passing.host);
  if (passing.authorization !== undefined) passed.push("authorization", passing.authorization);
  passed.push("x-real-ip", passing.clientAddress, "x-forwarded-for", forwardedFor);
  passed.push("x-forwarded-proto", passing.protocol, "x-forwarded-host", passing.host);
  if (passing.identity !== undefined) {
    passed.push(identityHeaders.user, passing.identity.user, identityHeaders.from, passing.clientAddress);
    passed.push(identityHeaders.door, passing.identity.secret);
  }
  return passed;
}

/** A cookie header without ours. */
export function otherCookies(header: string): string {
  return header
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "" && !ownCookies.has(cookieName(pair)))
    .join("; ");
}

export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? "").split(";")) {
    const trimmed = pair.trim();
    if (cookieName(trimmed) === name) return trimmed.slice(trimmed.indexOf("=") + 1);
  }
  return undefined;
}

const cookieName = (pair: string): string => pair.split("=", 1)[0]?.trim() ?? "";

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Not for what a task says: they act on the whole of the console's address. */
const ofWholeOrigin: ReadonlySet<string> = new Set([
  "clear-site-data",
  "strict-transport-security",
  "service-worker-allowed",
  "public-key-pins",
  "alt-svc",
]);

export interface Answering {
  /** Whose answer it is: what a task says of cookies and policies is not taken for the console's. */
  readonly from: "daemon" | "task";
  readonly location: ((given: string) => string) | undefined;
  /** Added to the policies of the answer. */
  readonly policy: string | undefined;
}

/** What is passed on of an answer. */
export function answerHeaders(
  given: AnswerHeaders,
  { from, location, policy }: Answering,
): Record<string, string | string[]> {
  const named = connectionNames(
    Object.entries(given).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );
  const passed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || ofConnection.has(name) || named.has(name)) continue;
    if (Object.values<string>(identityHeaders).includes(name)) continue;
    if (from === "task" && ofWholeOrigin.has(name)) continue;
    if (name === "set-cookie" && from === "task") {
      const kept = [value].flat().filter((cookie) => !ownCookies.has(cookieName(cookie)));
      if (kept.length > 0) passed[name] = kept;
    } else if (name === "location" && location !== undefined && typeof value === "string") {
      passed[name] = location(value);
    } else passed[name] = value;
  }
  if (policy === undefined) return passed;
  // Several policies all hold: ours narrows what the answer had.
  const before = passed["content-security-policy"];
  passed["content-security-policy"] = before === undefined ? policy : [...[before].flat(), policy];
  return passed;
}

function connectionNames(headers: HeaderList): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== "connection") continue;
    // What the door itself decides on can't be switched off by naming it here.
    for (const each of value.toLowerCase().split(",")) names.add(each.trim());
  }
  names.delete("host");
  names.delete("authorization");
  names.delete("content-length");
  return names;
}
