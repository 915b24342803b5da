/** Runs seeds of a scenario, each twice; what was wrong with any of them. */
import { runTwice } from "../engine/index.ts";
import { scenarios } from "../scenarios.ts";

export function problemsOf({
  name,
  seeds,
}: {
  readonly name: string;
  readonly seeds: number;
}): readonly string[] {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  return Array.from({ length: seeds }, (_, index) => runTwice(scenario, index + 1)).flatMap(
    ({ seed, faults, problems }) =>
      faults > 10 ? problems : [...problems, `seed ${seed} had ${faults} faults`],
  );
}

/** Of one scenario's seeds in CI. */
export const seedsTimeoutMs = 180_000;
