/** Master, agents and strangers' frameworks under faults. */
import { expect, it } from "vitest";
import { problemsOf, seedsTimeoutMs } from "./seeds.ts";

it.each([
  { name: "kernel", seeds: 12 },
  { name: "volumes", seeds: 5 },
  { name: "quota", seeds: 3 },
  { name: "executors", seeds: 3 },
  { name: "operators", seeds: 4 },
])(
  "reaches what is wished in $name, breaks no invariant and repeats exactly",
  (scenario) => {
    expect(problemsOf(scenario)).toEqual([]);
  },
  seedsTimeoutMs,
);
