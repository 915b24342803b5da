/** The field documentation says of jobs what the parser does with them. */
import { describe, expect, it } from "vitest";
import { explainField, type FieldDoc } from "#contracts/docs/field-docs.ts";
import { DefinitionInvalid } from "../definitions/problems.ts";
import { parseJob } from "./index.ts";

const small = { id: "documented", run: { cmd: "true", cpus: 0.1, mem: 32, disk: 0 } };
const ofJob = (explainField("job", "en")?.children ?? []).filter(({ name }) => name !== "run");
const ofRun = explainField("job.run", "en")?.children ?? [];

function refused(body: object): readonly string[] {
  try {
    parseJob(body);
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionInvalid)) throw error;
    return error.details.flatMap(({ errors }) => errors);
  }
}

/** What a field needs beside it to be tried. */
const needs: Readonly<Record<string, object>> = {
  secrets: { env: { PASSWORD: { secret: "password" } } },
};

function jobWith({ name, path, example }: FieldDoc): object {
  if (!path.startsWith("job.run.")) return { ...small, [name]: example };
  return { ...small, run: { ...small.run, ...needs[name], [name]: example } };
}

describe("documentation of the job's fields", () => {
  it.each([...ofJob, ...ofRun])(
    "$path's example is taken, or refused where it says that it is not built",
    (doc) => {
      const problems = refused(jobWith(doc));
      if (doc.since !== undefined) expect(problems, `${doc.path} is documented as built`).toEqual([]);
      else {
        expect(
          problems,
          `${doc.path} is taken now: take away "since": null in src/contracts/docs/facts/job.json`,
        ).not.toEqual([]);
        for (const problem of problems) expect(problem).toContain("is not supported");
      }
    },
  );

  it("gives the defaults that a job and its schedule get", () => {
    const { job, schedules } = parseJob({ ...small, schedules: [{ id: "a", cron: "* * * * *" }] });
    const values: readonly (readonly [string, object])[] = [
      ["job", job],
      ["job.run", job.run],
      ["job.schedules", schedules[0] ?? {}],
    ];
    for (const [path, value] of values) {
      for (const { name, isRequired, default: fallback } of explainField(path, "en")?.children ?? []) {
        if (isRequired || !Object.hasOwn(value, name) || name === "cmd") continue;
        expect({ path, name, value: (value as Readonly<Record<string, unknown>>)[name] }).toEqual({
          path,
          name,
          value: fallback,
        });
      }
    }
  });
});
