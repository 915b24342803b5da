/**
 * Readers of the state benchmarks, in a process of their own: each message asks for rounds of so many at once, over kept
 * connections, and is answered with how long each took. They count bytes and look at nothing.
 */
import { connect, type Socket } from "node:net";

export interface ReadersAsked {
  readonly port: number;
  readonly readers: number;
  readonly rounds: number;
  readonly isZipped: boolean;
}

export interface ReadersTold {
  readonly times: readonly number[];
  /** Of one answer, its head not counted. */
  readonly bytes: number;
}

class Reader {
  readonly #socket: Socket;
  #head = "";
  /** Of the body, still to come; undefined before its head is read. */
  #left: number | undefined;
  #bytes = 0;
  #done: (bytes: number) => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (piece) => this.#read(piece));
  }

  read(isZipped: boolean): Promise<number> {
    this.#head = "";
    this.#left = undefined;
    const more = isZipped ? "accept-encoding: gzip\r\n" : "";
    this.#socket.write(`GET /state HTTP/1.1\r\nhost: 127.0.0.1\r\n${more}\r\n`);
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  #read(piece: Buffer): void {
    let length = piece.length;
    if (this.#left === undefined) {
      this.#head += piece.toString("latin1");
      const end = this.#head.indexOf("\r\n\r\n");
      if (end === -1) return;
      this.#bytes = Number(/content-length: (\d+)/i.exec(this.#head)?.[1]);
      this.#left = this.#bytes;
      length = this.#head.length - end - 4;
    }
    this.#left -= length;
    if (this.#left === 0) this.#done(this.#bytes);
  }

  close(): void {
    this.#socket.destroy();
  }
}

process.on("message", (asked: ReadersAsked) => void read(asked));
process.once("disconnect", () => process.exit(0));
process.send?.("ready");

async function read({ port, readers, rounds, isZipped }: ReadersAsked): Promise<void> {
  const all = await Promise.all(
    Array.from(
      { length: readers },
      () =>
        new Promise<Reader>((resolve) => {
          const socket = connect(port, "127.0.0.1", () => resolve(new Reader(socket)));
        }),
    ),
  );
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(
      all.map(async (reader) => {
        const started = performance.now();
        bytes = await reader.read(isZipped);
        times.push(performance.now() - started);
      }),
    );
  }
  for (const reader of all) reader.close();
  process.send?.({ times, bytes } satisfies ReadersTold);
}
