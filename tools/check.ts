/**
 * `npm run check`: format, lint, layers, types, generated files, unit tests, a short simulation; under a minute.
 *   --fix        format and regenerate instead of complaining
 *   --no-tests   only what is not a test
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const fix = process.argv.includes("--fix");
const own = ["--conditions=keelson-source", "--disable-warning=ExperimentalWarning"];

const steps: readonly (readonly [string, readonly string[]])[] = [
  ["generated", [...own, "tools/protogen.ts", ...(fix ? [] : ["--check"])]],
  ["reference", [...own, "tools/reference.ts", ...(fix ? [] : ["--check"])]],
  ["cli reference", [...own, "tools/cli-reference.ts", ...(fix ? [] : ["--check"])]],
  [
    "format, lint",
    [
      "node_modules/@biomejs/biome/bin/biome",
      "check",
      ...(fix ? ["--write"] : []),
      "--diagnostic-level=warn",
      ".",
    ],
  ],
  ["layers", [...own, "tools/layers.ts"]],
  ["types", ["node_modules/typescript/bin/tsc", "--noEmit"]],
  // The console has the browser's names, and only it.
  ["types of ui", ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "ui"]],
  ["types of its tests", ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "tests/console"]],
  ["unused", ["node_modules/knip/bin/knip.js", "--no-progress"]],
];
const tests: readonly (readonly [string, readonly string[]])[] = [
  ["unit", ["node_modules/vitest/vitest.mjs", "run", "--reporter=dot", "src", "tools", "ui/src"]],
  ["simulation", [...own, "tests/simulation/main.ts", "--scenario", "spine", "--seeds", "5"]],
];

let failed = 0;
for (const [name, args] of [...steps, ...(process.argv.includes("--no-tests") || fix ? [] : tests)]) {
  if (args.some((part) => part.endsWith(".ts") && !existsSync(`${root}${part}`))) continue;
  const started = performance.now();
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (result.status === 0) {
    console.log(`ok    ${name} (${seconds} s)`);
  } else {
    failed += 1;
    console.log(`FAIL  ${name} (${seconds} s)\n${result.stdout}${result.stderr}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
