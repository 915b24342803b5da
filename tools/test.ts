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
import { allowedSkips, readVitestReport, type SuiteResult } from "./test-report.ts";

interface Suite {
  readonly name: string;
  readonly budgetSeconds: number;
  readonly command?: readonly string[];
  readonly vitest?: readonly string[];
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
for (const problem of problems) console.log(`problem: ${problem}`);
const failed = total(({ failed: count }) => count) + problems.length;
console.log(
  `total: ${total(({ passed }) => passed)} passed, ${failed} failed, ${total(({ skipped }) => skipped)} skipped`,
);
process.exit(failed === 0 ? 0 : 1);

async function runSuite(suite: Suite): Promise<SuiteResult> {
  console.log(`\n=== ${suite.name} (budget ${suite.budgetSeconds} s)`);
  const started = performance.now();
  const report = join(reports, `${suite.name}.json`);
  const args =
    suite.vitest === undefined
      ? (suite.command ?? [])
      : [
          "node_modules/vitest/vitest.mjs",
          "run",
          "--reporter=default",
          "--reporter=json",
          `--outputFile.json=${report}`,
          ...suite.vitest,
        ];
  const ended = await runNode(args, suite.budgetSeconds * 1000);
  const seconds = (performance.now() - started) / 1000;
  const late =
    ended === "late" ? [`${suite.name} was stopped: over its budget of ${suite.budgetSeconds} s`] : [];
  if (suite.vitest === undefined) {
    const passed = ended === 0 ? 1 : 0;
    return { name: suite.name, seconds, passed, failed: 1 - passed, skipped: 0, tests: [], problems: late };
  }
  const counted = readVitestReport(report, suite.name, allowedSkips(root));
  // A runner that dies counts as a failure also when no single test says so.
  const died =
    ended !== 0 && counted.failed === 0 && late.length === 0
      ? [`${suite.name}: the test runner ended with ${ended}`]
      : [];
  return { ...counted, seconds, problems: [...counted.problems, ...late, ...died] };
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
