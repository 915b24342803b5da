/** By which name the door was called, and what that means. */

export type CalledBy =
  /** The console and every API. */
  | { readonly kind: "console" }
  /** `cart.shop.localhost` is the service `/shop/cart`, and nothing else is there. */
  | { readonly kind: "service"; readonly serviceId: string; readonly host: string }
  | { readonly kind: "refused" };

/** Names below `.localhost` that are the console's: people type them. */
const consoleNames: ReadonlySet<string> = new Set(["console.localhost", "keelson.localhost"]);

export function calledBy(hostHeader: string | undefined, advertised: readonly string[]): CalledBy {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/.exec((hostHeader ?? "").toLowerCase());
  const host = match?.[1];
  if (host === undefined || host.length > 253) return { kind: "refused" };
  if (isLoopbackName(host) || consoleNames.has(host) || advertised.includes(host)) return { kind: "console" };
  if (!host.endsWith(".localhost")) return { kind: "refused" };
  const parts = host.slice(0, -".localhost".length).split(".");
  if (parts.some((part) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(part))) return { kind: "refused" };
  return { kind: "service", serviceId: `/${parts.toReversed().join("/")}`, host };
}

const isLoopbackName = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);

/** The name by which a service is called, or undefined when its id can't be one (dots, or no service of ours). */
export function hostOf(serviceId: string): string | undefined {
  const parts = serviceId.split("/").filter((part) => part !== "");
  if (parts.length === 0 || parts.some((part) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(part)))
    return undefined;
  const host = `${parts.toReversed().join(".")}.localhost`;
  return host.length > 253 || consoleNames.has(host) ? undefined : host;
}
