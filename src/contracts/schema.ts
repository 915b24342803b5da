/**
 * Schemas of what is declared, as plain JSON Schema with the types of typebox.
 *
 * The obvious way is typebox' own `Type`: four hundred modules, a tenth of a second before a command of the command line
 * asks its first question (ADR 0091). What we use of it writes a dozen shapes, so it is written here; what it means to the
 * compiler stays typebox'. `schema.test.ts` holds both to the same values.
 */
import type * as TypeBox from "typebox";

type Builders = Pick<
  typeof TypeBox.Type,
  | "Array"
  | "Boolean"
  | "Enum"
  | "Integer"
  | "Intersect"
  | "Literal"
  | "Number"
  | "Object"
  | "Optional"
  | "Record"
  | "String"
  | "Union"
  | "Unknown"
>;
type Schema = Readonly<Record<string, unknown>>;

/** Not enumerable: it is about the field, and no part of the schema that is checked or published. */
const optional = "~optional";
const isOptional = (schema: Schema): boolean =>
  Object.getOwnPropertyDescriptor(schema, optional) !== undefined;

function optionalOf(schema: Schema): Schema {
  return Object.defineProperty({ ...schema }, optional, { value: true });
}

function objectOf(properties: Readonly<Record<string, Schema>>, options: Schema = {}): Schema {
  const required = Object.keys(properties).filter((name) => !isOptional(properties[name] ?? {}));
  return { type: "object", ...(required.length === 0 ? {} : { required }), properties, ...options };
}

const builders = {
  Array: (items: Schema, options: Schema = {}): Schema => ({ type: "array", items, ...options }),
  Boolean: (options: Schema = {}): Schema => ({ type: "boolean", ...options }),
  Enum: (values: readonly unknown[], options: Schema = {}): Schema => ({ enum: [...values], ...options }),
  Integer: (options: Schema = {}): Schema => ({ type: "integer", ...options }),
  Intersect: (allOf: readonly Schema[], options: Schema = {}): Schema => ({ allOf, ...options }),
  Literal: (value: unknown, options: Schema = {}): Schema => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Number: (options: Schema = {}): Schema => ({ type: "number", ...options }),
  Object: objectOf,
  Optional: optionalOf,
  /** Of any names: no other keys are declared anywhere. */
  Record: (_names: Schema, value: Schema, options: Schema = {}): Schema => ({
    type: "object",
    patternProperties: { "^.*$": value },
    ...options,
  }),
  String: (options: Schema = {}): Schema => ({ type: "string", ...options }),
  Union: (anyOf: readonly Schema[], options: Schema = {}): Schema => ({ anyOf, ...options }),
  Unknown: (options: Schema = {}): Schema => ({ ...options }),
};

// The same functions by typebox' declarations, which follow each schema to the type of its values.
export const Type = builders as unknown as Builders;
export type { Static, TSchema } from "typebox";
