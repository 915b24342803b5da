/**
 * Lines of many instances in one bounded memory, in the order they came, those of one stream always in their own order.
 * At the bound the oldest go.
 */
import { plainText } from "./ansi.ts";

export type OutputStream = "stdout" | "stderr";

export interface LogLine {
  /** Grows downwards; older lines that are loaded later are below 0. */
  readonly number: number;
  readonly taskId: string;
  readonly stream: OutputStream;
  /** Bytes from the beginning of its file. */
  readonly offset: number;
  readonly text: string;
}

export interface NewLine {
  readonly text: string;
  readonly offset: number;
}

export interface LogBounds {
  readonly linesMax: number;
  readonly charactersMax: number;
}

export const logBounds: LogBounds = { linesMax: 50_000, charactersMax: 20_000_000 };

export class LogBuffer {
  readonly #bounds: LogBounds;
  #lines: LogLine[] = [];
  #characters = 0;
  #next = 0;
  #first = 0;
  #dropped = 0;

  constructor(bounds: LogBounds = logBounds) {
    this.#bounds = bounds;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Lines that went to make room since the beginning. */
  get dropped(): number {
    return this.#dropped;
  }

  get isFull(): boolean {
    return this.#lines.length >= this.#bounds.linesMax || this.#characters >= this.#bounds.charactersMax;
  }

  append(taskId: string, stream: OutputStream, lines: readonly NewLine[]): void {
    for (const { text, offset } of lines) {
      this.#lines.push({ number: this.#next, taskId, stream, offset, text });
      this.#next += 1;
      this.#characters += text.length;
    }
    this.#makeRoom();
  }

  /** Older lines, put at the front: as many of the newest of them as there is room for. Gives how many were taken. */
  prepend(taskId: string, stream: OutputStream, lines: readonly NewLine[]): number {
    const taken: LogLine[] = [];
    let characters = this.#characters;
    for (const { text, offset } of lines.toReversed()) {
      characters += text.length;
      const isFull = this.#lines.length + taken.length >= this.#bounds.linesMax;
      if (isFull || characters > this.#bounds.charactersMax) break;
      this.#first -= 1;
      taken.push({ number: this.#first, taskId, stream, offset, text });
    }
    this.#characters += taken.reduce((sum, { text }) => sum + text.length, 0);
    this.#lines = [...taken.reverse(), ...this.#lines];
    return taken.length;
  }

  clear(): void {
    this.#lines = [];
    this.#characters = 0;
    this.#dropped = 0;
  }

  /** In steps of a tenth, so that not every line moves all others. */
  #makeRoom(): void {
    const { linesMax, charactersMax } = this.#bounds;
    if (this.#lines.length <= linesMax && this.#characters <= charactersMax) return;
    let gone = 0;
    let characters = this.#characters;
    const linesKept = Math.floor(linesMax * 0.9);
    const charactersKept = Math.floor(charactersMax * 0.9);
    while (this.#lines.length - gone > linesKept || characters > charactersKept) {
      characters -= this.#lines[gone]?.text.length ?? 0;
      gone += 1;
    }
    this.#lines = this.#lines.slice(gone);
    this.#characters = characters;
    this.#dropped += gone;
  }
}

export interface LogFilter {
  /** Words that must all be in a line; quotes hold a phrase together. Upper and lower case are the same. */
  readonly words: string;
  readonly streams: ReadonlySet<OutputStream>;
  /** All when empty. */
  readonly tasks: ReadonlySet<string>;
}

/** The test of a filter, made once for many lines. */
export function lineTest(filter: LogFilter): (line: LogLine) => boolean {
  const words = filterWords(filter.words);
  return (line) => {
    if (!filter.streams.has(line.stream)) return false;
    if (filter.tasks.size > 0 && !filter.tasks.has(line.taskId)) return false;
    if (words.length === 0) return true;
    const text = plainText(line.text).toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

/** `a "b c" d` is a, b c and d. */
export const filterWords = (text: string): readonly string[] =>
  [...text.matchAll(/"([^"]*)"?|(\S+)/g)]
    .map((match) => (match[1] ?? match[2] ?? "").toLowerCase())
    .filter((word) => word !== "");

/**
 * What of a longer reading of a file is older than the lines known of it: everything before them. The reading may hold
 * newer lines too, so the known ones are looked for by place, which no two lines of one file share.
 */
export function olderThan(read: readonly NewLine[], firstKnown: NewLine | undefined): readonly NewLine[] {
  if (firstKnown === undefined) return read;
  const at = read.findLastIndex(
    ({ text, offset }) => offset === firstKnown.offset && text === firstKnown.text,
  );
  return at === -1 ? [] : read.slice(0, at);
}
