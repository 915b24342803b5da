/** Our builders of schemas write what typebox' write, whose types they are given. */
import fc from "fast-check";
import { Type as TypeBox } from "typebox";
import { describe, expect, it } from "vitest";
import { Type } from "./schema.ts";

type Builders = typeof Type;

/** Everything that is declared, with each builder, made by either. */
const samples: readonly ((type: Builders) => object)[] = [
  (type) => type.String(),
  (type) => type.String({ minLength: 1, pattern: "^/" }),
  (type) => type.Integer({ minimum: 0, description: "so many" }),
  (type) => type.Number(),
  (type) => type.Boolean({ default: true }),
  (type) => type.Unknown(),
  (type) => type.Literal("a"),
  (type) => type.Literal(3),
  (type) => type.Literal(true),
  (type) => type.Enum(["a", "b"], { description: "either" }),
  (type) => type.Array(type.Number({ minimum: 1 }), { maxItems: 3 }),
  (type) => type.Record(type.String(), type.Union([type.String(), type.Number()]), { maxProperties: 9 }),
  (type) => type.Intersect([type.Object({ a: type.Integer() }), type.Object({})]),
  (type) => type.Optional(type.Object({ a: type.Optional(type.Integer()) })),
  (type) => type.Object({}, { additionalProperties: false }),
  (type) => type.Object({ a: type.Optional(type.Enum(["x"])), b: type.Object({ c: type.Boolean() }) }),
];

describe("a schema", () => {
  it.each(samples.map((sample, index) => [index, sample] as const))("no. %i is typebox' own", (_, sample) => {
    // As text: the order of keys is that of the published documents.
    expect(JSON.stringify(sample(Type))).toBe(JSON.stringify(sample(TypeBox)));
  });

  it("of any depth is typebox' own", () => {
    const { schema } = fc.letrec<{ schema: (type: Builders) => never }>((tie) => ({
      schema: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(...samples).map((sample) => sample as (type: Builders) => never),
        tie("schema").map((inner) => (type: Builders) => type.Array(inner(type)) as never),
        tie("schema").map((inner) => (type: Builders) => type.Optional(inner(type)) as never),
        fc
          .dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie("schema"), { maxKeys: 4 })
          .map(
            (fields) => (type: Builders) =>
              type.Object(
                Object.fromEntries(Object.entries(fields).map(([name, inner]) => [name, inner(type)])),
              ) as never,
          ),
      ),
    }));
    fc.assert(
      fc.property(schema, (make) => {
        expect(JSON.stringify(make(Type))).toBe(JSON.stringify(make(TypeBox)));
      }),
    );
  });

  it("stays what it was when it is made optional elsewhere", () => {
    const name = Type.String();
    expect(Type.Object({ a: Type.Optional(name), b: name })).toMatchObject({ required: ["b"] });
  });
});
