/** `/keelson/v1/connect/{taskId}?port=N`: one TCP connection to a port of a task over a WebSocket (ADR 0068). */
import { connect, type Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import type { ErrorCode } from "#contracts/errors.ts";
import { streamCloseCodes } from "#contracts/kernel/agent-streams.ts";
import { includes, parseResources } from "#domain/resources/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { type SocketAnswer, type SocketRequest, webSocketLimits } from "#foundation/http/index.ts";
import type { ContainerDriver } from "#kernel/containerizer/index.ts";
import type { TaskRun } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";
import { findTask } from "./find-task.ts";
import type { AgentPermissions } from "./permissions.ts";
import type { RunEnds } from "./run-ends.ts";

export interface ConnectOptions {
  readonly permissions: AgentPermissions;
  readonly view: () => AgentView;
  readonly driver: Pick<ContainerDriver, "listeningPorts">;
  readonly ends: RunEnds;
  readonly ending: AbortSignal;
}

/** Connections of one agent; one more is refused. */
const connectionsMax = 1_024;
const connectTimeoutMs = 10_000;
const hosts = ["127.0.0.1", "::1"] as const;

export function connectAnswer(options: ConnectOptions) {
  const { view, driver, ends, ending, permissions } = options;
  let connections = 0;
  return async (request: SocketRequest): Promise<SocketAnswer> => {
    const { query, name } = request;
    const task = findTask(view(), name, { container: query.get("container") ?? undefined, needs: "running" });
    permissions.demandFramework(request.principal, "attach_containers_input", task.frameworkId);
    const port = portOf(query.get("port"));
    const { run } = task;
    if (
      run === undefined ||
      !(wasGiven(run, port) || (await driver.listeningPorts(task.containerId)).has(port))
    )
      throw new CodedError<ErrorCode>(
        "Forbidden",
        `port ${port} is not task ${name}'s: it was not given it, and no process of the task listens there`,
      );
    if (connections >= connectionsMax)
      throw new CodedError<ErrorCode>(
        "TooManyRequests",
        `this agent forwards ${connectionsMax} connections already`,
      );
    connections += 1;
    let target: Socket;
    try {
      target = await open(port);
    } catch (error) {
      connections -= 1;
      throw error;
    }
    return (socket) => {
      const end = (code: number, reason: string): void => {
        socket.close(code, reason);
        target.destroy();
      };
      const stopListening = ends.on(task.containerId, () =>
        end(streamCloseCodes.taskEnded, "the task ended"),
      );
      const onEnding = (): void => end(streamCloseCodes.agentEnding, "the agent is ending");
      ending.addEventListener("abort", onEnding, { once: true });
      target.once("close", () => {
        connections -= 1;
        stopListening();
        ending.removeEventListener("abort", onEnding);
      });
      join(socket, target);
    };
  };
}

function portOf(given: string | null): number {
  const port = Number(given);
  if (given === null || !/^\d{1,5}$/.test(given) || port < 1 || port > 65_535)
    throw new CodedError<ErrorCode>("InvalidRequest", "port: must be a number from 1 to 65535");
  return port;
}

const wasGiven = (run: TaskRun, port: number): boolean =>
  includes(parseResources(run.spec.resources).ranges("ports"), port);

/** A task that listens on one of the two loopback addresses only is found there. */
async function open(port: number): Promise<Socket> {
  let cause = "";
  for (const host of hosts) {
    const found = await tryOpen(host, port);
    if (typeof found !== "string") return found;
    cause = cause === "" ? found : cause;
  }
  throw new CodedError<ErrorCode>("Unreachable", `nothing answers at port ${port}: ${cause}`);
}

function tryOpen(host: string, port: number): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    socket.setTimeout(connectTimeoutMs, () => socket.destroy(new Error("no answer in time")));
    socket.once("error", (error) => resolve(error.message));
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("error");
      socket.on("error", () => socket.destroy());
      resolve(socket);
    });
  });
}

/** Bytes either way, each direction with its own end; neither side is read faster than the other takes. */
function join(socket: WebSocket, target: Socket): void {
  let isTargetDone = false;
  target.on("data", (bytes) => {
    socket.send(bytes, () => {
      if (socket.bufferedAmount <= webSocketLimits.bufferedBytes) target.resume();
    });
    if (socket.bufferedAmount > webSocketLimits.bufferedBytes) target.pause();
  });
  target.on("end", () => {
    isTargetDone = true;
    socket.send('{"eof":true}');
  });
  target.on("drain", () => socket.resume());
  target.on("close", (hadError) => {
    socket.resume();
    if (isTargetDone && !hadError) socket.close(1000);
    else socket.close(streamCloseCodes.unreachable, "the connection to the task broke off");
  });
  socket.on("message", (data: RawData, isBinary) => {
    const bytes = Buffer.isBuffer(data)
      ? data
      : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    if (!isBinary) {
      if (bytes.toString("utf8").replace(/\s/g, "") !== '{"eof":true}')
        socket.close(streamCloseCodes.invalidFrame, 'text frames are {"eof":true} only');
      else target.end(() => socket.resume());
      return;
    }
    if (target.writable && !target.write(bytes)) socket.pause();
  });
  socket.on("close", () => target.destroy());
}
