/** Where a service sends a browser, as an address below the door. Source: contract platform.md section 1.3, Location. */

export interface Placement {
  /** Where the service is at the door, such as `/service/shop`. */
  readonly prefix: string;
  /** What the service calls itself: the names under which it was asked, with ports. */
  readonly ownHosts: readonly string[];
}

/**
 * Below the prefix already: stays, made relative. Of the same host, or starting with a slash: goes below the prefix.
 * Another host, or relative: left alone.
 */
export function rewrittenLocation(given: string, { prefix, ownHosts }: Placement): string {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(given);
  if (absolute !== null) {
    const [, host = "", rest = ""] = absolute;
    if (!ownHosts.some((own) => own.toLowerCase() === host.toLowerCase())) return given;
    return below(prefix, rest.startsWith("/") ? rest : `/${rest}`);
  }
  // Two slashes name a host.
  if (!given.startsWith("/") || given.startsWith("//")) return given;
  return below(prefix, given);
}

function below(prefix: string, path: string): string {
  const isBelow = path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`);
  return isBelow ? path : prefix + path;
}
