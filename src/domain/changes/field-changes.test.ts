import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import { fieldChanges, fieldChangesMax, maskedValue } from "./field-changes.ts";

const cases: readonly (readonly [string, JsonValue | undefined, JsonValue | undefined, unknown])[] = [
  ["nothing", { a: 1 }, { a: 1 }, []],
  ["a value", { cpus: 1 }, { cpus: 2 }, [{ path: "/cpus", before: 1, after: 2 }]],
  ["a new field", {}, { mem: 32 }, [{ path: "/mem", after: 32 }]],
  ["a field that went", { mem: 32 }, {}, [{ path: "/mem", before: 32 }]],
  ["deep inside", { a: { b: [1, 2] } }, { a: { b: [1, 3] } }, [{ path: "/a/b/1", before: 2, after: 3 }]],
  [
    "a longer list",
    { constraints: [["rack", "UNIQUE"]] },
    { constraints: [["rack", "UNIQUE"], ["zone"]] },
    [{ path: "/constraints/1", after: ["zone"] }],
  ],
  ["another type", { a: { b: 1 } }, { a: [1] }, [{ path: "/a", before: { b: 1 }, after: [1] }]],
  ["the whole", undefined, { id: "/a" }, [{ path: "", after: { id: "/a" } }]],
  ["names that need escaping", { "a/b~c": 1 }, { "a/b~c": 2 }, [{ path: "/a~1b~0c", before: 1, after: 2 }]],
  [
    "a secret",
    { env: { DB_PASSWORD: "old" } },
    { env: { DB_PASSWORD: "new" } },
    [{ path: "/env/DB_PASSWORD", before: maskedValue, after: maskedValue }],
  ],
  [
    "a secret inside a new object",
    {},
    { env: { API_KEY: "x", HOME: "/" } },
    [{ path: "/env", after: { API_KEY: maskedValue, HOME: "/" } }],
  ],
  [
    "what lies below a secret name",
    { secrets: { db: { value: "1" } } },
    { secrets: { db: { value: "2" } } },
    [{ path: "/secrets/db/value", before: maskedValue, after: maskedValue }],
  ],
  [
    "a field called __proto__",
    {},
    JSON.parse('{"__proto__": 1}') as JsonValue,
    [{ path: "/__proto__", after: 1 }],
  ],
];

describe("field changes", () => {
  it.each(cases)("tell of %s", (_name, before, after, expected) => {
    expect(fieldChanges(before, after)).toEqual(expected);
  });

  it("are none exactly when nothing differs", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const [before, after] = [JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other))] as [
          JsonValue,
          JsonValue,
        ];
        expect(fieldChanges(before, before)).toEqual([]);
        expect(fieldChanges(before, after).length === 0).toBe(isDeepEqual(before, after));
      }),
    );
  });

  it("are bounded", () => {
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, index]));
    expect(fieldChanges({}, many)).toHaveLength(fieldChangesMax);
  });
});

function isDeepEqual(one: JsonValue, other: JsonValue): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}
