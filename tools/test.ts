/**
 * `npm test`: every suite of tools/suites.json in turn, each within its budget, then one true last line.
 *   --only NAME   one suite       --long   the long ones after the rest
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeCoverage } from "./coverage.ts";
import {
  allowedSkips,
  failedFiles,
  judgeReport,
  mergeTries,
  readReport,
  type SuiteResult,
  tellFailures,
  type VitestReport,
} from "./test-report.ts";

interface Suite {
  readonly name: string;
  readonly budgetSeconds: number;
  readonly command?: readonly string[];
  /** Beginnings of the paths of its files. */
  readonly vitest?: readonly string[];
  /** Files at once. Default: as many as vitest.config.ts says. */
  readonly workers?: number;
  /** A worker loads what its files import once, not once a file. */
  readonly sharesModules?: boolean;
  /** Its tests watch processes, clusters and browsers, so a file that fails is tried again alone (docs/adr/0163). */
  readonly isTriedTwice?: boolean;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at === -1 ? undefined : process.argv[at + 1];
};

const { suites, long } = JSON.parse(readFileSync(join(root, "tools/suites.json"), "utf8")) as {
  suites: Suite[];
  long: Suite[];
};
/** A suite in which more files fail is not run again. */
const secondTriesMax = 6;
interface Tries {
  /** How the last one ended. */
  readonly ended: number | "late";
  readonly report: VitestReport | undefined;
  readonly secondTries: SuiteResult["secondTries"];
}

interface VitestRun {
  readonly ended: number | "late";
  readonly report: VitestReport | undefined;
}

const only = argument("--only");
const chosen = [...suites, ...(process.argv.includes("--long") ? long : [])].filter(
  ({ name }) => only === undefined || name === only,
);
if (chosen.length === 0) {
  console.error(
    `no suite is called ${only}; there are: ${[...suites, ...long].map(({ name }) => name).join(", ")}`,
  );
  process.exit(1);
}

const reports = mkdtempSync(join(tmpdir(), "keelson-test-"));
const results: SuiteResult[] = [];
for (const suite of chosen) results.push(await runSuite(suite));
rmSync(reports, { recursive: true });

const problems = results.flatMap(({ problems: found }) => found);
if (only === undefined)
  problems.push(
    ...writeCoverage(
      root,
      results.flatMap(({ tests }) => tests),
    ),
  );
const total = (pick: (result: SuiteResult) => number): number =>
  results.reduce((sum, result) => sum + pick(result), 0);
console.log("");
for (const result of results) {
  console.log(
    `${result.name.padEnd(16)} ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped in ${result.seconds.toFixed(0)} s`,
  );
}
for (const line of [
  ...tellFailures(
    "passed at the second try:",
    results.flatMap(({ secondTries }) => secondTries),
  ),
  ...tellFailures(
    "failed:",
    results.flatMap(({ failures }) => failures),
  ),
])
  console.log(line);
for (const problem of problems) console.log(`problem: ${problem}`);
const failed = total(({ failed: count }) => count) + problems.length;
console.log(
  `total: ${total(({ passed }) => passed)} passed, ${failed} failed, ${total(({ skipped }) => skipped)} skipped`,
);
process.exit(failed === 0 ? 0 : 1);

async function runSuite(suite: Suite): Promise<SuiteResult> {
  console.log(`\n=== ${suite.name} (budget ${suite.budgetSeconds} s)`);
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  if (suite.vitest === undefined) {
    const ended = await runNode(suite.command ?? [], suite.budgetSeconds * 1000);
    const passed = ended === 0 ? 1 : 0;
    return {
      name: suite.name,
      seconds: elapsed(),
      passed,
      failed: 1 - passed,
      skipped: 0,
      tests: [],
      failures: [],
      secondTries: [],
      problems: lateness(suite, ended),
    };
  }
  const first = await runVitest(suite, "first", [
    ...suite.vitest,
    ...exclusions(suite),
    ...(suite.workers === undefined ? [] : [`--maxWorkers=${suite.workers}`]),
    ...(suite.sharesModules === true ? ["--isolate=false"] : []),
  ]);
  const { ended, report, secondTries } = await tryAgain(suite, first);
  const counted = judgeReport(report, suite.name, allowedSkips(root));
  // A runner that dies counts as a failure also when no single test says so.
  const died =
    ended !== 0 && ended !== "late" && counted.failures.length === 0
      ? [`${suite.name}: the test runner ended with ${ended}`]
      : [];
  return {
    ...counted,
    seconds: elapsed(),
    secondTries,
    problems: [...counted.problems, ...lateness(suite, ended), ...died],
  };
}

function lateness(suite: Suite, ended: number | "late"): readonly string[] {
  return ended === "late" ? [`${suite.name} was stopped: over its budget of ${suite.budgetSeconds} s`] : [];
}

/** A file that a suite names itself is not run by one that names its folder. */
function exclusions(suite: Suite): readonly string[] {
  const named = suites.filter((other) => other !== suite).flatMap(({ vitest = [] }) => vitest);
  const inside = named.filter((path) => suite.vitest?.some((folder) => path.startsWith(`${folder}/`)));
  return inside.map((path) => `--exclude=${path}`);
}

/** The files that failed once more, one at a time; many at once are no accident. */
async function tryAgain(suite: Suite, { ended, report: first }: VitestRun): Promise<Tries> {
  const files = first === undefined ? [] : failedFiles(first);
  if (
    first === undefined ||
    suite.isTriedTwice !== true ||
    files.length === 0 ||
    files.length > secondTriesMax
  )
    return { ended, report: first, secondTries: [] };
  console.log(`\n=== ${suite.name}: ${files.length} files once more, one at a time`);
  const alone = ["--maxWorkers=1", "--no-file-parallelism"];
  const second = await runVitest(suite, "second", [...files, ...alone]);
  return { ended: second.ended, ...mergeTries(first, second.report) };
}

async function runVitest(
  suite: Suite,
  attempt: "first" | "second",
  args: readonly string[],
): Promise<VitestRun> {
  const path = join(reports, `${suite.name}-${attempt}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${path}`];
  const ended = await runNode(
    ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...args],
    suite.budgetSeconds * 1000,
  );
  return { ended, report: readReport(path) };
}

function runNode(args: readonly string[], limitMs: number): Promise<number | "late"> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ["--conditions=keelson-source", "--disable-warning=ExperimentalWarning", ...args],
      {
        cwd: root,
        stdio: ["ignore", "inherit", "inherit"],
        detached: true,
      },
    );
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      // Its whole group: workers would otherwise go on.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, limitMs);
    child.on("exit", (code) => {
      clearTimeout(timer);
      resolve(late ? "late" : (code ?? 1));
    });
  });
}
