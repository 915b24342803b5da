import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomFromWords, seededRandom } from "./random.ts";

/** Written the long way: all bits as hex, then version and variant put in. */
function plainUuid(words: readonly number[]): string {
  const hex = words.map((word) => word.toString(16).padStart(8, "0")).join("");
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

describe("a random uuid", () => {
  it("has all bits of its words but those of its version and variant", () => {
    const word = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), (words) => {
        const left = [...words];
        expect(randomFromWords(() => left.shift() ?? 0).uuid()).toBe(plainUuid(words));
      }),
    );
  });

  it("is the same again from the same seed", () => {
    expect(seededRandom(5).uuid()).toBe(seededRandom(5).uuid());
    expect(seededRandom(5).uuid()).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
