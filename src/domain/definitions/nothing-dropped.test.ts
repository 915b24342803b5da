/**
 * Every field that the schemas of apps, pods and jobs have makes a difference: it is kept, or refused by its name. Nothing
 * that a definition says is dropped in silence.
 */
import { describe, expect, it } from "vitest";
import { JobInput } from "#contracts/jobs/job.ts";
import { AppInput } from "#contracts/services/app.ts";
import { PodInput } from "#contracts/services/pod.ts";
import { parseJob } from "../jobs/index.ts";
import { DefinitionInvalid, parseApp, parsePod, ShapeInvalid } from "./index.ts";
import { appsWithEverything, refusedInApps } from "./testing/whole-apps.ts";
import { jobsWithEverything, refusedInJobs } from "./testing/whole-jobs.ts";
import { podsWithEverything, refusedInPods } from "./testing/whole-pods.ts";

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
}

/** Nobody's to say: Services count versions. */
const readOnly = ["version"];
const options = { defaultRole: "dev" };

/**
 * Fields that hold a value, and what they may be: `container.docker.image`, `containers[].name`; `{}` is any key of a map.
 * An object without fields of its own is one too. A field that can have one value only can't make a difference.
 */
function fieldsOf(schema: Schema, path = ""): readonly string[] {
  const { properties, patternProperties, items, anyOf } = schema;
  const below = [
    ...Object.entries(properties ?? {}).map(
      ([name, child]) => [path === "" ? name : `${path}.${name}`, child] as const,
    ),
    ...Object.values(patternProperties ?? {}).map((child) => [`${path}{}`, child] as const),
    ...(items === undefined ? [] : [[`${path}[]`, items] as const]),
    ...(anyOf ?? []).map((child) => [path, child] as const),
  ];
  if (below.length > 0) return [...new Set(below.flatMap(([at, child]) => fieldsOf(child, at)))];
  return schema.enum?.length === 1 && schema.enum[0] !== "unlimited" && schema.enum[0] !== "disabled"
    ? []
    : [path];
}

type Json = string | number | boolean | { readonly [name: string]: Json } | readonly Json[];

/** What can be taken out of a value, each as its path in a schema and the value without it. */
function* without(value: Json, path = ""): Generator<readonly [string, Json | undefined]> {
  if (typeof value !== "object" || Object.keys(value).length === 0) return yield [path, undefined];
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      for (const [at, left] of without(item, `${path}[]`))
        yield [
          at,
          [...value.slice(0, index), ...(left === undefined ? [] : [left]), ...value.slice(index + 1)],
        ];
    return;
  }
  for (const [name, item] of Object.entries(value)) {
    // In a map of texts any name may stand.
    const at = path === "" ? name : `${path}.${name}`;
    for (const [deeper, left] of without(item, at)) {
      const { [name]: _taken, ...rest } = value as Readonly<Record<string, Json>>;
      yield [deeper, left === undefined ? rest : { ...rest, [name]: left }];
    }
  }
}

function outcome(parse: (body: unknown) => unknown, body: unknown): string {
  try {
    return JSON.stringify(parse(body));
  } catch (error) {
    if (!(error instanceof DefinitionInvalid || error instanceof ShapeInvalid)) throw error;
    return JSON.stringify(error.details);
  }
}

/** `env.A` is `env{}` where the schema has a map. */
function inSchema(path: string, fields: ReadonlySet<string>): string {
  if (fields.has(path)) return path;
  const parts = path.split(".");
  for (const index of parts.keys()) {
    const mapped = `${parts.slice(0, index).join(".")}{}${parts
      .slice(index + 1)
      .map((part) => `.${part}`)
      .join("")}`;
    if (fields.has(mapped)) return mapped;
  }
  return path;
}

const kinds = [
  {
    kind: "app",
    schema: AppInput as Schema,
    parse: (body: unknown) => parseApp(body, options),
    whole: appsWithEverything,
    refused: refusedInApps,
  },
  {
    kind: "pod",
    schema: PodInput as Schema,
    parse: (body: unknown) => parsePod(body, options),
    whole: podsWithEverything,
    refused: refusedInPods,
  },
  {
    kind: "job",
    schema: JobInput as Schema,
    parse: (body: unknown) => parseJob(body),
    whole: jobsWithEverything,
    refused: refusedInJobs,
  },
] as const;

describe.each(kinds)("of what a definition of kind $kind says", ({ schema, parse, whole, refused }) => {
  const fields = new Set(fieldsOf(schema));

  it("everything is kept, or refused by name", () => {
    const kept = new Set<string>();
    for (const body of whole) {
      expect(() => parse(body)).not.toThrow();
      const before = outcome(parse, body);
      for (const [path, less] of without(body as Json))
        if (outcome(parse, less) !== before) kept.add(inSchema(path, fields));
    }
    const told = new Set([...kept, ...refused.map(([field]) => field), ...readOnly]);
    expect([...fields].filter((field) => !told.has(field))).toEqual([]);
  });

  it.each(refused)("%s is refused where it stands", (field, path, body) => {
    expect(fields).toContain(field);
    const problems = JSON.parse(outcome(parse, body)) as readonly { readonly path?: string }[];
    expect(Array.isArray(problems) && problems.map((problem) => problem.path)).toContain(path);
  });
});
