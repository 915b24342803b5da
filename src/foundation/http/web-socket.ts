/**
 * WebSockets on our servers: refused as an ordinary answer before they open, bounded in what may wait afterwards.
 * Source: RFC 6455. Host and Origin are judged by the server, as for every request.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Principal } from "./guard.ts";
import { failureOf, type HttpServer } from "./server.ts";

export interface SocketRequest {
  /** The last segment of the path, decoded. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly remoteAddress: string;
  readonly principal: Principal;
}

/** Takes the open socket. */
export type SocketAnswer = (socket: WebSocket) => void;

export const webSocketLimits = {
  /** One message; a longer one ends the socket with 1009. */
  messageBytes: 1_048_576,
  /** What waits for a reader; above it the other side is not read on. */
  bufferedBytes: 1_048_576,
  /** A peer that answers no ping for two of these is gone. */
  pingIntervalMs: 30_000,
} as const;

/**
 * Takes sockets at `{path}/{name}`. `decide` may throw a CodedError, which is answered as `{code, message, details}`
 * with its status; what it returns gets the open socket. The answer ends all of them.
 */
export function acceptWebSockets(
  server: HttpServer,
  path: string,
  decide: (request: SocketRequest) => SocketAnswer | Promise<SocketAnswer>,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: webSocketLimits.messageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
  server.upgrade(`${path}/*`, "websocket", (request, socket, head, principal) => {
    void answer(request, principal).then(
      (take) => {
        if (socket.destroyed) return;
        sockets.handleUpgrade(request, socket, head, (opened) => {
          keepAlive(opened);
          take(opened);
        });
      },
      (error: unknown) => refuse(socket, error),
    );
  });
  async function answer(request: IncomingMessage, principal: Principal): Promise<SocketAnswer> {
    const url = new URL(request.url ?? "/", "http://agent");
    const name = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf("/") + 1));
    return decide({
      name,
      query: url.searchParams,
      headers: request.headers,
      remoteAddress: request.socket.remoteAddress ?? "",
      principal,
    });
  }
}

function keepAlive(socket: WebSocket): void {
  let isAnswered = true;
  const timer = setInterval(() => {
    if (!isAnswered) return socket.terminate();
    isAnswered = false;
    socket.ping();
  }, webSocketLimits.pingIntervalMs);
  timer.unref();
  socket.on("pong", () => {
    isAnswered = true;
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => clearInterval(timer));
}

function refuse(socket: Duplex, error: unknown): void {
  const { code, message, details, status } = failureOf(error);
  const body = JSON.stringify({ code, message, ...(details === undefined ? {} : { details }) });
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
