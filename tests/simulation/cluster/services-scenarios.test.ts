/** Services, jobs and their users on a cluster under faults. */
import { expect, it } from "vitest";
import { problemsOf, seedsTimeoutMs } from "./seeds.ts";

it.each([
  { name: "spine", seeds: 12 },
  { name: "users", seeds: 3 },
  { name: "groups", seeds: 3 },
  { name: "residents", seeds: 3 },
  { name: "pods", seeds: 3 },
  { name: "moving", seeds: 2 },
  { name: "jobs", seeds: 2 },
  { name: "crowd", seeds: 1 },
])(
  "reaches what is wished in $name, breaks no invariant and repeats exactly",
  (scenario) => {
    expect(problemsOf(scenario)).toEqual([]);
  },
  seedsTimeoutMs,
);
