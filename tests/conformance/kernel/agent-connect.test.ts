/** Connections to ports of tasks through the agent, on real processes. */
import { chmodSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { agentStreamPaths } from "#contracts/kernel/agent-streams.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";
import { StreamReader } from "./event-stream-reader.ts";

let world: KernelWorld;
let scheduler: Scheduler;
let task: string;
let port = 0;
let stranger: Server;

/** Answers what it read once the other side is done, in capitals; then waits a little before it is done itself. */
const server = `
const net = require("node:net");
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  let text = "";
  socket.on("data", (piece) => { text += piece; if (text === "hello") socket.write("early;"); });
  socket.on("end", () => socket.end(text.length > 1000 ? String(text.length) : text.toUpperCase()));
});
server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
`;

beforeAll(async () => {
  world = await KernelWorld.start();
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
  task = await scheduler.launch({
    shell: false,
    value: process.execPath,
    arguments: ["node", "-e", server],
  });
  await scheduler.status(task, "TASK_RUNNING");
  const output = new StreamReader(`${world.agentUrl}${agentStreamPaths.log(task)}?follow=true`);
  await output.until("its port", () => /port \d+\n/.test(output.text));
  port = Number(/port (\d+)/.exec(output.text)?.[1]);
  await output.close();
  stranger = createServer((socket) => socket.end("not the task's"));
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  stranger.close();
  await world.close();
});

function open(wanted: number, taskId = task) {
  const path = `${agentStreamPaths.connect(taskId)}?port=${wanted}`;
  const socket = new WebSocket(`${world.agentUrl.replace("http", "ws")}${path}`);
  const seen = { text: "", isEnded: false, code: 0, status: 0, body: "" };
  socket.on("message", (data: Buffer, isBinary) => {
    if (isBinary) seen.text += data.toString();
    else if (data.toString() === '{"eof":true}') seen.isEnded = true;
  });
  socket.on("close", (code) => {
    seen.code = code;
  });
  socket.on("error", () => undefined);
  socket.on("unexpected-response", (_request, response) => {
    response.on("data", (piece) => {
      seen.body += piece;
    });
    response.on("end", () => {
      seen.status = response.statusCode ?? 0;
    });
  });
  return { socket, seen };
}

const opened = (socket: WebSocket): Promise<void> =>
  new Promise((resolve) => socket.once("open", () => resolve()));

describe("a connection to a task's port", { timeout: 120_000 }, () => {
  it("passes bytes both ways and each end by itself", async () => {
    const { socket, seen } = open(port);
    await opened(socket);
    socket.send(Buffer.from("hello"));
    await eventually("an early answer", async () => seen.text === "early;");
    socket.send(Buffer.from(" world"));
    socket.send('{"eof":true}');
    await eventually("its end", async () => seen.code !== 0);
    expect(seen).toMatchObject({ text: "early;HELLO WORLD", isEnded: true, code: 1000 });
  });

  it("passes a lot, and begins within a moment", async () => {
    const begun = Date.now();
    const { socket, seen } = open(port);
    await opened(socket);
    // The goal is 300 ms on a quiet machine.
    expect(Date.now() - begun).toBeLessThan(30_000);
    for (let piece = 0; piece < 100; piece += 1) socket.send(Buffer.alloc(100_000, "x"));
    socket.send('{"eof":true}');
    await eventually("its end", async () => seen.code !== 0);
    expect(seen).toMatchObject({ text: "10000000", code: 1000 });
  });

  it("ends with the client, and takes no frame that does not belong", async () => {
    const { socket, seen } = open(port);
    await opened(socket);
    socket.send("nonsense");
    await eventually("its end", async () => seen.code !== 0);
    expect(seen.code).toBe(4400);
  });

  it("is refused to what is not the task's, and says why before it opens", async () => {
    const other = (stranger.address() as { readonly port: number }).port;
    const agentPort = Number(new URL(world.agentUrl).port);
    for (const [wanted, status, taskId] of [
      [other, 403, task],
      [agentPort, 403, task],
      [0, 400, task],
      [70_000, 400, task],
      [port, 404, "no-such-task"],
    ] as const) {
      const { seen } = open(wanted, taskId);
      await eventually(`a refusal of ${wanted}`, async () => seen.status !== 0);
      expect([wanted, seen.status, JSON.parse(seen.body).code]).toEqual([
        wanted,
        status,
        { 403: "Forbidden", 400: "InvalidRequest", 404: "NotFound" }[status],
      ]);
    }
  });

  it("to a given port on which nothing listens is unreachable, and ends with its task", async () => {
    const scalar = (name: string, value: number) => ({
      name,
      type: "SCALAR" as const,
      scalar: { value },
      allocation_info: { role: "*" },
    });
    const ports = {
      name: "ports",
      type: "RANGES" as const,
      ranges: { range: [{ begin: 31_007, end: 31_007 }] },
      allocation_info: { role: "*" },
    };
    const quiet = await scheduler.shell("sleep 1000", {
      resources: [scalar("cpus", 0.1), scalar("mem", 32), ports],
    });
    await scheduler.status(quiet, "TASK_RUNNING");
    const { seen } = open(31_007, quiet);
    await eventually("a refusal", async () => seen.status !== 0);
    expect([seen.status, JSON.parse(seen.body).code]).toEqual([502, "Unreachable"]);
    await scheduler.kill(quiet, 0);

    const { socket, seen: live } = open(port);
    await opened(socket);
    await scheduler.kill(task, 0);
    await eventually("its end", async () => live.code !== 0);
    expect([1000, 4410, 4502]).toContain(live.code);
  });
});
