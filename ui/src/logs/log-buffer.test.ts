import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter, lineLengthMax } from "./line-splitter.ts";
import { filterWords, LogBuffer, lineTest, olderThan } from "./log-buffer.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const bounds = { linesMax: 20, charactersMax: 200 };
const line = (text: string, offset = 0): { text: string; offset: number } => ({ text, offset });

describe("lines of pieces", () => {
  it("are the lines of the whole text with their places, however it is cut", () => {
    const text = fc
      .array(fc.oneof(fc.string({ unit: "grapheme" }), fc.constant("日志😀")), { maxLength: 8 })
      .map((lines) => lines.map((item) => item.replaceAll(/[\r\n]/g, "")).join("\n"));
    fc.assert(
      fc.property(text, fc.array(fc.nat(20), { maxLength: 10 }), (whole, cuts) => {
        const splitter = new LineSplitter();
        const found = [];
        const characters = [...whole];
        let from = 0;
        let offset = 0;
        for (const cut of [...cuts, characters.length]) {
          const piece = characters.slice(from, from + cut).join("");
          from += cut;
          found.push(...splitter.push(piece, offset));
          offset += bytesOf(piece).length;
        }
        found.push(...splitter.end());
        const expected = whole.split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(found.map((item) => item.text)).toEqual(expected);
        const bytes = bytesOf(whole);
        for (const item of found) {
          expect(decoder.decode(bytes.subarray(item.offset, item.offset + bytesOf(item.text).length))).toBe(
            item.text,
          );
        }
      }),
    );
  });

  it("cut a line that never ends", () => {
    const splitter = new LineSplitter();
    const found = [
      ...splitter.push("x".repeat(lineLengthMax * 3 + 1), 0),
      ...splitter.push("y\n", lineLengthMax * 3 + 1),
    ];
    expect(found.map(({ text, offset }) => [text.length, offset])).toEqual([
      [lineLengthMax, 0],
      [lineLengthMax, lineLengthMax],
      [lineLengthMax, 2 * lineLengthMax],
      [2, 3 * lineLengthMax],
    ]);
  });
});

describe("the memory of a log", () => {
  it("never holds more than its bounds, and keeps the newest in order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.array(fc.string({ maxLength: 30 }), { maxLength: 30 })), {
          maxLength: 20,
        }),
        (steps) => {
          const buffer = new LogBuffer(bounds);
          for (const [isOlder, texts] of steps) {
            const lines = texts.map((text) => line(text));
            if (isOlder) buffer.prepend("a", "stdout", lines);
            else buffer.append("a", "stdout", lines);
            expect(buffer.lines.length).toBeLessThanOrEqual(bounds.linesMax);
            expect(buffer.lines.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(
              bounds.charactersMax,
            );
            const numbers = buffer.lines.map(({ number }) => number);
            expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
            expect(new Set(numbers).size).toBe(numbers.length);
          }
        },
      ),
    );
  });

  it("says how many lines went", () => {
    const buffer = new LogBuffer(bounds);
    buffer.append(
      "a",
      "stdout",
      Array.from({ length: 21 }, (_item, index) => line(String(index))),
    );
    expect([buffer.dropped, buffer.lines[0]?.text, buffer.lines.at(-1)?.text]).toEqual([3, "3", "20"]);
  });

  it("filters by words, stream and task, through colours", () => {
    const buffer = new LogBuffer();
    buffer.append("a", "stdout", [line("GET /health \u001b[31m500\u001b[0m error"), line("GET / 200")]);
    buffer.append("b", "stderr", [line("Get /health 500 ERROR")]);
    const shown = (
      words: string,
      streams: readonly ("stdout" | "stderr")[] = ["stdout", "stderr"],
      tasks: readonly string[] = [],
    ): readonly string[] =>
      buffer.lines
        .filter(lineTest({ words, streams: new Set(streams), tasks: new Set(tasks) }))
        .map(({ taskId }) => taskId);
    expect(shown("get 500")).toEqual(["a", "b"]);
    expect(shown('"500 error"', ["stdout"])).toEqual(["a"]);
    expect(shown("", [], [])).toEqual([]);
    expect(shown("", ["stdout", "stderr"], ["b"])).toEqual(["b"]);
    expect(filterWords(' a "b c" "')).toEqual(["a", "b c"]);
  });

  it("takes of a longer reading only what is older", () => {
    const read = ["a", "b", "b", "c"].map((text, index) => line(text, index * 2));
    expect(olderThan(read, line("b", 4))).toEqual(read.slice(0, 2));
    expect(olderThan(read, undefined)).toEqual(read);
    expect(olderThan(read, line("z", 9))).toEqual([]);
  });
});
