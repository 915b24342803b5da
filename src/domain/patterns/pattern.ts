/**
 * Regular expressions that users and strangers write.
 *
 * They are matched in linear time, but linear in their program too, and counted repetitions make a large program of a
 * short text. So how large it would be is estimated before anything is compiled, and known before anything is matched.
 */
import { RE2JS } from "re2js";

export interface PatternBounds {
  readonly lengthMax: number;
  /** Instructions of the compiled program. */
  readonly programSizeMax: number;
}

/** What a constraint of an app or a job may say: a hundred host names, one after another. */
export const constraintBounds: PatternBounds = { lengthMax: 16_384, programSizeMax: 2_000 };

const depthMax = 200;
/** What the compiler makes smaller, such as `(a|b)`, must not be refused by its estimate. */
const estimateSlack = 10;

const shownMax = 200;

export class PatternInvalid extends Error {
  override readonly name = "PatternInvalid";

  constructor(text: string, problem: string) {
    const shown = text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
    super(`"${shown}" is not a valid regular expression: ${problem}`);
  }
}

export interface Pattern {
  /** Whether the whole text matches. */
  matches(text: string): boolean;
}

/** Throws `PatternInvalid`. */
export function compilePattern(text: string, { lengthMax, programSizeMax }: PatternBounds): Pattern {
  if (text.length > lengthMax)
    throw new PatternInvalid(text, `it has ${text.length} characters, at most ${lengthMax} are taken`);
  const { size, depth } = estimate(text, programSizeMax * estimateSlack);
  if (depth > depthMax) throw new PatternInvalid(text, `it is more than ${depthMax} groups deep`);
  if (size > programSizeMax * estimateSlack)
    throw tooLarge(text, `more than ${programSizeMax}`, programSizeMax);
  const compiled = compile(text);
  const programSize = compiled.programSize();
  if (programSize > programSizeMax) throw tooLarge(text, String(programSize), programSizeMax);
  return compiled;
}

function compile(text: string): RE2JS {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    throw new PatternInvalid(text, error instanceof Error ? error.message : String(error));
  }
}

const tooLarge = (text: string, size: string, max: number): PatternInvalid =>
  new PatternInvalid(text, `it compiles to ${size} instructions, at most ${max}; make it simpler`);

interface Level {
  /** Instructions of what stands before `last`. */
  before: number;
  /** Of what a repetition that follows repeats. */
  last: number;
}

/** About how many instructions an expression becomes, and how deep its groups are; no further than `sizeMax`. */
function estimate(text: string, sizeMax: number): { readonly size: number; readonly depth: number } {
  const levels: Level[] = [{ before: 0, last: 0 }];
  let depth = 1;
  for (let at = 0; at < text.length; ) {
    const level = levels.at(-1) as Level;
    const times = timesAt(text, at);
    if (times !== undefined) {
      level.last *= times.count;
      at = times.end;
    } else if (text[at] === "(") {
      levels.push({ before: 0, last: 0 });
      depth = Math.max(depth, levels.length);
      at += 1;
    } else if (text[at] === ")" && levels.length > 1) {
      levels.pop();
      const outer = levels.at(-1) as Level;
      outer.before += outer.last;
      outer.last = level.before + level.last + 2;
      at += 1;
    } else {
      level.before += level.last;
      level.last = 1;
      at = text[at] === "[" ? classEnd(text, at) : at + (text[at] === "\\" ? 2 : 1);
    }
    const { before, last } = levels.at(-1) as Level;
    if (before + last > sizeMax) return { size: before + last, depth };
  }
  return { size: levels.reduce((sum, { before, last }) => sum + before + last, 0), depth };
}

/** `{n}`, `{n,}` or `{n,m}`: how often what stands before it is there. */
function timesAt(text: string, at: number): { readonly count: number; readonly end: number } | undefined {
  if (text[at] !== "{") return undefined;
  const match = /^\{(\d{1,9})(?:(,)(\d{0,9}))?\}/.exec(text.slice(at, at + 24));
  if (match === null) return undefined;
  const [whole, least = "", comma, most = ""] = match;
  const count = Number(most || least) + (comma !== undefined && most === "" ? 1 : 0);
  return { count: Math.max(count, 1), end: at + whole.length };
}

/** Where a class that begins with `[` ends; a bracket that comes first in it belongs to it. */
function classEnd(text: string, start: number): number {
  let at = start + 1;
  if (text[at] === "^") at += 1;
  if (text[at] === "]") at += 1;
  for (; at < text.length && text[at] !== "]"; at += text[at] === "\\" ? 2 : 1) {
    if (text.startsWith("[:", at)) at = Math.max(at, text.indexOf(":]", at + 2) + 1);
  }
  return at + 1;
}
