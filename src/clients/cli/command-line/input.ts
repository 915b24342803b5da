/** What was given to a command, read as what it means. Throws `UsageError` where it is not that. */
import { type ParsedCommand, UsageError } from "./parse.ts";

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export class Input {
  readonly #parsed: ParsedCommand;

  constructor(parsed: ParsedCommand) {
    this.#parsed = parsed;
  }

  /** The path of the command, for sentences about it. */
  get path(): string {
    return this.#parsed.spec.path;
  }

  /** An argument by position; `""` when it was left out. */
  word(position: number): string {
    return this.#parsed.words[position] ?? "";
  }

  /** An argument that may be left out. */
  optionalWord(position: number): string | undefined {
    return this.#parsed.words[position];
  }

  wordsFrom(position: number): readonly string[] {
    return this.#parsed.words.slice(position);
  }

  isOn(flag: string): boolean {
    return this.#parsed.flags.has(flag);
  }

  text(flag: string): string | undefined {
    return this.all(flag).at(-1);
  }

  all(flag: string): readonly string[] {
    const given = this.#parsed.flags.get(flag);
    return given === undefined || given === true ? [] : given;
  }

  /** A number of 0 or more. */
  number(flag: string): number | undefined {
    const given = this.text(flag);
    return given === undefined ? undefined : this.numberOf(`--${flag}`, given);
  }

  /** A text that must be a number of 0 or more; `what` names it in the sentence. */
  numberOf(what: string, given: string): number {
    const value = Number(given);
    if (given.trim() === "" || !Number.isFinite(value) || value < 0)
      throw new UsageError("usage.notANumber", { name: what, given }, this.path);
    return value;
  }

  /** `30s`, `5m`, `2h`, `1d`, or seconds without a unit; in ms. */
  durationMs(flag: string): number | undefined {
    const given = this.text(flag);
    if (given === undefined) return undefined;
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(given);
    if (match === null) throw new UsageError("usage.notADuration", { name: `--${flag}`, given }, this.path);
    return Number(match[1]) * (unitsMs[match[2] ?? "s"] ?? 1_000);
  }
}
