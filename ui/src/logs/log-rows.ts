/** Which lines are shown, and how they are told apart and written to a file. */
import { plainText } from "./ansi.ts";
import type { LogLine, OutputStream } from "./log-buffer.ts";

/** A line by its place in its file. */
export interface LinkedLine {
  readonly taskId: string;
  readonly stream: OutputStream;
  readonly offset: number;
}

export const isLinked = (line: LogLine, linked: LinkedLine | undefined): boolean =>
  linked !== undefined &&
  line.taskId === linked.taskId &&
  line.stream === linked.stream &&
  line.offset === linked.offset;

/** One line each, with the instance's name in front where there are several. */
export function logFile(lines: readonly LogLine[], names: ReadonlyMap<string, string>): string {
  const isMerged = names.size > 1;
  return lines
    .map((line) => `${isMerged ? `${names.get(line.taskId) ?? line.taskId} ` : ""}${plainText(line.text)}\n`)
    .join("");
}

/** The parts of a text, those that match any of the words marked. */
export function markWords(
  text: string,
  words: readonly string[],
): readonly { readonly text: string; readonly isMatch: boolean }[] {
  if (words.length === 0) return [{ text, isMatch: false }];
  const pattern = words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return text
    .split(new RegExp(`(${pattern})`, "gi"))
    .map((part, index) => ({ text: part, isMatch: index % 2 === 1 }))
    .filter((part) => part.text !== "");
}
