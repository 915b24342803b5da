import { describe, expect, it } from "vitest";
import { AgentBench } from "../testing.ts";
import type { AgentPolicy } from "./policy.ts";

const imageGc = { headroom: 0.2, watchMs: 600_000, excluded: ["lib/web:1"] };
const removal = { kind: "pruneImages", excluded: ["lib/web:1"] };

describe("images that no container runs from", () => {
  it.each<[string, Partial<AgentPolicy>, readonly (readonly [number, number])[], number]>([
    ["stay while there is room", { imageGc }, [[0, 0.8]], 0],
    ["go when the disk is fuller than it should be", { imageGc }, [[0, 0.81]], 1],
    ["stay where nobody said that they should go", {}, [[0, 1]], 0],
    [
      "are looked at no more often than that",
      { imageGc },
      [
        [0, 0.5],
        [599_999, 0.9],
      ],
      0,
    ],
    [
      "are looked at again after it",
      { imageGc },
      [
        [0, 0.9],
        [600_000, 0.9],
        [900_000, 0.9],
        [1_200_000, 0.3],
      ],
      2,
    ],
  ])("%s", (_name, policy, looks, times) => {
    const bench = new AgentBench({ policy });
    const start = bench.now;
    const emitted = looks.flatMap(([at, used]) => {
      bench.now = start + at;
      return bench.send({ kind: "diskMeasured", used });
    });
    expect(emitted.filter(({ kind }) => kind === "pruneImages")).toEqual(
      Array.from({ length: times }, () => removal),
    );
  });
});
