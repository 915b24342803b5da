/** Words of a shell into a command with its arguments and flags, or a mistake that says what was meant. */
import { parseArgs } from "node:util";
import type { MessageKey, MessageParameters } from "#contracts/messages/messages.ts";
import { type CommandSpec, commonFlags, type FlagSpec, flagsOf } from "../registry/spec.ts";
import { bySpelling } from "../registry/spellings.ts";
import { similar } from "./similar.ts";

/** What was written can't be understood: exit code 64. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly key: MessageKey;
  readonly parameters: MessageParameters;
  /** The command it is about, whose help may be shown. */
  readonly path: string;

  constructor(key: MessageKey, parameters: MessageParameters, path: string) {
    super(key);
    this.key = key;
    this.parameters = parameters;
    this.path = path;
  }
}

export interface ParsedCommand {
  readonly spec: CommandSpec;
  /** Arguments by position; those of the rest follow. */
  readonly words: readonly string[];
  /** `true` or the texts given, by name of the flag. */
  readonly flags: ReadonlyMap<string, true | readonly string[]>;
}

export type Parsed =
  | ({ readonly kind: "command" } & ParsedCommand)
  /** Help on a command, on all commands below a word, or on everything. */
  | { readonly kind: "help"; readonly path: string }
  | { readonly kind: "version" };

/** What a line of the shell asks for. Throws `UsageError`. */
export function parseCommandLine(specs: readonly CommandSpec[], argv: readonly string[]): Parsed {
  const { spec, path, remaining, unknown } = findCommand(specs, argv);
  if (argv[0] === "help") return { kind: "help", path: helpPath(specs, argv.slice(1)) };
  if (spec === undefined) {
    if (unknown === undefined) {
      if (argv.includes("--version") || argv.includes("-V")) return { kind: "version" };
      const stray = argv.find((word) => word.startsWith("-") && !isCommon(word));
      if (stray !== undefined) throw unknownFlag(stray, commonFlags, path);
      return { kind: "help", path };
    }
    const known = wordsBelow(specs, path);
    throw new UsageError(
      "usage.unknownCommand",
      { word: [path, unknown].filter(Boolean).join(" "), ...meant(similar(unknown, known), path) },
      path,
    );
  }
  return parseFlags(spec, remaining);
}

const isCommon = (word: string): boolean =>
  commonFlags.some(
    ({ name, short }) =>
      word === `--${name}` ||
      word === `-${short ?? ""}` ||
      word.startsWith(`--${name}=`) ||
      (short !== undefined && word.startsWith(`-${short}`) && !word.startsWith("--")),
  );

/** "Did you mean" as a parameter of the sentence: `none` when nothing is near. */
export const meant = (
  words: readonly string[],
  path = "",
): { readonly meant: string; readonly near: string } => ({
  near: words.length === 0 ? "none" : "some",
  meant: words.map((word) => `\`${[path, word].filter(Boolean).join(" ")}\``).join(", "),
});

interface Found {
  readonly spec: CommandSpec | undefined;
  /** Words that led to it. */
  readonly path: string;
  /** The line without those words. */
  readonly remaining: readonly string[];
  /** The word that led nowhere. */
  readonly unknown: string | undefined;
}

/** The longest path of words that is a command; common flags may stand between. */
function findCommand(specs: readonly CommandSpec[], argv: readonly string[]): Found {
  const paths = bySpelling(specs);
  const prefixes = new Set<string>();
  for (const path of paths.keys()) {
    const words = path.split(" ");
    for (let count = 1; count < words.length; count += 1) prefixes.add(words.slice(0, count).join(" "));
  }
  let path = "";
  const taken: number[] = [];
  let best: { readonly spec: CommandSpec; readonly path: string; readonly taken: number } | undefined;
  let unknown: string | undefined;
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--") break;
    if (word.startsWith("-") && word !== "-") {
      if (takesNext(word)) index += 1;
      continue;
    }
    const next = path === "" ? word : `${path} ${word}`;
    const spec = paths.get(next);
    if (spec === undefined && !prefixes.has(next)) {
      unknown = word;
      break;
    }
    path = next;
    taken.push(index);
    if (spec !== undefined) best = { spec, path, taken: taken.length };
  }
  if (best === undefined) return { spec: undefined, path, remaining: argv, unknown };
  const used = new Set(taken.slice(0, best.taken));
  return {
    spec: best.spec,
    path: best.path,
    remaining: argv.filter((_, index) => !used.has(index)),
    unknown: undefined,
  };
}

/** Whether a common flag's value is the next word. */
const takesNext = (word: string): boolean =>
  commonFlags.some(
    ({ name, short, value }) => value !== undefined && (word === `--${name}` || word === `-${short ?? ""}`),
  );

function helpPath(specs: readonly CommandSpec[], words: readonly string[]): string {
  const path = words.filter((word) => !word.startsWith("-")).join(" ");
  const known = [...bySpelling(specs).keys()];
  if (path === "" || known.some((each) => each === path || each.startsWith(`${path} `))) return path;
  throw new UsageError("usage.unknownCommand", { word: path, ...meant(similar(path, known)) }, "");
}

function wordsBelow(specs: readonly CommandSpec[], path: string): readonly string[] {
  const start = path === "" ? "" : `${path} `;
  return [...bySpelling(specs).keys()]
    .filter((each) => each.startsWith(start))
    .map((each) => each.slice(start.length).split(" ")[0] ?? "");
}

function parseFlags(spec: CommandSpec, argv: readonly string[]): Parsed {
  const known = flagsOf(spec);
  const bySpelling = new Map<string, FlagSpec>(
    known.flatMap((flag) => [
      [flag.name, flag] as const,
      ...(flag.also === undefined ? [] : [[flag.also, flag] as const]),
    ]),
  );
  const { tokens } = parseArgs({
    // `-1` is a number, such as a version counted backwards.
    args: argv.map((word) => (/^-\d+$/.test(word) ? `\0${word}` : word)),
    options: Object.fromEntries(
      [...bySpelling].map(([spelling, flag]) => [spelling, optionOf(flag, spelling)]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: string[] = [];
  const flags = new Map<string, true | readonly string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value.replace(/^\0/, ""));
    if (token.kind !== "option") continue;
    const flag = bySpelling.get(token.name);
    if (flag === undefined) throw unknownFlag(token.rawName, known, spec.path);
    setFlag(spec, flags, flag, token.rawName, token.value?.replace(/^\0/, ""));
  }
  if (flags.has("help")) return { kind: "help", path: spec.path };
  checkWords(spec, words);
  return { kind: "command", spec, words, flags };
}

const optionOf = (
  { value, short }: FlagSpec,
  spelling: string,
): { type: "string" | "boolean"; short?: string } => ({
  type: value === undefined ? "boolean" : "string",
  // An old spelling of one letter is its own short flag.
  ...(spelling.length === 1 ? { short: spelling } : short === undefined ? {} : { short }),
});

function setFlag(
  spec: CommandSpec,
  flags: Map<string, true | readonly string[]>,
  flag: FlagSpec,
  rawName: string,
  value: string | undefined,
): void {
  const { name, value: placeholder, choices, isMany } = flag;
  if (placeholder === undefined) {
    if (value !== undefined) throw new UsageError("usage.noValue", { flag: rawName, value }, spec.path);
    flags.set(name, true);
    return;
  }
  if (value === undefined)
    throw new UsageError("usage.valueMissing", { flag: rawName, value: placeholder }, spec.path);
  if (choices !== undefined && !choices.includes(value)) {
    throw new UsageError(
      "usage.notAChoice",
      { flag: rawName, given: value, choices: choices.join(", "), ...meant(similar(value, choices)) },
      spec.path,
    );
  }
  const before = flags.get(name);
  flags.set(name, isMany === true && before !== undefined && before !== true ? [...before, value] : [value]);
}

function unknownFlag(rawName: string, known: readonly FlagSpec[], path: string): UsageError {
  const spelled = known.map((flag) => `--${flag.name}`);
  return new UsageError("usage.unknownFlag", { flag: rawName, ...meant(similar(rawName, spelled)) }, path);
}

function checkWords(spec: CommandSpec, words: readonly string[]): void {
  const wanted = spec.arguments ?? [];
  const missing = wanted[words.length];
  if (missing !== undefined && missing.isOptional !== true)
    throw new UsageError("usage.argumentMissing", { argument: missing.name }, spec.path);
  const surplus = words[wanted.length];
  if (surplus !== undefined && wanted.at(-1)?.isRest !== true)
    throw new UsageError("usage.argumentSurplus", { argument: surplus }, spec.path);
}
