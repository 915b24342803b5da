import { describe, expect, it } from "vitest";
import { runScenario, runTwice } from "../engine/index.ts";
import { tag } from "../invariants/sentences.ts";
import { scenarios } from "../scenarios.ts";
import { clusterScenario } from "./cluster.ts";
import { plants } from "./plants.ts";

const plantSeeds = 12;

function problemsOf(name: string, seeds: number) {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  return Array.from({ length: seeds }, (_, index) => runTwice(scenario, index + 1)).flatMap(
    ({ seed, faults, problems }) =>
      faults > 10 ? problems : [...problems, `seed ${seed} had ${faults} faults`],
  );
}

describe("a cluster under faults", () => {
  it.each([
    { name: "kernel", seeds: 12 },
    { name: "volumes", seeds: 5 },
    { name: "quota", seeds: 3 },
    { name: "executors", seeds: 3 },
    { name: "operators", seeds: 4 },
    { name: "moving", seeds: 2 },
    { name: "spine", seeds: 12 },
    { name: "users", seeds: 3 },
    { name: "groups", seeds: 3 },
    { name: "residents", seeds: 3 },
    { name: "pods", seeds: 3 },
    { name: "crowd", seeds: 1 },
  ])(
    "reaches what is wished in $name, breaks no invariant and repeats exactly",
    ({ name, seeds }) => {
      expect(problemsOf(name, seeds)).toEqual([]);
    },
    120_000,
  );

  it.each(plants)(
    "is caught when $bug",
    ({ name, options, caughtBy }) => {
      const scenario = clusterScenario(name, options);
      let problems: readonly string[] = [];
      for (let seed = 1; seed <= plantSeeds && problems.length === 0; seed += 1)
        problems = runScenario(scenario, seed).problems;
      expect(problems.join("; ")).toContain(tag(caughtBy));
    },
    60_000,
  );
});
