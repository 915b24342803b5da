/**
 * Where in a definition a place of its text is: the names of the fields around it. Works on texts that are half typed,
 * where no parser would, since that is when a person wants help. Items of lists have no part in it: docs have none.
 */
import type { Syntax } from "../definition/document.ts";

export interface TextPlace {
  /** Names of the fields around, from the outside in. */
  readonly parents: readonly string[];
  /** What of a field name or value stands before the place. */
  readonly word: string;
  /** Offset of its first character. */
  readonly from: number;
  /** Whether a field name is typed here; otherwise a value of `field`. */
  readonly isName: boolean;
  /** The field whose value is typed. */
  readonly field?: string;
}

export const placeAt = (syntax: Syntax, text: string, offset: number): TextPlace =>
  syntax === "json" ? jsonPlace(text, offset) : yamlPlace(text, offset);

interface Open {
  readonly isList: boolean;
  /** The field whose value is read now; in an object only. */
  name: string | undefined;
}

function jsonPlace(text: string, offset: number): TextPlace {
  const stack: Open[] = [];
  let quotedFrom: number | undefined;
  let lastText: string | undefined;
  let isAfterColon = false;
  for (let at = 0; at < offset; at += 1) {
    const character = text[at];
    if (quotedFrom !== undefined) {
      if (character === "\\") at += 1;
      else if (character === '"') {
        lastText = text.slice(quotedFrom, at);
        quotedFrom = undefined;
      }
      continue;
    }
    const open = stack.at(-1);
    if (character === '"') quotedFrom = at + 1;
    else if (character === "{" || character === "[") {
      stack.push({ isList: character === "[", name: undefined });
      isAfterColon = false;
    } else if (character === "}" || character === "]") stack.pop();
    else if (character === ":" && open !== undefined && !open.isList) {
      open.name = lastText;
      isAfterColon = true;
    } else if (character === ",") {
      if (open !== undefined) open.name = undefined;
      isAfterColon = false;
    }
  }
  const from = quotedFrom ?? wordStart(text, offset);
  const open = stack.at(-1);
  const isName = open !== undefined && !open.isList && !isAfterColon && open.name === undefined;
  const parents = stack.slice(0, -1).flatMap(({ name }) => name ?? []);
  return {
    parents,
    word: text.slice(from, offset),
    from,
    isName,
    ...(open?.name === undefined ? {} : { field: open.name }),
  };
}

function wordStart(text: string, offset: number): number {
  let from = offset;
  while (from > 0 && /[\w.-]/.test(text[from - 1] ?? "")) from -= 1;
  return from;
}

function yamlPlace(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset).split("\n");
  const line = before.at(-1) ?? "";
  const [, lead = "", rest = ""] = /^((?:\s|- )*)(.*)$/.exec(line) ?? [];
  const parents = yamlParents(before.slice(0, -1), lead.length);
  const value = /^(["']?)([^:"']+)\1:\s+(.*)$/.exec(rest);
  if (value !== null) {
    const [, , field = "", word = ""] = value;
    return { parents, word, from: offset - word.length, isName: false, field };
  }
  return { parents, word: rest, from: offset - rest.length, isName: true };
}

/** Fields of the lines above that are further out, each further out than the one below it. */
function yamlParents(lines: readonly string[], indent: number): readonly string[] {
  const parents: string[] = [];
  let within = indent;
  for (const line of lines.toReversed()) {
    if (within === 0) break;
    if (/^\s*(#|$)/.test(line)) continue;
    const [, lead = "", rest = ""] = /^((?:\s|- )*)(.*)$/.exec(line) ?? [];
    const name = /^(["']?)([^:"']+)\1:(\s|$)/.exec(rest)?.[2];
    if (lead.length >= within) continue;
    within = lead.length;
    if (name !== undefined) parents.unshift(name);
  }
  return parents;
}
