/** Daemons compile the schemas of their endpoints on the first request, and do not ask whether they are schemas. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { expect, it } from "vitest";
import type { Endpoint } from "./endpoint.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
  (name) =>
    name.endsWith(".ts") &&
    !name.endsWith(".test.ts") &&
    readFileSync(`${folder}${name}`, "utf8").includes("= defineEndpoint("),
);

const isEndpoint = (value: unknown): value is Endpoint =>
  typeof value === "object" && value !== null && "permission" in value && "reply" in value;

it.each(files)("every schema of %s is one", async (file) => {
  const exported = Object.entries((await import(`${folder}${file}`)) as Readonly<Record<string, unknown>>);
  const endpoints = exported.filter((entry): entry is [string, Endpoint] => isEndpoint(entry[1]));
  expect(endpoints).not.toEqual([]);
  for (const [name, { params, query, body, reply }] of endpoints)
    for (const schema of [params, query, body, reply]) {
      if (schema === undefined) continue;
      const compile = (): unknown => new Ajv({ strict: false }).compile(schema);
      expect(compile, name).not.toThrow();
    }
});

it("nothing but a schema passes for one", () => {
  expect(() => new Ajv({ strict: false }).compile({ type: "strin" })).toThrow("schema is invalid");
});
