import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { appForm } from "./app-form.ts";
import { sectionOf } from "./definition-form.ts";
import { jobForm } from "./job-form.ts";
import { judgeDefinition, problemPath, problemsOfAnswer } from "./problems.ts";
import { validDefinition } from "./testing.ts";

const options = { root: "app", defaultRole: "slave_public", language: "en" } as const;

describe("what is wrong with a definition", () => {
  it("is nothing with what the API takes", () => {
    fc.assert(
      fc.property(validDefinition, (definition) => {
        expect(judgeDefinition(definition, options)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  const cases: readonly (readonly [string, Record<string, unknown>, readonly (string | number)[], string])[] =
    [
      ["a missing id", { cmd: "x" }, ["id"], "general"],
      ["a name that is none", { id: "/A b", cmd: "x" }, ["id"], "general"],
      ["no command", { id: "/a" }, [], "general"],
      ["a text for a number", { id: "/a", cmd: "x", cpus: "1" }, ["cpus"], "resources"],
      [
        "a constraint",
        { id: "/a", cmd: "x", constraints: [["hostname", "NEXT"]] },
        ["constraints", 0],
        "placement",
      ],
      [
        "a port name",
        { id: "/a", cmd: "x", portDefinitions: [{ port: 0, name: "A B" }] },
        ["portDefinitions", 0, "name"],
        "ports",
      ],
      ["a variable", { id: "/a", cmd: "x", env: { "A/B": 3 } }, ["env", "A/B"], "environment"],
      [
        "a whole that is half",
        { id: "/a", cmd: "x", upgradeStrategy: { minimumHealthCapacity: 1 } },
        ["upgradeStrategy", "maximumOverCapacity"],
        "upgrade",
      ],
    ];
  it.each(cases)("%s is placed on its field", (_name, value, path, section) => {
    const problems = judgeDefinition(value, options);
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(sectionOf(appForm, path)?.id).toBe(section);
  });

  const run = { cmd: "true", cpus: 0.1, mem: 32, disk: 0 };
  it.each([
    ["a name that is none", { id: "A", run }, ["id"], "general"],
    ["too little memory", { id: "a", run: { ...run, mem: 1 } }, ["run", "mem"], "resources"],
    [
      "a schedule",
      { id: "a", run, schedules: [{ id: "s", cron: "0 0 30 2 *" }] },
      ["schedules", 0, "cron"],
      "start",
    ],
    ["a variable", { id: "a", run: { ...run, env: { "A/B": 3 } } }, ["run", "env", "A/B"], "environment"],
    [
      "a restart",
      { id: "a", run: { ...run, restart: { activeDeadlineSeconds: 3 } } },
      ["run", "restart", "policy"],
      "failure",
    ],
  ] as const)("%s is placed on its field of a job", (_name, value, path, section) => {
    const problems = judgeDefinition(value, { ...options, root: "job" });
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(sectionOf(jobForm, path)?.id).toBe(section);
  });

  it("is read from an answer too", () => {
    const body = {
      message: "x",
      details: [{ path: "/healthChecks(1)/portIndex", errors: ["a", "b"] }, "other"],
    };
    expect(problemsOfAnswer(body, {}, options)).toEqual([
      { path: ["healthChecks", 1, "portIndex"], message: "a" },
      { path: ["healthChecks", 1, "portIndex"], message: "b" },
    ]);
    expect(problemsOfAnswer("x", {}, options)).toEqual([]);
  });

  it("is said in the reader's language", () => {
    const [problem] = judgeDefinition({ id: "/a" }, { ...options, language: "zh" });
    expect(problem?.message).toMatch(/[一-鿿]/);
  });

  it("finds variables whose names hold slashes", () => {
    expect(problemPath("/env/A/B/secret", { env: { "A/B": 1 } })).toEqual(["env", "A/B"]);
    expect(problemPath("/", {})).toEqual([]);
  });
});
