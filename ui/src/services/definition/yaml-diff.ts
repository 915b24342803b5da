/** Two definitions as YAML, line by line: what went, what came, and a few lines around. */
import { diffLines } from "diff";
import { stringify } from "yaml";
import type { JsonFields } from "./document.ts";

export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "gap";
  readonly text: string;
  /** Lines left out; only of a gap. */
  readonly hidden: number;
}

/** Lines shown around a change. */
const around = 3;

/** Fields in one order, so that only what differs differs. Empty when nothing does. */
export function diffDefinitions(before: JsonFields, after: JsonFields): readonly DiffLine[] {
  const [from, to] = [before, after].map((value) => stringify(value, { lineWidth: 0, sortMapEntries: true }));
  const lines = diffLines(from ?? "", to ?? "").flatMap(({ added, removed, value }): DiffLine[] => {
    const kind = added ? "added" : removed ? "removed" : "same";
    return value
      .replace(/\n$/, "")
      .split("\n")
      .map((text) => ({ kind, text, hidden: 0 }));
  });
  return lines.every(({ kind }) => kind === "same") ? [] : withGaps(lines);
}

function withGaps(lines: readonly DiffLine[]): readonly DiffLine[] {
  const isNear = lines.map((_line, index) =>
    lines.slice(Math.max(0, index - around), index + around + 1).some(({ kind }) => kind !== "same"),
  );
  const shown: DiffLine[] = [];
  for (const [index, line] of lines.entries()) {
    const last = shown.at(-1);
    if (isNear[index]) shown.push(line);
    else if (last?.kind === "gap") shown[shown.length - 1] = { ...last, hidden: last.hidden + 1 };
    else shown.push({ kind: "gap", text: "", hidden: 1 });
  }
  return shown;
}
