/**
 * JSON with every mistake in it found in one reading: each is noted and read over as its writer meant it.
 * Source: RFC 8259.
 */
import {
  depthMax,
  type SourceDocument,
  type SourceEntry,
  type SourceNode,
  type Span,
  type SyntaxFault,
} from "./source.ts";

/** After this many a file is no JSON at all. */
const faultsMax = 100;
const literals = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const numberPattern = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

export function readJson(text: string): SourceDocument {
  return new JsonReader(text).read();
}

class JsonReader {
  readonly #text: string;
  readonly #faults: SyntaxFault[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.startsWith("\uFEFF")) this.#at = 1;
  }

  read(): SourceDocument {
    this.#skipSpace();
    if (this.#isDone()) return { root: undefined, faults: this.#faults };
    const root = this.#value(0);
    this.#skipSpace();
    if (!this.#isDone()) this.#fault("trailingText", { from: this.#at, to: this.#text.length });
    return { root, faults: this.#faults.slice(0, faultsMax) };
  }

  #isDone(): boolean {
    return this.#at >= this.#text.length;
  }

  get #next(): string {
    return this.#text[this.#at] ?? "";
  }

  #fault(code: string, span: Span, parameters: SyntaxFault["parameters"] = {}): void {
    if (this.#faults.length < faultsMax) this.#faults.push({ code: `json.${code}`, ...span, parameters });
  }

  #here(): Span {
    return { from: this.#at, to: Math.min(this.#at + 1, this.#text.length) };
  }

  /** Space and, with a fault, comments. */
  #skipSpace(): void {
    for (;;) {
      while (/[ \t\r\n]/.test(this.#next)) this.#at += 1;
      const comment = /^(\/\/[^\n]*|\/\*[\s\S]*?(\*\/|$)|#[^\n]*)/.exec(
        this.#text.slice(this.#at, this.#at + 10_000),
      );
      if (comment === null) return;
      const from = this.#at;
      this.#at += comment[0].length;
      this.#fault("comment", { from, to: this.#at });
    }
  }

  #value(depth: number): SourceNode {
    const from = this.#at;
    if (depth > depthMax) {
      this.#fault("tooDeep", this.#here(), { max: depthMax });
      this.#at = this.#text.length;
      return { kind: "unreadable", from, to: this.#at };
    }
    switch (this.#next) {
      case "{":
        return this.#map(depth);
      case "[":
        return this.#list(depth);
      case '"':
      case "'": {
        const value = this.#string(",");
        return { kind: "scalar", value, from, to: this.#at };
      }
      case "":
      case ",":
      case "}":
      case "]":
      case ":":
        this.#fault("missingValue", this.#here());
        return { kind: "unreadable", from, to: from };
      default:
        return this.#bareWord();
    }
  }

  #bareWord(): SourceNode {
    const from = this.#at;
    const word = /^[^\s,:{}[\]"']+/.exec(this.#text.slice(from, from + 10_000))?.[0] ?? this.#next;
    this.#at += word.length;
    const span = { from, to: this.#at };
    const literal = literals.get(word);
    if (literal !== undefined) return { kind: "scalar", value: literal, ...span };
    if (numberPattern.test(word)) return { kind: "scalar", value: Number(word), ...span };
    this.#fault(/^[-+.\d]/.test(word) ? "badNumber" : "bareWord", span, { word: word.slice(0, 40) });
    return { kind: "unreadable", ...span };
  }

  #map(depth: number): SourceNode {
    const from = this.#at;
    const entries: SourceEntry[] = [];
    this.#members(from, "}", () => {
      const entry = this.#entry(depth);
      if (entry === undefined) return false;
      if (entries.some(({ key }) => key === entry.key))
        this.#fault("duplicateKey", entry.keySpan, { key: entry.key });
      else entries.push(entry);
      return true;
    });
    return { kind: "map", entries, from, to: this.#at };
  }

  #list(depth: number): SourceNode {
    const from = this.#at;
    const items: SourceNode[] = [];
    this.#members(from, "]", () => items.push(this.#value(depth + 1)) > 0);
    return { kind: "list", items, from, to: this.#at };
  }

  /** What stands between two brackets, with its commas. `member` says whether it read one. */
  #members(opened: number, end: "}" | "]", member: () => boolean): void {
    const other = end === "}" ? "]" : "}";
    let comma: Span | undefined;
    let isFollowing = false;
    this.#at += 1;
    for (;;) {
      const before = this.#at;
      this.#skipSpace();
      const next = this.#next;
      if (next === end || next === other || next === "") {
        if (comma !== undefined) this.#fault("trailingComma", comma);
        if (next === "") this.#fault("unclosed", { from: opened, to: opened + 1 }, { end });
        else if (next === other) this.#fault("wrongBracket", this.#here(), { end, found: other });
        this.#at += next.length;
        return;
      }
      if (next === ",") {
        this.#fault("extraComma", this.#here());
        this.#at += 1;
        continue;
      }
      if (isFollowing && comma === undefined) this.#fault("missingComma", { from: before, to: before + 1 });
      const start = this.#at;
      isFollowing = member();
      if (this.#at === start) this.#at += 1;
      const after = this.#at;
      this.#skipSpace();
      comma = this.#next === "," ? this.#here() : undefined;
      if (comma === undefined) this.#at = after;
      else this.#at += 1;
    }
  }

  #entry(depth: number): SourceEntry | undefined {
    const from = this.#at;
    let key: string;
    if (this.#next === '"' || this.#next === "'") {
      key = this.#string(":");
    } else {
      const word = /^[^\s,:={}[\]"']+/.exec(this.#text.slice(from, from + 1_000))?.[0];
      if (word === undefined) {
        this.#fault("expectedKey", this.#here(), { found: this.#next });
        this.#at += 1;
        return undefined;
      }
      key = word;
      this.#at += word.length;
      this.#fault("unquotedKey", { from, to: this.#at }, { key });
    }
    const keySpan = { from, to: this.#at };
    this.#skipSpace();
    if (this.#next === ":") this.#at += 1;
    else {
      this.#fault("missingColon", keySpan, { key });
      if (this.#next === "=") this.#at += 1;
    }
    this.#skipSpace();
    return { key, keySpan, value: this.#value(depth + 1) };
  }

  /** With its quotes. Where the closing one is missing, it ends with the line, or before the last `follower` in it. */
  #string(follower: ":" | ","): string {
    const from = this.#at;
    const quote = this.#next;
    let value = "";
    this.#at += 1;
    for (;;) {
      const character = this.#next;
      if (character === "" || character === "\n") {
        const cut = this.#text.slice(from, this.#at).lastIndexOf(follower);
        const isCut = cut > 0 && (follower === ":" || /^,\s*$/.test(this.#text.slice(from + cut, this.#at)));
        if (isCut) this.#at = from + cut;
        this.#fault("unclosedString", { from, to: this.#at });
        return isCut ? this.#text.slice(from + 1, this.#at) : value;
      }
      this.#at += 1;
      if (character === quote) break;
      if (character === "\\") value += this.#escape();
      else {
        if (character < " ") this.#fault("controlCharacter", { from: this.#at - 1, to: this.#at });
        value += character;
      }
    }
    if (quote === "'") this.#fault("singleQuotes", { from, to: this.#at });
    return value;
  }

  #escape(): string {
    const from = this.#at - 1;
    const character = this.#next;
    this.#at += character === "\n" ? 0 : character.length;
    if (character === "u") {
      const digits = /^[0-9a-fA-F]{4}/.exec(this.#text.slice(this.#at, this.#at + 4))?.[0];
      if (digits !== undefined) {
        this.#at += 4;
        return String.fromCharCode(Number.parseInt(digits, 16));
      }
    }
    const meant = Object.hasOwn(escapes, character) ? escapes[character] : undefined;
    if (meant !== undefined) return meant;
    this.#fault("badEscape", { from, to: this.#at }, { escape: `\\${character}` });
    return character;
  }
}
