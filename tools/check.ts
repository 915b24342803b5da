/**
 * `npm run check`: format, lint, layers, types, generated files, unit tests, a short simulation; under a minute on two
 * cores, so what is no test runs two at a time. What it leaves to `npm test` it says.
 *   --fix        format and regenerate instead of complaining
 *   --no-tests   only what is not a test
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { leftToNpmTest, partOfRuns } from "./left-to-npm-test.ts";

interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

const root = fileURLToPath(new URL("..", import.meta.url));
const fix = process.argv.includes("--fix");
const withTests = !fix && !process.argv.includes("--no-tests");
const own = ["--conditions=keelson-source", "--disable-warning=ExperimentalWarning"];

/** One checker each, since two projects are checked at once; what has not changed since the last time is not checked again. */
const types = (name: string, folder: string): Step => ({
  name,
  args: [
    "node_modules/typescript/bin/tsc",
    ...["--noEmit", "-p", folder, "--checkers", "1", "--incremental"],
    ...["--tsBuildInfoFile", `node_modules/.cache/keelson/${name.replaceAll(" ", "-")}.tsbuildinfo`],
  ],
});
const written = (name: string, tool: string): Step => ({
  name,
  args: [...own, tool, ...(fix ? [] : ["--check"])],
});

const generated = [
  written("generated", "tools/protogen.ts"),
  written("reference", "tools/reference.ts"),
  written("cli reference", "tools/cli-reference.ts"),
];
const format: Step = {
  name: "format, lint",
  args: [
    "node_modules/@biomejs/biome/bin/biome",
    "check",
    ...(fix ? ["--write"] : []),
    "--diagnostic-level=warn",
    ".",
  ],
};
/** The longest first. */
const judged = [
  types("types", "."),
  // The console has the browser's names, and only it.
  types("types of ui", "ui"),
  types("types of its tests", "tests/console"),
  { name: "unused", args: ["node_modules/knip/bin/knip.js", "--no-progress"] },
  { name: "layers", args: [...own, "tools/layers.ts"] },
];
const simulation: Step = {
  name: "simulation",
  args: [...own, "tests/simulation/main.ts", "--scenario", "spine", "--seeds", "5"],
};
const unit: Step = {
  name: "unit",
  args: [
    ...["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.check.config.ts"],
    ...["--reporter=dot", "src", "tools", "ui/src"],
  ],
};

let failed = 0;
// What writes files goes before what reads them.
if (fix) await inLanes(1, [...generated, format]);
await inLanes(2, [...judged, ...(fix ? [] : [format, ...generated]), ...(withTests ? [simulation] : [])]);
if (withTests) {
  const gone = leftToNpmTest.filter((path) => !existsSync(`${root}${path}`));
  if (gone.length > 0) failed += 1;
  for (const path of gone) console.log(`FAIL  tools/left-to-npm-test.ts names ${path}, which is not there`);
  await inLanes(1, [unit]);
  const part = `${(1 - partOfRuns) * 100} %`;
  console.log(`left to \`npm test\`: ${part} of the tries of slow properties, every other suite, and`);
  for (const path of leftToNpmTest) console.log(`      ${path}`);
}
process.exit(failed === 0 ? 0 : 1);

/** Runs steps in their order, `lanes` at a time. */
async function inLanes(lanes: number, steps: readonly Step[]): Promise<void> {
  const waiting = [...steps];
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) await run(step);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function run({ name, args }: Step): Promise<void> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let told = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      told += text;
    });
  return new Promise((resolve) => {
    child.on("close", (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (code !== 0) failed += 1;
      console.log(code === 0 ? `ok    ${name} (${seconds} s)` : `FAIL  ${name} (${seconds} s)\n${told}`);
      resolve();
    });
  });
}
