import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { UsageError } from "../command-line/parse.ts";
import type { Context } from "../context.ts";
import { column, wideColumn } from "../registry/spec.ts";
import { createPaint, isColoured } from "../terminal/colour.ts";
import { parseOutput } from "./format.ts";
import { render } from "./render.ts";
import { age, amount, bytes, printable, table } from "./table.ts";
import type { View } from "./view.ts";
import { changesOf } from "./watch.ts";

const view: View = {
  kind: "table",
  data: [{ id: "/a", labels: { x: "1" } }, { id: "/b" }],
  names: ["/a", "/b"],
  empty: "nothing",
  rows: [
    { service: "/a", version: "1", health: undefined },
    { service: "/b", version: "2", health: { text: "bad", tone: "bad" } },
  ],
};
const columns = [column("column.service"), column("column.health"), wideColumn("column.version")];

const shown = (output: string): Promise<string> =>
  render(
    {
      output: parseOutput(output, false, "x"),
      say: (key: string) => key.toUpperCase(),
      paint: createPaint(false),
    } as unknown as Context,
    view,
    columns,
  );

describe("a view", () => {
  it("is a table, and a wide one has more columns", async () => {
    expect(await shown("table")).toBe("COLUMN.SERVICE  COLUMN.HEALTH\n/a\n/b              bad");
    expect((await shown("wide")).split("\n")[1]).toBe("/a                             1");
  });

  it("is json, yaml and names", async () => {
    expect(JSON.parse(await shown("json"))).toEqual(view.data);
    expect(await shown("yaml")).toBe('- id: /a\n  labels:\n    x: "1"\n- id: /b');
    expect(await shown("name")).toBe("/a\n/b");
  });

  it.each([
    ["jsonpath=[*].id", "/a\n/b"],
    ["jsonpath={[0].labels.x}", "1"],
    ["jsonpath=$[1]", '{"id":"/b"}'],
    ["jsonpath=[0].nothing", ""],
  ])("%s chooses from the data", async (output, expected) => {
    expect(await shown(output)).toBe(expected);
  });

  it("never runs what an expression says", async () => {
    await expect(shown("jsonpath=$[?(process.exit(1))]")).rejects.toThrow();
  });

  it.each(["tabel", "xml", "jsonpath=", ""])("%j is no output", (given) => {
    expect(() => parseOutput(given, false, "x")).toThrow(UsageError);
  });
});

describe("a table", () => {
  it("counts CJK characters as two columns", () => {
    const lines = table(
      ["名称", "X"],
      [
        ["服务", "1"],
        ["ab", "2"],
      ],
    ).split("\n");
    const at = lines.map((line) => stringWidth(line.slice(0, line.search(/[X12]/))));
    expect(new Set(at).size).toBe(1);
  });

  it("is as wide painted as it is plain", () => {
    const painted = table(["A", "B"], [[{ text: "bad", tone: "bad" }, "x"]], createPaint(true));
    expect(painted).toContain("\u001b[");
    expect(stringWidth(painted.split("\n")[1] ?? "")).toBe(stringWidth("bad  x"));
  });

  it("prints no control character of what it is given", () => {
    expect(table([], [["a\u001b[31mb\nc\u009bd"]])).toBe("a [31mb c d");
    expect(printable("\r\n\t")).toBe(" ");
  });

  it("tells time and size shortly", () => {
    expect([age(0, 59_000), age(0, 3_599_000), age(0, 90_000_000), age(undefined, 1)]).toEqual([
      "59s",
      "59m59s",
      "1d1h",
      "",
    ]);
    expect([bytes(0), bytes(1_536), bytes(12_000_000_000)]).toEqual(["0 B", "1.5 KiB", "11.2 GiB"]);
    expect([amount(0.1 + 0.2), amount(3)]).toEqual(["0.3", "3"]);
  });
});

it("a watch tells rows that changed, came and went, and not those that only grew older", () => {
  const row = (line: string, lasting = line): { line: string; lasting: string } => ({ line, lasting });
  const before = new Map([
    ["a", row("a 1s", "a")],
    ["b", row("b up")],
    ["c", row("c")],
  ]);
  const now = new Map([
    ["a", row("a 2s", "a")],
    ["b", row("b down")],
    ["d", row("d")],
  ]);
  expect(changesOf(before, now)).toEqual(["b down", "d", "- c"]);
});

it.each([
  [{}, true, false, true],
  [{}, false, false, false],
  [{ NO_COLOR: "1" }, true, false, false],
  [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false, false],
  [{ FORCE_COLOR: "1" }, false, false, true],
  [{ FORCE_COLOR: "0" }, true, false, false],
  [{ TERM: "dumb" }, true, false, false],
  [{ FORCE_COLOR: "1" }, true, true, false],
])("%j on a terminal (%s), --no-color (%s): %s", (environment, isTerminal, isRefused, expected) => {
  expect(isColoured(environment, isTerminal, isRefused)).toBe(expected);
});
