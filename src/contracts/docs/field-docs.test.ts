import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { explainField, type FieldDoc, fieldDocs, similarFields } from "./field-docs.ts";
import { documentedRoots } from "./roots.ts";
import { fieldFacts, fieldTexts } from "./texts.ts";

const flat = (doc: FieldDoc): readonly FieldDoc[] => [doc, ...doc.children.flatMap(flat)];
const english = fieldDocs("en").flatMap(flat);
const chinese = fieldDocs("zh").flatMap(flat);
const where = "src/contracts/docs/{facts,en,zh}/<area>.json";

describe("field documentation", () => {
  it.each(english)("$path has all a reader needs, in both languages", (doc) => {
    const other = chinese.find(({ path }) => path === doc.path);
    expect(doc.description, `${doc.path} needs a sentence in ${where}`).toMatch(/^.{10,}\.$/s);
    expect(other?.description, `${doc.path} needs a Chinese sentence in ${where}`).toMatch(/[一-鿿].*。$/s);
    expect(fieldFacts[doc.path], `${doc.path} needs an example in ${where}`).toHaveProperty("example");
    if (doc.since !== undefined) expect(doc.since).toMatch(/^\d+\.\d+\.\d+$/);
    if (doc.isRequired) expect(doc, `${doc.path} is required: no default`).not.toHaveProperty("default");
    else expect(doc, `${doc.path} may be left out: say what is assumed then`).toHaveProperty("default");
  });

  it("speaks of no field that is not there", () => {
    const known = new Set(english.map(({ path }) => path));
    const written = [fieldFacts, fieldTexts.en, fieldTexts.zh].flatMap((texts) => Object.keys(texts));
    expect(written.filter((path) => !known.has(path))).toEqual([]);
  });

  const ajv = new Ajv({ strict: false, allErrors: true });
  it.each(Object.entries(documentedRoots))(
    "%s's examples and defaults are of the right shape",
    (root, schema) => {
      const validate = ajv.compile(schema);
      const whole = fieldFacts[root]?.example;
      expect(validate(whole), JSON.stringify(validate.errors)).toBe(true);
      for (const doc of english.filter(
        ({ path }) => path.split(".").length === 2 && path.startsWith(`${root}.`),
      )) {
        const { example, default: fallback } = fieldFacts[doc.path] ?? {};
        for (const value of [example, fallback]) {
          if (value === null || value === undefined) continue;
          const wrong = validate({ ...(whole as object), [doc.name]: value })
            ? []
            : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
          expect({ path: doc.path, wrong }).toEqual({ path: doc.path, wrong: [] });
        }
      }
    },
  );
});

describe("explainField", () => {
  it("answers a field with what is below it", () => {
    const doc = explainField("app.upgradeStrategy", "en");
    expect(doc).toMatchObject({
      path: "app.upgradeStrategy",
      type: "object",
      isRequired: false,
      default: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
      since: "0.1.0",
    });
    expect(doc?.children.map(({ name }) => name)).toEqual(["minimumHealthCapacity", "maximumOverCapacity"]);
    expect(doc?.children[0]).toMatchObject({ type: "number", minimum: 0, maximum: 1, isRequired: true });
  });

  it("looks through lists, maps and unions", () => {
    expect(explainField("app.healthChecks", "en")?.type).toBe("list of object");
    expect(explainField("app.healthChecks.protocol", "en")?.values).toContain("TCP");
    expect(explainField("app.labels", "en")?.type).toBe("map of string");
    expect(explainField("app.env", "en")?.type).toBe("map of object or string");
    expect(explainField("app.unreachableStrategy.expungeAfterSeconds", "zh")?.unit).toBe("s");
    expect(explainField("app.unreachableStrategy", "en")?.values).toEqual(["disabled"]);
  });

  it("answers nothing for what is not there, and what may have been meant", () => {
    expect(explainField("app.upgradeStrategie", "en")).toBeUndefined();
    expect(explainField("toString", "en")).toBeUndefined();
    expect(explainField("", "en")).toBeUndefined();
    expect(similarFields("app.portIndex")).toContain("app.healthChecks.portIndex");
    expect(similarFields("minimumHealthCapacity")).toEqual(["app.upgradeStrategy.minimumHealthCapacity"]);
    expect(similarFields("app.healthCheck")).toContain("app.healthChecks");
  });
});
