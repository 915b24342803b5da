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
  const tokens =
    /\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]|\{(\d{1,9})(?:(,)(\d{0,9}))?\}|[\s\S]/g;
  for (const [token, least, comma, most] of text.matchAll(tokens)) {
    const level = levels.at(-1) as Level;
    if (least !== undefined) {
      level.last *= Math.max(Number(most || least) + (comma !== undefined && most === "" ? 1 : 0), 1);
    } else if (token === "(") {
      levels.push({ before: 0, last: 0 });
      depth = Math.max(depth, levels.length);
    } else if (token === ")" && levels.length > 1) {
      levels.pop();
      const outer = levels.at(-1) as Level;
      outer.before += outer.last;
      outer.last = level.before + level.last + 2;
    } else {
      level.before += level.last;
      level.last = 1;
    }
    if (level.before + level.last > sizeMax) return { size: level.before + level.last, depth };
  }
  return { size: levels.reduce((sum, { before, last }) => sum + before + last, 0), depth };
}
