/**
 * What every field of our public schemas means, in both languages: for `keelson explain`, forms, the hover of editors
 * and reference pages. Pure; runs in browsers.
 */
import type { Language } from "../messages/messages.ts";
import { documentedRoots } from "./roots.ts";
import { fieldsOf, type SchemaField, shapeKey } from "./schema-fields.ts";
import { type FieldFacts, fieldFacts, fieldTexts } from "./texts.ts";

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

const roots: Readonly<Record<string, (typeof documentedRoots)[keyof typeof documentedRoots]>> =
  documentedRoots;
const shapes = new Map(Object.entries(roots).map(([name, schema]) => [shapeKey(schema), name] as const));
const noFacts: FieldFacts = { example: null };

/** All documented schemas, each with its tree of fields. */
export function fieldDocs(language: Language): readonly FieldDoc[] {
  return Object.entries(roots).map(([name, schema]) => documented(fieldsOf(name, schema, shapes), language));
}

/**
 * One field with what is below it: `app.upgradeStrategy`, `app` for a whole schema. Paths go on through shapes
 * documented elsewhere. Undefined when there is no such field; `similarFields` then helps.
 */
export function explainField(path: string, language: Language): FieldDoc | undefined {
  const [root = "", ...names] = path.split(".");
  const schema = Object.hasOwn(roots, root) ? roots[root] : undefined;
  if (schema === undefined) return undefined;
  let field: SchemaField | undefined = fieldsOf(root, schema, shapes);
  for (const [index, name] of names.entries()) {
    if (field.shape !== undefined) {
      return explainField([field.shape, ...names.slice(index)].join("."), language);
    }
    field = field.children.find((child) => child.name === name);
    if (field === undefined) return undefined;
  }
  return documented(field, language);
}

/** Paths that may have been meant: the same last name elsewhere, or one that begins like it. At most ten. */
export function similarFields(path: string): readonly string[] {
  const last = path.split(".").at(-1)?.toLowerCase() ?? "";
  const all = Object.entries(roots).flatMap(([name, schema]) => pathsOf(fieldsOf(name, schema, shapes)));
  const named = (test: (name: string) => boolean): readonly string[] =>
    all.filter((found) => test((found.split(".").at(-1) ?? "").toLowerCase()));
  const same = named((name) => name === last);
  const alike = last.length < 3 ? [] : named((name) => name.includes(last) || last.includes(name));
  return [...new Set([...same, ...alike])].slice(0, 10);
}

const pathsOf = ({ path, children }: SchemaField): readonly string[] => [
  path,
  ...children.flatMap((child) => pathsOf(child)),
];

function documented({ children, ...field }: SchemaField, language: Language): FieldDoc {
  const facts = fieldFacts[field.path] ?? noFacts;
  return {
    ...field,
    description: fieldTexts[language][field.path] ?? "",
    ...facts,
    children: children.map((child) => documented(child, language)),
  };
}
