import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import { acceptFramedLinks, type FramedLink, linkLimits, openFramedLink } from "./framed-link.ts";
import { createHttpServer } from "./server.ts";

/** One end of a link with all that was heard on it. */
interface End {
  readonly link: FramedLink;
  readonly heard: JsonValue[];
  readonly closed: string[];
  /** Called with each document; replaced by tests that answer. */
  onFrame: (document: JsonValue) => void;
}

const protocol = "test-link";
const server = createHttpServer({ host: "127.0.0.1", port: 0 });
let url = "";
let port = 0;
const accepted: { readonly end: End; readonly request: IncomingMessage }[] = [];
/** What the accepting side does while it takes a link. */
let whileAccepting: (link: FramedLink) => void = () => undefined;

beforeAll(async () => {
  acceptFramedLinks(server, "/link", protocol, (link, request) => {
    const end = endOf(link);
    accepted.push({ end, request });
    whileAccepting(link);
    return handlersOf(end);
  });
  ({ url, port } = await server.listen());
});
afterAll(() => server.close());

function endOf(link: FramedLink): End {
  return { link, heard: [], closed: [], onFrame: () => undefined };
}

function handlersOf(
  end: End,
): Parameters<typeof openFramedLink>[1] extends (link: FramedLink) => infer H ? H : never {
  return {
    onFrame: (document) => {
      end.heard.push(document);
      end.onFrame(document);
    },
    onClose: (reason) => end.closed.push(reason),
  };
}

async function until(claim: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within 60 s: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Both ends of a new link. */
async function linked(
  headers: Readonly<Record<string, string>> = {},
): Promise<{ ours: End; theirs: End; request: IncomingMessage }> {
  const known = accepted.length;
  const ours = await new Promise<End>((resolve, reject) => {
    openFramedLink(
      { url: `${url}/link`, protocol, headers },
      (link) => {
        const end = endOf(link);
        resolve(end);
        return handlersOf(end);
      },
      (reason) => reject(new Error(reason)),
    );
  });
  const found = accepted[known];
  if (found === undefined) throw new Error("the server took no link");
  return { ours, theirs: found.end, request: found.request };
}

/** A peer of our own making, which follows no rule: a socket after the handshake. */
async function stranger(
  withHandshake: Buffer = Buffer.alloc(0),
): Promise<{ socket: Socket; theirs: End; received: () => Buffer }> {
  const known = accepted.length;
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  const head = `GET /link HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), withHandshake]));
  let received = Buffer.alloc(0);
  socket.on("data", (piece) => {
    received = Buffer.concat([received, piece]);
  });
  await until("the handshake", () => received.includes("\r\n\r\n") && accepted.length > known);
  const theirs = accepted[known]?.end as End;
  return { socket, theirs, received: () => received.subarray(received.indexOf("\r\n\r\n") + 4) };
}

function frame(text: string | Buffer, length?: number): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length ?? bytes.length);
  return Buffer.concat([head, bytes]);
}

function documentsIn(bytes: Buffer): readonly JsonValue[] {
  const documents: JsonValue[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    documents.push(JSON.parse(bytes.toString("utf8", at + 4, end)) as JsonValue);
    at = end;
  }
  return documents;
}

describe("a framed link", () => {
  it("carries documents both ways, in order, and shows the request it came from", async () => {
    const { ours, theirs, request } = await linked({ "x-agent": "a-1" });
    expect(request.headers["x-agent"]).toBe("a-1");
    theirs.onFrame = (document) => theirs.link.send({ echo: document });
    ours.link.send({ kind: "hello", text: "wörld ✓ 😀" });
    ours.link.send([1, [2]]);
    await until("both echoes", () => ours.heard.length === 2);
    expect(ours.heard).toEqual([{ echo: { kind: "hello", text: "wörld ✓ 😀" } }, { echo: [1, [2]] }]);
    ours.link.close("done");
  });

  it("gives credit back, so that many windows of documents pass in both directions at once", async () => {
    const { ours, theirs } = await linked();
    const count = linkLimits.window * 4 + 1;
    for (let index = 0; index < count; index += 1) {
      ours.link.send({ index });
      theirs.link.send({ index });
    }
    await until("all arrived", () => ours.heard.length === count && theirs.heard.length === count);
    const expected = Array.from({ length: count }, (_, index) => ({ index }));
    expect(ours.heard).toEqual(expected);
    expect(theirs.heard).toEqual(expected);
    await until("nothing waits", () => ours.link.bufferedBytes === 0 && theirs.link.bufferedBytes === 0);
    ours.link.close("done");
  });

  it("sends no more than a window to a peer that gives no credit, then as much as it gives", async () => {
    const { socket, theirs, received } = await stranger();
    for (let index = 0; index < linkLimits.window + 10; index += 1)
      theirs.link.send({ index: 1_000_000 + index });
    await until("one window", () => documentsIn(received()).length >= linkLimits.window);
    expect(theirs.link.bufferedBytes).toBe(10 * frame('{"index":1000000}').length);
    socket.write(frame('{"$credit":3}'));
    await until("three more", () => documentsIn(received()).length >= linkLimits.window + 3);
    expect(theirs.link.bufferedBytes).toBe(7 * frame('{"index":1000000}').length);
    socket.write(
      Buffer.concat([frame('{"$credit":-5}'), frame('{"$credit":"x"}'), frame('{"$credit":1000000}')]),
    );
    await until("the rest", () => documentsIn(received()).length === linkLimits.window + 10);
    expect(documentsIn(received()).at(-1)).toEqual({ index: 1_000_000 + linkLimits.window + 9 });
    expect(theirs.heard).toEqual([]);
    socket.destroy();
  });

  it("takes frames that come with the handshake, several in one piece, and byte by byte", async () => {
    const { socket, theirs } = await stranger(
      Buffer.concat([frame('{"n":1}'), frame('{"n":2}'), frame("3").subarray(0, 2)]),
    );
    await until("two documents", () => theirs.heard.length === 2);
    socket.setNoDelay(true);
    for (const byte of Buffer.concat([frame("3").subarray(2), frame('{"text":"✓"}')])) {
      await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
    }
    await until("four documents", () => theirs.heard.length === 4);
    expect(theirs.heard).toEqual([{ n: 1 }, { n: 2 }, 3, { text: "✓" }]);
    socket.destroy();
  });

  it("passes a document of nearly the largest size without copying all of it for each piece", async () => {
    const { ours, theirs } = await linked();
    const text = "x".repeat(linkLimits.frameBytes - 100);
    ours.link.send({ text });
    await until("it arrived", () => theirs.heard.length === 1);
    expect((theirs.heard[0] as { text: string }).text === text).toBe(true);
    ours.link.close("done");
  }, 60_000);

  it.each([
    [
      "a frame above the bound, by its length alone",
      frame("{", linkLimits.frameBytes + 1),
      `a frame of ${linkLimits.frameBytes + 1} bytes is too large`,
    ],
    [
      "an HTTP request where a frame should be",
      Buffer.from("GET / HTTP/1.1\r\n"),
      "a frame of 1195725856 bytes is too large",
    ],
    ["a frame that is not JSON", frame("{nope}"), "a frame is not JSON"],
    ["an empty frame", frame(""), "a frame is not JSON"],
  ])("is cut at %s, after the documents before it", async (_claim, bytes, reason) => {
    const { socket, theirs } = await stranger();
    const ended = new Promise((resolve) => socket.once("close", resolve));
    socket.write(Buffer.concat([frame('{"good":1}'), bytes, frame('{"late":1}')]));
    await until("it was closed", () => theirs.closed.length > 0);
    await ended;
    expect(theirs.closed).toEqual([reason]);
    expect(theirs.heard).toEqual([{ good: 1 }]);
  });

  it("cuts a peer that does not read once too much waits for it, and another link goes on", async () => {
    const other = await linked();
    other.theirs.onFrame = (document) => other.theirs.link.send({ echo: document });
    const { socket, theirs } = await stranger();
    socket.pause();
    const large = { text: "x".repeat(linkLimits.frameBytes - 100) };
    const needed = Math.ceil(linkLimits.queuedBytes / linkLimits.frameBytes) + 2;
    for (let count = 0; count < needed; count += 1) theirs.link.send(large);
    expect(theirs.closed).toEqual(["the peer does not read; too much waits for it"]);
    other.ours.link.send({ still: "here" });
    await until("the echo", () => other.ours.heard.length === 1);
    other.ours.link.close("done");
    socket.destroy();
  });

  it("is closed by a document that is too large, rather than sending it", async () => {
    const { ours, theirs } = await linked();
    ours.link.send({ text: "x".repeat(linkLimits.frameBytes) });
    expect(ours.closed).toEqual([
      `a document of ${linkLimits.frameBytes + 15} bytes is too large for a link`,
    ]);
    await until("the other end knows", () => theirs.closed.length === 1);
    expect(theirs.heard).toEqual([]);
  });
});

describe("the end of a framed link", () => {
  it("is told once to each end, with our reason here and the peer's going there", async () => {
    const { ours, theirs } = await linked();
    ours.link.close("the agent ends");
    ours.link.close("again");
    ours.link.send({ ignored: true });
    expect(ours.closed).toEqual(["the agent ends"]);
    await until("the other end knows", () => theirs.closed.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(theirs.closed).toEqual(["the peer ended the connection"]);
    expect(theirs.heard).toEqual([]);
    expect(ours.link.bufferedBytes).toBe(0);
  });

  it("stops documents of the same piece that are still to be read", async () => {
    const { socket, theirs } = await stranger();
    theirs.onFrame = () => theirs.link.close("enough");
    socket.write(Buffer.concat([frame('{"n":1}'), frame('{"n":2}')]));
    await until("it was closed", () => theirs.closed.length > 0);
    expect(theirs.heard).toEqual([{ n: 1 }]);
    expect(theirs.closed).toEqual(["enough"]);
  });

  it("is told also when it came while the link was being taken", async () => {
    whileAccepting = (link) => link.close("not welcome");
    const { ours, theirs } = await linked();
    whileAccepting = () => undefined;
    await until("both know", () => theirs.closed.length > 0 && ours.closed.length > 0);
    expect(theirs.closed).toEqual(["not welcome"]);
    expect(ours.closed).toHaveLength(1);
  });

  it("comes with the end of the server", async () => {
    const own = createHttpServer({ host: "127.0.0.1", port: 0 });
    const closed: string[] = [];
    let taken = 0;
    acceptFramedLinks(own, "/link", protocol, () => {
      taken += 1;
      return { onFrame: () => undefined, onClose: (reason) => closed.push(reason) };
    });
    const { url: ownUrl } = await own.listen();
    const told = new Promise<string>((resolve, reject) => {
      openFramedLink(
        { url: `${ownUrl}/link`, protocol },
        () => ({ onFrame: () => undefined, onClose: resolve }),
        reject,
      );
    });
    await until("the link is open", () => taken === 1);
    await own.close();
    expect(await told).toBe("the peer ended the connection");
    await until("the server's end knows", () => closed.length > 0);
    expect(closed).toHaveLength(1);
  });
});
