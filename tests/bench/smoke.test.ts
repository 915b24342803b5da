import { describe, expect, it } from "vitest";
import { benchmarks } from "./benchmarks.ts";
import { type Figure, render, slopeOf } from "./frame.ts";

const figure = (size: number, cpuMicros: number): Figure => ({
  size,
  operations: 1,
  cpuMicros,
  wallSeconds: 1,
  rssMib: 1,
});

describe("benchmarks", () => {
  it.each(benchmarks.filter(({ isInProcess }) => isInProcess).map((each) => [each.name, each] as const))(
    "%s gives a figure at its smallest size",
    async (_name, benchmark) => {
      const [smallest = 1] = benchmark.sizes;
      const made = await benchmark.run(smallest);
      expect(made.cpuMicros).toBeGreaterThan(0);
      expect(render(benchmark, [made])).toContain(benchmark.name);
    },
    60_000,
  );

  it("the slope is 1 for a cost that grows with the size and 0 for one that does not", () => {
    expect(slopeOf([figure(10, 10), figure(100, 100), figure(1000, 1000)])).toBeCloseTo(1);
    expect(slopeOf([figure(10, 5), figure(100, 5), figure(1000, 5)])).toBeCloseTo(0);
  });
});
