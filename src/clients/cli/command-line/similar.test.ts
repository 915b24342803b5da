import fc from "fast-check";
import { expect, it } from "vitest";
import { distance, similar } from "./similar.ts";

it.each([
  ["list", "lst", 1],
  ["list", "lsit", 1],
  ["", "abc", 3],
  ["same", "same", 0],
  ["kitten", "sitting", 3],
])("%s and %s are %d apart", (one, other, expected) => {
  expect(distance(one, other)).toBe(expected);
});

it("distance is the same both ways and never above the longer word", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (one, other) => {
      expect(distance(one, other)).toBe(distance(other, one));
      expect(distance(one, other)).toBeLessThanOrEqual(Math.max(one.length, other.length));
    }),
  );
});

it("names what is near, the nearest first, and nothing that is far", () => {
  expect(similar("servce", ["node", "service", "services"])).toEqual(["service", "services"]);
  expect(similar("deploy", ["deployment", "demo"])).toEqual(["deployment"]);
  expect(similar("xyz", ["node", "service"])).toEqual([]);
  expect(similar("x".repeat(1_000), ["node"])).toEqual([]);
});
