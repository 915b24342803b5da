import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { openExec, openPort } from "./agent-exec.ts";
import { onThisMachine } from "./cluster.ts";
import { Connection } from "./connection.ts";

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A frame of a server: short, unmasked. */
const frame = (opcode: number, payload: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, Buffer.byteLength(payload)]), Buffer.from(payload)]);
const [text, binary, close] = [1, 2, 8];

/** An agent that says everything at once with its handshake, as the bytes of a quick command come together. */
async function agentSaying(...frames: readonly Buffer[]): Promise<string> {
  server = createServer();
  server.on("upgrade", ({ headers }, socket) => {
    const accept = createHash("sha1")
      .update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), ...frames]));
    // All that comes is the close of the other side.
    socket.once("data", () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const connection = new Connection(onThisMachine({}, undefined, undefined));
const end = frame(close, Buffer.from([1000 >> 8, 1000 & 0xff]));

describe("what an agent says right behind its handshake", () => {
  it("is heard of a command: its output and how it ended", async () => {
    const agent = await agentSaying(
      frame(text, '{"started":{"taskId":"t","containerId":"c","pid":7}}'),
      frame(binary, Buffer.from([1, ...Buffer.from("hello")])),
      frame(text, '{"exit":{"code":3}}'),
      end,
    );
    const heard: string[] = [];
    const session = await openExec(
      connection,
      { id: "t", agentId: "a", agent, command: ["true"] },
      {
        onStarted: () => heard.push("started"),
        onOutput: (channel, bytes) => heard.push(`${channel} ${bytes.toString()}`),
      },
    );
    expect(await session.ended).toEqual({ kind: "exit", code: 3 });
    expect(heard).toEqual(["started", "stdout hello"]);
  });

  it("is heard of a port, whenever somebody listens", async () => {
    const agent = await agentSaying(frame(binary, "greeting"), end);
    const socket = await openPort(connection, { id: "t", agentId: "a", agent }, 80);
    await new Promise((resolve) => setImmediate(resolve));
    const heard: string[] = [];
    socket.on("message", (bytes: Buffer) => heard.push(bytes.toString()));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    await closed;
    expect(heard).toEqual(["greeting"]);
  });
});
