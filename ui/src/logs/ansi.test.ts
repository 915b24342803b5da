import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainText, readAnsi } from "./ansi.ts";

const esc = "\u001b";

describe("escape sequences of a log line", () => {
  const cases: readonly (readonly [string, string, ReturnType<typeof readAnsi>])[] = [
    ["plain text", "hello", [{ text: "hello" }]],
    ["nothing", "", []],
    ["a colour and its end", `${esc}[31mbad${esc}[0m ok`, [{ text: "bad", color: "red" }, { text: " ok" }]],
    [
      "bold, dim, underlined",
      `${esc}[1;2;4mx${esc}[22;24my`,
      [{ text: "x", isBold: true, isDim: true, isUnderlined: true }, { text: "y" }],
    ],
    ["bright colours are bold", `${esc}[92mx`, [{ text: "x", color: "green", isBold: true }]],
    ["256 colours", `${esc}[38;5;196mx${esc}[38;5;240my`, [{ text: "x", color: "red" }, { text: "y" }]],
    ["true colour", `${esc}[38;2;10;20;200mx${esc}[39my`, [{ text: "x", color: "blue" }, { text: "y" }]],
    ["backgrounds are left out", `${esc}[41;48;5;196mx`, [{ text: "x" }]],
    ["cursor moves and erasing", `a${esc}[2J${esc}[1;1Hb${esc}[K`, [{ text: "a" }, { text: "b" }]],
    ["a title", `${esc}]0;pwned\u0007x`, [{ text: "x" }]],
    ["a link", `${esc}]8;;http://bad.example${esc}\\click${esc}]8;;${esc}\\`, [{ text: "click" }]],
    ["a device control string that never ends", `x${esc}Pabc`, [{ text: "x" }]],
    ["a progress bar shows its last state", "10%\r50%\r100%\r", [{ text: "100%" }]],
    ["control characters are seen", "a\u0000b\u0007c\u007f", [{ text: "a␀b␇c\ufffd" }]],
    ["directions of writing are not turned", "a\u202eb", [{ text: "a\ufffdb" }]],
    ["tabs stay", "a\tb", [{ text: "a\tb" }]],
    ["C1 controls", "\u009b31mx", [{ text: "x", color: "red" }]],
  ];
  it.each(cases)("%s", (_name, line, expected) => {
    expect(readAnsi(line)).toEqual(expected);
  });

  it("never lets a control character through, and plain text is the spans' text", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(esc, "[", "]", "m", "31", ";", "\u0007", "\r", "P", "\\"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const line = pieces.join("").replaceAll("\n", "");
        const text = readAnsi(line)
          .map((span) => span.text)
          .join("");
        expect(/(?!\t)[\p{Cc}\u202a-\u202e]/u.test(text)).toBe(false);
        expect(/(?!\t)[\p{Cc}\u202a-\u202e]/u.test(plainText(line))).toBe(false);
      }),
    );
  });
});
