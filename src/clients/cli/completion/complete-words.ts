/** Words that may follow on a line of the shell, from the registry alone. */
import type { Context } from "../context.ts";
import { outputNames } from "../output/format.ts";
import { type CommandSpec, commonFlags, type FlagSpec, flagsOf, type Offers } from "../registry/spec.ts";
import { bySpelling, spellingsOf } from "../registry/spellings.ts";

export interface Completion {
  readonly fixed: readonly { readonly word: string; readonly help: string }[];
  /** Names of such things may stand here as well. */
  readonly offers: Offers | undefined;
  /** What was typed of the word. */
  readonly current: string;
}

/** `words`: those before the cursor, the one at the cursor last, `""` when it is empty. */
export function completeWords(
  specs: readonly CommandSpec[],
  words: readonly string[],
  say: Context["say"],
): Completion {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const { spec, path, given } = commandOf(specs, before);
  const flags = spec === undefined ? commonFlags : flagsOf(spec);
  const open = openFlag(flags, before.at(-1));
  if (open !== undefined) return { ...valuesOf(open), current };
  if (current.startsWith("-")) return { fixed: flagWords(flags, say), offers: undefined, current };
  const below = wordsBelow(specs, path, say);
  if (spec === undefined || (below.length > 0 && given === 0))
    return { fixed: below, offers: undefined, current };
  const wanted = spec.arguments ?? [];
  const argument = wanted[given] ?? (wanted.at(-1)?.isRest === true ? wanted.at(-1) : undefined);
  const shells = argument?.offers === "shell" ? ["bash", "zsh", "fish"] : [];
  return { fixed: shells.map((word) => ({ word, help: "" })), offers: argument?.offers, current };
}

function commandOf(
  specs: readonly CommandSpec[],
  words: readonly string[],
): { readonly spec: CommandSpec | undefined; readonly path: string; readonly given: number } {
  const plain = words.filter((word, index) => {
    if (word.startsWith("-")) return false;
    return openFlag(specs.flatMap(flagsOf), words[index - 1]) === undefined;
  });
  const known = bySpelling(specs);
  for (let count = plain.length; count > 0; count -= 1) {
    const path = plain.slice(0, count).join(" ");
    const spec = known.get(path);
    if (spec !== undefined) return { spec, path, given: plain.length - count };
  }
  return { spec: undefined, path: plain.join(" "), given: 0 };
}

/** The flag whose value is to come: the word before was it. */
function openFlag(flags: readonly FlagSpec[], word: string | undefined): FlagSpec | undefined {
  if (word === undefined || !word.startsWith("-") || word.includes("=")) return undefined;
  return flags.find(
    ({ name, short, value }) => value !== undefined && (word === `--${name}` || word === `-${short ?? ""}`),
  );
}

function valuesOf({ name, choices }: FlagSpec): Pick<Completion, "fixed" | "offers"> {
  if (name === "output") return { fixed: outputNames.map((word) => ({ word, help: "" })), offers: undefined };
  if (name === "context") return { fixed: [], offers: "context" };
  if (name === "node") return { fixed: [], offers: "node" };
  return { fixed: (choices ?? []).map((word) => ({ word, help: "" })), offers: undefined };
}

const flagWords = (flags: readonly FlagSpec[], say: Context["say"]): Completion["fixed"] =>
  flags.map(({ name, help }) => ({ word: `--${name}`, help: say(help) }));

function wordsBelow(specs: readonly CommandSpec[], path: string, say: Context["say"]): Completion["fixed"] {
  const start = path === "" ? "" : `${path} `;
  const found = new Map<string, string>();
  for (const spec of specs) {
    // At the start of a line other words for the same would only be more to choose from.
    for (const one of path === "" ? [spec.path, ...(spec.aliases ?? [])] : spellingsOf(spec)) {
      if (!one.startsWith(start) || one === path) continue;
      const [word = "", ...rest] = one.slice(start.length).split(" ");
      if (!found.has(word) || rest.length === 0) found.set(word, rest.length === 0 ? say(spec.help) : "");
    }
  }
  return [...found].map(([word, help]) => ({ word, help }));
}
