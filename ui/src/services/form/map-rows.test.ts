import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapOfRows, rowProblem, rowsOf, showsMap } from "./map-rows.ts";

const row = (name: string, value: unknown = "v"): { name: string; value: unknown } => ({ name, value });

describe("rows of names and values", () => {
  it("stand for the map they were made of", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.record({ secret: fc.string() }))),
        (map) => {
          const rows = rowsOf(map);
          expect(mapOfRows(rows) ?? {}).toEqual(map);
          expect(showsMap(rows, map)).toBe(true);
        },
      ),
    );
  });

  it("keep what is half typed out of the map and say why", () => {
    const rows = [row("A"), row("", ""), row("", "x"), row("A", "2")];
    expect(mapOfRows(rows)).toEqual({ A: "v" });
    expect(rows.map((_row, index) => rowProblem(rows, index))).toEqual([
      undefined,
      undefined,
      "ui.form.nameMissing",
      "ui.form.nameTwice",
    ]);
    expect(showsMap(rows, { A: "v" })).toBe(true);
    expect(showsMap(rows, { A: "other" })).toBe(false);
    expect(mapOfRows([row("")])).toBeUndefined();
  });
});
