import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { json, parts, takeOver } from "./answer.ts";
import { createHttpClient } from "./client.ts";
import { createHttpServer } from "./server.ts";
import { openStream, type StreamWriter } from "./stream-writer.ts";
import { openRaw, type RawConnection } from "./testing.ts";

const bounds = { bufferedBytesMax: 1_048_576 };
const openStreams = 1_000;
const writers: StreamWriter[] = [];
const closings: string[] = [];
const server = createHttpServer({ host: "127.0.0.1", port: 0 });
const client = createHttpClient();
let url = "";
let port = 0;
let partsMade = 0;
let partsEnded = false;

beforeAll(async () => {
  server.route({ method: "GET", path: "/thing/:id", handler: ({ params }) => json(params) });
  server.route({ method: "GET", path: "/parts", handler: () => parts(endlessParts(), {}) });
  server.route({
    method: "GET",
    path: "/stream",
    handler: () =>
      takeOver((response) => {
        const writer = openStream(response, { "content-type": "text/plain" }, bounds);
        writers.push(writer);
        writer.onClose((cause) => closings.push(cause));
      }),
  });
  server.route({
    method: "GET",
    path: "/bursts",
    handler: () =>
      takeOver((response) => {
        const burst = { bytesMax: bounds.bufferedBytesMax * 64, forMs: 5_000 };
        const writer = openStream(response, { "content-type": "text/plain" }, { ...bounds, burst });
        writers.push(writer);
        writer.onClose((cause) => closings.push(cause));
      }),
  });
  ({ url, port } = await server.listen());
});
afterAll(async () => {
  await client.close();
  await server.close();
});

async function* endlessParts(): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      partsMade += 1;
      yield Buffer.alloc(65_536);
    }
  } finally {
    partsEnded = true;
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(claim: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within 60 s: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const raw = (given: string): RawConnection => openRaw(port, given);

const get = (path: string): ReturnType<typeof raw> => raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);

describe("a stream", () => {
  it("whose reader never reads is let go at its bound, and other readers miss nothing", async () => {
    const known = writers.length;
    const deaf = get("/stream");
    await until("the deaf one is here", () => writers.length === known + 1);
    deaf.socket.pause();
    const reader = get("/stream");
    await until("the reader is here", () => writers.length === known + 2);
    const [slow, good] = writers.slice(known) as [StreamWriter, StreamWriter];
    const record = "r".repeat(65_536);
    let sent = 0;
    let most = 0;
    while (slow.send(record)) {
      most = Math.max(most, slow.bufferedBytes);
      expect(good.send(`<${sent}>${record}`)).toBe(true);
      sent += 1;
      // Systems take megabytes for a reader before anything waits here.
      expect(sent).toBeLessThan(2_000);
      await until("the reader has it", () => good.bufferedBytes === 0);
    }
    expect(closings).toContain("slow");
    expect(most).toBeLessThanOrEqual(bounds.bufferedBytesMax + record.length);
    expect(slow.send("more")).toBe(false);
    await until("the reader has all", () => reader.received().includes(`<${sent - 1}>${record}`));
    expect(good.send("<last>")).toBe(true);
    await until("the reader has the last", () => reader.received().includes("<last>"));
    good.close();
    await until("the stream ends whole", () => reader.received().endsWith("0\r\n\r\n"));
    deaf.socket.destroy();
    reader.socket.destroy();
  });

  it("may begin with a record larger than its bound, which a reader that reads gets whole", async () => {
    const known = writers.length;
    const reader = get("/stream");
    await until("the reader is here", () => writers.length === known + 1);
    const writer = writers[known] as StreamWriter;
    expect(writer.send("s".repeat(bounds.bufferedBytesMax * 4))).toBe(true);
    expect(writer.send("<heartbeat>")).toBe(true);
    await until("it has both", () => reader.received().includes("<heartbeat>"));
    expect(reader.received().replace(/[^s]/g, "").length).toBeGreaterThanOrEqual(bounds.bufferedBytesMax * 4);
    expect(writer.send("s".repeat(bounds.bufferedBytesMax * 16))).toBe(true);
    await nextTurn();
    expect(writer.send("x".repeat(bounds.bufferedBytesMax + 1))).toBe(false);
    reader.socket.destroy();
  });

  it("takes more than its bound in one turn that began with nothing waiting, and a reader that reads gets it all", async () => {
    const known = writers.length;
    const reader = get("/stream");
    await until("the reader is here", () => writers.length === known + 1);
    const writer = writers[known] as StreamWriter;
    const records = 20_000;
    const record = "r".repeat(Math.ceil((bounds.bufferedBytesMax * 4) / records));
    for (let count = 0; count < records; count += 1) expect(writer.send(record)).toBe(true);
    await nextTurn();
    expect(writer.send("<next>")).toBe(true);
    await until("it has all", () => reader.received().includes("<next>"));
    expect(reader.received().replace(/[^r]/g, "").length).toBeGreaterThanOrEqual(record.length * records);
    reader.socket.destroy();
  });

  it("with room for bursts takes them for a time, and no larger ones", async () => {
    const bytes = (fields: { readonly received: () => string }): number => fields.received().length;
    const known = writers.length;
    const readers = [get("/bursts"), get("/bursts")] as const;
    await until("both are here", () => writers.length === known + 2);
    const [first, second] = writers.slice(known) as [StreamWriter, StreamWriter];
    const piece = "b".repeat(bounds.bufferedBytesMax / 2);
    for (const { socket } of readers) socket.pause();
    // Until the system takes no more.
    for (let count = 0; first.bufferedBytes <= bounds.bufferedBytesMax * 2; count += 1) {
      expect(count).toBeLessThan(1_000);
      expect(first.send(piece)).toBe(true);
      expect(second.send(piece)).toBe(true);
      await nextTurn();
    }
    // One reads on: nothing is lost. The other is given up once its time is over.
    readers[0].socket.resume();
    await until("the first has all", () => first.bufferedBytes === 0);
    expect(first.send("<last>")).toBe(true);
    await until("it hears on", () => readers[0].received().includes("<last>"));
    expect(bytes(readers[0])).toBeGreaterThan(bounds.bufferedBytesMax * 2);
    await until("the second is let go", () => !second.send("x"));
    expect(closings.at(-1)).toBe("slow");
    for (const { socket } of readers) socket.destroy();
  });

  it("tells of a reader that went away, also to those who ask later", async () => {
    const known = writers.length;
    const { socket } = get("/stream");
    await until("the reader is here", () => writers.length === known + 1);
    const before = closings.length;
    socket.destroy();
    await until("it is told", () => closings.length > before);
    const causes: string[] = [];
    writers[known]?.onClose((cause) => causes.push(cause));
    expect([closings.at(-1), ...causes]).toEqual(["reader", "reader"]);
    expect(writers[known]?.send("x")).toBe(false);
  });

  it(`leaves room for others: with ${openStreams} open, a request is answered and each gets its record`, async () => {
    const known = writers.length;
    const readers = Array.from({ length: openStreams }, () => get("/stream"));
    await until("all are here", () => writers.length === known + openStreams);
    const answer = await client.send({ method: "GET", url: `${url}/thing/7` }, 60_000);
    expect(answer.body.toString()).toBe('{"id":"7"}');
    for (const [index, writer] of writers.slice(known).entries())
      expect(writer.send(`<${index}>`)).toBe(true);
    await until("each has its record", () => readers.every(({ received }) => received().includes(">")));
    for (const { socket } of readers) socket.destroy();
  });

  it("of parts is made no faster than it is read, and no longer than its reader is there", async () => {
    const { socket, received } = get("/parts");
    await until("it began", () => received().length > 0);
    socket.pause();
    let before = -1;
    await until("the making stands still", () => {
      const stands = partsMade === before && socket.isPaused();
      before = partsMade;
      return stands;
    });
    expect(partsMade).toBeLessThan(2_000);
    expect(partsEnded).toBe(false);
    socket.destroy();
    await until("the making ends", () => partsEnded);
  });

  it("and every connection ends with the server", async () => {
    const known = writers.length;
    const stream = get("/stream");
    const idle = raw("");
    const half = raw("POST /thing/1 HTTP/1.1\r\nHost: loc");
    await until("it is open", () => writers.length === known + 1);
    await server.close();
    await until("all are closed", () => stream.closed() && idle.closed() && half.closed());
  });
});
