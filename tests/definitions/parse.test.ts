import { describe, expect, it } from "vitest";
import { parseApp, parseGroup, parsePod, podOf } from "#domain/definitions/index.ts";
import { isJobBody, parseJob } from "#domain/jobs/index.ts";
import {
  type DefinitionFile,
  hasSharedDefinitions,
  isExplained,
  judge,
  ownDefinitions,
  sharedDefinitions,
  type Verdict,
} from "./definitions.ts";

function count(name: string, files: readonly DefinitionFile[]): void {
  const verdicts = files.map(({ body }) => judge(body));
  const fields = new Map<string, number>();
  for (const verdict of verdicts) {
    if (verdict.kind !== "refused") continue;
    for (const field of verdict.fields) {
      const key = field.replace(/\(\d+\)/g, "(n)");
      fields.set(key, (fields.get(key) ?? 0) + 1);
    }
  }
  const accepted = verdicts.filter(({ kind }) => kind === "accepted").length;
  console.log(
    `${name}: ${files.length} definitions, ${accepted} accepted, ${files.length - accepted} refused by field`,
  );
  for (const [field, times] of [...fields].sort((one, other) => other[1] - one[1]))
    console.log(`  ${times} × ${field}`);
}

/** A canonical form is its own canonical form. */
function expectCanonical(verdict: Extract<Verdict, { kind: "accepted" }>): void {
  const options = { defaultRole: "slave_public" };
  if ("job" in verdict) {
    const { job, schedules } = verdict.job;
    expect(parseJob({ ...job, schedules })).toEqual(verdict.job);
  } else if ("app" in verdict && verdict.app.pod !== undefined)
    expect(parsePod(podOf(verdict.app), options)).toEqual(verdict.app);
  else if ("app" in verdict) expect(parseApp(verdict.app, options)).toEqual(verdict.app);
  else if (verdict.group.kind === "define")
    expect(parseGroup(verdict.group.tree, "/", options)).toEqual(verdict.group);
}

describe("definitions of our own", () => {
  it("are at least forty", () => {
    count("own", ownDefinitions());
    expect(ownDefinitions().length).toBeGreaterThanOrEqual(40);
  });

  it.each(ownDefinitions().map(({ name, body }) => [name, body] as const))(
    "%s is taken, or refused, as its name says",
    (name, body) => {
      const verdict = judge(body);
      expect({ verdict, kind: verdict.kind }).toMatchObject({
        kind: name.startsWith("refused") ? "refused" : "accepted",
      });
      if (verdict.kind === "refused") expect(verdict.fields.length).toBeGreaterThan(0);
      else expectCanonical(verdict);
    },
  );
});

describe.skipIf(!hasSharedDefinitions())("definitions that users wrote", () => {
  it("are each taken, or refused with a field named", () => {
    const files = sharedDefinitions();
    count("users'", files);
    expect(files.length).toBeGreaterThanOrEqual(90);
    for (const { name, body } of files) {
      const verdict = judge(body);
      if (verdict.kind === "refused")
        expect({
          name,
          isNamed: verdict.fields.length > 0,
          unexplained: verdict.fields.filter((field) => !isExplained(field)),
        }).toEqual({ name, isNamed: true, unexplained: [] });
      else expectCanonical(verdict);
    }
  });

  it("are jobs too, refused only for what this version says that it cannot give", () => {
    const jobs = sharedDefinitions().filter(({ body }) => isJobBody(body));
    expect(jobs.length).toBeGreaterThanOrEqual(12);
    const refused = jobs.flatMap(({ name, body }) => {
      const verdict = judge(body);
      return verdict.kind === "refused" ? verdict.fields.map((field) => `${name} ${field}`) : [];
    });
    expect(refused.filter((field) => !field.endsWith("is not supported by this version of Keelson"))).toEqual(
      [
        // A run says how much disk it wants.
        "metronome/v1__examples__job_docker_param.json /run/disk: error.path.missing",
      ],
    );
  });
});
