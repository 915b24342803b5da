/**
 * Label selectors: `key`, `key==value`, `key!=value`, `key in (a, b)`, `key notin (a, b)`, joined by commas.
 * Every form needs the key to be there. Source: contract marathon.md section 2.2.
 */
import { ArgumentInvalid } from "./problems.ts";

export type Selector = (labels: { readonly [name: string]: string }) => boolean;

/** Throws `ArgumentInvalid` with the place where it can't be read. */
export function parseSelector(text: string): Selector {
  const parser = new Parser(text);
  const terms: Selector[] = [];
  parser.space();
  while (!parser.atEnd) {
    terms.push(parser.requirement());
    if (!parser.atEnd) parser.expect(",");
  }
  return (labels) => terms.every((term) => term(labels));
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  expect(token: string): void {
    if (!this.#take(token)) this.#fail(`"${token}" expected`);
  }

  requirement(): Selector {
    const key = this.#term();
    const test = this.#test();
    return (labels) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      return value !== undefined && test(value);
    };
  }

  #test(): (value: string) => boolean {
    if (this.#take("==")) {
      const wanted = this.#term();
      return (value) => value === wanted;
    }
    if (this.#take("!=")) {
      const unwanted = this.#term();
      return (value) => value !== unwanted;
    }
    if (this.#word("notin")) {
      const set = this.#set();
      return (value) => !set.has(value);
    }
    if (this.#word("in")) {
      const set = this.#set();
      return (value) => set.has(value);
    }
    return () => true;
  }

  #set(): ReadonlySet<string> {
    const items = new Set<string>();
    this.expect("(");
    while (!this.#take(")")) {
      if (items.size > 0) this.expect(",");
      items.add(this.#term());
    }
    return items;
  }

  #term(): string {
    let term = "";
    for (; !this.atEnd; this.#at += 1) {
      const character = this.#text[this.#at] ?? "";
      if (character === "\\" && this.#at + 1 < this.#text.length) {
        this.#at += 1;
        term += this.#text[this.#at];
      } else if (/[A-Za-z0-9_.-]/.test(character)) term += character;
      else break;
    }
    if (term === "") this.#fail("a name or value expected");
    this.space();
    return term;
  }

  #word(word: string): boolean {
    if (!new RegExp(`^${word}\\s*\\(`).test(this.#text.slice(this.#at, this.#at + word.length + 64)))
      return false;
    this.#at += word.length;
    this.space();
    return true;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    this.space();
    return true;
  }

  #fail(problem: string): never {
    throw new ArgumentInvalid(
      `the label selector "${this.#text}" can't be read at position ${this.#at + 1}: ${problem}`,
    );
  }
}
