/** Writes answers: zipped, in parts, or as the last on a connection. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { BodyPart, PlainAnswer } from "./answer.ts";
import { httpLimits } from "./http-limits.ts";

export function writeAnswer(response: ServerResponse, request: IncomingMessage, answer: PlainAnswer): void {
  const { status, headers, body } = answer;
  if (typeof body !== "string" && !Buffer.isBuffer(body)) {
    response.writeHead(status, headers);
    void pipeParts(body, response);
    return;
  }
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const zipped = shouldZip(request, bytes, headers) ? gzipSync(bytes, { level: 1 }) : undefined;
  const sent = zipped ?? bytes;
  const length = status === 204 || status === 304 ? {} : { "content-length": String(sent.length) };
  response.writeHead(status, {
    ...headers,
    ...(zipped === undefined ? {} : { "content-encoding": "gzip" }),
    ...length,
  });
  response.end(request.method === "HEAD" ? undefined : sent);
}

/**
 * The last answer on a connection, with a body that nobody wants still coming: it is read and dropped for a
 * moment. A socket that is closed with bytes unread is reset, and the client would lose what tells it why.
 */
export function writeLastAnswer(
  response: ServerResponse,
  request: IncomingMessage,
  answer: PlainAnswer,
): void {
  response.setHeader("connection", "close");
  if (request.complete || (typeof answer.body !== "string" && !Buffer.isBuffer(answer.body))) {
    writeAnswer(response, request, answer);
    return;
  }
  const bytes = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, "content-length": String(bytes.length) });
  response.write(bytes);
  const timer = setTimeout(end, httpLimits.lingerMs);
  request.once("end", end);
  request.once("close", end);
  request.resume();
  function end(): void {
    clearTimeout(timer);
    if (!response.writableEnded) response.end();
  }
}

function shouldZip(
  request: IncomingMessage,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
): boolean {
  if (bytes.length < httpLimits.gzipBytesMin || bytes.length > httpLimits.gzipBytesMax) return false;
  return headers["content-encoding"] === undefined && acceptsGzip(request.headers);
}

export const acceptsGzip = (headers: IncomingMessage["headers"]): boolean =>
  /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(headers["accept-encoding"] ?? ""));

async function pipeParts(body: AsyncIterable<BodyPart>, response: ServerResponse): Promise<void> {
  try {
    for await (const part of body) {
      if (response.destroyed) return;
      if (!(Buffer.isBuffer(part) ? response.write(part) : writeTogether(response, part)))
        await drained(response);
    }
    response.end();
  } catch {
    // The head is out: an answer that breaks off is all that can still be said.
    response.destroy();
  }
}

/** In one call to the system. */
function writeTogether(response: ServerResponse, pieces: readonly Buffer[]): boolean {
  response.cork();
  let isRoom = true;
  for (const piece of pieces) isRoom = response.write(piece);
  response.uncork();
  return isRoom;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
