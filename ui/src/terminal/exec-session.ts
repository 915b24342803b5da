/** One terminal session over the agent's WebSocket: bytes both ways, size, and how it ended. */
import {
  agentStreamPaths,
  type ExecClientControl,
  type ExecServerControl,
  execChannels,
} from "#contracts/kernel/agent-streams.ts";
import { daemonPaths } from "../data/request.ts";

export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

export type ExecEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string }
  | { readonly kind: "failed"; readonly message: string }
  /** The connection went, with or without words. */
  | { readonly kind: "lost"; readonly message: string };

export interface ExecHandlers {
  readonly onOutput: (bytes: Uint8Array) => void;
  readonly onStarted: () => void;
  /** Once, last. */
  readonly onEnd: (end: ExecEnd) => void;
}

export interface ExecTarget {
  readonly agentId: string;
  readonly taskId: string;
}

/** `ws://…` of a shell in a task's sandbox, at the door that served the page. */
export function execUrl(target: ExecTarget, size: TerminalSize, origin: string): string {
  const path = `${daemonPaths.agent(target.agentId)}${agentStreamPaths.exec(target.taskId)}`;
  const url = new URL(`${path}?tty=true&rows=${size.rows}&cols=${size.cols}`, origin);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** Reads one text frame of the agent; undefined for one of tomorrow. */
export function readControl(data: string): ExecServerControl | undefined {
  try {
    const value: unknown = JSON.parse(data);
    const isKnown =
      typeof value === "object" &&
      value !== null &&
      ("started" in value || "exit" in value || "failed" in value);
    // The agent is of the same release as this page and follows the same contract.
    return isKnown ? (value as ExecServerControl) : undefined;
  } catch {
    return undefined;
  }
}

export function endOf(control: ExecServerControl): ExecEnd | undefined {
  if ("failed" in control) return { kind: "failed", message: control.failed.message };
  if (!("exit" in control)) return undefined;
  return "code" in control.exit
    ? { kind: "exited", code: control.exit.code }
    : { kind: "signalled", signal: control.exit.signal };
}

export class ExecSession {
  readonly #socket: WebSocket;
  #end: ExecEnd | undefined;

  constructor(url: string, handlers: ExecHandlers) {
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) {
        handlers.onOutput(new Uint8Array(data).subarray(1));
        return;
      }
      const control = typeof data === "string" ? readControl(data) : undefined;
      if (control === undefined) return;
      if ("started" in control) handlers.onStarted();
      this.#end ??= endOf(control);
    });
    this.#socket.addEventListener("close", ({ reason }) => {
      handlers.onEnd(this.#end ?? { kind: "lost", message: reason });
    });
  }

  write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const frame = new Uint8Array(bytes.length + 1);
    frame[0] = execChannels.stdin;
    frame.set(bytes, 1);
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  resize(size: TerminalSize): void {
    const control: ExecClientControl = { resize: { rows: size.rows, cols: size.cols } };
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(control));
  }

  close(): void {
    this.#socket.close(1000);
  }
}
