/**
 * Pieces of a body as one gzip file, of which each piece was deflated by itself: a page that did not change since the
 * last reader is not deflated again. Source: RFC 1951 (blocks may follow each other from anywhere), RFC 1952.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { constants, crc32, deflateRawSync } from "node:zlib";

/** Magic, deflate, no name, no time, fastest, unknown system. */
const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
/** An empty block that says that it is the last. */
const lastBlock = Buffer.from([3, 0]);

export class GzipPieces {
  /** Smaller bodies are not worth it. */
  readonly bytesMin = 1_400;
  readonly #deflated = new WeakMap<Buffer, Buffer>();

  async zip(pieces: readonly Buffer[], sliceMs: number): Promise<readonly Buffer[]> {
    const zipped: Buffer[] = [head];
    let sum = 0;
    let size = 0;
    let until = performance.now() + sliceMs;
    for (const piece of pieces) {
      zipped.push(this.#deflate(piece));
      sum = crc32(piece, sum);
      size += piece.length;
      if (performance.now() < until) continue;
      await nextTurn();
      until = performance.now() + sliceMs;
    }
    const tail = Buffer.alloc(8);
    tail.writeUInt32LE(sum, 0);
    tail.writeUInt32LE(size % 2 ** 32, 4);
    return [...zipped, lastBlock, tail];
  }

  #deflate(piece: Buffer): Buffer {
    const known = this.#deflated.get(piece);
    if (known !== undefined) return known;
    // A sync flush ends on a whole byte without ending the stream.
    const made = deflateRawSync(piece, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
    this.#deflated.set(piece, made);
    return made;
  }
}
