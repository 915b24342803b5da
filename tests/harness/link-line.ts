/** A line between agents and their master that understands frames: a test says what becomes of each one. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Frame {
  readonly from: "agent" | "master";
  readonly document: Readonly<Record<string, unknown>> & { readonly kind?: string };
}

/** What goes on instead of a frame: nothing, it, it twice, or what was held back before. */
export type Treat = (frame: Frame) => readonly Frame["document"][];

export interface LinkLine {
  readonly url: string;
  /** From now on; at first every frame passes. */
  treat: Treat;
  close(): Promise<void>;
}

export async function startLinkLine(masterUrl: string): Promise<LinkLine> {
  const { hostname, port } = new URL(masterUrl);
  const sockets = new Set<Socket>();
  const line: { treat: Treat } = { treat: ({ document }) => [document] };
  const server = createServer((agent) => {
    const master = connect(Number(port), hostname);
    for (const [from, source, sink] of [
      ["agent", agent, master],
      ["master", master, agent],
    ] as const) {
      sockets.add(source);
      const reader = new FrameReader((document) => {
        // Credit is the link's own and counts what came, which is what went.
        const passed = "$credit" in document ? [document] : line.treat({ from, document });
        for (const each of passed) sink.write(encode(each));
      });
      source.on("data", (piece: Buffer) => {
        const head = reader.push(piece);
        if (head.length > 0) sink.write(head);
      });
      source.on("error", () => sink.destroy());
      source.on("close", () => {
        sockets.delete(source);
        sink.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(line, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  });
}

/** Of one direction: the HTTP head is passed on as it is, what follows are frames. */
class FrameReader {
  readonly #onDocument: (document: Frame["document"]) => void;
  #isOpen = false;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onDocument: (document: Frame["document"]) => void) {
    this.#onDocument = onDocument;
  }

  /** The bytes of the head, when it is there as a whole. */
  push(piece: Buffer): Buffer {
    this.#rest = Buffer.concat([this.#rest, piece]);
    let head: Buffer = Buffer.alloc(0);
    if (!this.#isOpen) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end === -1) return head;
      this.#isOpen = true;
      head = this.#rest.subarray(0, end + 4);
      this.#rest = this.#rest.subarray(end + 4);
    }
    // After the head is written.
    queueMicrotask(() => this.#read());
    return head;
  }

  #read(): void {
    while (this.#rest.length >= 4) {
      const stop = 4 + this.#rest.readUInt32BE(0);
      if (this.#rest.length < stop) return;
      const document = JSON.parse(this.#rest.toString("utf8", 4, stop)) as Frame["document"];
      this.#rest = this.#rest.subarray(stop);
      this.#onDocument(document);
    }
  }
}

function encode(document: object): Buffer {
  const bytes = Buffer.from(JSON.stringify(document));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}
