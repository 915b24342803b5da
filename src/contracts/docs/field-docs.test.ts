import { readdirSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { explainField, type FieldDoc, fieldDocs, similarFields } from "./field-docs.ts";
import { ownEndpoints } from "./own-apis.ts";
import { definitionRoots, documentedRoots, shapeRoots } from "./roots.ts";
import { factsOf, writtenKeys } from "./texts.ts";

const flat = (doc: FieldDoc): readonly FieldDoc[] => [doc, ...doc.children.flatMap(flat)];
const english = fieldDocs("en").flatMap(flat);
const chinese = new Map(
  fieldDocs("zh")
    .flatMap(flat)
    .map((doc) => [doc.path, doc] as const),
);
const where = "src/contracts/docs/{facts,en,zh}/<area>.json";
/** What a client writes: there it matters what is assumed when something is left out. */
const isGiven = ({ path }: FieldDoc): boolean =>
  Object.hasOwn(definitionRoots, path.split(".")[0] ?? "") || /^\w+\.(query|body)\./.test(path);

describe("field documentation", () => {
  it.each(english)("$path has all a reader needs, in both languages", (doc) => {
    expect(doc.description, `${doc.path} needs a sentence in ${where}`).toMatch(/^.{10,}\.$/s);
    expect(chinese.get(doc.path)?.description, `${doc.path} needs a Chinese sentence in ${where}`).toMatch(
      /[一-鿿].*。$/s,
    );
    const isMade = doc.children.length > 0 || doc.shape !== undefined;
    if (!isMade)
      expect(factsOf(doc.path), `${doc.path} needs an example in ${where}`).toHaveProperty("example");
    if (doc.since !== undefined) expect(doc.since).toMatch(/^\d+\.\d+\.\d+$/);
    if (doc.isRequired) expect(doc, `${doc.path} is required: no default`).not.toHaveProperty("default");
    else if (isGiven(doc))
      expect(factsOf(doc.path), `${doc.path} may be left out: say what is assumed then`).toHaveProperty(
        "default",
      );
  });

  it("speaks of no field that is not there", () => {
    const known = new Set(english.flatMap(({ path }) => [path, path.replace(/^[^.]+\./, "*.")]));
    expect(writtenKeys.filter((key) => !known.has(key))).toEqual([]);
  });

  it("has no field in it that no version brought, but those that are refused", () => {
    const open = english.filter(({ since, path }) => since === undefined && !/^(app|pod|job)\./.test(path));
    expect(
      open.map(({ path }) => path),
      'give the root a "since"',
    ).toEqual([]);
  });

  const ajv = new Ajv({ strict: false, allErrors: true });
  it.each(Object.entries(documentedRoots))(
    "%s's examples and defaults are of the right shape",
    (root, schema) => {
      const validate = ajv.compile(schema);
      const problems = (value: unknown): readonly string[] =>
        validate(value)
          ? []
          : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
      const whole = explainField(root, "en")?.example;
      expect(problems(whole)).toEqual([]);
      for (const { path, name } of explainField(root, "en")?.children ?? []) {
        const { example, default: fallback } = factsOf(path);
        for (const value of [example, fallback]) {
          if (value === null || value === undefined) continue;
          expect({ path, wrong: problems({ ...(whole as object), [name]: value }) }).toEqual({
            path,
            wrong: [],
          });
        }
      }
    },
  );
});

describe("what is documented", () => {
  it("is every endpoint and every named shape that contracts declare", async () => {
    const folder = new URL("../", import.meta.url);
    const known = new Set<unknown>([
      ...Object.values(ownEndpoints),
      ...Object.values(documentedRoots),
      ...Object.values(shapeRoots),
    ]);
    const missing: string[] = [];
    for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!/^(iam|jobs|kernel|services|observe)\/(?!.*\.(test|gen)\.ts$).*\.ts$/.test(file)) continue;
      for (const [name, value] of Object.entries((await import(new URL(file, folder).href)) as object)) {
        const isEndpoint =
          typeof value === "object" && value !== null && "permission" in value && "reply" in value;
        const isShape =
          typeof value === "object" && value !== null && "properties" in value && /^[A-Z]/.test(name);
        if (
          (isEndpoint || isShape) &&
          !known.has(value) &&
          !/^(AppChangeInput|CsiExternal|GroupPatchInput|ScheduleInput|TaskIdsInput|Artifact|ExecutorResources|IpcInfo|LinuxInfo|Network|Persistent|ResourceLimits|UpgradeStrategy)$/.test(
            name,
          )
        )
          missing.push(`${file}: ${name}`);
      }
    }
    expect(missing, "name them in own-apis.ts or roots.ts, with texts").toEqual([]);
  });
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
    expect(doc?.children.map(({ name }) => name)).toEqual([
      "minimumHealthCapacity",
      "maximumOverCapacity",
      "labelsInPlace",
    ]);
    expect(doc?.children[0]).toMatchObject({
      type: "number",
      minimum: 0,
      maximum: 1,
      isRequired: true,
      since: "0.1.0",
    });
    expect(explainField("app.container.docker.credential", "en")).not.toHaveProperty("since");
  });

  it("looks through lists, maps and unions", () => {
    expect(explainField("app.healthChecks", "en")?.type).toBe("list of object");
    expect(explainField("app.healthChecks.protocol", "en")?.values).toContain("TCP");
    expect(explainField("app.labels", "en")?.type).toBe("map of string");
    expect(explainField("app.env", "en")?.type).toBe("map of object or string");
    expect(explainField("app.unreachableStrategy.expungeAfterSeconds", "zh")?.unit).toBe("s");
    expect(explainField("app.unreachableStrategy", "en")?.values).toEqual(["disabled"]);
  });

  it("goes on through shapes that are documented elsewhere", () => {
    expect(explainField("listServices", "en")?.description).toBe(`${ownEndpoints["listServices"]?.summary}.`);
    expect(explainField("listServices.reply.items", "en")).toMatchObject({
      type: "list of ServiceItem",
      shape: "ServiceItem",
    });
    expect(explainField("listServices.reply.items.reason.nodes.hostname", "zh")?.path).toBe(
      "NodeVerdict.hostname",
    );
    expect(explainField("listServices.query.offset", "en")).toMatchObject({ default: 0, since: "0.1.0" });
  });

  it("answers nothing for what is not there, and what may have been meant", () => {
    expect(explainField("app.upgradeStrategie", "en")).toBeUndefined();
    expect(explainField("toString", "en")).toBeUndefined();
    expect(explainField("", "en")).toBeUndefined();
    expect(similarFields("app.portIndex")).toContain("app.healthChecks.portIndex");
    expect(similarFields("minimumHealthCapacity")).toEqual([
      "app.upgradeStrategy.minimumHealthCapacity",
      "pod.scheduling.upgrade.minimumHealthCapacity",
    ]);
    expect(similarFields("app.healthCheck")).toContain("app.healthChecks");
  });
});
