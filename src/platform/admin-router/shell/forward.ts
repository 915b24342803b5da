/**
 * Passing a request on: by undici's dispatch, with nothing held but what the slower side has not taken yet.
 *
 * Calls and streams have pools of their own, so that a thousand streams that stay open take no connection from a
 * call. A stream has no timeout; a client that goes away ends its request behind the door.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Transform, type TransformCallback } from "node:stream";
import type { Dispatcher } from "undici";
import { errorMessage } from "#foundation/base/errors.ts";
import { Agent } from "#foundation/http/index.ts";
import type { AnswerHeaders } from "../core/headers.ts";

export interface Forwarding {
  /** `http://host:port` */
  readonly origin: string;
  /** With its query. */
  readonly path: string;
  readonly method: string;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  readonly kind: "call" | "stream";
  readonly bodyBytesMax: number;
  /** Sees the first piece of a body on its way. */
  readonly onBodyStart?: (piece: Buffer) => void;
  /** What is answered to the client of the head that came. */
  readonly answer: (status: number, headers: AnswerHeaders) => Record<string, string | string[]>;
  readonly onStatus?: (status: number) => void;
  /** Nothing came, or it broke off before its head. */
  readonly onFailed: (failure: Failed) => void;
}

export type Failed =
  | { readonly kind: "unreachable"; readonly problem: string }
  | { readonly kind: "late"; readonly problem: string }
  | { readonly kind: "tooLarge" };

const connectTimeoutMs = 5_000;
const callHeadTimeoutMs = 300_000;
const callConnectionsMax = 64;
const streamConnectionsMax = 8_192;
/** Origins that connections are kept to. */
const originsMax = 1_024;

export class Forwarder {
  readonly #calls = new Agent({
    connect: { timeout: connectTimeoutMs },
    connections: callConnectionsMax,
    pipelining: 1,
    headersTimeout: callHeadTimeoutMs,
    bodyTimeout: 0,
    maxOrigins: originsMax,
  });
  readonly #streams = new Agent({
    connect: { timeout: connectTimeoutMs },
    connections: streamConnectionsMax,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxOrigins: originsMax,
  });

  forward(request: IncomingMessage, response: ServerResponse, forwarding: Forwarding): void {
    const { origin, path, method, headers, kind, onFailed, bodyBytesMax } = forwarding;
    const length = request.headers["content-length"];
    if (length !== undefined && Number(length) > bodyBytesMax) return onFailed({ kind: "tooLarge" });
    const passing = new Passing(response, forwarding);
    const body = bodyOf(request, forwarding, () => passing.refuse());
    const dispatcher = kind === "call" ? this.#calls : this.#streams;
    try {
      dispatcher.dispatch(
        { origin, path, method: method as Dispatcher.HttpMethod, headers: [...headers], body },
        passing,
      );
    } catch (error) {
      onFailed({ kind: "unreachable", problem: errorMessage(error) });
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#streams.destroy()]);
  }
}

/** The body as it comes, counted; null when there is none. */
function bodyOf(
  request: IncomingMessage,
  { bodyBytesMax, onBodyStart }: Forwarding,
  onTooLarge: () => void,
): Transform | IncomingMessage | null {
  const hasBody =
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
  if (!hasBody) return null;
  const isCounted = request.headers["content-length"] !== undefined;
  // Its length was judged by its header: nothing has to be counted, and nothing stands between.
  if (isCounted && onBodyStart === undefined) return request;
  let bytes = 0;
  const counting = new Transform({
    transform(piece: Buffer, _encoding, done: TransformCallback) {
      if (bytes === 0) onBodyStart?.(piece);
      bytes += piece.length;
      if (bytes <= bodyBytesMax) return done(null, piece);
      onTooLarge();
      return done(new Error("the body is too large"));
    },
  });
  counting.on("error", () => request.unpipe(counting));
  request.on("error", (error) => counting.destroy(error));
  request.on("aborted", () => counting.destroy(new Error("the client went away")));
  return request.pipe(counting);
}

class Passing implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  readonly #forwarding: Forwarding;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;
  #isTooLarge = false;

  constructor(response: ServerResponse, forwarding: Forwarding) {
    this.#response = response;
    this.#forwarding = forwarding;
    response.once("close", () => this.#gone());
  }

  /** The body turned out too large on its way. */
  refuse(): void {
    this.#isTooLarge = true;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#response.destroyed) controller.abort(new Error("the client went away"));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // 1xx are between the two ends of each connection.
    if (status < 200) return;
    const response = this.#response;
    if (response.destroyed || response.headersSent)
      return controller.abort(new Error("the client went away"));
    this.#forwarding.onStatus?.(status);
    response.writeHead(status, this.#forwarding.answer(status, headers));
    // The head of a stream is news by itself; an answer with a length comes in one piece with it.
    if (headers["content-length"] === undefined) response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#response.write(piece)) return;
    controller.pause();
    this.#response.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    this.#isOver = true;
    this.#response.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const response = this.#response;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (response.destroyed) return;
    const code = "code" in error ? String(error.code) : "";
    const isLate = code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_CONNECT_TIMEOUT";
    if (this.#isTooLarge) this.#forwarding.onFailed({ kind: "tooLarge" });
    else this.#forwarding.onFailed({ kind: isLate ? "late" : "unreachable", problem: errorMessage(error) });
  }

  #gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.abort(new Error("the client went away"));
  }
}
