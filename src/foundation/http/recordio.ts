/**
 * RecordIO: each record is its length in bytes as decimal text, a line feed, and the bytes.
 * Source: Mesos, RecordIO framing (contract mesos.md section 0.3).
 */

/** One record as one chunk. */
export function encodeRecord(record: string | Uint8Array): Buffer {
  const bytes = typeof record === "string" ? Buffer.from(record) : record;
  return Buffer.concat([Buffer.from(`${bytes.length}\n`), bytes]);
}

export class RecordInvalid extends Error {
  override readonly name = "RecordInvalid";
}

const lineFeed = 0x0a;
const lengthDigitsMax = 12;

/** Takes a stream in any pieces and gives whole records. Throws `RecordInvalid`, after which it is of no use. */
export class RecordDecoder {
  readonly #recordBytesMax: number;
  #pieces: Buffer[] = [];
  #held = 0;
  #wanted: number | undefined;

  constructor(recordBytesMax = 67_108_864) {
    this.#recordBytesMax = recordBytesMax;
  }

  push(piece: Buffer): readonly Buffer[] {
    this.#pieces.push(piece);
    this.#held += piece.length;
    const records: Buffer[] = [];
    for (;;) {
      if (this.#wanted === undefined && !this.#readLength()) return records;
      if (this.#wanted === undefined || this.#held < this.#wanted) return records;
      const all = this.#join();
      records.push(all.subarray(0, this.#wanted));
      this.#keep(all.subarray(this.#wanted));
      this.#wanted = undefined;
    }
  }

  #readLength(): boolean {
    const head = this.#join();
    const end = head.subarray(0, lengthDigitsMax + 1).indexOf(lineFeed);
    if (end === -1) {
      if (head.length > lengthDigitsMax || !/^\d*$/.test(head.toString("latin1"))) throw this.#invalid(head);
      return false;
    }
    const text = head.toString("latin1", 0, end);
    if (!/^\d+$/.test(text)) throw this.#invalid(head);
    const length = Number(text);
    if (length > this.#recordBytesMax) {
      throw new RecordInvalid(`a record of ${length} bytes is above the limit of ${this.#recordBytesMax}`);
    }
    this.#wanted = length;
    this.#keep(head.subarray(end + 1));
    return true;
  }

  #invalid(head: Buffer): RecordInvalid {
    return new RecordInvalid(
      `"${head.toString("latin1", 0, 40)}" does not begin with the length of a record`,
    );
  }

  #join(): Buffer {
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }

  #keep(rest: Buffer): void {
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
  }
}
