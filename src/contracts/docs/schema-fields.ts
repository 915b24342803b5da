/**
 * Schemas as trees of fields, for everything that shows them to people: `explain`, forms, reference pages.
 * Lists and maps are looked through: the fields of a list's items are the children of the list.
 */
import type { TSchema } from "../schema.ts";

/** One field of a schema, as its declaration has it. */
export interface SchemaField {
  /** `app.healthChecks.protocol`: the name of the root, then names of fields. */
  readonly path: string;
  readonly name: string;
  /** Such as `string`, `list of integer`, `map of string`, `object`, or the name of a shape with a root of its own. */
  readonly type: string;
  /** The root that `type` names, when it names one; its fields are not repeated here. */
  readonly shape?: string;
  readonly isRequired: boolean;
  readonly values?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  /** Of a text characters, of a list entries. */
  readonly maximumLength?: number;
  readonly children: readonly SchemaField[];
}

/** The part of JSON Schema that declarations use. */
interface Node {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly items?: Node;
  readonly properties?: { readonly [name: string]: Node };
  readonly patternProperties?: { readonly [pattern: string]: Node };
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

/** Names of shapes that are documented once, by what they look like. */
export type ShapeNames = ReadonlyMap<string, string>;

/** What a shape is recognised by: copies of a declaration (`Type.Optional` makes one) are the same shape. */
export const shapeKey = (schema: TSchema): string => JSON.stringify(schema);

/** The tree below one root. A root is never replaced by its own name. */
export function fieldsOf(root: string, schema: TSchema, shapes: ShapeNames): SchemaField {
  const others = new Map([...shapes].filter(([, name]) => name !== root));
  return fieldOf({ path: root, name: root, isRequired: true }, schema as Node, others);
}

function fieldOf(
  { path, name, isRequired }: Pick<SchemaField, "path" | "name" | "isRequired">,
  node: Node,
  shapes: ShapeNames,
): SchemaField {
  const { text, shape, inner } = typeOf(node, shapes);
  const values = valuesOf(inner);
  const children = shape === undefined ? childrenOf(path, inner, shapes) : [];
  const maximumLength = node.maxItems ?? node.maxLength;
  return {
    path,
    name,
    type: text,
    ...(shape === undefined ? {} : { shape }),
    isRequired,
    ...(values.length === 0 ? {} : { values }),
    ...(inner.minimum === undefined ? {} : { minimum: inner.minimum }),
    ...(inner.maximum === undefined ? {} : { maximum: inner.maximum }),
    ...(inner.pattern === undefined ? {} : { pattern: inner.pattern }),
    ...(maximumLength === undefined ? {} : { maximumLength }),
    children,
  };
}

interface NodeType {
  readonly text: string;
  readonly shape?: string;
  /** The node without the lists and maps around it. */
  readonly inner: Node;
}

function typeOf(node: Node, shapes: ShapeNames): NodeType {
  const shape = shapes.get(JSON.stringify(node));
  if (shape !== undefined) return { text: shape, shape, inner: node };
  if (node.items !== undefined) return wrapped("list of", node.items, shapes);
  const value = Object.values(node.patternProperties ?? {})[0];
  if (value !== undefined) return wrapped("map of", value, shapes);
  if (node.anyOf !== undefined) {
    const texts = [...new Set(node.anyOf.map((part) => typeOf(part, shapes).text))];
    return { text: texts.join(" or "), inner: node };
  }
  if (node.enum !== undefined || node.const !== undefined) return { text: "string", inner: node };
  if (node.allOf !== undefined) return { text: "object", inner: node };
  return { text: node.type ?? "any", inner: node };
}

function wrapped(word: string, node: Node, shapes: ShapeNames): NodeType {
  const { text, ...rest } = typeOf(node, shapes);
  return { text: `${word} ${text}`, ...rest };
}

function valuesOf(node: Node): readonly string[] {
  const parts = node.anyOf ?? [node];
  return parts.flatMap((part) => part.enum ?? (typeof part.const === "string" ? [part.const] : []));
}

function childrenOf(path: string, node: Node, shapes: ShapeNames): readonly SchemaField[] {
  const parts = [node, ...(node.anyOf ?? []), ...(node.allOf ?? [])];
  const found = parts.flatMap(({ properties = {}, required = [] }) =>
    Object.entries(properties).map(([name, child]) =>
      fieldOf({ path: `${path}.${name}`, name, isRequired: required.includes(name) }, child, shapes),
    ),
  );
  return found.filter(({ name }, index) => found.findIndex((other) => other.name === name) === index);
}
