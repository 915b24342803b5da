import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseApp } from "#domain/definitions/index.ts";
import { runsOf } from "#foundation/base/testing.ts";
import { type DefinitionDocument, editText, openDocument, readText, setField } from "./document.ts";
import { sameJson } from "./same-json.ts";
import { validDefinition } from "./testing.ts";

/** The three forms say the same. */
function expectWhole(document: DefinitionDocument): void {
  expect(document.fault).toBeUndefined();
  expect(sameJson(JSON.parse(document.json), document.value)).toBe(true);
  const read = readText("yaml", document.yaml);
  expect("value" in read && sameJson(read.value, document.value)).toBe(true);
}

const commented = `# Owned by the shop team
id: /shop/web # the name

cmd: >-
  python3 server.py
  --port $PORT0
cpus: 0.50 # measured
env:
  # secret key of nothing
  MODE: 'prod' # quoted on purpose
  LEVEL: info
healthChecks:
  # the first probe
  - protocol: HTTP # plain
    portIndex: 0
  # the second probe
  - protocol: TCP
    portIndex: 0
xFuture: {a: [1, 2]} # nobody knows
`;

describe("a definition in form, JSON and YAML", () => {
  it("ux.md§6#23 loses nothing over 1,000 valid definitions, unknown fields and comments kept", () => {
    fc.assert(
      fc.property(validDefinition, (definition) => {
        parseApp(definition, { defaultRole: "*" });
        const opened = openDocument(definition);
        const throughYaml = editText(opened, "yaml", `# kept\n${opened.yaml}`);
        expect(sameJson(throughYaml.value, definition)).toBe(true);
        const byForm = setField(throughYaml, ["labels", "owner"], "shop");
        expect(byForm.yaml.startsWith("# kept\n")).toBe(true);
        expect(sameJson(JSON.parse(byForm.json), byForm.value)).toBe(true);
        const { labels: _labels, cmd: _cmd, ...others } = definition;
        const byJson = editText(byForm, "json", JSON.stringify({ ...others, cmd: "other" }));
        expectWhole(byJson);
        expect(byJson.yaml.startsWith("# kept\n")).toBe(true);
        expect(sameJson(byJson.value, { ...others, cmd: "other" })).toBe(true);
      }),
      { numRuns: runsOf(1_000) },
    );
  }, 180_000);

  it("keeps comments, order and quotes of YAML when a field is set in the form", () => {
    const before = editText(openDocument({ id: "/" }), "yaml", commented);
    const after = setField(setField(before, ["cpus"], 2), ["env", "MODE"], "test");
    expect(after.yaml).toBe(
      commented
        .replace("0.50", "2")
        .replace("'prod'", "'test'")
        .replace("cmd: >-\n  python3 server.py\n  --port", "cmd: >-\n  python3 server.py --port")
        .replace("{a: [1, 2]}", "{ a: [ 1, 2 ] }"),
    );
  });

  it("keeps the comments of list items that stay when one is taken away", () => {
    const before = editText(openDocument({ id: "/" }), "yaml", commented);
    const after = setField(before, ["healthChecks", 0], undefined);
    expect(after.yaml).toContain("# the second probe");
    expect(after.yaml).toContain("# measured");
    expect(after.yaml).not.toContain("# plain");
  });

  it("leaves a text exactly as typed when it says the same", () => {
    const before = editText(openDocument({ id: "/" }), "yaml", commented);
    const json = `{"xFuture":{"a":[1,2]},${JSON.stringify({ ...before.value, xFuture: undefined }).slice(1)}`;
    const after = editText(before, "json", json);
    expect(after.yaml).toBe(commented);
    expect(after.json).toBe(json);
  });

  it("follows anchors and aliases where a change sets one of them apart", () => {
    const before = editText(openDocument({}), "yaml", "# top\nid: /a\nenv: &e\n  A: x\nlabels: *e\n");
    const after = setField(before, ["env", "A"], "y");
    expectWhole(after);
    expect(after.value).toEqual({ id: "/a", env: { A: "y" }, labels: { A: "x" } });
    expect(after.yaml).toContain("# top");
  });

  it("takes objects away with their last field, and lists with an item", () => {
    const opened = openDocument({
      id: "/a",
      upgradeStrategy: { minimumHealthCapacity: 1 },
      args: ["a", "b"],
    });
    expect(setField(opened, ["upgradeStrategy", "minimumHealthCapacity"], undefined).value).toEqual({
      id: "/a",
      args: ["a", "b"],
    });
    expect(setField(opened, ["args", 0], undefined).value).toEqual({
      id: "/a",
      upgradeStrategy: { minimumHealthCapacity: 1 },
      args: ["b"],
    });
  });
});

describe("a text that can't be read", () => {
  const cases: readonly (readonly [string, "json" | "yaml", string, string, number])[] = [
    ["a broken JSON", "json", '{\n  "id": \n}', "unreadable", 3],
    ["a field named twice in JSON", "json", '{\n "id": "/a",\n "id": "/b"}', "unreadable", 3],
    ["a broken YAML", "yaml", "id: /a\nenv: [\n", "unreadable", 3],
    ["two YAML documents", "yaml", "id: /a\n---\nid: /b\n", "unreadable", 2],
    ["a list", "yaml", "- a\n", "notAnObject", 1],
    ["nothing", "yaml", "", "notAnObject", 1],
    ["a number JSON can't carry", "json", '{"a":\n 12345678901234567890}', "numberTooLarge", 2],
    ["infinity", "yaml", "a: .inf\n", "numberTooLarge", 1],
  ];
  it.each(cases)("%s is a fault with its place", (_name, syntax, text, kind, line) => {
    const opened = openDocument({ id: "/a" });
    const broken = editText(opened, syntax, text);
    expect(broken.fault).toMatchObject({ syntax, kind, line });
    expect(broken[syntax]).toBe(text);
    expect(broken.value).toEqual({ id: "/a" });
    expect(setField(broken, ["cpus"], 2)).toBe(broken);
  });

  it("gives way to the other one with its comments kept", () => {
    const good = editText(openDocument({ id: "/a" }), "yaml", "# kept\nid: /a\n");
    const mended = editText(editText(good, "yaml", "# kept\nid: [\n"), "json", '{"id":"/b"}');
    expectWhole(mended);
    expect(mended.yaml).toBe("# kept\nid: /b\n");
  });
});
