/** Requests to other daemons and to strangers: deadlines on everything, streams without an end. */
import type { Dispatcher } from "undici";
import { errorMessage } from "#foundation/base/errors.ts";
import { Agent, requestVia } from "./undici-agent.ts";
import { type WholeAnswer, wholeAnswer } from "./whole-answer.ts";

export interface OutgoingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export type IncomingAnswer = WholeAnswer;

/** No answer came: refused, reset, or too late. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

export interface HttpClient {
  /** One request, its whole answer. Redirects are not followed. Throws `NoAnswer`. */
  send(request: OutgoingRequest, timeoutMs: number): Promise<IncomingAnswer>;
  /** A request whose answer is a stream; it has no deadline once its head came. */
  stream(request: OutgoingRequest, handlers: StreamHandlers): OpenStream;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StreamHandlers {
  readonly onHead: (status: number, headers: IncomingAnswer["headers"]) => void;
  readonly onData: (piece: Buffer) => void;
  /** Called once: the answer ended, failed, or was aborted. */
  readonly onEnd: (cause: string) => void;
}

export interface OpenStream {
  abort(): void;
}

/** Answers of `send` above this are refused; streams have bounds of their own. */
const answerBytesMax = 67_108_864;
const connectTimeoutMs = 10_000;
const streamHeadTimeoutMs = 30_000;

/** `headers` go with every request: who speaks, to servers that are all our own. */
export function createHttpClient({ headers: always = {} }: HttpClientOptions = {}): HttpClient {
  // Streams never end by themselves: they must not take connections from calls.
  const calls = new Agent({ connect: { timeout: connectTimeoutMs }, connections: 32, pipelining: 1 });
  const streams = new Agent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: streamHeadTimeoutMs,
    bodyTimeout: 0,
  });
  return {
    send: async ({ method, url, headers, body }, timeoutMs) => {
      try {
        const { origin, pathname, search } = new URL(url);
        return await wholeAnswer(
          calls,
          {
            origin,
            path: pathname + search,
            method: method as "GET",
            headers: { ...always, ...headers },
            ...(body === undefined ? {} : { body }),
          },
          { timeoutMs, bytesMax: answerBytesMax },
        );
      } catch (error) {
        throw new NoAnswer(`${method} ${url}: ${errorMessage(error)}`, { cause: error });
      }
    },
    stream: (request, handlers) =>
      openStream(streams, { ...request, headers: { ...always, ...request.headers } }, handlers),
    close: async () => {
      await Promise.all([calls.destroy(), streams.destroy()]);
    },
  };
}

function openStream(
  agent: Dispatcher,
  { method, url, headers, body }: OutgoingRequest,
  handlers: StreamHandlers,
): OpenStream {
  const abort = new AbortController();
  let over = false;
  const end = (cause: string): void => {
    if (over) return;
    over = true;
    handlers.onEnd(cause);
  };
  const run = async (): Promise<void> => {
    const answer = await requestVia(agent, url, {
      method: method as "GET",
      signal: abort.signal,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    });
    handlers.onHead(answer.statusCode, answer.headers);
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      if (over) return;
      handlers.onData(piece);
    }
    end("the server ended the stream");
  };
  run().catch((error: unknown) => end(errorMessage(error)));
  return {
    abort: () => {
      end("aborted");
      abort.abort();
    },
  };
}
