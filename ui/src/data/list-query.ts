/** What a list shows, as it stands in the address: filter, sort and whatever else a page narrows by. */
export interface ListQuery {
  readonly filter?: string;
  /** A field, `-field` descending. */
  readonly sort?: string;
  /** Further query fields of the endpoint, such as `node`. */
  readonly also?: Readonly<Record<string, string | boolean>>;
}

export interface ListSearch {
  readonly filter?: string;
  readonly sort?: string;
}

/** Reads the search part of an address; what is not understood is left out. */
export function readListSearch(search: Record<string, unknown>): ListSearch {
  const filter = search["filter"];
  const sort = search["sort"];
  return {
    ...(typeof filter === "string" && filter !== "" ? { filter: filter.slice(0, 500) } : {}),
    ...(typeof sort === "string" && /^-?[A-Za-z]+$/.test(sort) ? { sort } : {}),
  };
}

/** The sort after a click on the head of `field`: ascending, then descending, then as the server has it. */
export function nextSort(current: string | undefined, field: string): string | undefined {
  if (current === field) return `-${field}`;
  return current === `-${field}` ? undefined : field;
}
