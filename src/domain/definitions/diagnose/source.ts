/** A definition file as a tree that knows where everything stands, whichever format it was read from. */

export interface Span {
  /** Offset of the first character. */
  readonly from: number;
  /** Offset behind the last. */
  readonly to: number;
}

export interface SourceEntry {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: SourceNode;
}

export type SourceNode = Span &
  (
    | { readonly kind: "map"; readonly entries: readonly SourceEntry[] }
    | { readonly kind: "list"; readonly items: readonly SourceNode[] }
    | { readonly kind: "scalar"; readonly value: string | number | boolean | null }
    /** Something stands here that could not be read; a fault says why. */
    | { readonly kind: "unreadable" }
  );

/** A mistake of the format itself; `definition.syntax.<code>` is its sentence in the catalogue. */
export interface SyntaxFault extends Span {
  readonly code: string;
  readonly parameters: Readonly<Record<string, string | number>>;
}

export interface SourceDocument {
  /** Absent when there is nothing in it. */
  readonly root: SourceNode | undefined;
  readonly faults: readonly SyntaxFault[];
}

/** Deeper nesting is no definition. */
export const depthMax = 64;
/** More nodes than this, aliases followed, are no definition. */
export const nodesMax = 200_000;

/** The value of a tree. What could not be read is left out of maps, and null in lists: the other items keep their places. */
export function valueAt(node: SourceNode | undefined): unknown {
  switch (node?.kind) {
    case "map":
      return Object.fromEntries(
        node.entries
          .filter(({ value }) => value.kind !== "unreadable")
          .map(({ key, value }) => [key, valueAt(value)]),
      );
    case "list":
      return node.items.map((item) => valueAt(item) ?? null);
    case "scalar":
      return node.value;
    default:
      return undefined;
  }
}

/** Paths of what could not be read. */
export function unreadablePaths(node: SourceNode, path = ""): readonly string[] {
  switch (node.kind) {
    case "map":
      return node.entries.flatMap(({ key, value }) => unreadablePaths(value, `${path}/${key}`));
    case "list":
      return node.items.flatMap((item, index) => unreadablePaths(item, `${path}(${index})`));
    case "unreadable":
      return [path];
    default:
      return [];
  }
}

export type PathPart = string | number;

/** `/portDefinitions(0)/name` as parts. Names may hold slashes only where a map has that key. */
export function partsOfPath(path: string): readonly PathPart[] {
  return path
    .split("/")
    .slice(1)
    .filter((part) => part !== "")
    .flatMap((part): PathPart[] => {
      const [, name = part, indexes = ""] = /^(.*?)((?:\(\d+\))*)$/.exec(part) ?? [];
      return [
        ...(name === "" ? [] : [name]),
        ...[...indexes.matchAll(/\d+/g)].map(([digits]) => Number(digits)),
      ];
    });
}

export interface Place extends Span {
  /** Whether the whole path is there, not only the way to it. */
  readonly isWhole: boolean;
}

/** Where the value of a path stands; the nearest thing around it when the path is not in the file. */
export function placeOf(root: SourceNode, parts: readonly PathPart[]): Place {
  let node = root;
  for (const [index, part] of parts.entries()) {
    const next = childOf(node, part) ?? childByRest(node, parts.slice(index));
    if (next === undefined) return { ...headOf(node), isWhole: false };
    node = next.node;
    if (next.isLast) break;
  }
  return { ...headOf(node), isWhole: true };
}

function childOf(node: SourceNode, part: PathPart): { node: SourceNode; isLast: boolean } | undefined {
  if (node.kind === "list" && typeof part === "number") {
    const item = node.items[part];
    return item === undefined ? undefined : { node: item, isLast: false };
  }
  if (node.kind !== "map") return undefined;
  const found = node.entries.find(({ key }) => key === String(part));
  return found === undefined ? undefined : { node: found.value, isLast: false };
}

/** A key with slashes in it, such as a label's name. */
function childByRest(
  node: SourceNode,
  parts: readonly PathPart[],
): { node: SourceNode; isLast: boolean } | undefined {
  if (node.kind !== "map" || parts.length < 2) return undefined;
  const found = node.entries.find(({ key }) => key === parts.join("/"));
  return found === undefined ? undefined : { node: found.value, isLast: true };
}

/** Whole collections are pointed at by their first character. */
function headOf({ kind, from, to }: SourceNode): Span {
  return kind === "map" || kind === "list" ? { from, to: Math.min(to, from + 1) } : { from, to };
}
