import { describe, expect, it } from "vitest";
import { explainField, type FieldDoc } from "#contracts/docs/field-docs.ts";
import { loadTexts } from "../../i18n/catalogue.ts";
import { factsOf, fieldHelpAt } from "./field-help.ts";

interface Place {
  readonly doc: FieldDoc;
  /** As a writer has them: below a map there is a name of one's own. */
  readonly names: readonly string[];
}

/** Every field of an app, with the names that stand around it in a text. */
function placesBelow(doc: FieldDoc, around: readonly string[]): readonly Place[] {
  const own = doc.type.startsWith("map of ") ? ["OWN"] : [];
  return doc.children.flatMap((child) => {
    const names = [...around, ...own, child.name];
    return [{ doc: child, names }, ...placesBelow(child, names)];
  });
}

const yamlOf = (names: readonly string[]): string =>
  names.map((name, depth) => `${"  ".repeat(depth)}${name}:`).join("\n");
const jsonOf = (names: readonly string[]): string =>
  `${names.map((name) => `{"${name}":`).join(" ")} 1${"}".repeat(names.length)}`;

describe.each(["en", "zh"] as const)("help at the name of a field, in %s", (language) => {
  const app = explainField("app", language);
  const places = app === undefined ? [] : placesBelow(app, []);

  it("ux.md§6#24 is there for every field of a definition, in YAML and JSON, whole", async () => {
    expect(places.length).toBeGreaterThan(90);
    const say = await loadTexts(language);
    for (const { doc, names } of places) {
      for (const [syntax, text] of [
        ["yaml", yamlOf(names)],
        ["json", jsonOf(names)],
      ] as const) {
        const at = text.lastIndexOf(doc.name) + 1;
        const help = fieldHelpAt(syntax, text, at, language);
        expect({ syntax, names, doc: help?.doc }).toEqual({ syntax, names, doc });
        expect(text.slice(help?.from, help?.to)).toBe(doc.name);
      }
      const [assumed, example, since] = factsOf(doc).map(([key, value]) => say(key, { value }));
      expect(doc.description).not.toBe("");
      if (!doc.isRequired) expect(assumed).toContain(JSON.stringify(doc.default));
      expect(example).toContain(JSON.stringify(doc.example));
      if (doc.since !== undefined) expect(since).toContain(doc.since);
    }
  });

  it("on a name of one's own is that of its map, and on a value or nothing there is none", () => {
    const text = "env:\n  DATABASE: here\n";
    expect(fieldHelpAt("yaml", text, text.indexOf("TABASE"), language)?.doc.path).toBe("app.env");
    expect(fieldHelpAt("yaml", text, text.indexOf("ere"), language)).toBeUndefined();
    expect(fieldHelpAt("yaml", text, text.length, language)).toBeUndefined();
    expect(fieldHelpAt("yaml", "nonsense:", 3, language)).toBeUndefined();
  });
});
