/** Upgrades, such as WebSockets: the handshake is passed on, and then bytes both ways until either side, or the token, ends. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

export interface Tunnelling {
  readonly origin: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** Called at most once, with what was answered: 101 when both sides have switched. */
  readonly onStatus: (status: number) => void;
  /** Called once, when the tunnel is over or never came to be. */
  readonly onEnd: () => void;
}

const handshakeTimeoutMs = 30_000;

/** Answers what ends it at once, for when the token dies. */
export function tunnel(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { origin, path, headers, onStatus, onEnd }: Tunnelling,
): () => void {
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    passed.destroy();
    socket.destroy();
    onEnd();
  };
  const passed = httpRequest(origin + path, {
    method: request.method,
    agent: false,
    headers: [...headers],
    setHost: false,
  });
  passed.setTimeout(handshakeTimeoutMs, end);
  passed.once("upgrade", (answer, upstream, upstreamHead) => {
    passed.setTimeout(0);
    onStatus(101);
    socket.write(headOf(answer));
    if (upstreamHead.length > 0) socket.write(upstreamHead);
    if (head.length > 0) upstream.write(head);
    upstream.on("error", end).on("close", end);
    socket.pipe(upstream).pipe(socket);
  });
  // It did not want to: its answer is passed on, and the connection ends with it.
  passed.once("response", (answer) => {
    passed.setTimeout(0);
    onStatus(answer.statusCode ?? 502);
    socket.write(headOf(answer, "close"));
    answer.on("error", end).on("end", () => socket.end());
    answer.pipe(socket, { end: false });
  });
  passed.once("error", () => {
    if (!isOver && socket.writable) socket.end(refusal(502, "Bad Gateway"));
    end();
  });
  socket.on("error", end).on("close", end);
  passed.end();
  return end;
}

function headOf(answer: IncomingMessage, connection?: "close"): string {
  const lines = [`HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ""}`];
  const raw = answer.rawHeaders;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toLowerCase() ?? "";
    // The body of a refusal comes decoded here, and its end is that of the connection.
    const isFraming = name === "connection" || name === "transfer-encoding" || name === "keep-alive";
    if (connection === undefined || !isFraming) lines.push(`${raw[index]}: ${raw[index + 1]}`);
  }
  if (connection !== undefined) lines.push(`Connection: ${connection}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

export function refusal(status: number, reason: string): string {
  return `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
