/** Service definitions from files, folders and standard input: JSON or YAML, one or many in a file. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, parseAllDocuments } from "yaml";
import { errorMessage } from "#foundation/base/errors.ts";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import { CommandFailed, type Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

/** Larger files are surely not definitions. */
const fileBytesMax = 1_048_576;
const filesMax = 10_000;
const definitionName = /\.(json|ya?ml)$/i;

/**
 * Of a word that stands where a name goes whether a file is meant: no job is called like a path, and one that is called
 * like a file here is meant as the file.
 */
export const isFileWord = (word: string): boolean =>
  word.includes("/") || (definitionName.test(word) && existsSync(word));

/** Reads one definition; `-` is standard input. Every mistake is named with file, line and column. */
export function readDefinition(context: Context, path: string): JsonObject {
  const found = documentsOf(context, path);
  const [only] = found;
  if (found.length !== 1 || only === undefined)
    throw new CommandFailed(context.say("file.notAService", { path }), exitCodes.refused);
  return only;
}

/**
 * Every definition of the files, of the files in the folders and of what is below them, in the order of their names.
 * All mistakes of all files are told at once.
 */
export function readDefinitions(context: Context, paths: readonly string[]): readonly JsonObject[] {
  const definitions: JsonObject[] = [];
  const problems: string[] = [];
  for (const path of filesOf(context, paths)) {
    try {
      definitions.push(...documentsOf(context, path));
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new CommandFailed(problems.join("\n"), exitCodes.refused);
  return definitions;
}

/** Files that hold definitions; a folder stands for those in it. */
export function filesOf({ say }: Context, paths: readonly string[]): readonly string[] {
  const files = paths.flatMap((path) => {
    if (path === "-") return [path];
    try {
      if (!statSync(path).isDirectory()) return [path];
      return readdirSync(path, { recursive: true, encoding: "utf8" })
        .filter((name) => definitionName.test(name) && !name.split("/").some((part) => part.startsWith(".")))
        .sort()
        .map((name) => join(path, name));
    } catch (error) {
      throw new CommandFailed(
        say("file.unreadable", { path, problem: errorMessage(error) }),
        exitCodes.notFound,
      );
    }
  });
  if (files.length > filesMax) throw new CommandFailed(say("file.tooMany", { max: filesMax }));
  return files;
}

function documentsOf({ say }: Context, path: string): readonly JsonObject[] {
  const text = readText(path, (problem) => new CommandFailed(say("file.unreadable", { path, problem })));
  const lines = new LineCounter();
  // JSON is YAML, and this parser knows line and column of each mistake.
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  if (!Array.isArray(documents)) return [];
  const problems = documents.flatMap(({ errors }) =>
    errors.map((problem) => {
      const { line, col } = lines.linePos(problem.pos[0]);
      return say("file.malformed", { path, line, column: col, problem: problem.message });
    }),
  );
  if (problems.length > 0) throw new CommandFailed(problems.join("\n"), exitCodes.refused);
  return documents.flatMap((document) => {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null || value === undefined) return [];
    const found: readonly unknown[] = Array.isArray(value) ? value : [value];
    return found.map((each) => {
      if (isJsonObject(each)) return each;
      throw new CommandFailed(say("file.notAService", { path }), exitCodes.refused);
    });
  });
}

/** The text of a file, `-` for standard input. */
export function readText(path: string, failed: (problem: string) => CommandFailed): string {
  let text: string;
  try {
    text = readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw failed(errorMessage(error));
  }
  if (text.length > fileBytesMax) throw failed(`> ${fileBytesMax} bytes`);
  return text;
}
