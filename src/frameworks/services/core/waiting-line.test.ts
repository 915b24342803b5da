import { array, assert, boolean, integer, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { WaitingLine } from "./waiting-line.ts";

describe("a waiting line", () => {
  it("does what a set does, whatever comes and goes", () => {
    const steps = array(tuple(boolean(), integer({ min: 0, max: 8 })), { maxLength: 200 });
    assert(
      property(steps, (changes) => {
        const line = new WaitingLine<number>();
        const set = new Set<number>();
        for (const [isComing, member] of changes) {
          if (isComing) {
            line.add(member);
            set.add(member);
          } else {
            line.delete(member);
            set.delete(member);
          }
          expect([line.first(), line.size]).toEqual([set.values().next().value, set.size]);
        }
      }),
    );
  });

  it("forgets those that left", () => {
    const line = new WaitingLine<number>();
    for (let member = 0; member < 10_000; member += 1) line.add(member);
    for (let member = 0; member < 9_999; member += 1) line.delete(member);
    expect(line.first()).toBe(9_999);
    line.add(1);
    line.delete(9_999);
    expect(line.first()).toBe(1);
  });
});
