/** What stays open through the door: streams, uploads, WebSockets, and who they end with. */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { identityHeaders } from "#contracts/identity.ts";
import { type MergedLogEvent, mergedLogPath } from "#contracts/observe/merged-log.ts";
import { EventDecoder } from "#foundation/http/index.ts";
import { listedApp, type Upstream } from "#platform/admin-router/testing.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { startWorld, testToken, type World } from "./world.ts";

let world: World;
let shop: Upstream;
const headers = { authorization: `token=${testToken}` };
const now = (): number => Math.floor(Date.now() / 1000);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeAll(async () => {
  world = await startWorld();
  shop = await world.task();
  world.facts.apps = { apps: [listedApp("/shop", shop.port, { DCOS_SERVICE_NAME: "shop" })] };
  const sockets = new WebSocketServer({ noServer: true });
  shop.onUpgrade = (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on("message", (data, isBinary) => opened.send(data, { binary: isBinary }));
    });
});
afterAll(() => world.close());
beforeEach(() => {
  shop.respond = undefined;
  world.services.respond = undefined;
});

const openSocket = (token: string, path = "/service/shop/echo"): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${world.door.port}${path}`, {
      headers: { authorization: `token=${token}` },
    });
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
const closed = (socket: WebSocket): Promise<true> =>
  new Promise((resolve) => socket.once("close", () => resolve(true)));

describe("WebSockets", () => {
  it("platform.md§15.1#A21 echo a thousand frames, and stay open when nothing is said for 50 s", async () => {
    const socket = await openSocket(testToken);
    let heard = 0;
    socket.on("message", () => {
      heard += 1;
    });
    for (let index = 0; index < 1_000; index += 1) socket.send(`frame ${index}`);
    await eventually("all frames are back", () => heard === 1_000);
    await pause(50_000);
    socket.send("still there?");
    await eventually("the last frame is back", () => heard === 1_001);
    socket.close();
    await closed(socket);
  }, 120_000);

  it("are opened by the same check as requests", async () => {
    const before = shop.seen.length;
    for (const token of ["bad", "", ...Object.values(await world.badTokens()).slice(0, 8)])
      await expect(openSocket(token)).rejects.toThrow("401");
    await expect(openSocket(testToken, "/service/unknown/x")).rejects.toThrow("404");
    const login = await world.logIn("sockets");
    const byCookie = (origin: string | undefined): Promise<number> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${world.door.port}/service/shop/x`, {
          headers: { cookie: `dcos-acs-auth-cookie=${login}` },
          ...(origin === undefined ? {} : { origin }),
        });
        socket.once("open", () => {
          socket.terminate();
          resolve(101);
        });
        socket.once("unexpected-response", (_request, answer) => resolve(answer.statusCode ?? 0));
        socket.once("error", () => undefined);
      });
    expect(await byCookie("http://evil.example")).toBe(403);
    expect(await byCookie("http://127.0.0.1:1")).toBe(403);
    expect(await byCookie("null")).toBe(403);
    expect(await byCookie(undefined)).toBe(403);
    expect(shop.seen.length).toBe(before);
    expect(await byCookie(`http://127.0.0.1:${world.door.port}`)).toBe(101);
  });

  it("end when the token ends", async () => {
    const token = await world.sign({ uid: "admin", exp: now() + 3 });
    const socket = await openSocket(token);
    await closed(socket);
  }, 240_000);

  it("end when the user is removed", async () => {
    const socket = await openSocket(await world.logIn("removed"));
    const ended = closed(socket);
    const path = `${world.iam.url}/acs/api/v1/users/removed`;
    await ask(path, { method: "DELETE", headers: world.iam.as("admin") });
    expect(await ended).toBe(true);
  }, 240_000);

  it("end on both sides when one goes", async () => {
    const open = (): Promise<number> =>
      ask(`${world.door.url}/nginx/metrics`).then(({ body }) =>
        Number(/door_open_streams (\d+)/.exec(String(body))?.[1]),
      );
    const before = await open();
    const socket = await openSocket(testToken);
    expect(await open()).toBe(before + 1);
    socket.terminate();
    await eventually("the tunnel is gone", async () => (await open()) === before);
  });
});

describe("logs of many tasks", () => {
  const ofMany = (body: unknown, more: RequestInit = {}): Promise<Response> =>
    fetch(`${world.door.url}${mergedLogPath}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
      ...more,
    });
  const source = (taskId: string, more: object = {}): object => ({
    agentId: "S0",
    taskId,
    file: "stdout",
    ...more,
  });
  const events = async (answer: Response): Promise<readonly MergedLogEvent[]> => {
    const decoder = new EventDecoder();
    return decoder
      .push(Buffer.from(await answer.text()))
      .map(({ data }) => JSON.parse(data) as MergedLogEvent);
  };
  /** An agent at which `a` breaks off once, `b` is refused and `c` ends. */
  const agent = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "/", "http://agent");
    const frame = (name: string, id: string, value: object): string =>
      `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(value)}\n\n`;
    if (url.pathname.endsWith("/b"))
      return void response
        .writeHead(404, { "content-type": "application/json" })
        .end('{"code":"NotFound","message":"no task b","details":{"removedAt":5}}');
    response.writeHead(200, { "content-type": "text/event-stream" });
    const isSecond = url.searchParams.get("cursor") === "1";
    response.write(frame("output", isSecond ? "2" : "1", { offset: isSecond ? 2 : 0, text: "x\n" }));
    if (url.pathname.endsWith("/a") && !isSecond) return void response.end();
    response.end(frame("end", "3", { cause: "taskEnded" }));
  };

  it("come in one stream, are taken up where they broke, and each refusal is told", async () => {
    world.facts.summary = {
      frameworks: [],
      slaves: [{ id: "S0", pid: `slave(1)@127.0.0.1:${world.kernel.port}` }],
    };
    world.kernel.respond = agent;
    const told = await events(
      await ofMany({
        sources: [source("a"), source("b"), source("c", { lines: 5 }), { ...source("d"), agentId: "S9" }],
      }),
    );
    world.kernel.respond = undefined;
    const of = (at: number): readonly unknown[] =>
      told.filter((event) => event.source === at).map(({ source: _source, ...event }) => event);
    expect(of(0)).toEqual([
      { kind: "output", cursor: "1", value: { offset: 0, text: "x\n" } },
      { kind: "output", cursor: "2", value: { offset: 2, text: "x\n" } },
      { kind: "end", cursor: "3", value: { cause: "taskEnded" } },
    ]);
    expect(of(1)).toMatchObject([{ kind: "refused", status: 404, body: { details: { removedAt: 5 } } }]);
    expect(of(2).map((event) => (event as MergedLogEvent).kind)).toEqual(["output", "end"]);
    expect(of(3)).toMatchObject([{ kind: "refused", status: 404 }]);
    const asked = world.kernel.seen.filter(({ url }) => url.includes("/keelson/v1/log/"));
    expect(asked.map(({ url }) => url)).toContain("/keelson/v1/log/c?file=stdout&follow=true&lines=5");
    // The door asks for whoever asked it.
    expect(new Set(asked.map(({ headers: given }) => given[identityHeaders.user]))).toEqual(
      new Set(["admin"]),
    );
  });

  it("are refused when the question is not one, and to who may not see them", async () => {
    const refusals = [
      [{ sources: [] }, 422],
      [{ sources: [{ agentId: "S0" }] }, 422],
      [{ sources: Array.from({ length: 201 }, () => source("a")) }, 422],
      [{ sources: [source("x".repeat(2_000_000))] }, 413],
    ] as const;
    for (const [body, status] of refusals) expect((await ofMany(body)).status).toBe(status);
    expect((await fetch(`${world.door.url}${mergedLogPath}`, { headers })).status).toBe(405);
    const stranger = {
      authorization: `token=${await world.logIn("no-logs", ["dcos:adminrouter:ops:events"])}`,
    };
    expect((await ofMany({ sources: [source("a")] }, { headers: stranger })).status).toBe(403);
  });
});

describe("streams", () => {
  const events = async (path: string, upstream: Upstream): Promise<void> => {
    let writer: ServerResponse | undefined;
    upstream.respond = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      writer = response;
    };
    const abort = new AbortController();
    const answer = await fetch(world.door.url + path, {
      headers: { ...headers, accept: "text/event-stream" },
      signal: abort.signal,
    });
    const reader = answer.body?.getReader();
    const delays: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      const sent = performance.now();
      writer?.write(`data: ${index}\n\n`);
      // The next is written when this one was read: nothing waits for company.
      const piece = await reader?.read();
      delays.push(performance.now() - sent);
      expect(new TextDecoder().decode(piece?.value)).toBe(`data: ${index}\n\n`);
    }
    expect(Math.min(...delays)).toBeLessThan(1_000);
    const ended = new Promise((resolve) => writer?.once("close", resolve));
    abort.abort();
    await ended;
  };

  it("platform.md§15.1#A22 of events come one by one, through a service and through services", async () => {
    await events("/service/shop/events", shop);
    await events("/service/marathon/v2/events", world.services);
  });

  it("of a thousand readers take nothing from a call", async () => {
    let open = 0;
    shop.respond = (_request, response) => {
      open += 1;
      response.on("close", () => {
        open -= 1;
      });
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
    };
    world.services.respond = shop.respond;
    const abort = new AbortController();
    const requests = Array.from({ length: 1_000 }, (_, index) =>
      fetch(`${world.door.url}${index % 2 === 0 ? "/service/shop/events" : "/marathon/v2/events"}`, {
        headers: { ...headers, accept: "text/event-stream" },
        signal: abort.signal,
      }),
    );
    expect((await Promise.all(requests)).every(({ status }) => status === 200)).toBe(true);
    expect(open).toBe(1_000);
    world.services.respond = undefined;
    expect((await ask(`${world.door.url}/marathon/v2/apps`, { headers })).status).toBe(200);
    expect((await ask(`${world.door.url}/mesos/state`, { headers })).status).toBe(200);
    abort.abort();
    await eventually("what is behind hears of it", () => open === 0, 60_000);
  }, 120_000);

  it("reliability.md§4#F15 to a reader who does not read wait at their source", async () => {
    let written = 0;
    let finished = false;
    shop.respond = (_request, response) => {
      const piece = Buffer.alloc(65_536, "x");
      const more = (): void => {
        while (written < 200_000_000) {
          written += piece.length;
          if (!response.write(piece)) {
            response.once("drain", more);
            return;
          }
        }
        finished = true;
      };
      response.writeHead(200);
      more();
    };
    const call = httpRequest(`${world.door.url}/service/shop/big`, { headers });
    await new Promise<void>((resolve) => {
      call.once("response", (answer) => {
        answer.pause();
        resolve();
      });
      call.end();
    });
    let before = -1;
    await eventually(
      "no more is taken",
      async () => {
        const still = written === before;
        before = written;
        await pause(500);
        return still;
      },
      30_000,
    );
    expect(finished).toBe(false);
    expect(written).toBeLessThan(50_000_000);
    call.destroy();
  }, 240_000);
});

describe("uploads", () => {
  it("reach a service while they are still sent", async () => {
    let first: (() => void) | undefined;
    const arrived = new Promise<void>((resolve) => {
      first = resolve;
    });
    const task = await world.task();
    world.facts.apps = {
      apps: [
        ...(world.facts.apps as { apps: object[] }).apps,
        listedApp("/upload", task.port, { DCOS_SERVICE_NAME: "upload" }),
      ],
    };
    world.services.tell({
      eventType: "status_update_event",
      taskStatus: "TASK_RUNNING",
      taskId: "t",
      appId: "/upload",
    });
    await eventually(
      "it is found",
      async () => (await ask(`${world.door.url}/service/upload/`, { headers })).status === 200,
    );
    task.onBody = () => first?.();
    const upload = httpRequest(`${world.door.url}/service/upload/x`, { method: "PUT", headers });
    upload.write("the beginning");
    // The end is only sent when the beginning has arrived.
    await arrived;
    const status = await new Promise((resolve) => {
      upload.once("response", (answer) => resolve(answer.statusCode));
      upload.end("the end");
    });
    expect(status).toBe(200);
    expect(task.seen.at(-1)?.bodyBytes).toBe("the beginningthe end".length);
  });

  it("that are too large are refused before they are sent", async () => {
    const refused = async (path: string, bytes: number): Promise<string> =>
      world.raw(
        `PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token=${testToken}\r\nContent-Length: ${bytes}\r\n\r\nx`,
      );
    expect(await refused("/mesos/x", 2 * 1_073_741_824)).toMatch(/^HTTP\/1\.1 413/);
    expect(await refused("/service/shop/x", 40 * 1_073_741_824)).toMatch(/^HTTP\/1\.1 413/);
  });

  it("wait for a 100 that only comes to who may", async () => {
    const ask100 = (token: string): Promise<string> =>
      world.raw(
        `PUT /service/shop/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token=${token}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`,
      );
    expect(await ask100(testToken)).toMatch(/^HTTP\/1\.1 100/);
    expect(await ask100("bad")).toMatch(/^HTTP\/1\.1 401/);
  });
});
