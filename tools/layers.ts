/**
 * Checks the import rules of `layers.json` and the purity of every `core/`. Prints each broken rule with
 * what is allowed instead, and exits with 1 if there is one.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { blankOut, type ImportStatement, importsOf, lineAt } from "./source-scan.ts";

interface Component {
  readonly may: readonly string[];
  /** False: not even node:* may be imported. */
  readonly node?: boolean;
}

interface Rules {
  readonly components: { readonly [folder: string]: Component };
  readonly mainOnlyFrom: readonly string[];
  readonly core: { readonly forbiddenGlobals: readonly string[] };
}

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly (ImportStatement & { readonly target: string | undefined })[];
}

/** Every broken rule below `root`, which holds `layers.json`. */
export function findViolations(root: string): readonly Violation[] {
  const rules = JSON.parse(readFileSync(join(root, "layers.json"), "utf8")) as Rules;
  const files = ["src", "tests", "tools", "ui"].flatMap((folder) => readSources(root, folder));
  return [
    ...files.flatMap((file) => arrowViolations(file, rules)),
    ...files.flatMap((file) => coreViolations(file, rules)),
    ...fileCycles(files),
    ...componentCycles(files, rules),
  ];
}

function readSources(root: string, folder: string): SourceFile[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes("node_modules"))
    .map((name) => join(folder, name))
    .filter((path) => statSync(join(root, path)).isFile())
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      const imports = importsOf(text).map((found) => ({
        ...found,
        target: targetOf(root, path, found.specifier),
      }));
      return { path, text, imports };
    });
}

/** The file an import means, from the root; undefined for packages and node:*. */
function targetOf(root: string, from: string, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return `src/${specifier.slice(1)}`;
  if (specifier.startsWith(".")) return relative(root, resolve(root, dirname(from), specifier));
  return undefined;
}

function componentOf(path: string, rules: Rules): string | undefined {
  return Object.keys(rules.components)
    .filter((folder) => path === folder || path.startsWith(`${folder}/`))
    .sort((one, other) => other.length - one.length)[0];
}

const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path) || path.endsWith("/testing.ts");

function arrowViolations(file: SourceFile, rules: Rules): Violation[] {
  const name = componentOf(file.path, rules);
  if (name === undefined)
    return [{ file: file.path, line: 1, problem: "belongs to no component of layers.json" }];
  const component = rules.components[name] as Component;
  const found: Violation[] = [];
  for (const { specifier, line, target } of file.imports) {
    const report = (problem: string): void => void found.push({ file: file.path, line, problem });
    if (target === undefined) {
      if (component.node === false && specifier.startsWith("node:") && !isTest(file.path)) {
        report(`${name} imports ${specifier}; it may import no node:* module`);
      }
      continue;
    }
    const other = componentOf(target, rules);
    if (other !== name && !component.may.some((prefix) => target.startsWith(`${prefix}/`))) {
      report(`${name} imports ${target}; it may import ${component.may.join(", ") || "nothing else"}`);
    }
    const outsider = !rules.mainOnlyFrom.some((prefix) => file.path.startsWith(`${prefix}/`));
    if (other !== name && target.endsWith("/main.ts") && outsider) {
      report(`imports ${target}; only ${rules.mainOnlyFrom.join(" and ")} may import a main.ts`);
    }
    if (target.startsWith("src/processes/") && !/^(src\/processes|tests|bin)\//.test(file.path)) {
      report(`imports ${target}; only bin and tests may import src/processes`);
    }
  }
  return found;
}

const isCore = (path: string): boolean => path.includes("/core/") && !isTest(path);

function coreViolations(file: SourceFile, rules: Rules): Violation[] {
  if (!isCore(file.path)) return [];
  const found: Violation[] = [];
  for (const { specifier, line, target } of file.imports) {
    if (specifier.startsWith("node:")) {
      found.push({
        file: file.path,
        line,
        problem: `core imports ${specifier}; time, disk and network come in as events`,
      });
    }
    if (target?.includes("/shell/")) {
      found.push({
        file: file.path,
        line,
        problem: `core imports ${target}; the shell imports the core, not the other way`,
      });
    }
  }
  const code = blankOut(file.text, { strings: true });
  for (const name of rules.core.forbiddenGlobals) {
    const escaped = name.replace(".", "\\s*\\.\\s*");
    const before = name === "localeCompare" ? "" : "(?<![.\\w$])";
    for (const match of code.matchAll(new RegExp(`${before}\\b${escaped}\\b(?!\\s*\\??:)`, "g"))) {
      found.push({
        file: file.path,
        line: lineAt(code, match.index),
        problem: `core uses ${name}; take \`now\`, a Random or an event instead`,
      });
    }
  }
  return found;
}

function fileCycles(files: readonly SourceFile[]): Violation[] {
  const graph = new Map(
    files.map((file) => [
      file.path,
      file.imports
        .filter((found) => !found.typeOnly && found.target !== undefined)
        .map((found) => found.target as string),
    ]),
  );
  return cyclesOf(graph).map((cycle) => ({
    file: cycle[0] as string,
    line: 1,
    problem: `import cycle: ${[...cycle, cycle[0]].join(" -> ")}`,
  }));
}

function componentCycles(files: readonly SourceFile[], rules: Rules): Violation[] {
  const graph = new Map<string, string[]>();
  for (const file of files.filter((candidate) => !isTest(candidate.path))) {
    const name = componentOf(file.path, rules);
    if (name === undefined) continue;
    const others = file.imports
      .map((found) => (found.target === undefined ? undefined : componentOf(found.target, rules)))
      .filter((other): other is string => other !== undefined && other !== name);
    graph.set(name, [...(graph.get(name) ?? []), ...others]);
  }
  return cyclesOf(graph).map((cycle) => ({
    file: cycle[0] as string,
    line: 1,
    problem: `components import each other: ${[...cycle, cycle[0]].join(" -> ")}`,
  }));
}

/** Strongly connected parts of more than one node, by Tarjan's algorithm. */
export function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.get(node) as number);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) as number, low.get(next) as number));
    }
    if (low.get(node) !== order.get(node)) return;
    const part = stack.splice(stack.indexOf(node));
    if (part.length > 1) cycles.push(part);
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return cycles;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
  const violations = findViolations(root);
  for (const { file, line, problem } of violations) console.error(`${file}:${line}: ${problem}`);
  console.log(`layers: ${violations.length} violations`);
  process.exit(violations.length === 0 ? 0 : 1);
}
