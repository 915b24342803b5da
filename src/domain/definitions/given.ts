/** Fields that are there only when there is something in them. */
export function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
}

export function nonEmpty<Name extends string, Item>(
  name: Name,
  items: readonly Item[] | undefined,
): { [Key in Name]?: readonly Item[] } {
  return given(name, items === undefined || items.length === 0 ? undefined : items);
}

export function nonEmptyMap<Name extends string, Of extends object>(
  name: Name,
  map: Of | undefined,
): { [Key in Name]?: Of } {
  return given(name, map === undefined || Object.keys(map).length === 0 ? undefined : map);
}
