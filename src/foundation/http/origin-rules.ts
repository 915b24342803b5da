/**
 * Who may speak to a port at all: a web page in a browser on the same machine may not, whatever name it makes
 * resolve to us. Applied to every request of every port before its body is read.
 */
import type { ErrorCode } from "#contracts/errors.ts";

export interface OriginRules {
  /** Names besides loopback ones under which this server may be called, without ports. */
  readonly allowedHosts: readonly string[];
}

export interface RequestHead {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The refusal, or undefined when the request may go on. */
export function checkOrigin(head: RequestHead, rules: OriginRules): Refusal | undefined {
  const host = hostNameOf(head.host);
  if (host === undefined || !isAllowed(host, rules)) {
    return {
      code: "HostNotAllowed",
      message: `Host "${head.host ?? ""}" is not a name of this server; call it by a loopback address or a configured name`,
    };
  }
  if (head.fetchSite === "cross-site") {
    return { code: "ForeignOrigin", message: "a page of another site may not call this server" };
  }
  if (head.origin === undefined) return undefined;
  if (isSameOrigin(head.origin, head.host ?? "")) return undefined;
  return {
    code: "ForeignOrigin",
    message: `a page of ${head.origin.slice(0, 200)} may not call this server`,
  };
}

/** A page served by this very host and port; another port of the same machine is another site here. */
function isSameOrigin(origin: string, host: string): boolean {
  return (
    /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, "").toLowerCase() === host.toLowerCase()
  );
}

function isAllowed(host: string, { allowedHosts }: OriginRules): boolean {
  return (
    isLoopback(host) ||
    host.endsWith(".localhost") ||
    allowedHosts.some((name) => name.toLowerCase() === host)
  );
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The name of a Host header without its port, in lower case; undefined when it is none. */
function hostNameOf(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9._-]+)(?::\d{1,5})?$/.exec(header ?? "");
  return match?.[1]?.toLowerCase();
}
