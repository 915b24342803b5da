/** What a suite said, from vitest's JSON report. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface TestOutcome {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
}

export interface SuiteResult {
  readonly name: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly tests: readonly TestOutcome[];
  readonly problems: readonly string[];
}

interface AllowedSkip {
  /** Beginning of the test's full name. */
  readonly test: string;
  readonly reason: string;
}

export function allowedSkips(root: string): readonly AllowedSkip[] {
  return (JSON.parse(readFileSync(join(root, "tests/skips.json"), "utf8")) as { skips: AllowedSkip[] }).skips;
}

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export function readVitestReport(path: string, suite: string, allowed: readonly AllowedSkip[]): SuiteResult {
  const empty = { name: suite, seconds: 0, passed: 0, failed: 0, skipped: 0, tests: [], problems: [] };
  if (!existsSync(path)) return { ...empty, problems: [`${suite}: the test runner left no report`] };
  const report = JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  const tests = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ fullName, status }): TestOutcome => {
      const state = status === "passed" || status === "failed" ? status : "skipped";
      return { name: fullName.trim(), state };
    }),
  );
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  const surprising = tests.filter(
    ({ name, state }) => state === "skipped" && !allowed.some(({ test }) => name.startsWith(test)),
  );
  const count = (state: TestOutcome["state"]): number => tests.filter((test) => test.state === state).length;
  return {
    ...empty,
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    tests,
    problems: [
      ...brokenFiles.map(({ name, message }) => `${name} did not run: ${message ?? ""}`),
      ...surprising.map(({ name }) => `skipped without a reason in tests/skips.json: ${name}`),
    ],
  };
}
