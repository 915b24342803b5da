/** `keelson port-forward`: a port of this machine that leads to a task, and to its replacement when it goes. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { openPort } from "#clients/client/agent-exec.ts";
import { getApp, servicePath } from "#clients/client/services.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ForwardTarget, type FoundTask, findForwardTarget } from "../find-task.ts";
import { isNotFound } from "../naming.ts";
import { pause } from "../pause.ts";

/** Connections at once; more wait in the kernel's queue. */
const connectionsMax = 256;
/** How long a connection waits for a replacement of the instance. */
const patienceMs = 30_000;
const retryMs = 250;
/** Held back for a slow side before reading on. */
const bufferedBytesMax = 4_194_304;

export async function portForward(context: Context, input: Input): Promise<void> {
  const name = input.word(0);
  const { local, remote } = portsOf(input);
  // Tried once before anything listens: a mistake is told now, not at the first connection.
  let target = await findForwardTarget(context, name);
  const port = await remotePort(context, target.service ?? name, remote);
  portNow(target, port);
  const connect = async (): Promise<Awaited<ReturnType<typeof openPort>>> => {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      try {
        return await openPort(context.connection, target, portNow(target, port));
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await pause(retryMs);
        target = await replacementOf(context, name, target);
      }
    }
  };
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    forward(context, socket, connect).catch((error: unknown) => {
      context.warn(context.say("forward.failed", { name, problem: errorMessage(error) }));
      socket.destroy();
    });
  });
  server.maxConnections = connectionsMax;
  server.listen({ host: "127.0.0.1", port: local });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new CommandFailed(context.say("forward.cantListen", { port: local, problem: errorMessage(error) }));
  }
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : local;
  const described = typeof port === "number" ? String(port) : port.name;
  if (context.json) context.print(JSON.stringify({ local: listening, remote: described, task: target.id }));
  else context.print(context.say("forward.ready", { url: `127.0.0.1:${listening}`, name, port: described }));
  await once(server, "close");
}

/** Where the next try goes; an instance that was named and is gone is said to be. */
async function replacementOf(context: Context, name: string, before: ForwardTarget): Promise<ForwardTarget> {
  const next = await findForwardTarget(context, name).catch(() => before);
  if (next.id !== before.id && before.id.includes(name) && next.service !== undefined)
    context.note(context.say("forward.moved", { before: before.id, next: next.id, name: next.service }));
  return next;
}

/** A port by its number, or the nth port the task was given. */
type RemotePort = number | { readonly name: string; readonly index: number };

function portsOf(input: Input): { readonly local: number; readonly remote: string | undefined } {
  const given = input.optionalWord(1);
  if (given === undefined) return { local: 0, remote: undefined };
  const [first = "", second] = given.split(":");
  const remote = second ?? first;
  const local =
    second === undefined ? (/^\d+$/.test(first) ? Number(first) : 0) : Number(first === "" ? "0" : first);
  if (!Number.isInteger(local) || local < 0 || local > 65_535 || remote === "")
    throw new UsageError("forward.badPorts", { given }, input.path);
  return { local, remote };
}

/** `http` is the port of that name in the definition; nothing is the first; a number is itself. */
async function remotePort(context: Context, name: string, remote: string | undefined): Promise<RemotePort> {
  if (remote !== undefined && /^\d+$/.test(remote)) return Number(remote);
  const definition = await getApp(context.cluster, servicePath(name)).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  const names = (definition?.portDefinitions ?? []).map((port) => port.name ?? "");
  const index = remote === undefined ? 0 : names.indexOf(remote);
  if (index === -1)
    throw new CommandFailed(
      context.say("forward.noSuchPort", {
        name,
        port: remote ?? "",
        ports: names.filter(Boolean).join(", ") || "-",
      }),
    );
  return { name: remote ?? "0", index };
}

/** Ports are given anew to each instance. */
function portNow({ id, ports }: FoundTask, port: RemotePort): number {
  if (typeof port === "number") return port;
  const found = ports[port.index];
  if (found === undefined) throw new Error(`${id} has no port ${port.name}`);
  return found;
}

async function forward(
  context: Context,
  socket: Socket,
  connect: () => Promise<Awaited<ReturnType<typeof openPort>>>,
): Promise<void> {
  const remote = await connect();
  socket.on("error", () => remote.close());
  socket.on("data", (bytes) => {
    remote.send(bytes, () => {
      if (remote.bufferedAmount < bufferedBytesMax) socket.resume();
    });
    if (remote.bufferedAmount >= bufferedBytesMax) socket.pause();
  });
  socket.on("end", () => remote.send(JSON.stringify({ eof: true })));
  remote.on("message", (data: Buffer, isBinary: boolean) => {
    if (!isBinary) socket.end();
    else if (!socket.write(data)) {
      remote.pause();
      socket.once("drain", () => remote.resume());
    }
  });
  remote.on("close", (code: number, reason: Buffer) => {
    if (code !== 1000 && reason.length > 0)
      context.note(context.say("forward.broke", { problem: reason.toString() }));
    socket.destroySoon();
  });
  remote.on("error", () => socket.destroy());
  socket.on("close", () => remote.close());
  socket.resume();
  remote.resume();
}
