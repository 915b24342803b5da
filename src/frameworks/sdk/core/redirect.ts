/** Where the leading master is, when another one says so. */

export const schedulerPath = "/api/v1/scheduler";

/**
 * Resolves a Location, which masters write without a scheme (`//host:port/api/v1/scheduler`). Undefined when it
 * is no http address.
 */
export function resolveRedirect(from: string, location: string): string | undefined {
  if (!URL.canParse(location, from)) return undefined;
  const target = new URL(location, from);
  return target.protocol === "http:" || target.protocol === "https:" ? target.href : undefined;
}
