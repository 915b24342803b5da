/** Service definitions from a file: JSON or YAML, one service a file. */
import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import { CommandFailed, type Context } from "./context.ts";

/** Larger files are surely not definitions. */
const fileBytesMax = 1_048_576;

/** Reads one definition; `-` is standard input. Every mistake is named with file, line and column. */
export function readDefinition({ say }: Context, path: string): JsonObject {
  const text = readText(path, (problem) => new CommandFailed(say("file.unreadable", { path, problem })));
  const lines = new LineCounter();
  // JSON is YAML, and this parser knows line and column of each mistake.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw new CommandFailed(say("file.malformed", { path, line, column: col, problem: problem.message }));
  }
  const value = document.toJS({ maxAliasCount: 100 }) as unknown;
  if (!isJsonObject(value)) throw new CommandFailed(say("file.notAService", { path }));
  return value;
}

function readText(path: string, failed: (problem: string) => CommandFailed): string {
  try {
    const text = readFileSync(path === "-" ? 0 : path, "utf8");
    if (text.length <= fileBytesMax) return text;
  } catch (error) {
    throw failed(error instanceof Error ? error.message : String(error));
  }
  throw failed(`> ${fileBytesMax} bytes`);
}
