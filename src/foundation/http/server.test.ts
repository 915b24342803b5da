import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { json, text } from "./answer.ts";
import { parseJson } from "./bounded-json.ts";
import { createHttpServer } from "./server.ts";
import { openRaw, type RawConnection } from "./testing.ts";

const bodyBytesMax = 1_000;
const bugs: unknown[] = [];
const server = createHttpServer({
  host: "127.0.0.1",
  port: 0,
  bodyBytesMax,
  commonHeaders: { "x-common": "yes" },
  onBug: (error) => bugs.push(error),
});
let port = 0;
let handled = 0;

beforeAll(async () => {
  const echo = ({ body }: { readonly body: Buffer }): ReturnType<typeof json> => {
    handled += 1;
    return json({ got: parseJson(body) });
  };
  server.route({ method: "POST", path: "/json", handler: echo });
  server.route({ method: "POST", path: "/form", form: true, handler: ({ body }) => text(body.toString()) });
  server.route({
    method: "POST",
    path: "/large",
    bodyBytesMax: 5_000,
    handler: ({ body }) => json(body.length),
  });
  server.route({ method: "GET", path: "/thing/:id", handler: ({ params }) => json(params) });
  server.route({
    method: "GET",
    path: "/bug",
    handler: () => {
      throw new TypeError("a secret of the program");
    },
  });
  ({ port } = await server.listen());
});
afterAll(() => server.close());

async function until(claim: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within 60 s: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

function ask(options: RequestOptions, body: string | Buffer = ""): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, agent: false, ...options }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.once("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(pieces).toString(),
        }),
      );
    });
    sent.once("error", reject).end(body);
  });
}

const raw = (given: string): RawConnection => openRaw(port, given);

const post = (
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): Promise<Answered> => ask({ method: "POST", path, headers }, body);
const head = (method: string, path: string, ...headers: readonly string[]): string =>
  `${[`${method} ${path} HTTP/1.1`, "Host: localhost", ...headers].join("\r\n")}\r\n\r\n`;

describe("a body", () => {
  it.each([
    ["is cut off", '{"id":', /JSON/],
    ["is empty", "", /JSON/],
    ["is not JSON", "<app/>", /JSON/],
    ["has something behind it", "{} {}", /JSON/],
    ["is nested too deep", "[".repeat(200), /nested more than 128 levels/],
  ])("that %s is answered with 400 and what is wrong", async (_claim, body, message) => {
    const answer = await post("/json", { "content-type": "application/json" }, body);
    expect(answer.status).toBe(400);
    expect(answer.headers).toMatchObject({ "content-type": "application/json", "x-common": "yes" });
    expect(JSON.parse(answer.body)).toMatchObject({ message: expect.stringMatching(message) });
  });

  it.each([
    ["/json", "application/x-www-form-urlencoded", 415],
    ["/json", "multipart/form-data; boundary=x", 415],
    ["/json", "Multipart/Form-Data;boundary=x", 415],
    ["/json", "rubbish", 415],
    ["/json", "application/json; charset=utf-8", 200],
    ["/json", "APPLICATION/JSON", 200],
    ["/form", "application/x-www-form-urlencoded", 200],
  ])("at %s may be sent as %s or not: %i", async (path, type, status) => {
    expect((await post(path, { "content-type": type }, "{}")).status).toBe(status);
  });

  it("of exactly the limit is taken, whole and in its bytes", async () => {
    const body = JSON.stringify(`${"✓".repeat(332)}xx`);
    expect(Buffer.byteLength(body)).toBe(bodyBytesMax);
    expect(JSON.parse((await post("/json", {}, body)).body)).toEqual({ got: JSON.parse(body) });
    expect((await post("/large", {}, "x".repeat(5_000))).body).toBe("5000");
  });

  it("declared above the limit is refused before any of it is sent", async () => {
    const before = handled;
    const { received, closed } = raw(head("POST", "/json", `Content-Length: ${bodyBytesMax + 1}`));
    await until("the refusal", () => received().includes("BodyTooLarge"));
    expect(received()).toMatch(/^HTTP\/1.1 413 /);
    expect(received().toLowerCase()).toContain("connection: close");
    await until("the connection ends", closed);
    expect(handled).toBe(before);
  });

  it("in chunks is refused with the chunk that is too much, not at its end", async () => {
    const before = handled;
    const { socket, received, closed } = raw(head("POST", "/json", "Transfer-Encoding: chunked"));
    const chunk = `190\r\n${"x".repeat(400)}\r\n`;
    socket.write(chunk + chunk);
    socket.write(chunk);
    await until("the refusal", () => received().includes("BodyTooLarge"));
    expect(received()).toMatch(/^HTTP\/1.1 413 /);
    await until("the connection ends, though the body did not", closed);
    expect(handled).toBe(before);
  });

  it("that is refused while all of it is sent still lets its sender read why", async () => {
    const answer = await post("/large", {}, Buffer.alloc(4_000_000));
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ code: "BodyTooLarge" });
  });

  it("whose sender goes away within it is nobody's bug", async () => {
    const before = handled;
    const { socket, closed } = raw(`${head("POST", "/json", "Content-Length: 100")}{"half`);
    await new Promise((resolve) => socket.write(":", resolve));
    expect((await ask({ path: "/thing/1" })).status).toBe(200);
    socket.resetAndDestroy();
    await until("the connection ended", closed);
    const broken = raw(`${head("POST", "/json", "Transfer-Encoding: chunked")}zz\r\n`);
    await until("the other was refused", broken.closed);
    expect(broken.received()).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask({ path: "/thing/1" })).status).toBe(200);
    expect(handled).toBe(before);
    expect(bugs).toEqual([]);
  });
});

describe("a request", () => {
  it("whose handler fails by mistake is answered with 500 that tells nothing of it, and is logged", async () => {
    const answer = await ask({ path: "/bug" });
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain("secret");
    expect(bugs.splice(0)).toEqual([new TypeError("a secret of the program")]);
  });

  it.each<readonly [string, number, string, string]>([
    ["InvalidRequest", 400, "GET", "/thing/%zz"],
    ["InvalidRequest", 414, "GET", `/thing/${"x".repeat(5_000)}`],
    ["NotFound", 404, "GET", "/nothing"],
    ["MethodNotAllowed", 405, "DELETE", "/thing/1"],
  ])("that is %s is refused with %i in the server's own shape", async (code, status, method, path) => {
    const answer = await ask({ method, path });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code });
    expect(answer.headers["x-common"]).toBe("yes");
    expect(answer.headers.allow).toBe(status === 405 ? "GET" : undefined);
    expect(answer.body.length).toBeLessThan(500);
    expect(bugs).toEqual([]);
  });

  it("with a slash after a path finds nothing, unless the server ignores it", async () => {
    expect((await ask({ path: "/thing/1/" })).status).toBe(404);
    const lenient = createHttpServer({ host: "127.0.0.1", port: 0, ignoresTrailingSlash: true });
    for (const path of ["/things", "/things/*"])
      lenient.route({ method: "GET", path, handler: ({ params }) => json(params) });
    const { port: other } = await lenient.listen();
    try {
      expect((await ask({ port: other, path: "/things/?a=b" })).body).toBe("{}");
      expect((await ask({ port: other, path: "/things/a/b/" })).body).toBe('{"*":"a/b"}');
    } finally {
      await lenient.close();
    }
  });

  it("with a head above the limit is refused with 431", async () => {
    const { received } = raw(head("GET", "/thing/1", `X-Long: ${"x".repeat(40_000)}`));
    await until("the refusal", () => received().includes("\r\n\r\n"));
    expect(received()).toMatch(/^HTTP\/1.1 431 /);
  });

  it("that offers another protocol is answered in this one", async () => {
    const offer = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABk" };
    expect((await ask({ path: "/thing/1", headers: offer })).body).toBe('{"id":"1"}');
    expect((await post("/json", offer, '{"a":1}')).body).toBe('{"got":{"a":1}}');
  });
});
