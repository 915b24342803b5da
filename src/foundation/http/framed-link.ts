/**
 * A connection of JSON documents in both directions, made from an HTTP/1.1 Upgrade.
 *
 * Frame: 4 bytes length, big endian, then UTF-8 JSON. A document goes out at once while the peer has given credit;
 * otherwise it waits in a queue whose bytes are bounded, and a link over the bound is closed: its owner then
 * starts over, which is how everything on it heals. A receiver gives credit back as it hands documents on.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { errorMessage } from "#foundation/base/errors.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Principal } from "./guard.ts";
import type { HttpServer, UpgradeHandler } from "./server.ts";
import { explainConnectFailure, type TlsIdentity } from "./tls.ts";

export interface FramedLink {
  /** Ignored once the link is closed. */
  send(document: object): void;
  close(reason: string): void;
  readonly bufferedBytes: number;
}

export interface LinkHandlers {
  readonly onFrame: (document: JsonValue) => void;
  /** Called once, also after our own `close`. */
  readonly onClose: (reason: string) => void;
}

export const linkLimits = {
  frameBytes: 33_554_432,
  queuedBytes: 134_217_728,
  /** Documents a peer may send before it must wait for credit. */
  window: 1_024,
  connectTimeoutMs: 10_000,
} as const;

const headBytes = 4;
/** A document with this single key is the link's own; no other may have it. */
const creditKey = "$credit";

/** Takes links on a server's path. */
export function acceptFramedLinks(
  server: HttpServer,
  path: string,
  protocol: string,
  onLink: (link: FramedLink, request: IncomingMessage, principal: Principal) => LinkHandlers,
): void {
  const accept: UpgradeHandler = (request, socket, head, principal) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
    const link = new SocketLink(socket);
    link.start(onLink(link, request, principal), head);
  };
  server.upgrade(path, protocol, accept, "agent");
}

export interface OpenLinkOptions {
  readonly url: string;
  readonly protocol: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of an https address: who this side is, and whom it believes. */
  readonly tls?: TlsIdentity;
}

/** From a standby to the leader, and once more where that changes meanwhile. */
const redirectsMax = 2;

/** Opens a link, elsewhere where the server says so. `onOpen` or `onFailed` follows; never both. */
export function openFramedLink(
  { url, protocol, headers = {}, tls }: OpenLinkOptions,
  onOpen: (link: FramedLink) => LinkHandlers,
  onFailed: (reason: string) => void,
): { abort(): void } {
  let settled = false;
  let current: ClientRequest | undefined;
  const fail = (reason: string): void => {
    if (settled) return;
    settled = true;
    current?.destroy();
    onFailed(reason);
  };
  const ask = (target: string, redirectsLeft: number): void => {
    const open = target.startsWith("https:") ? httpsRequest : httpRequest;
    const request = open(target, {
      ...tls,
      method: "GET",
      agent: false,
      headers: { ...headers, connection: "Upgrade", upgrade: protocol },
      timeout: linkLimits.connectTimeoutMs,
    });
    current = request;
    request.once("upgrade", (_answer, socket, head) => {
      if (settled) return void socket.destroy();
      settled = true;
      const link = new SocketLink(socket);
      link.start(onOpen(link), head);
    });
    request.once("response", (answer) => {
      answer.resume();
      const next = answer.statusCode === 307 ? elsewhere(answer.headers.location, target) : undefined;
      if (settled || next === undefined || redirectsLeft === 0)
        return fail(`the server answered ${answer.statusCode} instead of a link`);
      request.removeAllListeners().on("error", () => undefined);
      request.destroy();
      return ask(next, redirectsLeft - 1);
    });
    request.once("timeout", () => fail("no answer in time"));
    request.on("error", (error) => fail(explainConnectFailure(error, target)));
    request.end();
  };
  ask(url, redirectsMax);
  return { abort: () => fail("aborted") };
}

/** The same path of another server, spoken to as this one: what else a redirect may name is not followed. */
function elsewhere(location: string | undefined, from: string): string | undefined {
  if (location === undefined || !URL.canParse(location, from)) return undefined;
  const [next, here] = [new URL(location, from), new URL(from)];
  const isSame = next.protocol === here.protocol && next.pathname === here.pathname;
  return isSame && next.host !== here.host ? next.href : undefined;
}

class SocketLink implements FramedLink {
  readonly #socket: Duplex;
  #handlers: LinkHandlers | undefined;
  #closed = false;
  #reason = "";
  #credit: number = linkLimits.window;
  #consumed = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  /** Bytes without which there is nothing to read: a head, or the whole frame once its head came. */
  #wantedBytes = headBytes;

  constructor(socket: Duplex) {
    this.#socket = socket;
    if ("setNoDelay" in socket) (socket as { setNoDelay(on: boolean): void }).setNoDelay(true);
    if ("setTimeout" in socket) (socket as { setTimeout(ms: number): void }).setTimeout(0);
  }

  start(handlers: LinkHandlers, head: Buffer): void {
    this.#handlers = handlers;
    // It was closed by those who made the handlers.
    if (this.#closed) return handlers.onClose(this.#reason);
    this.#socket.on("data", (piece: Buffer) => this.#receive(piece));
    this.#socket.on("error", (error) => this.close(errorMessage(error)));
    this.#socket.on("close", () => this.close("the peer closed the connection"));
    this.#socket.on("end", () => this.close("the peer ended the connection"));
    if (head.length > 0) this.#receive(head);
  }

  get bufferedBytes(): number {
    return this.#waitingBytes + this.#socket.writableLength;
  }

  send(document: object): void {
    if (this.#closed) return;
    const frame = encodeFrame(document);
    if (frame.length - headBytes > linkLimits.frameBytes)
      return this.close(`a document of ${frame.length} bytes is too large for a link`);
    if (this.#credit > 0 && this.#waiting.length === 0) {
      this.#credit -= 1;
      this.#socket.write(frame);
    } else {
      this.#waiting.push(frame);
      this.#waitingBytes += frame.length;
    }
    if (this.bufferedBytes > linkLimits.queuedBytes)
      this.close("the peer does not read; too much waits for it");
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason;
    this.#socket.destroy();
    this.#waiting = [];
    this.#handlers?.onClose(reason);
  }

  #receive(piece: Buffer): void {
    this.#received.push(piece);
    this.#receivedBytes += piece.length;
    for (;;) {
      // Pieces are joined for a head and for a whole frame, never for each piece of a large one.
      if (this.#closed || this.#receivedBytes < this.#wantedBytes) return;
      const all = this.#received.length === 1 ? (this.#received[0] as Buffer) : Buffer.concat(this.#received);
      this.#received = [all];
      const length = all.readUInt32BE(0);
      if (length > linkLimits.frameBytes) return this.close(`a frame of ${length} bytes is too large`);
      this.#wantedBytes = headBytes + length;
      if (all.length < this.#wantedBytes) return;
      const rest = all.subarray(headBytes + length);
      this.#received = rest.length === 0 ? [] : [rest];
      this.#receivedBytes = rest.length;
      this.#wantedBytes = headBytes;
      this.#handle(all.subarray(headBytes, headBytes + length));
    }
  }

  #handle(bytes: Buffer): void {
    let document: JsonValue;
    try {
      document = JSON.parse(bytes.toString("utf8")) as JsonValue;
    } catch {
      return this.close("a frame is not JSON");
    }
    if (typeof document === "object" && document !== null && creditKey in document) {
      const given = (document as Readonly<Record<string, JsonValue>>)[creditKey];
      if (typeof given === "number" && given > 0) this.#addCredit(given);
      return;
    }
    this.#consumed += 1;
    if (this.#consumed >= linkLimits.window / 2) {
      // Credit is outside the window: it must always get through.
      this.#socket.write(encodeFrame({ [creditKey]: this.#consumed }));
      this.#consumed = 0;
    }
    this.#handlers?.onFrame(document);
  }

  #addCredit(given: number): void {
    this.#credit = Math.min(this.#credit + given, linkLimits.window);
    while (this.#credit > 0) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      this.#waitingBytes -= frame.length;
      this.#credit -= 1;
      this.#socket.write(frame);
    }
  }
}

function encodeFrame(document: object): Buffer {
  const bytes = Buffer.from(JSON.stringify(document));
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}
