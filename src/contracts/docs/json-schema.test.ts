import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { fieldDocs } from "./field-docs.ts";
import { jsonSchemaOf } from "./json-schema.ts";

const ajv = new Ajv({ strict: false, allErrors: true });
const app = ajv.compile(jsonSchemaOf("app", "en"));
const good = { $schema: "docs/reference/schema/app.json", id: "/web", cmd: "sleep 1" };

/** Every description in a schema, by the way to it. */
function descriptions(node: unknown, way: string): readonly string[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => [
    ...(key === "description" && typeof value === "string" ? [`${way}: ${value}`] : []),
    ...descriptions(value, `${way}/${key}`),
  ]);
}

describe("JSON Schema of definitions", () => {
  it("takes what is right, with the schema it names", () => expect(app(good)).toBe(true));

  it.each<[string, object]>([
    ["no id", { cmd: "sleep 1" }],
    ["an id in upper case", { ...good, id: "/Web" }],
    ["a number as text", { ...good, cpus: "1" }],
    ["half an instance", { ...good, instances: 0.5 }],
    ["a negative number", { ...good, mem: -1 }],
    ["a list as text", { ...good, args: "sleep 1" }],
    ["a number in the environment", { ...good, env: { PORT: 80 } }],
    ["an unknown protocol", { ...good, healthChecks: [{ protocol: "GRPC" }] }],
    ["half a strategy", { ...good, upgradeStrategy: { minimumHealthCapacity: 1 } }],
    ["a port above the last", { ...good, portDefinitions: [{ port: 70_000 }] }],
    ["a word where there is no choice of it", { ...good, unreachableStrategy: "never" }],
  ])("marks %s", (_, body) => expect(app(body)).toBe(false));

  it("says of every field what it means, in each language", () => {
    const paths = fieldDocs("en").find(({ path }) => path === "app")?.children ?? [];
    for (const [language, script] of [
      ["en", /[a-z]/],
      ["zh", /[一-鿿]/],
    ] as const) {
      const found = descriptions(jsonSchemaOf("app", language), "");
      expect(found.length).toBeGreaterThan(paths.length);
      expect(found.filter((text) => !script.test(text.slice(text.indexOf(": "))))).toEqual([]);
    }
    expect(
      descriptions(jsonSchemaOf("app", "en"), "").some((text) => text.includes("/credential: Refused")),
    ).toBe(true);
  });
});
