/** Seeds of scenarios as tests. */
import { expect, it } from "vitest";
import { runSeed } from "../engine/index.ts";
import { scenarios } from "../scenarios.ts";

/** Of one scenario's seeds in CI. */
const timeoutMs = 180_000;
const faultsMin = 10;

/** Runs so many seeds of each scenario, from the first on. */
export function testSeeds(seedsOf: Readonly<Record<string, number>>): void {
  it.each(Object.entries(seedsOf).map(([name, seeds]) => ({ name, seeds })))(
    "reaches what is wished in $name, breaks no invariant and repeats exactly",
    (scenario) => {
      expect(problemsOf(scenario)).toEqual([]);
    },
    timeoutMs,
  );
}

function problemsOf({ name, seeds }: { readonly name: string; readonly seeds: number }): readonly string[] {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  return Array.from({ length: seeds }, (_, index) => runSeed(scenario, index + 1)).flatMap(
    ({ seed, faults, problems }) =>
      faults >= faultsMin ? problems : [...problems, `seed ${seed} had ${faults} faults`],
  );
}
