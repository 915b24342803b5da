/**
 * JSON Schema of what people write into files, with the documentation of every field: for `$schema` in editors, and
 * for the console's. Source: JSON Schema draft 7, which editors of JSON and YAML read.
 */
import type { Language } from "../messages/messages.ts";
import { explainField, type FieldDoc } from "./field-docs.ts";
import { definitionRoots } from "./roots.ts";

export type DefinitionRoot = keyof typeof definitionRoots;

/** Where a fresh clone has them; `$schema` may name a file or an address. */
export const schemaFileName = (root: DefinitionRoot, language: Language): string =>
  `${root}${language === "zh" ? ".zh-CN" : ""}.json`;

interface SchemaNode {
  readonly [keyword: string]: unknown;
}

/** The schema of `root`, each field with description, default and example. Fields that are refused are told so. */
export function jsonSchemaOf(root: DefinitionRoot, language: Language): SchemaNode {
  const doc = explainField(root, language);
  if (doc === undefined) throw new Error(`${root} is not documented`);
  const node: SchemaNode = { ...definitionRoots[root] };
  const described = describe(node, doc, language);
  const properties = { $schema: { type: "string" }, ...(described["properties"] as object) };
  return { $schema: "http://json-schema.org/draft-07/schema#", title: root, ...described, properties };
}

const notYet: Readonly<Record<Language, string>> = {
  en: "Refused by this version. ",
  zh: "此版本会拒绝。",
};

/** Lists, maps and alternatives share the documentation of the field they are the form of. */
function describe(node: SchemaNode, doc: FieldDoc, language: Language): SchemaNode {
  const note = doc.since === undefined ? notYet[language] : "";
  return {
    ...withChildren(node, doc, language),
    description: note + doc.description,
    ...(doc.default === undefined || doc.default === null ? {} : { default: doc.default }),
    examples: [doc.example],
  };
}

function withChildren(node: SchemaNode, doc: FieldDoc, language: Language): SchemaNode {
  const inner = (part: unknown): SchemaNode => withChildren(part as SchemaNode, doc, language);
  return Object.fromEntries(
    Object.entries(node).map(([keyword, value]): [string, unknown] => {
      switch (keyword) {
        case "properties":
          return [keyword, properties(value as Readonly<Record<string, SchemaNode>>, doc, language)];
        case "items":
          return [keyword, inner(value)];
        case "anyOf":
        case "allOf":
          return [keyword, (value as readonly unknown[]).map(inner)];
        case "patternProperties": {
          const entries = Object.entries(value as object).map(([pattern, part]) => [pattern, inner(part)]);
          return [keyword, Object.fromEntries(entries)];
        }
        default:
          return [keyword, value];
      }
    }),
  );
}

function properties(
  fields: Readonly<Record<string, SchemaNode>>,
  doc: FieldDoc,
  language: Language,
): Readonly<Record<string, SchemaNode>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, node]) => {
      const child = doc.children.find((found) => found.name === name);
      return [name, child === undefined ? node : describe(node, child, language)];
    }),
  );
}
