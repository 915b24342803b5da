/**
 * A window of a filtered, sorted list: what every paged list of ours does, over whatever it lists.
 *
 * One pass over the whole looks only at the fields that are asked about; items of the answer are made by the caller, for
 * the window alone. A filter is words that must all occur, and `field:value`; a value with spaces stands in quotes.
 */
import { CodedError } from "./errors.ts";

/** What a field has to be compared with; several values match when one of them does. */
export type ListValue = string | number | boolean | undefined | readonly string[];

/** How things are listed. */
export interface ListShape<Item> {
  /** Texts in which a plain word of the filter is looked for. */
  readonly words: (item: Item) => readonly string[];
  /** Fields for `field:value`, without regard to case; a function that takes the value decides by itself. */
  readonly fields: Readonly<Record<string, (item: Item) => ListValue>>;
  /** Fields with a test of their own, such as a group that means everything below it. */
  readonly tests?: Readonly<Record<string, (item: Item, value: string) => boolean>>;
  /** Fields that a list can be sorted by; absent ones are all of `fields`. */
  readonly sorts?: Readonly<Record<string, (item: Item) => ListValue>>;
  /** Between items that the wished order calls equal, and the order when none is wished; absent keeps the given order. */
  readonly tieBreak?: (item: Item) => string;
}

export interface ListQuery {
  readonly offset?: number;
  readonly limit?: number;
  readonly filter?: string;
  /** A field, with a minus in front for descending. */
  readonly sort?: string;
}

/** Items in one answer unless the query says otherwise. */
const limitByDefault = 100;

/** The window, and how many match. Throws CodedError `Invalid` for a field that the list doesn't have. */
export function listWindow<Item>(
  items: Iterable<Item>,
  query: ListQuery,
  shape: ListShape<Item>,
): { readonly items: readonly Item[]; readonly total: number } {
  const matches = compileFilter(query.filter ?? "", shape);
  const found: Item[] = [];
  for (const item of items) if (matches(item)) found.push(item);
  const sorted = sortItems(found, query.sort, shape);
  const offset = query.offset ?? 0;
  return { items: sorted.slice(offset, offset + (query.limit ?? limitByDefault)), total: found.length };
}

interface Term {
  readonly field: string | undefined;
  /** As written. */
  readonly value: string;
}

const termShape = /(?:([A-Za-z]+):)?(?:"([^"]*)"|(\S+))/g;

/** A colon in front of `//` belongs to an address, not to a field. */
function termsOf(filter: string): readonly Term[] {
  return [...filter.matchAll(termShape)].map(([, field, quoted, plain]) => {
    const value = quoted ?? plain ?? "";
    if (field === undefined || !value.startsWith("//")) return { field, value };
    return { field: undefined, value: `${field}:${value}` };
  });
}

function compileFilter<Item>(filter: string, shape: ListShape<Item>): (item: Item) => boolean {
  const tests = termsOf(filter).map((term) => compileTerm(term, shape));
  return (item) => tests.every((test) => test(item));
}

function compileTerm<Item>({ field, value }: Term, shape: ListShape<Item>): (item: Item) => boolean {
  const wanted = value.toLowerCase();
  if (field === undefined) {
    return (item) => shape.words(item).some((word) => word.toLowerCase().includes(wanted));
  }
  const test = own(shape.tests, field);
  if (test !== undefined) return (item) => test(item, value);
  const read = own(shape.fields, field);
  if (read === undefined) {
    throw unknownField("filter", field, [...Object.keys(shape.fields), ...Object.keys(shape.tests ?? {})]);
  }
  return (item) => {
    const found = read(item);
    if (Array.isArray(found)) return found.some((each: string) => each.toLowerCase() === wanted);
    return found !== undefined && String(found).toLowerCase() === wanted;
  };
}

function sortItems<Item>(
  items: readonly Item[],
  sort: string | undefined,
  shape: ListShape<Item>,
): readonly Item[] {
  const { tieBreak } = shape;
  if (sort === undefined && tieBreak === undefined) return items;
  const field = sort?.replace(/^-/, "");
  const sorts = shape.sorts ?? shape.fields;
  const read = field === undefined ? undefined : own(sorts, field);
  if (field !== undefined && read === undefined) throw unknownField("sort", field, Object.keys(sorts));
  const sign = sort?.startsWith("-") === true ? -1 : 1;
  // Keys are read once an item, not once a comparison.
  const keyed = items.map((item) => ({ item, key: read?.(item), tie: tieBreak?.(item) ?? "" }));
  keyed.sort((one, other) => compareKeys(one.key, other.key, sign) || compareKeys(one.tie, other.tie, 1));
  return keyed.map(({ item }) => item);
}

/** What is absent comes after everything that is there, whichever way the list is sorted. */
function compareKeys(one: ListValue, other: ListValue, sign: 1 | -1): number {
  if (one === undefined || other === undefined) {
    return one === other ? 0 : one === undefined ? 1 : -1;
  }
  if (typeof one === "number" && typeof other === "number") return (one - other) * sign;
  const [left, right] = [String(one), String(other)];
  return left < right ? -sign : left > right ? sign : 0;
}

function own<Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function unknownField(where: "filter" | "sort", field: string, known: readonly string[]): CodedError {
  return new CodedError(
    "Invalid",
    `${where}: there is no field ${field} here; take one of ${[...known].sort().join(", ")}`,
  );
}
