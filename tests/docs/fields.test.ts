/** What is documented of fields is what people see: in the terminal, in editors, on the pages of the reference. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type FieldDoc, fieldDocs } from "#contracts/docs/field-docs.ts";
import { runLines } from "../harness/cli.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (name: string): string => readFileSync(join(root, "docs/reference", name), "utf8");
const flat = (doc: FieldDoc): readonly FieldDoc[] => [doc, ...doc.children.flatMap(flat)];

describe.each([
  ["en", "C", ""],
  ["zh", "zh_CN.UTF-8", ".zh-CN"],
] as const)("every field of every public schema, in %s", (language, locale, suffix) => {
  const docs = fieldDocs(language).flatMap(flat);

  it("ux.md§6#24 is told by explain with meaning, default, example and version", async () => {
    expect(docs.length).toBeGreaterThan(400);
    const lines = docs.map(({ path }) => ["explain", path, "-o", "json"]);
    const results = await runLines(lines, { LANG: locale, LC_ALL: locale, KEELSON_DATA_DIR: "/nonexistent" });
    for (const [index, { stdout, code }] of results.entries()) {
      const doc = docs[index];
      const told = JSON.parse(stdout) as FieldDoc;
      expect({ code, told: { ...told, children: [] } }).toEqual({ code: 0, told: { ...doc, children: [] } });
    }
  }, 300_000);

  it("ux.md§6#24 stands on a page of the reference, and those of definitions in the schema for editors", () => {
    const pages = `${read(`api${suffix}.md`)}${read(`definitions${suffix}.md`)}`;
    const plain = (text: string): string => text.replaceAll("|", "\\|");
    // The parts of an endpoint are headings there.
    const fields = docs.filter(({ path }) => !/^\w+\.(params|query|body|reply)$/.test(path));
    expect(
      fields.filter(({ description }) => !pages.includes(plain(description))).map(({ path }) => path),
    ).toEqual([]);
    for (const definition of ["app", "group"]) {
      const schema = JSON.stringify(JSON.parse(read(`schema/${definition}${suffix}.json`)));
      const own = docs.filter(({ path }) => path.startsWith(`${definition}.`));
      const missing = own.filter(
        ({ description }) => !schema.includes(JSON.stringify(description).slice(1, -1)),
      );
      expect(missing.map(({ path }) => path)).toEqual([]);
    }
  });
});
