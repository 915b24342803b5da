/**
 * Many lines of the command line in one process, for tests that walk all commands: argv[2] names a file with a JSON list
 * of lists of words. Before each line and after it a mark is written to both outputs; one that does not end within argv[3]
 * milliseconds is left.
 */
import { readFileSync } from "node:fs";
import { runCommandLine } from "#clients/cli/command-line/run.ts";

export const beginMark = (number: number): string => `\u0001begin ${number}`;
export const endMark = (number: number, code: number | "left"): string => `\u0001end ${number} ${code}`;

async function main(lines: readonly (readonly string[])[], leftAfterMs: number): Promise<void> {
  for (const [number, words] of lines.entries()) {
    for (const stream of [process.stdout, process.stderr]) stream.write(`${beginMark(number)}\n`);
    const code = await Promise.race([
      runCommandLine(words, process.env),
      new Promise<"left">((resolve) => setTimeout(() => resolve("left"), leftAfterMs)),
    ]);
    for (const stream of [process.stdout, process.stderr]) stream.write(`\n${endMark(number, code)}\n`);
  }
}

if (process.argv[2] !== undefined) {
  await main(JSON.parse(readFileSync(process.argv[2], "utf8")) as string[][], Number(process.argv[3]));
  // A pipe takes what was written when its reader does; an exit would drop the rest.
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write("", () => resolve()));
  // What was left still holds connections and timers.
  process.exit(0);
}
