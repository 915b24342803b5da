/** Pieces of a text file, as they come, into lines with the place of each. */

/** A longer line is cut into several, so that one line without an end can't fill the memory. */
export const lineLengthMax = 16_384;

export interface SplitLine {
  readonly text: string;
  /** Bytes from the beginning of its file to its first. */
  readonly offset: number;
}

export class LineSplitter {
  #rest = "";
  #restOffset = 0;

  /** Whole lines of a piece whose first byte is at `offset`. */
  push(text: string, offset: number): readonly SplitLine[] {
    if (this.#rest === "") this.#restOffset = offset;
    const found: SplitLine[] = [];
    let from = this.#restOffset;
    const parts = (this.#rest + text).split("\n");
    const last = parts.pop() ?? "";
    for (const part of parts) {
      from = this.#cut(part, from, found) + 1;
    }
    this.#rest = last;
    this.#restOffset = from;
    while (this.#rest.length > lineLengthMax) {
      const head = this.#rest.slice(0, safeCut(this.#rest));
      found.push({ text: head, offset: this.#restOffset });
      this.#restOffset += utf8Length(head);
      this.#rest = this.#rest.slice(head.length);
    }
    return found;
  }

  /** What stands behind the last line end, when nothing more comes. */
  end(): readonly SplitLine[] {
    const found = this.#rest === "" ? [] : [{ text: this.#rest, offset: this.#restOffset }];
    this.#rest = "";
    return found;
  }

  /** Adds the line; gives the place behind it. */
  #cut(line: string, offset: number, found: SplitLine[]): number {
    let rest = line;
    let at = offset;
    while (rest.length > lineLengthMax) {
      const head = rest.slice(0, safeCut(rest));
      found.push({ text: head, offset: at });
      at += utf8Length(head);
      rest = rest.slice(head.length);
    }
    found.push({ text: rest.replace(/\r$/, ""), offset: at });
    return at + utf8Length(rest);
  }
}

/** Not between the halves of a character. */
const safeCut = (text: string): number =>
  /[\ud800-\udbff]/.test(text.charAt(lineLengthMax - 1)) ? lineLengthMax - 1 : lineLengthMax;

function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    // Each half of a pair is two of the four bytes; other large ones are three.
    if (unit > 0x7f) length += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return length;
}
