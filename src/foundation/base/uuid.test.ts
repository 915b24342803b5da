import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { timeUuid } from "./uuid.ts";

/** The instant in a version 1 UUID, in ticks of 100 ns since the begin of its time. */
function ticksOf(uuid: string): bigint {
  const [low = "", mid = "", high = ""] = uuid.split("-");
  return BigInt(`0x${high.slice(1)}${mid}${low}`);
}

describe("a UUID of an instant", () => {
  it("is the one that the RFC gives for its instant", () => {
    // RFC 9562, appendix A.1: 2022-02-22 14:22:22.00 GMT-05:00, clock sequence 0x33c8, node 9f:6b:de:ce:d8:46.
    const random = "00000000-0000-4000-b3c8-9f6bdeced846";
    expect(timeUuid(Date.parse("2022-02-22T19:22:22Z"), random)).toBe("c232ab00-9414-11ec-b3c8-9f6bdeced846");
  });

  it("holds its millisecond, is of version 1, and differs where the bits of chance do", () => {
    const instants = fc.integer({ min: 0, max: 8_640_000_000_000 });
    fc.assert(
      fc.property(instants, fc.uuid({ version: 4 }), fc.uuid({ version: 4 }), (at, one, other) => {
        const uuid = timeUuid(at, one);
        expect(uuid).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f][13579bdf][0-9a-f]{10}$/,
        );
        expect(ticksOf(uuid) / 10_000n - 12_219_292_800_000n).toBe(BigInt(at));
        if (one.slice(26) !== other.slice(26)) expect(timeUuid(at, other)).not.toBe(uuid);
      }),
    );
  });
});
