/** A command in a task, and a connection to a port of it: WebSockets to the task's agent. */
import type { WebSocket } from "ws";
import {
  agentStreamPaths,
  type ExecClientControl,
  type ExecServerControl,
  execChannels,
} from "#contracts/kernel/agent-streams.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import type { TaskAddress } from "./agent-files.ts";
import { refusalOf } from "./agent-log.ts";
import { RequestFailed } from "./cluster.ts";
import type { Connection } from "./connection.ts";

export interface ExecRequest extends TaskAddress {
  readonly command: readonly string[];
  readonly tty?: { readonly rows: number; readonly cols: number };
  readonly env?: readonly string[];
}

export interface ExecHandlers {
  readonly onStarted: () => void;
  readonly onOutput: (channel: "stdout" | "stderr", bytes: Buffer) => void;
}

/** How a command ended, or why it never began. */
export type ExecEnd =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "failed"; readonly message: string }
  /** The connection went, by somebody's wish or not. */
  | { readonly kind: "closed"; readonly cause: string };

export interface ExecSession {
  readonly ended: Promise<ExecEnd>;
  write(bytes: Buffer): void;
  control(control: ExecClientControl): void;
  close(): void;
}

const handshakeMs = 15_000;
/** Of the body of a refusal; what is longer is cut. */
const refusalBytesMax = 65_536;

/** Throws `CodedError` for a refusal before it began, `RequestFailed` when nothing answers. */
export async function openExec(
  connection: Connection,
  { command, tty, env = [], ...task }: ExecRequest,
  handlers: ExecHandlers,
): Promise<ExecSession> {
  const query = new URLSearchParams(
    tty === undefined ? {} : { tty: "true", rows: String(tty.rows), cols: String(tty.cols) },
  );
  for (const word of command) query.append("arg", word);
  for (const pair of env) query.append("env", pair);
  const socket = await openSocket(connection, task, `${agentStreamPaths.exec(task.id)}?${query}`);
  const ended = new Promise<ExecEnd>((resolve) => {
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) {
        const channel = data[0] === execChannels.stderr ? "stderr" : "stdout";
        handlers.onOutput(channel, data.subarray(1));
        return;
      }
      const control = parseControl(data);
      if (control === undefined) return;
      if ("started" in control) handlers.onStarted();
      if ("failed" in control) resolve({ kind: "failed", message: control.failed.message });
      if ("exit" in control) {
        resolve(
          "code" in control.exit
            ? { kind: "exit", code: control.exit.code }
            : { kind: "signal", signal: control.exit.signal },
        );
      }
    });
    socket.on("close", (code: number, reason: Buffer) =>
      resolve({ kind: "closed", cause: reason.length > 0 ? reason.toString("utf8") : `close ${code}` }),
    );
    socket.on("error", (error: Error) => resolve({ kind: "closed", cause: error.message }));
  });
  socket.resume();
  return {
    ended,
    write: (bytes) => {
      if (socket.readyState === socket.OPEN)
        socket.send(Buffer.concat([Buffer.from([execChannels.stdin]), bytes]));
    },
    control: (control) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(control));
    },
    close: () => socket.close(),
  };
}

function parseControl(data: Buffer): ExecServerControl | undefined {
  const value: unknown = JSON.parse(data.toString("utf8"));
  // The agent writes these by the same contract.
  return isJsonObject(value) ? (value as unknown as ExecServerControl) : undefined;
}

/** One TCP connection to a port of a task; paused until its listeners are there. Throws `CodedError` for a refusal, `RequestFailed` when nothing answers. */
export function openPort(connection: Connection, task: TaskAddress, port: number): Promise<WebSocket> {
  return openSocket(connection, task, `${agentStreamPaths.connect(task.id)}?port=${port}`);
}

/** What comes right behind the handshake waits: who awaits the socket listens a little later. */
async function openSocket(
  connection: Connection,
  { agentId, agent }: TaskAddress,
  path: string,
): Promise<WebSocket> {
  const { WebSocket: Socket } = await import("ws");
  const at = connection.doingAt({ id: agentId, url: agent });
  const url = `${at.url}${path}`;
  const socket = new Socket(url.replace(/^http/, "ws"), {
    handshakeTimeout: handshakeMs,
    perMessageDeflate: false,
    headers: at.headers,
  });
  return await new Promise<WebSocket>((resolve, reject) => {
    socket.once("open", () => {
      socket.pause();
      socket.off("error", failed);
      resolve(socket);
    });
    const failed = (error: Error): void =>
      reject(new RequestFailed({ url, status: 0, body: undefined, message: error.message }));
    socket.once("error", failed);
    socket.once("unexpected-response", (_request, answer) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      const end = (): void => {
        reject(refusalOf(answer.statusCode ?? 0, Buffer.concat(pieces)));
        socket.terminate();
      };
      answer.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes <= refusalBytesMax) pieces.push(piece);
        else end();
      });
      answer.on("end", end);
    });
  });
}
