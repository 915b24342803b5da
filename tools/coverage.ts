/**
 * Keeps `docs/coverage.md`: one line a row of a contract's checklist, from the names of conformance tests.
 *
 * A test whose name holds `mesos.md§8#33` proves that row. `docs/coverage.json` lists the rows there are and
 * those where Keelson departs on purpose; a row that passed at the last landing and no longer does is a failure.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestOutcome } from "./test-report.ts";

interface Checklist {
  /** Such as `mesos.md§8`. */
  readonly section: string;
  /** Letter before the numbers of its rows, where the contract has one: `platform.md§15.1#A12`. */
  readonly letter?: string;
  /** Our short name of each row, in order; row numbers start at 1. */
  readonly rows: readonly string[];
}

interface CoverageSource {
  readonly checklists: readonly Checklist[];
  /** Row id to the ADR that says why. */
  readonly departed: { readonly [row: string]: string };
}

const rowPattern = /[a-z]+\.md§[0-9.]+#[A-Z]?\d+/g;

/** Rewrites docs/coverage.md and returns what is wrong: rows lost, rows unknown. */
export function writeCoverage(root: string, tests: readonly TestOutcome[]): readonly string[] {
  const source = JSON.parse(readFileSync(join(root, "docs/coverage.json"), "utf8")) as CoverageSource;
  const path = join(root, "docs/coverage.md");
  const known = rowsOf(source);
  const proven = provenRows(tests);
  const lost = passingIn(readFileSync(path, "utf8")).filter((row) => !proven.has(row));
  const unknown = [...proven.keys()].filter((row) => !known.has(row));
  if (lost.length === 0) writeFileSync(path, render(source, proven));
  return [
    ...lost.map((row) => `${row} was passing and is not any more`),
    ...unknown.map((row) => `a test names ${row}, which docs/coverage.json does not list`),
  ];
}

function rowsOf(source: CoverageSource): ReadonlyMap<string, string> {
  return new Map(
    source.checklists.flatMap((checklist) =>
      checklist.rows.map((name, index): [string, string] => [rowId(checklist, index), name]),
    ),
  );
}

const rowId = ({ section, letter = "" }: Checklist, index: number): string =>
  `${section}#${letter}${index + 1}`;

/** Rows with the number of tests that prove each; a row with one failing test is not proven. */
function provenRows(tests: readonly TestOutcome[]): Map<string, number> {
  const proven = new Map<string, number>();
  const failing = new Set<string>();
  for (const { name, state } of tests) {
    for (const row of name.match(rowPattern) ?? []) {
      if (state === "passed") proven.set(row, (proven.get(row) ?? 0) + 1);
      if (state === "failed") failing.add(row);
    }
  }
  for (const row of failing) proven.delete(row);
  return proven;
}

function passingIn(text: string): string[] {
  return [...text.matchAll(/^\| ([^ |]+) \|[^|]*\| passing/gm)].map((match) => match[1] as string);
}

function render(source: CoverageSource, proven: ReadonlyMap<string, number>): string {
  const sections = source.checklists.map((checklist) => {
    const { section, rows } = checklist;
    const lines = rows.map((name, index) => {
      const row = rowId(checklist, index);
      const departed = source.departed[row];
      const count = proven.get(row);
      const state =
        count !== undefined
          ? `passing (${count})`
          : departed === undefined
            ? "absent"
            : `departed: ${departed}`;
      return `| ${row} | ${name} | ${state} |`;
    });
    const passing = rows.filter((_name, index) => proven.has(rowId(checklist, index))).length;
    return `## ${section}: ${passing} of ${rows.length} passing\n\n| row | capability | state |\n|---|---|---|\n${lines.join("\n")}\n`;
  });
  return `# Coverage of the contracts\n\nWritten by \`npm test\` from the names of conformance tests; do not edit.\n\n${sections.join("\n")}`;
}
