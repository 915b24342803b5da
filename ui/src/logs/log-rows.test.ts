import { describe, expect, it } from "vitest";
import { isLinked, logFile, markWords } from "./log-rows.ts";

const line = { number: 0, taskId: "a", stream: "stdout", offset: 5, text: "\u001b[31mx\u001b[0m" } as const;

describe("lines of a log", () => {
  it("are found by their place in their file", () => {
    expect(isLinked(line, { taskId: "a", stream: "stdout", offset: 5 })).toBe(true);
    expect(isLinked(line, { taskId: "a", stream: "stderr", offset: 5 })).toBe(false);
    expect(isLinked(line, undefined)).toBe(false);
  });

  it("are written without colours, named where there are several instances", () => {
    expect(logFile([line], new Map([["a", "one"]]))).toBe("x\n");
    expect(
      logFile(
        [line],
        new Map([
          ["a", "one"],
          ["b", "two"],
        ]),
      ),
    ).toBe("one x\n");
  });

  it("mark what was looked for, whatever its case", () => {
    expect(markWords("GET /a.b 200", ["get", "a.b"])).toEqual([
      { text: "GET", isMatch: true },
      { text: " /", isMatch: false },
      { text: "a.b", isMatch: true },
      { text: " 200", isMatch: false },
    ]);
    expect(markWords("x", [])).toEqual([{ text: "x", isMatch: false }]);
  });
});
