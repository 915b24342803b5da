/**
 * What every field of our public schemas means, in both languages: for `keelson explain`, forms, the hover of editors
 * and reference pages. Pure; runs in browsers.
 */
import type { Language } from "../messages/messages.ts";
import { ownEndpoints } from "./own-apis.ts";
import { documentedRoots, shapeRoots } from "./roots.ts";
import { fieldsOf, type SchemaField, shapeKey } from "./schema-fields.ts";
import { factsOf, textOf } from "./texts.ts";

export interface FieldDoc extends Omit<SchemaField, "children"> {
  readonly description: string;
  /** What is assumed when it is left out, as JSON; null: nothing. Absent for required fields. */
  readonly default?: unknown;
  readonly example: unknown;
  /** Symbol: `s`, `ms`, `MiB`, `B`, `CPU`, `GPU`; `ms UTC` for points in time. */
  readonly unit?: string;
  /** Version that brought it; absent while it is understood but refused with the field named. */
  readonly since?: string;
  readonly children: readonly FieldDoc[];
}

const shapes = new Map(Object.entries(shapeRoots).map(([name, schema]) => [shapeKey(schema), name] as const));

function treeOf(root: string): SchemaField | undefined {
  const schema = Object.hasOwn(documentedRoots, root) ? documentedRoots[root] : undefined;
  return schema === undefined ? undefined : fieldsOf(root, schema, shapes);
}

/** All documented schemas, each with its tree of fields. */
export function fieldDocs(language: Language): readonly FieldDoc[] {
  return Object.keys(documentedRoots).flatMap((name) => explainField(name, language) ?? []);
}

/**
 * One field with what is below it: `app.upgradeStrategy`, `app` for a whole schema. Paths go on through shapes
 * documented elsewhere. Undefined when there is no such field; `similarFields` then helps.
 */
export function explainField(path: string, language: Language): FieldDoc | undefined {
  const [root = "", ...names] = path.split(".");
  let field = treeOf(root);
  if (field === undefined) return undefined;
  let since = factsOf(root).since ?? undefined;
  for (const [index, name] of names.entries()) {
    if (field.shape !== undefined)
      return explainField([field.shape, ...names.slice(index)].join("."), language);
    field = field.children.find((child) => child.name === name);
    if (field === undefined) return undefined;
    since = sinceOf(field.path, since);
  }
  return documented(field, language, since);
}

/** Paths that may have been meant: the same last name elsewhere, or one that begins like it. At most ten. */
export function similarFields(path: string): readonly string[] {
  const last = path.split(".").at(-1)?.toLowerCase() ?? "";
  const all = Object.keys(documentedRoots).flatMap((root) => pathsOf(treeOf(root)));
  const named = (test: (name: string) => boolean): readonly string[] =>
    all.filter((found) => test((found.split(".").at(-1) ?? "").toLowerCase()));
  const same = named((name) => name === last);
  const alike =
    last.length < 3 ? [] : named((name) => name.includes(last) || (name.length > 2 && last.includes(name)));
  return [...new Set([...same, ...alike])].slice(0, 10);
}

const pathsOf = (field: SchemaField | undefined): readonly string[] =>
  field === undefined ? [] : [field.path, ...field.children.flatMap(pathsOf)];

/** Of a field whose parent came with `above`. */
function sinceOf(path: string, above: string | undefined): string | undefined {
  const { since } = factsOf(path);
  return since === undefined ? above : (since ?? undefined);
}

function documented(
  { children, ...field }: SchemaField,
  language: Language,
  since: string | undefined,
): FieldDoc {
  const facts = factsOf(field.path);
  const below = children.map((child) => documented(child, language, sinceOf(child.path, since)));
  return {
    ...field,
    description: textOf(field.path, language) ?? summaryOf(field.path, language) ?? "",
    ...(field.isRequired ? {} : { default: facts.default ?? null }),
    example: Object.hasOwn(facts, "example") ? facts.example : exampleOf(field, below),
    ...(facts.unit === undefined ? {} : { unit: facts.unit }),
    ...(since === undefined ? {} : { since }),
    children: below,
  };
}

/** An endpoint's English sentence stands where it is declared. */
function summaryOf(path: string, language: Language): string | undefined {
  const endpoint = Object.hasOwn(ownEndpoints, path) ? ownEndpoints[path] : undefined;
  return language === "en" && endpoint !== undefined ? `${endpoint.summary}.` : undefined;
}

/** Made of the examples below; a shape's own where it has one. */
function exampleOf({ type, shape }: Omit<SchemaField, "children">, below: readonly FieldDoc[]): unknown {
  const inner =
    shape === undefined
      ? Object.fromEntries(below.map(({ name, example }) => [name, example]))
      : explainField(shape, "en")?.example;
  return wrappings(type).reduceRight<unknown>(
    (value, word) => (word === "list" ? [value] : { name: value }),
    inner,
  );
}

const wrappings = (type: string): readonly ("list" | "map")[] =>
  [...(/^((?:list of |map of )*)/.exec(type)?.[1] ?? "").matchAll(/list|map/g)].map(
    ([word]) => word as "list" | "map",
  );
