import fc from "fast-check";
import { expect, it } from "vitest";
import { DetachKeys } from "./detach-keys.ts";

const type = (...pieces: readonly string[]): { readonly passed: string; readonly isDetached: boolean } => {
  const keys = new DetachKeys();
  let passed = "";
  for (const piece of pieces) {
    const { pass, isDetached } = keys.push(Buffer.from(piece, "latin1"));
    passed += pass.toString("latin1");
    if (isDetached) return { passed, isDetached };
  }
  return { passed, isDetached: false };
};

it.each([
  [["ab\u0010\u0011cd"], "ab", true],
  [["ab\u0010", "\u0011"], "ab", true],
  [["\u0010x"], "\u0010x", false],
  [["\u0010\u0010\u0011"], "\u0010", true],
  [["\u0011\u0010"], "\u0011", false],
])("%j passes %j on, detached: %s", (pieces, passed, isDetached) => {
  expect(type(...pieces)).toEqual({ passed, isDetached });
});

it("keys without the pair go on as they were, however they come in pieces", () => {
  const byte = fc.integer({ min: 0, max: 255 }).filter((code) => code !== 0x11);
  fc.assert(
    fc.property(fc.array(fc.array(byte, { maxLength: 5 }), { maxLength: 8 }), (pieces) => {
      const typed = pieces.map((piece) => String.fromCharCode(...piece));
      // The last Ctrl-P is held until the next key says what it was.
      expect(type(...typed, "z").passed).toBe(`${typed.join("")}z`);
    }),
  );
});
