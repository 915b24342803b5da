/**
 * A window of one of Marathon's or Metronome's lists, and chosen fields of its items: query fields of ours on their paths (ADR 0154).
 *
 * The answer keeps the shape that every client reads; how many there are and where the next window is stand in
 * headers. Source: the paths are those of contracts marathon.md sections 2.1 to 2.5 and metronome.md section 2, which have neither.
 */
import { ArgumentInvalid } from "#domain/definitions/index.ts";
import type { HttpRequest } from "#foundation/http/index.ts";

/** A name with a dot after a product's name is none that they have. */
const names = { limit: "keelson.limit", offset: "keelson.offset", fields: "keelson.fields" } as const;
const limitMax = 10_000;
const fieldsMax = 100;

export interface ListWindow {
  readonly items: readonly unknown[];
  readonly headers: Readonly<Record<string, string>>;
}

interface Listed<Item> {
  /** A window is of a list in the order of these; a list without one stays in its own. */
  readonly idOf: (item: Item) => string;
  /** Made for the items of the window alone. */
  readonly show: (item: Item) => unknown;
}

/** Throws `ArgumentInvalid`. */
export function listWindow<Item>(
  { query, path }: Pick<HttpRequest, "query" | "path">,
  items: readonly Item[],
  { idOf, show }: Listed<Item>,
): ListWindow {
  const choose = fieldChooser(query);
  const limit = wholeNumber(query, names.limit, { min: 1, max: limitMax });
  const offset = wholeNumber(query, names.offset, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const shown = (item: Item): unknown => choose(show(item));
  if (limit === undefined && offset === undefined) return { items: items.map(shown), headers: {} };
  const start = offset ?? 0;
  const end = start + (limit ?? limitMax);
  return {
    items: inOrder(items, idOf).slice(start, end).map(shown),
    headers: {
      "keelson-total": String(items.length),
      ...(end < items.length ? { link: `<${nextPath(path, query, end)}>; rel="next"` } : {}),
    },
  };
}

function inOrder<Item>(items: readonly Item[], idOf: (item: Item) => string): readonly Item[] {
  const keyed = items.map((item) => ({ item, id: idOf(item) }));
  keyed.sort((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
  return keyed.map(({ item }) => item);
}

function nextPath(path: string, query: URLSearchParams, offset: number): string {
  const next = new URLSearchParams(query);
  next.set(names.offset, String(offset));
  return `${path}?${next.toString()}`;
}

function wholeNumber(
  query: URLSearchParams,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const given = query.get(name);
  if (given === null) return undefined;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= min && value <= max) return value;
  throw new ArgumentInvalid(`${name} wants a whole number from ${min} to ${max}, not "${given}"`);
}

/** Only what was asked for, where something was. Throws `ArgumentInvalid`. */
export function fieldChooser(query: URLSearchParams): (value: unknown) => unknown {
  const given = query.getAll(names.fields).flatMap((list) => list.split(","));
  if (given.length === 0) return (value) => value;
  const paths = given.map((each) => each.trim().split("."));
  if (paths.length > fieldsMax)
    throw new ArgumentInvalid(`${names.fields} names at most ${fieldsMax} fields`);
  if (paths.some((path) => path.includes("")))
    throw new ArgumentInvalid(`${names.fields} wants names of fields with commas between, such as id,labels`);
  const tree = treeOf(paths);
  return (value) => chosen(value, tree);
}

/** Undefined: all of it. */
type FieldTree = ReadonlyMap<string, FieldTree | undefined>;

function treeOf(paths: readonly (readonly string[])[]): FieldTree {
  const tree = new Map<string, FieldTree | undefined>();
  for (const first of new Set(paths.map(([name = ""]) => name))) {
    const below = paths.filter(([name]) => name === first).map((path) => path.slice(1));
    tree.set(first, below.some((path) => path.length === 0) ? undefined : treeOf(below));
  }
  return tree;
}

/** Of a list the fields of each item; a name with dots in it is found too, as labels have them. */
function chosen(value: unknown, tree: FieldTree): unknown {
  if (Array.isArray(value)) return value.map((item) => chosen(item, tree));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
      const below = find(tree, name);
      if (below === undefined) return [];
      return [[name, below.tree === undefined ? item : chosen(item, below.tree)]];
    }),
  );
}

function find(tree: FieldTree, name: string): { readonly tree: FieldTree | undefined } | undefined {
  if (tree.has(name)) return { tree: tree.get(name) };
  const dot = name.indexOf(".");
  const below = dot < 0 ? undefined : tree.get(name.slice(0, dot));
  return below === undefined ? undefined : find(below, name.slice(dot + 1));
}
