/** Paths of declared endpoints: matching, with ids that hold slashes, and building. */

/** Where all of them are, on every daemon. */
export const endpointPrefix = "/keelson/v1";

interface Part {
  readonly kind: "text" | "segment" | "rest";
  readonly value: string;
}

function partsOf(path: string): readonly Part[] {
  return path
    .split("/")
    .slice(1)
    .map((part) => {
      const match = /^\{(\w+)(\.\.\.)?\}$/.exec(part);
      if (match === null) return { kind: "text", value: part };
      return { kind: match[2] === undefined ? "segment" : "rest", value: match[1] ?? "" };
    });
}

/**
 * The parameters of `given` by the declared `path`, or undefined. `{id...}` takes as much as the known text behind
 * it leaves: of `/services/{id...}/tasks`, `/services/a/tasks/tasks` has the id `a/tasks`.
 */
export function matchPath(path: string, given: string): Readonly<Record<string, string>> | undefined {
  const declared = partsOf(path);
  const segments = given.split("/").slice(1);
  const rest = declared.findIndex(({ kind }) => kind === "rest");
  if (rest === -1 ? segments.length !== declared.length : segments.length < declared.length) return undefined;
  const after = rest === -1 ? 0 : declared.length - rest - 1;
  const params: Record<string, string> = {};
  for (const [index, { kind, value }] of declared.entries()) {
    const isBehindRest = rest !== -1 && index > rest;
    const at = isBehindRest ? segments.length - (declared.length - index) : index;
    const segment = segments[at] ?? "";
    if (kind === "text") {
      if (segment !== value) return undefined;
    } else if (kind === "segment") {
      params[value] = decodeURIComponent(segment);
    } else {
      params[value] = segments
        .slice(rest, segments.length - after)
        .map(decodeURIComponent)
        .join("/");
    }
  }
  return params;
}

/** More known text wins over less, so that `/services/{id...}/tasks` is asked before `/services/{id...}`. */
export function specificity(path: string): number {
  return partsOf(path).reduce(
    (sum, { kind }) => sum + (kind === "text" ? 100 : kind === "segment" ? 10 : 1),
    0,
  );
}

export function buildPath(path: string, params: Readonly<Record<string, unknown>>): string {
  return partsOf(path)
    .map(({ kind, value }) => {
      if (kind === "text") return `/${value}`;
      const given = String(params[value] ?? "");
      const encoded =
        kind === "rest"
          ? given.replace(/^\/+/, "").split("/").map(encodeURIComponent).join("/")
          : encodeURIComponent(given);
      return `/${encoded}`;
    })
    .join("");
}
