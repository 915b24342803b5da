/** Broken files for tests: each with the place and the code of all its faults. */
import { readFileSync } from "node:fs";

export interface BrokenFile {
  readonly name: string;
  readonly text: string;
  /** `line:column code` of each mark. */
  readonly marks: readonly string[];
}

/** Those of `broken-files.txt`, without their marks. */
export function brokenFiles(): readonly BrokenFile[] {
  const table = readFileSync(new URL("broken-files.txt", import.meta.url), "utf8");
  return table
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const [name = "", ...lines] = part.split("\n");
      const marked = lines.join("\n").replace(/\n$/, "");
      const marks: string[] = [];
      let text = "";
      for (const [piece, codes] of marked.matchAll(/‹([^›]*)›|[^‹]+/g)) {
        const line = text.split("\n");
        if (codes === undefined) text += piece;
        else
          for (const code of codes.split(","))
            marks.push(`${line.length}:${(line.at(-1) ?? "").length + 1} ${code}`);
      }
      return { name, text, marks };
    });
}
