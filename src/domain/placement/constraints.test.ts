import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileConstraint, type FieldPopulation, scalarText } from "./constraints.ts";
import { Spread } from "./spread.ts";

const population = (counts: Record<string, number> = {}): FieldPopulation => ({
  instances: 6,
  spread: Spread.of(Object.entries(counts)),
});
const accepts = (constraint: string[], value: string | undefined, counts?: Record<string, number>) =>
  compileConstraint(constraint).accepts(value, population(counts));

describe("constraints", () => {
  it.each<[string[], string | undefined, Record<string, number>, boolean]>([
    [["hostname", "UNIQUE"], "a", {}, true],
    [["hostname", "UNIQUE"], "a", { a: 1 }, false],
    [["hostname", "UNIQUE"], "b", { a: 1 }, true],
    [["rack", "CLUSTER", "r1"], "r1", {}, true],
    [["rack", "CLUSTER", "r1"], "r2", {}, false],
    [["rack", "CLUSTER"], "r2", {}, true],
    [["rack", "CLUSTER"], "r2", { r1: 1 }, false],
    [["rack", "CLUSTER"], "r1", { r1: 1 }, true],
    [["rack", "LIKE", "r[12]"], "r1", {}, true],
    [["rack", "LIKE", "r[12]"], "r12", {}, false],
    [["rack", "UNLIKE", "r[12]"], "r1", {}, false],
    [["rack", "UNLIKE", "r[12]"], "r3", {}, true],
    [["rack", "MAX_PER", "2"], "r1", { r1: 1 }, true],
    [["rack", "MAX_PER", "2"], "r1", { r1: 2 }, false],
    [["rack", "IS", "r1"], "r1", {}, true],
    [["rack", "IS", "r1"], "r2", {}, false],
    [["cores", "IS", "4.0"], "4", {}, true],
    [["cores", "IS", "4.0004"], "4", {}, true],
    [["zone", "GROUP_BY"], "z1", {}, true],
    [["zone", "GROUP_BY"], "z1", { z1: 1, z2: 1 }, true],
    [["zone", "GROUP_BY"], "z1", { z1: 2, z2: 1 }, false],
    [["zone", "GROUP_BY"], "z3", { z1: 2, z2: 1 }, true],
    [["zone", "GROUP_BY", "3"], "z3", { z1: 1, z2: 1 }, true],
    [["zone", "GROUP_BY", "2"], "z3", { z1: 1, z2: 1 }, false],
    [["zone", "GROUP_BY", "2"], "z1", { z1: 3 }, false],
    [["zone", "GROUP_BY", "4"], "z1", { z1: 1 }, true],
    [["zone", "GROUP_BY", "4"], "z1", { z1: 2 }, false],
    [["zone", "group_by", "4"], "z1", {}, true],
    [["rack", "NONSENSE"], "r1", {}, false],
  ])("%j takes %s beside %j: %s", (constraint, value, counts, expected) => {
    expect(accepts(constraint, value, counts)).toBe(expected);
  });

  it.each(["UNIQUE", "CLUSTER", "LIKE", "MAX_PER", "IS", "GROUP_BY"])(
    "%s refuses an agent without the field",
    (operator) => {
      expect(accepts(["rack", operator, "1"], undefined)).toBe(false);
    },
  );
  it("UNLIKE takes an agent without the field", () =>
    expect(accepts(["rack", "UNLIKE", "r"], undefined)).toBe(true));

  it("a hostile pattern ends soon", () => {
    expect(accepts(["rack", "LIKE", "(a+)+$"], `${"a".repeat(5_000)}!`)).toBe(false);
  });

  it("GROUP_BY n always comes to exactly n groups that differ by at most one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 1_000 }),
        (groups, instances, seed) => {
          const { accepts: takes } = compileConstraint(["zone", "GROUP_BY", String(groups)]);
          const counts = new Map<string, number>();
          for (let placed = 0; placed < instances; placed += 1) {
            const zones = Array.from(
              { length: groups + 2 },
              (_, index) => `z${(index + seed * (placed + 1)) % (groups + 2)}`,
            );
            const zone = zones.find((each) => takes(each, { instances, spread: Spread.of(counts) }));
            expect(zone).toBeDefined();
            counts.set(zone ?? "", (counts.get(zone ?? "") ?? 0) + 1);
          }
          expect(counts.size).toBe(Math.min(groups, instances));
          expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

it.each([
  [1, "1"],
  [0.1, "0.1"],
  [1.2345, "1.234"],
  [1.2355, "1.236"],
  [0.0005, "0"],
  [0.0015, "0.002"],
])("scalar %d reads %s", (value, text) => expect(scalarText(value)).toBe(text));

describe("a spread", () => {
  it("counts like a fresh count after any adding and removing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.constantFrom("a", "b", "c", "d")), { maxLength: 60 }),
        (steps) => {
          const spread = new Spread();
          const held: string[] = [];
          for (const [adds, value] of steps) {
            if (adds) {
              spread.add(value);
              held.push(value);
            } else if (held.includes(value)) {
              spread.remove(value);
              held.splice(held.indexOf(value), 1);
            }
            const counts = [...new Set(held)].map((each) => held.filter((other) => other === each).length);
            expect(spread.values).toBe(counts.length);
            expect(spread.smallest).toBe(counts.length === 0 ? 0 : Math.min(...counts));
            expect(spread.valuesAbove(1)).toBe(counts.filter((each) => each > 1).length);
          }
        },
      ),
    );
  });
});
