/** Paths and flags of requests, as all routes read them. */
import { RequestInvalid } from "#domain/definitions/index.ts";

/** The segments of what a wildcard caught. Throws `RequestInvalid` when one can't be decoded. */
export function pathParts(rest: string): readonly string[] {
  return rest
    .split("/")
    .filter((part) => part !== "")
    .map(decodePart);
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RequestInvalid(`"${part}" in the path is not valid percent-encoding`);
  }
}

/** Absent is the default; without a value it is set. In any case of letters: clients in Python write `True`. */
export function flag(query: URLSearchParams, name: string, byDefault: boolean): boolean {
  const value = query.get(name);
  return value === null ? byDefault : value.toLowerCase() === "true" || value === "";
}
