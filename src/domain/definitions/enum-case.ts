/**
 * Words of a fixed set are read in any case of letters, as Marathon reads them: `"rw"` is `"RW"`, and that is what is kept.
 * A word that is none of the set stays, so that it is refused as it was written.
 */
import type { TSchema } from "#contracts/schema.ts";

/** The same value when nothing differs. */
export function withEnumCase(schema: TSchema, value: unknown): unknown {
  const { enum: words, anyOf, items, properties } = schema as Parts;
  if (words !== undefined) return typeof value === "string" ? wordOf(words, value) : value;
  if (anyOf !== undefined) return anyOf.reduce<unknown>((folded, each) => withEnumCase(each, folded), value);
  if (Array.isArray(value)) {
    if (items === undefined) return value;
    const folded = value.map((item) => withEnumCase(items, item));
    return folded.some((item, index) => item !== value[index]) ? folded : value;
  }
  if (properties === undefined || typeof value !== "object" || value === null) return value;
  let changed: Record<string, unknown> | undefined;
  for (const [name, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const folded = known === undefined ? inner : withEnumCase(known, inner);
    if (folded !== inner) changed = { ...(changed ?? value), [name]: folded };
  }
  return changed ?? value;
}

/** What of JSON Schema matters here. */
interface Parts {
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly TSchema[];
  readonly items?: TSchema;
  readonly properties?: Readonly<Record<string, TSchema>>;
}

function wordOf(words: readonly unknown[], given: string): string {
  if (words.includes(given)) return given;
  const lower = given.toLowerCase();
  const word = words.find((each) => typeof each === "string" && each.toLowerCase() === lower);
  return typeof word === "string" ? word : given;
}
