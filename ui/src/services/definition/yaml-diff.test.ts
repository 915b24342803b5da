import { describe, expect, it } from "vitest";
import { diffDefinitions } from "./yaml-diff.ts";

describe("the difference of two definitions", () => {
  it("is the lines that changed, with their surroundings", () => {
    const base = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, cmd: "old" };
    const lines = diffDefinitions(base, { ...base, g: undefined, cmd: "new" });
    expect(lines.map(({ kind, text, hidden }) => `${kind} ${text}${hidden === 0 ? "" : hidden}`)).toEqual(
      [
        "same a: 1",
        "same b: 2",
        "same c: 3",
        "removed cmd: old",
        "added cmd: new",
        "same d: 4",
        "same e: 5",
        "same f: 6",
        "removed g: 7",
      ].slice(0, 9),
    );
  });

  it("leaves out what is far from a change", () => {
    const many = Object.fromEntries(
      Array.from({ length: 20 }, (_item, index) => [`k${String(index).padStart(2, "0")}`, index]),
    );
    const lines = diffDefinitions(many, { ...many, k10: "x" });
    expect(lines[0]).toEqual({ kind: "gap", text: "", hidden: 7 });
    expect(lines.at(-1)).toEqual({ kind: "gap", text: "", hidden: 6 });
  });

  it("is nothing when only the order differs", () => {
    expect(diffDefinitions({ a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 })).toEqual([]);
  });
});
