import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { compilePattern, constraintBounds, PatternInvalid } from "./pattern.ts";

const small = { lengthMax: 4_096, programSizeMax: 100 };

describe("an expression of a user", () => {
  it.each([
    ["(a+)+$", "aaa", true],
    ["(a+)+$", "aab", false],
    ["a", "aa", false],
    ["[]a]{3}", "]a]", true],
    ["\\{500\\}[{900}]", "{500}9", true],
    ["rack-\\d{1,3}", "rack-12", true],
    ["(?i)WEST", "west", true],
  ])("%s for %s", (pattern, text, matches) => {
    expect(compilePattern(pattern, small).matches(text)).toBe(matches);
  });

  it.each<[string, string, string]>([
    ["no expression", "(", "is not a valid regular expression"],
    ["what needs backtracking", "(a)\\1", "is not a valid regular expression"],
    ["a long text", "a".repeat(5_000), "5000 characters, at most 4096"],
    ["a large program", "a{101}", "instructions, at most 100"],
    ["the sum of two", "[a-z]{60}x{60}", "instructions, at most 100"],
    ["millions of instructions", `(${"a".repeat(3_000)}){1000}`, "instructions, at most 100"],
    ["many repetitions", "\\pL{900}".repeat(500), "instructions, at most 100"],
    ["repetitions within repetitions", "(a{2,}){300}", "instructions, at most 100"],
    ["groups in groups", "(".repeat(2_000), "200 groups deep"],
  ])("that is %s is refused", (_what, pattern, problem) => {
    expect(() => compilePattern(pattern, small)).toThrow(PatternInvalid);
    expect(() => compilePattern(pattern, small)).toThrow(problem);
  });

  it("may list a hundred host names", () => {
    const hosts = Array.from({ length: 100 }, (_, index) => `node-${index}.rack${index % 7}.example`);
    const pattern = compilePattern(hosts.join("|"), constraintBounds);
    expect([hosts[99], "node-100.rack0.example"].map((host) => pattern.matches(host ?? ""))).toEqual([
      true,
      false,
    ]);
  });

  it("is refused before it is compiled only if it is too large", () => {
    const atom = fc.constantFrom("a", "\\d", "[a-c]", ".", "(ab)", "(?:a|b)", "\\pL");
    const repeated = fc.tuple(
      atom,
      fc.constantFrom("", "*", "+", "?", "{3}", "{2,}", "{0,4}", "{30}", "{1,20}"),
    );
    const sequence = fc.array(repeated, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sequence, fc.constantFrom("", "{2}", "{5}"), (parts, outer) => {
        const text = `(${parts.map(([one, times]) => one + times).join("")})${outer}`;
        const isWithin = RE2JS.compile(text).programSize() <= small.programSizeMax;
        let isTaken = true;
        try {
          compilePattern(text, small);
        } catch {
          isTaken = false;
        }
        expect(isTaken).toBe(isWithin);
      }),
    );
  });
});
