import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventParser } from "./event-parser.ts";

describe("server-sent events", () => {
  it("reads ids, data of several lines, and skips heartbeats", () => {
    const parser = new EventParser();
    expect(parser.push(": heartbeat\n\nid: 7\ndata: a\ndata: b\n\nid: 8\ndata:c\n")).toEqual([
      { id: "7", data: "a\nb" },
    ]);
    expect(parser.push("\n")).toEqual([{ id: "8", data: "c" }]);
  });

  it("gives the same events however the text is cut", () => {
    const whole = 'id: 1\ndata: {"kind":"task"}\n\n: beat\n\nid: 2\r\ndata: x\r\n\r\ndata: last\n\n';
    const expected = new EventParser().push(whole);
    expect(expected).toHaveLength(3);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 8 }), (cuts) => {
        const parser = new EventParser();
        const at = [0, ...cuts.sort((one, other) => one - other), whole.length];
        const found = at.slice(1).flatMap((end, index) => parser.push(whole.slice(at[index], end)));
        expect(found).toEqual(expected);
      }),
    );
  });

  it("refuses a line without end", () => {
    const parser = new EventParser();
    expect(() => parser.push("x".repeat(1_100_000))).toThrow("too long");
  });
});
