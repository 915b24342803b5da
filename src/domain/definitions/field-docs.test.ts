/** The field documentation says of apps what the parser does with them. */
import { describe, expect, it } from "vitest";
import { explainField, type FieldDoc } from "#contracts/docs/field-docs.ts";
import { DefinitionInvalid, parseApp } from "./index.ts";

const role = "slave_public";
const small = { id: "/documented", cmd: "sleep 1" };
const fields = explainField("app", "en")?.children ?? [];

function refused(body: object): readonly string[] {
  try {
    parseApp(body, { defaultRole: role });
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionInvalid)) throw error;
    return error.details.map(({ path, errors }) => `${path}: ${errors.join("; ")}`);
  }
}

/** The smallest app in which `field` can be tried. */
function appWith({ name, example }: FieldDoc): object {
  const base = name === "args" ? { id: small.id } : small;
  return { ...base, [name]: example };
}

describe("documentation of the app's fields", () => {
  it.each(fields)("$path's example is taken, or refused where it says that it is not built", (doc) => {
    const problems = refused(appWith(doc));
    if (doc.since === undefined)
      expect(
        problems,
        `${doc.path} is taken now: take away "since": null in src/contracts/docs/facts/app.json`,
      ).not.toEqual([]);
    else expect(problems, `${doc.path} is documented as built`).toEqual([]);
  });

  it("gives the defaults that an app gets", () => {
    const app: Readonly<Record<string, unknown>> = { ...parseApp(small, { defaultRole: role }) };
    for (const { name, path, default: fallback } of fields) {
      if (!Object.hasOwn(app, name) || Object.hasOwn(small, name)) continue;
      if (name === "portDefinitions") continue; // Completed item by item; the next test has them.
      expect({ path, value: app[name] }).toEqual({ path, value: fallback });
    }
  });

  it.each(["portDefinitions", "healthChecks", "fetch"])("gives the defaults that each of %s gets", (name) => {
    const least = name === "fetch" ? { uri: "https://example.com/a" } : {};
    const app: Readonly<Record<string, unknown>> = {
      ...parseApp({ ...small, [name]: [least] }, { defaultRole: role }),
    };
    const item = (app[name] as readonly Readonly<Record<string, unknown>>[])[0] ?? {};
    const children = explainField(`app.${name}`, "en")?.children ?? [];
    for (const child of children.filter(
      ({ name: field }) => Object.hasOwn(item, field) && !Object.hasOwn(least, field),
    ))
      expect({ path: child.path, value: item[child.name] }).toEqual({
        path: child.path,
        value: child.default,
      });
  });
});
