/**
 * Runs seeds of a scenario, some of them twice, and prints one line a seed.
 *
 *   npm run simulate -- [--scenario name | --plant name] [--seed N] [--seeds K] [--verbose]
 *
 * `--plant` puts a bug of `cluster/plants.ts` into the cores: then every seed should fail.
 * A failure prints what is wrong, the newest lines of its trace and the line that repeats it; the exit code
 * is then 1. `--verbose` runs each seed once and prints its whole trace.
 */
import { parseArgs } from "node:util";
import { clusterScenario } from "./cluster/cluster.ts";
import { plants } from "./cluster/plants.ts";
import { type RunResult, rerunCommand, runScenario, runSeed, type Scenario } from "./engine/index.ts";
import { scenarios } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    scenario: { type: "string" },
    plant: { type: "string" },
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
  },
});

const planted = plants.map(({ name, options }) => clusterScenario(name, options));
const chosen = choose();

let failures = 0;
for (let index = 0; index < Number(values.seeds); index += 1) {
  for (const scenario of chosen) {
    const seed = Number(values.seed) + index;
    const result = values.verbose
      ? runScenario(scenario, seed, { print: (line) => console.log(line) })
      : runSeed(scenario, seed);
    print(result);
    if (result.problems.length > 0) failures += 1;
  }
}
process.exitCode = failures === 0 ? 0 : 1;

function choose(): readonly Scenario[] {
  const { scenario, plant } = values;
  if (scenario === undefined && plant === undefined) return scenarios;
  const known = plant === undefined ? scenarios : planted;
  const found = known.filter(({ name }) => name === (plant ?? scenario));
  if (found.length > 0) return found;
  console.error(`there is no ${plant ?? scenario}; there are: ${known.map(({ name }) => name).join(", ")}`);
  return process.exit(2);
}

function print(result: RunResult): void {
  const { scenario, seed, hash, steps, faults, virtualMs, problems, tail } = result;
  const facts = `${steps} steps, ${faults} faults, ${Math.round(virtualMs / 1000)} s${hash === undefined ? "" : `, trace ${hash}`}`;
  console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${scenario} seed ${seed}: ${facts}`);
  if (problems.length === 0) return;
  for (const line of tail) console.log(`  | ${line.slice(0, 400)}`);
  for (const problem of problems) console.log(`  ${problem}`);
  console.log(`  again: ${rerunCommand(result, values.plant === undefined ? "scenario" : "plant")}`);
}
