import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRecord, RecordDecoder, RecordInvalid } from "./recordio.ts";

/** Every byte there is, line feeds and digits among them. */
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const records = ["", '{"type":"HEARTBEAT"}', "wörld ✓ 😀", "7\nseven\n", allBytes, "\n"];
const stream = Buffer.concat(records.map(encodeRecord));
const expected = records.map((record) => Buffer.from(record));

/** The stream cut before each of these positions. */
function cutAt(bytes: Buffer, positions: readonly number[]): readonly Buffer[] {
  const starts = [0, ...[...positions].sort((one, other) => one - other)];
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1] ?? bytes.length));
}

function decode(pieces: readonly Buffer[], decoder = new RecordDecoder()): readonly Buffer[] {
  return pieces.flatMap((piece) => decoder.push(piece));
}

describe("encodeRecord", () => {
  it.each([
    ["", "0\n"],
    ["{}", "2\n{}"],
    ["wörld ✓", "10\nwörld ✓"],
    ["😀", "4\n😀"],
  ])("puts the number of bytes, not of characters, before %j", (record, framed) => {
    expect(encodeRecord(record).toString("utf8")).toBe(framed);
  });

  it("leaves the bytes of a buffer as they are", () => {
    expect(encodeRecord(allBytes)).toEqual(Buffer.concat([Buffer.from("256\n"), allBytes]));
  });
});

describe("RecordDecoder", () => {
  it("gives all records of one chunk, in order", () => {
    expect(decode([stream])).toEqual(expected);
  });

  it("gives the same records wherever the stream is cut in two", () => {
    for (let position = 0; position <= stream.length; position += 1) {
      expect(decode(cutAt(stream, [position])), `cut at byte ${position}`).toEqual(expected);
    }
  });

  it("gives the same records when each byte comes alone, and empty pieces between", () => {
    const bytes = Array.from(stream, (byte) => Buffer.from([byte]));
    expect(decode(bytes.flatMap((byte) => [byte, Buffer.alloc(0)]))).toEqual(expected);
  });

  it("gives a record with its last byte, not with the next record", () => {
    const decoder = new RecordDecoder();
    const framed = encodeRecord("✓");
    expect(decoder.push(framed.subarray(0, -1))).toEqual([]);
    expect(decoder.push(framed.subarray(-1))).toEqual([Buffer.from("✓")]);
    expect(decoder.push(Buffer.from("0\n"))).toEqual([Buffer.alloc(0)]);
  });

  it("gives what was encoded, for any records cut at any places", () => {
    const record = fc.oneof(
      fc.string({ unit: "grapheme" }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 12 }),
        fc.array(fc.nat({ max: 1_200 }), { maxLength: 40 }),
        (given, cuts) => {
          const bytes = Buffer.concat(given.map(encodeRecord));
          const positions = cuts.map((cut) => Math.min(cut, bytes.length));
          expect(decode(cutAt(bytes, positions))).toEqual(given);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("takes 16 MiB in pieces of 4 KiB without copying all of it for each", () => {
    const large = Buffer.alloc(16_777_216, "x");
    const framed = encodeRecord(large);
    const decoder = new RecordDecoder();
    const found: Buffer[] = [];
    for (let at = 0; at < framed.length; at += 4_096) {
      found.push(...decoder.push(framed.subarray(at, at + 4_096)));
    }
    expect(found).toHaveLength(1);
    expect(found[0]?.equals(large)).toBe(true);
  }, 5_000);

  it.each([
    "x",
    "<html>",
    "\n",
    "-1\n",
    "+5\nhello",
    " 5\nhello",
    "5 \nhello",
    "5\r\nhello",
    "1.5\n",
    "1e3\n",
    "0x10\n",
    "١\n",
    "1234567890123",
    "12x",
  ])("refuses %j, which does not begin with a length", (text) => {
    expect(() => new RecordDecoder().push(Buffer.from(text))).toThrow(RecordInvalid);
    expect(() => decode(cutAt(Buffer.from(text), [1]))).toThrow(RecordInvalid);
  });

  it("refuses what follows a good record just the same, and says what it saw", () => {
    const decoder = new RecordDecoder();
    expect(decoder.push(encodeRecord("good"))).toHaveLength(1);
    expect(() => decoder.push(Buffer.from('{"type"'))).toThrow(
      '"{"type"" does not begin with the length of a record',
    );
  });

  it("tells a length still to come from a bad one", () => {
    const decoder = new RecordDecoder();
    expect(decoder.push(Buffer.from("000000000"))).toEqual([]);
    expect(decoder.push(Buffer.from("002"))).toEqual([]);
    expect(decoder.push(Buffer.from("\nok"))).toEqual([Buffer.from("ok")]);
  });

  it("takes a record of exactly the limit and refuses a longer one by its length, before its bytes", () => {
    expect(decode([Buffer.from("10\n0123456789")], new RecordDecoder(10))).toHaveLength(1);
    expect(() => decode([Buffer.from("11\n")], new RecordDecoder(10))).toThrow(
      new RecordInvalid("a record of 11 bytes is above the limit of 10"),
    );
    expect(() => decode([Buffer.from("999999999999\n")])).toThrow("above the limit of 67108864");
  });
});
