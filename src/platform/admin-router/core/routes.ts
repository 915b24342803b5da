/** Where a path behind the door leads, as a function of values. */

export type Upstream = "kernel" | "services";

export type Destination =
  | { readonly kind: "page" }
  | { readonly kind: "upstream"; readonly upstream: Upstream; readonly path: string }
  | { readonly kind: "agent"; readonly agentId: string; readonly path: string }
  | { readonly kind: "unknown" }
  /** The router and what is behind it could read this path differently. */
  | { readonly kind: "refused"; readonly problem: string };

const upstreams: readonly (readonly [string, Upstream])[] = [
  ["/service/marathon", "services"],
  ["/marathon", "services"],
  ["/mesos", "kernel"],
];

/** Anything a router and a server behind it have ever read differently. */
const ambiguous = /\/\/|\/\.{1,2}(\/|$)|%2e|%2f|%5c|%00|\\|[\s\p{Cc}]/iu;

export function routeOf(path: string): Destination {
  if (path === "/") return { kind: "page" };
  if (!path.startsWith("/") || ambiguous.test(path))
    return { kind: "refused", problem: "the path is ambiguous; write it plainly" };
  for (const [prefix, upstream] of upstreams) {
    if (path === prefix || path.startsWith(`${prefix}/`))
      return { kind: "upstream", upstream, path: path.slice(prefix.length) || "/" };
  }
  const agent = /^\/(?:agent|slave)\/([^/]+)(\/.*)?$/.exec(path);
  if (agent?.[1] !== undefined) return { kind: "agent", agentId: agent[1], path: agent[2] ?? "/" };
  return { kind: "unknown" };
}

/** The token a request brings, from its header or its cookie. */
export function tokenOf(authorization: string | undefined, cookie: string | undefined): string | undefined {
  const header = /^\s*(?:token=|bearer\s+)(\S+)\s*$/i.exec(authorization ?? "");
  if (header?.[1] !== undefined) return header[1];
  if (authorization !== undefined) return undefined;
  for (const pair of (cookie ?? "").split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === cookieName) return value;
  }
  return undefined;
}

export const cookieName = "keelson-token";

/** Headers of one connection, not of a request; and those that carry the door's own token. */
const kept: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "authorization",
  "cookie",
  "origin",
]);

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is passed on in either direction. */
export function passedHeaders(headers: Headers, direction: "in" | "out"): Record<string, string | string[]> {
  const named = new Set(
    String(headers["connection"] ?? "")
      .toLowerCase()
      .split(",")
      .map((name) => name.trim()),
  );
  const passed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || kept.has(name) || named.has(name)) continue;
    if (direction === "out" && name === "set-cookie") continue;
    passed[name] = typeof value === "string" ? value : [...value];
  }
  return passed;
}
