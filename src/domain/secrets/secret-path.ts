/** Names of kept secrets, and which services may use them. Source: contract platform.md section 11.1. */

export const secretPathMax = 500;

/** Without the slash that may stand before it; undefined when it is the path of no secret. */
export function secretPathOf(text: string): string | undefined {
  const path = text.startsWith("/") ? text.slice(1) : text;
  const isPath = path.length <= secretPathMax && path.split("/").every(isSegment);
  return isPath ? path : undefined;
}

const isSegment = (part: string): boolean => /^[A-Za-z0-9._-]+$/.test(part) && part !== "." && part !== "..";

/** Those in its own folders, and those in none: `dev/database` is for `/dev` and for what is below it. */
export function mayUseSecret(serviceId: string, path: string): boolean {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : undefined;
  return folder === undefined || `${serviceId}/`.startsWith(`/${folder}/`);
}
