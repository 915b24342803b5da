import { createHash, type Hash } from "node:crypto";

/** Lines kept for a person to read; the hash covers all of them. */
const keptLinesMax = 400;

export interface TraceOptions {
  readonly print?: ((line: string) => void) | undefined;
  readonly isKept?: boolean;
}

/** Everything that happened in a run, as a hash, with the newest lines in plain text. */
export class Trace {
  readonly #hash: Hash = createHash("sha256");
  readonly #kept: string[] = [];
  readonly #print: ((line: string) => void) | undefined;
  readonly #isKept: boolean;
  #lines = 0;

  /** `print` gets every line as it is written. Without `isKept` lines are only counted. */
  constructor({ print, isKept = true }: TraceOptions = {}) {
    this.#print = print;
    this.#isKept = isKept;
  }

  get lines(): number {
    return this.#lines;
  }

  add(at: number, subject: string, what: string, detail: unknown): void {
    this.#lines += 1;
    if (!this.#isKept) return;
    const line = `${at} ${subject} ${what} ${detail === undefined ? "" : JSON.stringify(detail)}`;
    this.#hash.update(line);
    this.#hash.update("\n");
    this.#kept.push(line);
    if (this.#kept.length > keptLinesMax * 2) this.#kept.splice(0, keptLinesMax);
    this.#print?.(line);
  }

  newest(count: number): readonly string[] {
    return this.#kept.slice(-count);
  }

  /** Hash of all lines so far. */
  digest(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }
}
