/** `/keelson/v1/exec/{taskId}`: a command in a task over a WebSocket (contracts/kernel/agent-streams.ts). */
import type { Readable } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { ErrorCode } from "#contracts/errors.ts";
import { type ExecServerControl, execChannels, streamCloseCodes } from "#contracts/kernel/agent-streams.ts";
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { callerOf, type SocketAnswer, type SocketRequest, webSocketLimits } from "#foundation/http/index.ts";
import type { ContainerExit, Session, SessionSpec } from "#kernel/containerizer/index.ts";
import type { AgentView } from "../core/view.ts";
import { type FoundTask, findTask } from "./find-task.ts";
import type { AgentPermissions } from "./permissions.ts";
import type { Sessions } from "./sessions.ts";

export interface ExecOptions {
  readonly permissions: AgentPermissions;
  readonly view: () => AgentView;
  readonly sessions: Sessions;
  readonly doorSecret: string | undefined;
  readonly ending: AbortSignal;
}

const argumentsMax = 1_000;
const argumentBytesMax = 131_072;
const terminalDefault = { rows: 24, cols: 80 } as const;
const terminalMax = 10_000;
/** A shell that is there on every machine; a better one where there is one. */
const defaultCommand = ["/bin/sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; fi; exec sh"];

/** Refuses before the socket opens what can be told then; whether the command starts is told on the socket. */
export function execAnswer({ view, sessions, doorSecret, ending, permissions }: ExecOptions) {
  return (request: SocketRequest): SocketAnswer => {
    const { query, name } = request;
    const task = findTask(view(), name, { container: query.get("container") ?? undefined, needs: "running" });
    permissions.demandFramework(
      request.principal,
      "launch_nested_container_sessions_as_user",
      task.frameworkId,
    );
    const spec = sessionSpecOf(query);
    const asker = {
      ...callerOf(request, doorSecret),
      method: "GET",
      path: `/keelson/v1/exec/${encodeURIComponent(name)}`,
    };
    return (socket) => {
      const waiting = collectFrames(socket);
      sessions.open(task, spec, asker).then(
        (session) => new ExecConnection(socket, session, task, ending).begin(waiting()),
        (error: unknown) => {
          say(socket, { failed: { message: errorMessage(error) } });
          socket.close(1000);
        },
      );
    };
  };
}

/** What a hurried client sends before the command runs. */
function collectFrames(socket: WebSocket): () => readonly (readonly [RawData, boolean])[] {
  const frames: (readonly [RawData, boolean])[] = [];
  const collect = (data: RawData, isBinary: boolean): void => void frames.push([data, isBinary]);
  socket.on("message", collect);
  return () => {
    socket.off("message", collect);
    return frames;
  };
}

function sessionSpecOf(query: URLSearchParams): SessionSpec {
  const given = query.getAll("arg");
  const hasTerminal = ["true", ""].includes(query.get("tty") ?? "false");
  const variables = query.getAll("env");
  const bytes = [...given, ...variables].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (given.length + variables.length > argumentsMax || bytes > argumentBytesMax)
    throw invalid(`arg, env: at most ${argumentsMax} of at most ${argumentBytesMax} bytes together`);
  const environment = Object.fromEntries(
    variables.map((variable) => {
      const at = variable.indexOf("=");
      if (at < 1) throw invalid(`env: ${variable.slice(0, 100)} is not NAME=value`);
      return [variable.slice(0, at), variable.slice(at + 1)];
    }),
  );
  return {
    argv: given.length === 0 ? defaultCommand : given,
    environment,
    ...(hasTerminal
      ? {
          terminal: {
            rows: sizeOf(query.get("rows"), "rows") ?? terminalDefault.rows,
            cols: sizeOf(query.get("cols"), "cols") ?? terminalDefault.cols,
          },
        }
      : {}),
  };
}

function sizeOf(value: unknown, name: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > terminalMax)
    throw invalid(`${name}: must be a whole number from 1 to ${terminalMax}`);
  return number;
}

const invalid = (message: string): CodedError<ErrorCode> => new CodedError("InvalidRequest", message);

function say(socket: WebSocket, control: ExecServerControl): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(control));
}

class ExecConnection {
  readonly #socket: WebSocket;
  readonly #session: Session;
  readonly #task: FoundTask;
  readonly #ending: AbortSignal;

  constructor(socket: WebSocket, session: Session, task: FoundTask, ending: AbortSignal) {
    this.#socket = socket;
    this.#session = session;
    this.#task = task;
    this.#ending = ending;
  }

  begin(frames: readonly (readonly [RawData, boolean])[]): void {
    const { taskId, containerId } = this.#task;
    const socket = this.#socket;
    const session = this.#session;
    if (socket.readyState !== socket.OPEN) return session.kill();
    say(socket, { started: { taskId, containerId, pid: session.pid } });
    socket.on("close", () => session.kill());
    socket.on("message", (data, isBinary) => this.#take(data, isBinary));
    session.stdin.on("drain", () => socket.resume());
    sendOutput(socket, session.stdout, execChannels.stdout);
    if (session.stderr !== undefined) sendOutput(socket, session.stderr, execChannels.stderr);
    const onEnding = (): void => socket.close(streamCloseCodes.agentEnding, "the agent is ending");
    this.#ending.addEventListener("abort", onEnding, { once: true });
    void session.ended.then((exit) => {
      this.#ending.removeEventListener("abort", onEnding);
      this.#finish(exit);
    });
    for (const [data, isBinary] of frames) this.#take(data, isBinary);
  }

  #finish(exit: ContainerExit): void {
    const socket = this.#socket;
    socket.resume();
    if (exit.kind === "unknown") {
      // Only its container's end kills a session whose client is still here.
      socket.close(streamCloseCodes.taskEnded, "the task ended");
      return;
    }
    say(socket, { exit: exit.kind === "exited" ? { code: exit.status } : { signal: exit.signalName } });
    socket.close(1000);
  }

  #take(data: RawData, isBinary: boolean): void {
    const bytes = Buffer.isBuffer(data)
      ? data
      : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    const { stdin } = this.#session;
    if (!isBinary) return this.#obey(bytes.toString("utf8"));
    if (bytes[0] !== execChannels.stdin) return this.#refuse("the first byte of a binary frame must be 0");
    if (stdin.writableEnded || stdin.destroyed) return;
    if (!stdin.write(bytes.subarray(1))) this.#socket.pause();
  }

  #obey(text: string): void {
    const control = parseControl(text);
    if (control === undefined) return this.#refuse(`not a control frame: ${text.slice(0, 60)}`);
    if (control.kind === "eof") {
      this.#session.stdin.end();
      // An input that ends tells no more that it drained.
      this.#socket.resume();
    } else if (control.kind === "resize") this.#session.resize(control.rows, control.cols);
    else if (!this.#session.signal(control.name))
      this.#refuse(`there is no signal ${control.name.slice(0, 40)}`);
  }

  #refuse(reason: string): void {
    this.#socket.close(streamCloseCodes.invalidFrame, reason);
  }
}

type Control =
  | { readonly kind: "eof" }
  | { readonly kind: "resize"; readonly rows: number; readonly cols: number }
  | { readonly kind: "signal"; readonly name: string };

function parseControl(text: string): Control | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return undefined;
    if (value["eof"] === true) return { kind: "eof" };
    if (typeof value["signal"] === "string") return { kind: "signal", name: value["signal"] };
    const size = value["resize"];
    if (!isJsonObject(size)) return undefined;
    const rows = sizeOf(size["rows"], "rows");
    const cols = sizeOf(size["cols"], "cols");
    return rows === undefined || cols === undefined ? undefined : { kind: "resize", rows, cols };
  } catch {
    return undefined;
  }
}

/** What the client does not take holds the command up, not the agent's memory. */
function sendOutput(socket: WebSocket, stream: Readable, channel: number): void {
  stream.on("data", (bytes: Buffer) => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(Buffer.concat([Buffer.from([channel]), bytes]), () => {
      if (socket.bufferedAmount <= webSocketLimits.bufferedBytes) stream.resume();
    });
    if (socket.bufferedAmount > webSocketLimits.bufferedBytes) stream.pause();
  });
}
