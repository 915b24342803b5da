import fc from "fast-check";
import { expect, it } from "vitest";
import { formatInstant, parseInstant } from "./iso-time.ts";

it("writes what Date writes, for any instant of four-digit years", () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_208_988_800_000, max: 253_402_300_799_999 }), (at) => {
      expect(formatInstant(at)).toBe(new Date(at).toISOString());
    }),
  );
});

it("reads back what it wrote", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (at) => {
      expect(parseInstant(formatInstant(at))).toBe(at);
    }),
  );
});

it.each([
  ["2020-02-29T12:00:00Z", Date.UTC(2020, 1, 29, 12)],
  ["2020-02-29T12:00:00.5+02:00", Date.UTC(2020, 1, 29, 10, 0, 0, 500)],
  ["2020-02-29T12:00:00-0130", Date.UTC(2020, 1, 29, 13, 30)],
  ["2020-02-29T12:00:00.123456789Z", Date.UTC(2020, 1, 29, 12, 0, 0, 123)],
])("reads %s", (text, expected) => expect(parseInstant(text)).toBe(expected));

it.each(["", "yesterday", "2020-02-29", "2020-02-29T12:00:00", "12345"])("does not read %j", (text) => {
  expect(parseInstant(text)).toBeUndefined();
});
