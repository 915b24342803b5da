/** Every strategy of upgrades, with every kill selection, every way to fail, and everything that can be done about it. */
import { expect, it } from "vitest";
import { runScenario } from "../engine/index.ts";
import { clusterScenario } from "./cluster.ts";
import { fates } from "./fates.ts";
import { realCores } from "./real-cores.ts";
import { endings, everyTrial } from "./trials.ts";

/** Room for all at once. */
const agents = 30;
/** A hasty one. */
const seed = 1;

const cases = fates.flatMap((fate) => endings.map((ending) => ({ fate, ending })));

it.each(cases)(
  "a new version that $fate and is then $ending ends where it has to, whatever the strategy",
  ({ fate, ending }) => {
    const users = { wishes: [], trials: everyTrial(fate, ending) };
    const scenario = clusterScenario("upgrades", {
      cores: realCores,
      size: { agents, strangers: [], users, isStill: true, lookEvery: 200 },
    });
    expect(runScenario(scenario, seed, { isKept: false }).problems).toEqual([]);
  },
  180_000,
);
