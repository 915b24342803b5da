import { describe, expect, it } from "vitest";
import { type FileReport, failedFiles, judgeReport, mergeTries, tellFailures } from "./test-report.ts";

type Status = "passed" | "failed" | "skipped";

/** `message` is what the file said when it did not run at all. */
function aFile(name: string, tests: Readonly<Record<string, Status>>, message?: string): FileReport {
  const assertionResults = Object.entries(tests).map(([fullName, status]) => ({
    fullName,
    status,
    failureMessages: status === "failed" ? [`${fullName} went wrong\n    at somewhere`] : [],
  }));
  const isFailed = message !== undefined || assertionResults.some(({ status }) => status === "failed");
  return {
    name,
    status: isFailed ? "failed" : "passed",
    ...(message === undefined ? {} : { message }),
    assertionResults,
  };
}

const first = {
  testResults: [
    aFile("/quiet", { "quiet one": "passed" }),
    aFile("/racy", { "racy one": "failed", "racy two": "passed" }),
    aFile("/broken", { "broken one": "failed", "broken two": "failed" }),
    aFile("/unstarted", { "unstarted one": "skipped" }, "the hook timed out"),
  ],
};

describe("a second try", () => {
  it("is for the files in which something failed, tests or hooks", () => {
    expect(failedFiles(first)).toEqual(["/racy", "/broken", "/unstarted"]);
  });

  const second = {
    testResults: [
      aFile("/racy", { "racy one": "passed", "racy two": "passed" }),
      aFile("/broken", { "broken one": "failed", "broken two": "passed" }),
      aFile("/unstarted", { "unstarted one": "passed" }),
    ],
  };

  it("counts: what passes then has passed, and what fails twice has failed", () => {
    const { passed, failed, skipped, problems, failures } = judgeReport(
      mergeTries(first, second).report,
      "suite",
      [],
    );
    expect({ passed, failed, skipped, problems }).toEqual({ passed: 5, failed: 1, skipped: 0, problems: [] });
    expect(failures.map(({ name }) => name)).toEqual(["broken one"]);
  });

  it("is told with what went wrong at first", () => {
    expect(mergeTries(first, second).secondTries).toEqual([
      { name: "racy one", message: "racy one went wrong\n    at somewhere" },
      { name: "broken two", message: "broken two went wrong\n    at somewhere" },
      { name: "/unstarted", message: "the hook timed out" },
    ]);
  });

  it("that tells nothing of a file leaves the first one standing", () => {
    for (const nothing of [undefined, { testResults: [] }]) {
      const { report, secondTries } = mergeTries(first, nothing);
      expect(report).toEqual(first);
      expect(secondTries).toEqual([]);
    }
  });

  it("in which another test of the file fails is no pass", () => {
    const turned = { testResults: [aFile("/racy", { "racy one": "passed", "racy two": "failed" })] };
    const { failures } = judgeReport(mergeTries(first, turned).report, "suite", []);
    expect(failures.map(({ name }) => name)).toContain("racy two");
  });

  it("in which a test is skipped is no pass: only listed tests may be", () => {
    const skipping = { testResults: [aFile("/racy", { "racy one": "skipped", "racy two": "passed" })] };
    const { report } = mergeTries({ testResults: first.testResults.slice(0, 2) }, skipping);
    expect(judgeReport(report, "suite", []).problems).toEqual([
      "skipped without a reason in tests/skips.json: racy one",
    ]);
    expect(judgeReport(report, "suite", [{ test: "racy", reason: "none" }]).problems).toEqual([]);
  });
});

describe("a suite", () => {
  it("whose file did not run is told with the file and what it said", () => {
    const { problems, failures, failed } = judgeReport(first, "suite", [{ test: "unstarted", reason: "no" }]);
    expect(problems).toEqual(["/unstarted did not run"]);
    expect(failures).toContainEqual({ name: "/unstarted", message: "the hook timed out" });
    expect(failed).toBe(3);
  });

  it("without a report has a problem", () => {
    expect(judgeReport(undefined, "suite", []).problems).toEqual(["suite: the test runner left no report"]);
  });
});

describe("what is told at the end", () => {
  it("is each name with the first lines of its message, without frames of libraries", () => {
    const message = `expected 1 to be 2\n\n    at a.test.ts:1\n    at b (/x/node_modules/vitest/c.js:1)\n${"y\n".repeat(30)}`;
    const lines = tellFailures("failed:", [{ name: "one", message }]);
    expect(lines.slice(0, 4)).toEqual([
      "failed:",
      "  one",
      "      expected 1 to be 2",
      "          at a.test.ts:1",
    ]);
    expect(lines).toHaveLength(10);
  });

  it("is nothing where nothing failed, and never without end", () => {
    expect(tellFailures("failed:", [])).toEqual([]);
    const many = Array.from({ length: 100 }, (_, index) => ({ name: `test ${index}`, message: "no" }));
    const lines = tellFailures("failed:", many);
    expect(lines).toHaveLength(82);
    expect(lines.at(-1)).toBe("  … and 60 more");
  });
});
