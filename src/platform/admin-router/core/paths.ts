/** What a path means before any route is looked for: one reading, the same for the door and for what is behind it. */

export type ReadPath =
  | { readonly kind: "path"; readonly path: string }
  /** Two servers could read it differently. */
  | { readonly kind: "refused"; readonly problem: string };

/** Dot segments in any spelling, backslashes, control characters and blanks: what routers have been tricked with. */
const ambiguous = /(?:\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$|;)|%5c|%00|%0[ad]|\\|[\s\p{Cc}]/iu;
const pathLengthMax = 8_192;

/**
 * The path of a request target, without its query. Repeated slashes are merged, as DC/OS has it; what is matched and
 * what is passed on are the same bytes from then on.
 */
export function readPath(target: string): ReadPath {
  const path = target.split("?", 1)[0] ?? "";
  if (!path.startsWith("/")) return { kind: "refused", problem: "the path does not start with a slash" };
  if (path.length > pathLengthMax)
    return { kind: "refused", problem: `the path is longer than ${pathLengthMax} bytes` };
  if (ambiguous.test(path) || /[^\x21-\x7e]/.test(path) || !isUtf8(path))
    return { kind: "refused", problem: "the path is ambiguous; write it plainly" };
  return { kind: "path", path: path.replace(/\/{2,}/g, "/") };
}

/** Whether what is percent-encoded is text: overlong forms of a dot or a slash are not, nor is a lone `%`. */
function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** The query of a target with its question mark, or nothing. */
export function queryOf(target: string): string {
  const at = target.indexOf("?");
  return at === -1 ? "" : target.slice(at);
}
