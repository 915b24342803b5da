import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cyclesOf, findViolations } from "./layers.ts";
import { blankOut, importsOf } from "./source-scan.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "layers-"));
  cpSync(fileURLToPath(new URL("../layers.json", import.meta.url)), join(root, "layers.json"));
});
afterEach(() => rmSync(root, { recursive: true }));

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const problems = (): string[] =>
  findViolations(root).map(({ file, line, problem }) => `${file}:${line}: ${problem}`);

describe("layers", () => {
  it("accepts imports that go up", () => {
    plant(
      "src/kernel/master/core/offers.ts",
      'import type { Core } from "#foundation/base/core.ts";\nexport type X = Core<1, 2>;\n',
    );
    plant("src/foundation/base/core.ts", "export interface Core<A, B> { a: A; b: B }\n");
    expect(problems()).toEqual([]);
  });

  it.each([
    [
      "foundation importing the kernel",
      "src/foundation/base/a.ts",
      'import { x } from "#kernel/master/index.ts";',
      "may import nothing else",
    ],
    [
      "a framework importing the kernel",
      "src/frameworks/sdk/a.ts",
      'import { x } from "#kernel/master/index.ts";',
      "src/frameworks/sdk imports",
    ],
    [
      "a daemon importing a daemon",
      "src/kernel/agent/a.ts",
      'import type { x } from "../master/index.ts";',
      "src/kernel/agent imports",
    ],
    [
      "a main.ts imported by a daemon",
      "src/frameworks/services/a.ts",
      'import { start } from "#frameworks/sdk/main.ts";',
      "may import a main.ts",
    ],
    [
      "processes imported by a library",
      "src/clients/cli/a.ts",
      'export { up } from "#processes/up/up.ts";',
      "only bin and tests",
    ],
    [
      "node in the domain",
      "src/domain/resources/a.ts",
      'import { readFileSync } from "node:fs";',
      "no node:* module",
    ],
    [
      "node in a core",
      "src/kernel/master/core/a.ts",
      'import { hash } from "node:crypto";',
      "core imports node:crypto",
    ],
    [
      "a core importing its shell",
      "src/kernel/master/core/a.ts",
      'import { x } from "../shell/routes.ts";',
      "not the other way",
    ],
    ["a file of no component", "src/elsewhere/a.ts", "export const x = 1;", "belongs to no component"],
  ])("refuses %s", (_name, path, text, expected) => {
    plant(path, `${text}\n`);
    expect(problems().join("\n")).toContain(expected);
  });

  it.each([
    "const t = Date.now();",
    "const r = Math.random();",
    "const e = process.env;",
    "setTimeout(run, 1);",
    "export async function f() {}",
    "const p: Promise<void> = later();",
    "names.sort((a, b) => a.localeCompare(b));",
    "const id = `${crypto.randomUUID()}`;",
    "const w = new WeakRef(x);",
    "queueMicrotask(run);",
    "const s = new Intl.NumberFormat();",
  ])("refuses in a core: %s", (line) => {
    plant("src/kernel/master/core/a.ts", `// a comment\n${line}\n`);
    expect(problems()).toEqual([expect.stringContaining("src/kernel/master/core/a.ts:2: core uses")]);
  });

  it("lets a core speak of such names in comments, strings and fields", () => {
    plant(
      "src/kernel/master/core/a.ts",
      '/* Date.now() */\nexport const text = "await Promise";\nexport interface T { process: number; readonly fetch?: string }\nexport const u = (t: T) => t.process;\n',
    );
    expect(problems()).toEqual([]);
  });

  it("refuses a cycle of files and of components", () => {
    plant("src/domain/a.ts", 'import { b } from "./b.ts";\nexport const a = b;\n');
    plant("src/domain/b.ts", 'import { a } from "./a.ts";\nexport const b = a;\n');
    expect(problems().join("\n")).toContain("import cycle");
  });

  it("finds a cycle through three nodes and no cycle in a chain", () => {
    expect(
      cyclesOf(
        new Map([
          ["a", ["b"]],
          ["b", ["c"]],
          ["c", ["a"]],
        ]),
      ),
    ).toHaveLength(1);
    expect(
      cyclesOf(
        new Map([
          ["a", ["b"]],
          ["b", ["c"]],
          ["c", []],
        ]),
      ),
    ).toEqual([]);
  });
});

describe("source scan", () => {
  it("sees every form of import", () => {
    const text = `import a from "a";
import {
  b,
  type C,
} from "b";
import type { D } from "d";
import { type E } from "e";
import "f";
export { g } from "g";
export const h = await import("h");
// import { z } from "z";
const s = 'import "y"';`;
    expect(importsOf(text).map((found) => [found.specifier, found.typeOnly])).toEqual([
      ["a", false],
      ["b", false],
      ["d", true],
      ["e", true],
      ["f", false],
      ["g", false],
      ["h", false],
    ]);
  });

  it("keeps expressions inside templates and lines in place", () => {
    expect(blankOut("const a = `x${Date.now()}y`;\n// Date\nb;", { strings: true })).toBe(
      "const a = ` ${Date.now()} `;\n       \nb;",
    );
  });
});
