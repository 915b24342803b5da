/** Seeds in which something was wrong once, each with what it was. */
import { expect, it } from "vitest";
import { runScenario } from "../engine/index.ts";
import { scenarios } from "../scenarios.ts";

const found: readonly { readonly scenario: string; readonly seed: number; readonly what: string }[] = [
  {
    scenario: "moving",
    seed: 262,
    what: "an agent set aside and put back is durable by one commit, and the watch asked for what was overwritten",
  },
  {
    scenario: "lending",
    seed: 1,
    what: "a task that was preempted was still checked",
  },
  {
    scenario: "operators",
    seed: 182,
    what: "an agent's list of tasks, late on a link that it had given up, brought back a task that had ended",
  },
  {
    scenario: "jobs",
    seed: 96,
    what: "a process of Jobs whose clock was behind started again what the one before it had started",
  },
  {
    scenario: "jobs",
    seed: 57,
    what: "a success was older than the start before it by the clocks of two processes, and started nothing",
  },
];

it.each(found)(
  "$scenario, seed $seed: $what",
  ({ scenario, seed }) => {
    const known = scenarios.find(({ name }) => name === scenario);
    expect(known && runScenario(known, seed, { isKept: false }).problems).toEqual([]);
  },
  180_000,
);
