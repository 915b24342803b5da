/**
 * `npm run bench -- [NAMES…] [--json FILE]`: every benchmark at its sizes, with the slope of its cost. A name
 * stands for all that begin with it; `peer` are other people's tools, which are measured only when named.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { benchmarks } from "./benchmarks.ts";
import { type Figure, render, slopeOf } from "./frame.ts";

const args = process.argv.slice(2);
const jsonAt = args.indexOf("--json");
const jsonFile = jsonAt === -1 ? undefined : args[jsonAt + 1];
const names = args.filter((_argument, index) => jsonAt === -1 || (index !== jsonAt && index !== jsonAt + 1));
const chosen = benchmarks.filter(({ name, isNamedOnly = false }) =>
  names.length === 0 ? !isNamedOnly : names.some((wanted) => name.startsWith(wanted)),
);
if (chosen.length === 0) {
  console.error(
    `no benchmark begins with ${names.join(", ")}; there are: ${benchmarks.map(({ name }) => name).join(", ")}`,
  );
  process.exit(1);
}

const machine = {
  cpu: cpus()[0]?.model ?? "",
  cores: cpus().length,
  memoryMib: Math.round(totalmem() / 1_048_576),
  node: process.version,
};
const git = (...words: string[]): string => execFileSync("git", words, { encoding: "utf8" }).trim();
// Figures of a changed tree belong to no commit, so the name says it.
const isChanged =
  git("status", "--porcelain", "--untracked-files=no", "--", "src", "native", "tests/bench") !== "";
const commit = `${git("rev-parse", "--short", "HEAD")}${isChanged ? "-changed" : ""}`;
console.log(
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryMib} MiB, Node ${machine.node}, commit ${commit}\n`,
);
const results: object[] = [];
for (const benchmark of chosen) {
  const loadBefore = loadavg()[0] ?? 0;
  const figures: Figure[] = [];
  for (const size of benchmark.sizes) figures.push(await benchmark.run(size));
  console.log(`${render(benchmark, figures)}\n  load before ${loadBefore.toFixed(1)}\n`);
  results.push({ name: benchmark.name, loadBefore, slope: slopeOf(figures), figures });
}
if (jsonFile !== undefined)
  writeFileSync(jsonFile, `${JSON.stringify({ machine, commit, results }, null, 1)}\n`);
