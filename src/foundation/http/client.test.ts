import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineEndpoint } from "#contracts/endpoint.ts";
import { Type } from "#contracts/schema.ts";
import { callEndpoint } from "./call-endpoint.ts";
import { createHttpClient, type IncomingAnswer, NoAnswer, type OutgoingRequest } from "./client.ts";

/** A server of any behaviour; each test gives paths theirs. */
const behaviours = new Map<string, (response: ServerResponse, body: Buffer) => void>();
const open = new Set<ServerResponse>();
const server = createServer((request, response) => {
  open.add(response);
  response.once("close", () => open.delete(response));
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => behaviours.get(request.url ?? "")?.(response, Buffer.concat(pieces)));
});
const client = createHttpClient();
const patientMs = 60_000;
let url = "";
let paths = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The URL of a new path that behaves so. */
function at(behaviour: (response: ServerResponse, body: Buffer) => void): string {
  paths += 1;
  behaviours.set(`/${paths}`, behaviour);
  return `${url}/${paths}`;
}

const get = (target: string, timeoutMs = patientMs): Promise<IncomingAnswer> =>
  client.send({ method: "GET", url: target }, timeoutMs);

/** Writes a byte now and then until the other side has enough. */
function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write("x"), 20);
  response.once("close", () => clearInterval(timer));
}

async function until(claim: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + patientMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a call", () => {
  it("gives status, headers and the bytes of the body, and sends its own", async () => {
    const bytes = Buffer.from([0, 255, 10, 128]);
    const target = at((response, body) =>
      response.writeHead(201, { "x-one": "1", "set-cookie": ["a", "b"] }).end(body),
    );
    const answer = await client.send({ method: "POST", url: target, body: bytes }, patientMs);
    expect(answer).toMatchObject({ status: 201, headers: { "x-one": "1", "set-cookie": ["a", "b"] } });
    expect(answer.body).toEqual(bytes);
  });

  it.each([204, 299, 302, 307, 404, 418, 500, 599, 999])(
    "gives status %i as an answer like any other",
    async (status) => {
      const target = at((response) => response.writeHead(status, { location: `${url}/elsewhere` }).end());
      expect((await get(target)).status).toBe(status);
    },
  );

  it.each<[string, (response: ServerResponse) => void]>([
    ["says nothing", () => undefined],
    ["sends a head and nothing else", (response) => response.writeHead(200).flushHeaders()],
    ["sends a byte now and then for ever", drip],
  ])("to a server that %s has no answer once its time is over", async (_claim, behaviour) => {
    await expect(get(at(behaviour), 150)).rejects.toThrow(NoAnswer);
    await until("the connection is given up", () => open.size === 0);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ["hangs up", (response) => response.socket?.destroy()],
    [
      "ends within the body",
      (response) =>
        response.writeHead(200, { "content-length": "9" }).write("half", () => response.destroy()),
    ],
    ["does not speak HTTP", (response) => response.socket?.end("SSH-2.0-OpenSSH\r\n\r\n")],
  ])("to a server that %s has no answer, and says of whom", async (_claim, behaviour) => {
    const target = at(behaviour);
    await expect(get(target)).rejects.toMatchObject({
      name: "NoAnswer",
      message: expect.stringContaining(`GET ${target}: `),
    });
  });

  it("to nobody has no answer", async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toThrow(NoAnswer);
    await expect(get("no URL at all")).rejects.toThrow(NoAnswer);
  });

  it("refuses an answer that is larger than it takes, and does not read on", async () => {
    let written = 0;
    const piece = Buffer.alloc(1_048_576);
    const target = at((response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(piece)) written += piece.length;
        written += piece.length;
      };
      response.on("drain", more);
      more();
    });
    await expect(get(target)).rejects.toThrow("the answer is larger than 67108864 bytes");
    await until("the connection is given up", () => open.size === 0);
    expect(written).toBeLessThan(134_217_728);
  });
});

describe("a stream", () => {
  interface Heard {
    status?: number;
    data: string;
    readonly ends: string[];
  }

  const listen = (request: OutgoingRequest, onData?: () => void): { heard: Heard; abort: () => void } => {
    const heard: Heard = { data: "", ends: [] };
    const stream = client.stream(request, {
      onHead: (status) => {
        heard.status = status;
      },
      onData: (piece) => {
        heard.data += piece.toString();
        onData?.();
      },
      onEnd: (cause) => heard.ends.push(cause),
    });
    return { heard, abort: stream.abort };
  };

  it("gives its head, its data as it comes, and its end once", async () => {
    let response: ServerResponse | undefined;
    const target = at((opened, body) => {
      response = opened;
      opened.writeHead(200).write(body);
    });
    const { heard, abort } = listen({ method: "POST", url: target, body: "first" });
    await until("the first piece", () => heard.data === "first");
    response?.write(" second");
    await until("the second", () => heard.data === "first second");
    expect(heard).toMatchObject({ status: 200, ends: [] });
    response?.end();
    await until("the end", () => heard.ends.length > 0);
    abort();
    expect(heard.ends).toEqual(["the server ended the stream"]);
  });

  it("that is aborted ends at once, hears nothing more, and frees the server", async () => {
    const { heard, abort } = listen({ method: "GET", url: at(drip) });
    await until("some data", () => heard.data.length > 0);
    abort();
    abort();
    const { data } = heard;
    expect(heard.ends).toEqual(["aborted"]);
    await until("the connection is given up", () => open.size === 0);
    expect(heard).toMatchObject({ data, ends: ["aborted"] });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    [
      "is cut off",
      (response) => response.writeHead(200).write("x", () => response.socket?.resetAndDestroy()),
    ],
    ["never begins", (response) => response.socket?.destroy()],
  ])("that %s ends once, with a cause that is not the server's", async (_claim, behaviour) => {
    const { heard } = listen({ method: "GET", url: at(behaviour) });
    await until("the end", () => heard.ends.length > 0);
    expect(heard.ends).toHaveLength(1);
    expect(heard.ends[0]).not.toBe("the server ended the stream");
  });

  it("whose reader fails ends with what failed, and frees the server", async () => {
    const { heard } = listen({ method: "GET", url: at(drip) }, () => {
      throw new Error("the record is not valid");
    });
    await until("the end", () => heard.ends.length > 0);
    expect(heard).toMatchObject({ data: "x", ends: ["the record is not valid"] });
    await until("the connection is given up", () => open.size === 0);
  });

  it("takes no connection from calls: with 100 open, a call is answered", async () => {
    const target = at((response) => response.writeHead(200).write("."));
    const streams = Array.from({ length: 100 }, () => listen({ method: "GET", url: target }));
    await until("all are open", () => streams.every(({ heard }) => heard.data === "."));
    expect((await get(at((response) => response.end("answered")))).body.toString()).toBe("answered");
    for (const { abort } of streams) abort();
    await until("all are given up", () => open.size === 0);
  });
});

describe("the typed client", () => {
  const thing = defineEndpoint({
    method: "GET",
    path: "/thing",
    summary: "One thing",
    params: Type.Object({}),
    query: Type.Object({}),
    reply: Type.Object({ id: Type.String() }),
    errors: ["NotFound"],
    permission: { resource: "service", action: "view" },
  });
  const call = (status: number, body: string): Promise<{ readonly id: string }> => {
    behaviours.set("/keelson/v1/thing", (response) => response.writeHead(status).end(body));
    return callEndpoint(client, { url }, thing);
  };

  it("gives the reply", async () => {
    expect(await call(200, '{"id":"a"}')).toEqual({ id: "a" });
  });

  it.each<[number, string, object]>([
    [
      404,
      '{"code":"NotFound","message":"no thing","details":[1]}',
      { code: "NotFound", message: "no thing", details: [1] },
    ],
    [418, '{"code":"OfTheFuture","message":"new"}', { code: "OfTheFuture", message: "new" }],
    [500, '{"message":"only words"}', { code: "Internal", message: "only words" }],
    [
      500,
      '{"code":5,"message":{}}',
      { code: "Internal", message: expect.stringMatching(/GET \/thing .* HTTP 500$/) },
    ],
    [599, "{}", { code: "Internal", message: expect.stringMatching(/HTTP 599$/) }],
    [503, "null", { code: "Internal", message: expect.stringMatching(/HTTP 503$/) }],
    [503, '["a"]', { code: "Internal", message: expect.stringMatching(/HTTP 503$/) }],
    [
      502,
      "<html>Bad Gateway</html>",
      { code: "Internal", message: expect.stringMatching(/HTTP 502, not JSON$/) },
    ],
    [504, "", { code: "Internal", message: expect.stringMatching(/HTTP 504, not JSON$/) }],
    [200, "<html>Log in</html>", { code: "Internal", message: expect.stringMatching(/HTTP 200, not JSON$/) }],
    [302, "", { code: "Internal", message: expect.stringMatching(/HTTP 302, not JSON$/) }],
  ])("gives status %i with %j as an error with a code", async (status, body, error) => {
    await expect(call(status, body)).rejects.toMatchObject({ name: "CodedError", ...error });
  });

  it("tells no answer from a refusal", async () => {
    behaviours.set("/keelson/v1/thing", (response) => response.destroy());
    await expect(callEndpoint(client, { url }, thing)).rejects.toThrow(NoAnswer);
  });
});
