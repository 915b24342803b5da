/** What a suite said, from vitest's JSON reports of its first and its second try. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface TestOutcome {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
}

/** A test, or a whole file, with what it said when it failed. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

export interface SuiteResult {
  readonly name: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly tests: readonly TestOutcome[];
  readonly failures: readonly Failure[];
  /** What failed first and passed alone. */
  readonly secondTries: readonly Failure[];
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

export interface FileReport {
  /** Its whole path. */
  readonly name: string;
  readonly status: string;
  readonly message?: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages?: readonly string[] | null;
  }[];
}

export interface VitestReport {
  readonly testResults: readonly FileReport[];
}

/** Undefined when the runner died before it wrote one. */
export function readReport(path: string): VitestReport | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as VitestReport) : undefined;
}

/** Of a file that could not run, or whose hooks failed, the file itself. */
function failuresOf({ name, status, message = "", assertionResults }: FileReport): readonly Failure[] {
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0 && status === "failed") return [{ name, message }];
  return failed.map(({ fullName, failureMessages }) => ({
    name: fullName.trim(),
    message: failureMessages?.join("\n") ?? "",
  }));
}

export const failedFiles = ({ testResults }: VitestReport): readonly string[] =>
  testResults.filter((file) => failuresOf(file).length > 0).map(({ name }) => name);

/** The second try's results stand for each file that has any; the rest is as it was. */
export function mergeTries(
  first: VitestReport,
  second: VitestReport | undefined,
): { readonly report: VitestReport; readonly secondTries: readonly Failure[] } {
  const again = new Map(second?.testResults.map((file) => [file.name, file]));
  const report = { testResults: first.testResults.map((file) => again.get(file.name) ?? file) };
  const stillFailing = new Set(report.testResults.flatMap(failuresOf).map(({ name }) => name));
  const secondTries = first.testResults
    .filter(({ name }) => again.has(name))
    .flatMap(failuresOf)
    .filter(({ name }) => !stillFailing.has(name));
  return { report, secondTries };
}

export function judgeReport(
  report: VitestReport | undefined,
  suite: string,
  allowed: readonly AllowedSkip[],
): SuiteResult {
  const empty = {
    name: suite,
    seconds: 0,
    passed: 0,
    failed: 0,
    skipped: 0,
    tests: [],
    failures: [],
    secondTries: [],
    problems: [],
  };
  if (report === undefined) return { ...empty, problems: [`${suite}: the test runner left no report`] };
  const tests = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ fullName, status }): TestOutcome => {
      const state = status === "passed" || status === "failed" ? status : "skipped";
      return { name: fullName.trim(), state };
    }),
  );
  const failures = report.testResults.flatMap(failuresOf);
  const fileNames = new Set(report.testResults.map(({ name }) => name));
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
    failures,
    problems: [
      ...failures.filter(({ name }) => fileNames.has(name)).map(({ name }) => `${name} did not run`),
      ...surprising.map(({ name }) => `skipped without a reason in tests/skips.json: ${name}`),
    ],
  };
}

const toldMax = 40;
const messageLinesMax = 8;
const lineLengthMax = 300;

/** A heading and what each said, cut: the whole stands where the suite ran. */
export function tellFailures(heading: string, failures: readonly Failure[]): readonly string[] {
  if (failures.length === 0) return [];
  const more = failures.length - toldMax;
  return [
    heading,
    ...failures.slice(0, toldMax).flatMap(({ name, message }) => [`  ${name}`, ...firstLines(message)]),
    ...(more > 0 ? [`  … and ${more} more`] : []),
  ];
}

function firstLines(message: string): readonly string[] {
  return message
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s*at .*node_modules/.test(line))
    .slice(0, messageLinesMax)
    .map((line) => `      ${line.slice(0, lineLengthMax)}`);
}
