/** Bugs put in on purpose: each must be caught by the invariant that is there for it. */
import { expect, it } from "vitest";
import { runScenario } from "../engine/index.ts";
import { tag } from "../invariants/sentences.ts";
import { clusterScenario } from "./cluster.ts";
import { plants } from "./plants.ts";

const plantSeeds = 12;

it.each(plants)(
  "is caught when $bug",
  ({ name, options, caughtBy }) => {
    const scenario = clusterScenario(name, options);
    let problems: readonly string[] = [];
    for (let seed = 1; seed <= plantSeeds && problems.length === 0; seed += 1)
      problems = runScenario(scenario, seed).problems;
    expect(problems.join("; ")).toContain(tag(caughtBy));
  },
  180_000,
);
