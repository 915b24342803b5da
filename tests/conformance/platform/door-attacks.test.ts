/** What attackers try at the door: bytes that two servers read differently, pages of others, tasks that are hostile. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { csrfHeader } from "#contracts/identity.ts";
import { listedApp, type Upstream } from "#platform/admin-router/testing.ts";
import { ask, run } from "../../harness/cluster.ts";
import { startWorld, testToken, type World } from "./world.ts";

let world: World;
let shop: Upstream;
let login: string;
beforeAll(async () => {
  world = await startWorld();
  shop = await world.task();
  world.facts.apps = {
    apps: [
      listedApp("/shop", shop.port, { DCOS_SERVICE_NAME: "shop" }),
      listedApp("/shop/cart", shop.port),
      listedApp("/trusted", shop.port, { DCOS_SERVICE_NAME: "trusted", KEELSON_SERVICE_AUTH: "pass" }),
    ],
  };
  login = await world.logIn("victim");
});
afterAll(() => world.close());
beforeEach(() => {
  for (const upstream of [world.kernel, world.services, shop]) {
    upstream.seen.length = 0;
    upstream.respond = undefined;
  }
});

const authorization = `Authorization: token=${testToken}`;
const line = (target: string, ...headers: readonly string[]): string =>
  `${["GET", target, "HTTP/1.1"].join(" ")}\r\nHost: 127.0.0.1\r\n${authorization}\r\n${headers.map((header) => `${header}\r\n`).join("")}Connection: close\r\n\r\n`;
const statuses = (answer: string): readonly string[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status ?? "");
const everySeen = (): readonly string[] =>
  [world.kernel, world.services, shop].flatMap(({ seen }) =>
    seen.map(({ method, url }) => `${method} ${url}`),
  );

describe("paths that two servers could read differently", () => {
  it.each([
    "/service/shop/../../mesos/state",
    "/mesos/./state",
    "/mesos/%2e%2e/x",
    "/mesos/%2E./x",
    "/mesos/..%2fx/..",
    "/mesos\\..\\x",
    "/mesos/%5c..%5cx",
    "/mesos/%00",
    "/mesos/x%0d%0aX-Evil:1",
    "/mesos/\xc0\xae\xc0\xae/x",
    "/mesos/..;/x",
    "http://127.0.0.1/mesos/state",
    "http://elsewhere/mesos/state",
    "*",
    "mesos/state",
  ])("%j is refused, and nobody behind hears of it", async (target) => {
    const [status] = statuses(await world.raw(line(target)));
    expect(status).toBe("400");
    expect(everySeen()).toEqual([]);
  });

  it.each([
    ["/MESOS/state", "404"],
    ["/mesos%2fstate", "404"],
    ["/%6desos/state", "404"],
    ["/mesos;x/state", "404"],
    ["/mesos./state", "404"],
    ["/acs/api/v1/AUTH/../users", "400"],
    ["/acs/api/v1/auth/..%2fusers", "400"],
    ["/acs/api/v1/auth/%2e%2e/users", "400"],
  ])("%s is no way around the check: %s", async (target, expected) => {
    expect(statuses(await world.raw(line(target)))[0]).toBe(expected);
    expect(everySeen()).toEqual([]);
  });

  it("what is passed on is what was matched, byte for byte", async () => {
    await world.raw(line("/mesos/a%2Fb%252e;c=d/~%7e?q=/../%2e%2e"));
    expect(everySeen()).toEqual(["GET /a%2Fb%252e;c=d/~%7e?q=/../%2e%2e"]);
  });
});

describe("requests inside of requests", () => {
  const smuggled = `GET /acs/api/v1/internal/policyquery HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  const post = (headers: readonly string[], body: string, version = "1.1"): string =>
    `POST /mesos/x HTTP/${version}\r\nHost: 127.0.0.1\r\n${authorization}\r\n${headers.join("\r\n")}\r\n\r\n${body}`;

  it.each([
    ["two lengths", post(["Content-Length: 6", "Content-Length: 5"], "0\r\n\r\nX")],
    ["a length and chunks", post(["Content-Length: 6", "Transfer-Encoding: chunked"], "0\r\n\r\nG")],
    ["chunks twice", post(["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], "0\r\n\r\n")],
    ["a coding before chunks", post(["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n")],
    ["chunks in disguise", post(["Transfer-Encoding: xchunked"], "0\r\n\r\n")],
    ["chunks after a tab", post(["Transfer-Encoding:\tchunked, identity"], "0\r\n\r\n")],
    ["a blank before the colon", post(["Transfer-Encoding : chunked"], "0\r\n\r\n")],
    ["a folded header", post(["X-A: b", " Transfer-Encoding: chunked", "Content-Length: 0"], "")],
    ["a negative length", post(["Content-Length: -1"], "")],
    ["a length with a plus", post(["Content-Length: +5"], "hello")],
    ["a huge length", post([`Content-Length: ${"9".repeat(40)}`], "")],
    ["a size that is none", post(["Transfer-Encoding: chunked"], "zz\r\nhello\r\n0\r\n\r\n")],
    ["a huge size", post(["Transfer-Encoding: chunked"], "FFFFFFFFFFFFFFFFF\r\nx")],
    ["chunks in HTTP/1.0", post(["Transfer-Encoding: chunked"], "0\r\n\r\n", "1.0")],
    ["a bare line feed", `GET /mesos/x HTTP/1.1\nHost: 127.0.0.1\n\n`],
    [
      "two hosts",
      `GET /mesos/x HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n${authorization}\r\n\r\n`,
    ],
    ["no host", `GET /mesos/x HTTP/1.1\r\n${authorization}\r\n\r\n`],
    ["a line feed in a header", line("/mesos/x", "X-A: b\nX-Keelson-User: root")],
    ["a zero in a header", line("/mesos/x", "X-A: b\x00c")],
  ])("by %s are not passed on", async (_name, bytes) => {
    const answer = await world.raw(bytes + smuggled);
    // One answer at most, a refusal, and then the end: what follows is never taken for a request.
    const all = statuses(answer);
    expect(all.length).toBeLessThanOrEqual(1);
    for (const status of all) expect(["400", "501", "413"]).toContain(status);
    expect(everySeen().filter((each) => !each.startsWith("POST /x"))).toEqual([]);
    expect(world.kernel.seen.every(({ bodyBytes }) => bodyBytes === 0)).toBe(true);
  });

  it("chunk extensions and trailers stay at the door", async () => {
    await world.raw(
      post(
        ["Transfer-Encoding: chunked", "Trailer: X-Keelson-User", "Connection: close"],
        "5;evil=1\r\nhello\r\n0\r\nX-Keelson-User: root\r\n\r\n",
      ),
    );
    const [seen] = world.kernel.seen;
    expect(seen?.bodyBytes).toBe(5);
    expect(seen?.headers["x-keelson-user"]).toBe("admin");
    expect(JSON.stringify(seen)).not.toContain("evil");
    expect(JSON.stringify(seen)).not.toContain("root");
  });

  it("after an Upgrade that is refused nothing is taken for a request", async () => {
    const answer = await world.raw(
      `GET /service/shop/x HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nGET /mesos/state HTTP/1.1\r\nHost: 127.0.0.1\r\n${authorization}\r\n\r\n`,
    );
    expect(statuses(answer)).toEqual(["401"]);
    expect(everySeen()).toEqual([]);
  });

  it("h2c is offered in vain", async () => {
    const answer = await world.raw(
      line("/mesos/x", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__").replace(
        "Connection: close",
        "Connection: Upgrade, HTTP2-Settings, close",
      ),
    );
    expect(statuses(answer)).toEqual(["200"]);
    expect(world.kernel.seen[0]?.headers.upgrade).toBeUndefined();
  });

  it("headers over the limit are refused", async () => {
    expect(statuses(await world.raw(line("/mesos/x", `X-A: ${"a".repeat(40_000)}`)))).toEqual(["431"]);
  });
});

describe("headers that are not for passing on", () => {
  it("can't be switched off or forged by naming them in Connection", async () => {
    await world.raw(
      line(
        "/mesos/x",
        "Connection: X-Forwarded-For, Authorization, X-Keelson-User, Cookie, X-Own",
        "X-Own: 1",
        "X-Keelson-User: root",
        "X-Keelson-Door: x",
        "X-Forwarded-Proto: gopher",
        "Forwarded: for=evil",
      ),
    );
    const headers = world.kernel.seen[0]?.headers;
    expect(headers).toMatchObject({
      "x-keelson-user": "admin",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
    });
    expect(headers).not.toHaveProperty("x-own");
    expect(headers).not.toHaveProperty("forwarded");
    expect(JSON.stringify(headers)).not.toContain("root");
  });
});

describe("a page of another site", () => {
  const cookie = (): string => `dcos-acs-auth-cookie=${login}`;
  const call = (path: string, headers: Record<string, string>, method = "GET"): Promise<number> =>
    ask(world.door.url + path, { method, headers: { cookie: cookie(), ...headers } }).then(
      ({ status }) => status,
    );

  it("calls nothing, whatever it does about its origin", async () => {
    for (const headers of [
      { origin: "http://evil.example" },
      { origin: "null" },
      { origin: `http://127.0.0.1:${shop.port}` },
      { origin: "http://shop.localhost:8800" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
    ] as Record<string, string>[]) {
      for (const method of ["GET", "POST", "DELETE"])
        for (const path of ["/mesos/api/v1", "/marathon/v2/apps/x", "/acs/api/v1/users", "/service/shop/x"])
          expect({
            headers,
            method,
            path,
            status: await call(path, { [csrfHeader]: "1", ...headers }, method),
          }).toEqual({
            headers,
            method,
            path,
            status: 403,
          });
    }
    expect(everySeen()).toEqual([]);
  });

  it("may link to the console and to a service, and to no API", async () => {
    const link = async (path: string): Promise<string | undefined> =>
      statuses(
        await world.raw(
          line(path, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"),
        ),
      )[0];
    expect(await link("/")).toBe("200");
    expect(await link("/service/shop/")).toBe("200");
    expect(await link("/mesos/state")).toBe("403");
    expect(await link("/keelson/v1/audit")).toBe("403");
  });

  it("has no answer that it may read", async () => {
    const answer = await ask(`${world.door.url}/mesos/state`, { headers: { cookie: cookie() } });
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("a cookie alone changes nothing and opens nothing of our own", async () => {
    for (const [method, path] of [
      ["POST", "/mesos/api/v1"],
      ["PUT", "/marathon/v2/apps/x"],
      ["DELETE", "/service/marathon/v2/apps/x"],
      ["PATCH", "/acs/api/v1/users/victim"],
      ["POST", "/keelson/v1/login-links"],
      ["GET", "/keelson/v1/events"],
      ["GET", "/keelson/v1/audit"],
      ["GET", "/service/marathon/keelson/v1/services"],
    ] as const) {
      expect({ path, status: await call(path, { accept: "application/json" }, method) }).toEqual({
        path,
        status: 403,
      });
    }
    expect(everySeen()).toEqual([]);
    expect(await call("/marathon/v2/apps/x", { [csrfHeader]: "1" }, "DELETE")).toBe(200);
    expect(everySeen()).toEqual(["DELETE /v2/apps/x"]);
  });
});

describe("a hostile task", () => {
  it("gets nothing of its visitors, and its pages are nobody", async () => {
    shop.respond = (_request, response) =>
      response
        .writeHead(200, {
          "content-type": "text/html",
          "set-cookie": ["dcos-acs-auth-cookie=stolen; Path=/", "dcos-acs-info-cookie=x", "mine=1; Path=/"],
          "clear-site-data": '"cookies"',
          "service-worker-allowed": "/",
          "content-security-policy": "default-src *",
          "access-control-allow-origin": "*",
        })
        .end("<script>fetch('/acs/api/v1/users/admin', {method: 'DELETE', credentials: 'include'})</script>");
    const answer = await fetch(`${world.door.url}/service/shop/`, {
      headers: { cookie: `dcos-acs-auth-cookie=${login}`, accept: "text/html" },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()).toEqual(["mine=1; Path=/"]);
    expect(answer.headers.get("clear-site-data")).toBeNull();
    expect(answer.headers.get("service-worker-allowed")).toBeNull();
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("sandbox");
    expect(policy).not.toContain("allow-same-origin");
    expect(JSON.stringify(shop.seen)).not.toContain(login);
    // What such a page sends: an origin of nobody, and its cookies are not sent along anyway.
    const attempt = await ask(`${world.door.url}/acs/api/v1/users/admin`, {
      method: "DELETE",
      headers: { cookie: `dcos-acs-auth-cookie=${login}`, origin: "null", [csrfHeader]: "1" },
    });
    expect(attempt.status).toBe(403);
  });

  it("that asks for trust is trusted, and says so by its label", async () => {
    const answer = await fetch(`${world.door.url}/service/trusted/`, {
      headers: { cookie: `dcos-acs-auth-cookie=${login}` },
    });
    expect(answer.headers.get("content-security-policy")).toBeNull();
    expect(shop.seen[0]?.headers.authorization).toBe(`token=${login}`);
  });
});

describe("a named host", () => {
  interface Curled {
    readonly status: number;
    readonly headers: string;
    readonly body: string;
  }
  /** curl, since fetch does not let Host be said. */
  const curl = async (host: string, path: string, ...headers: readonly string[]): Promise<Curled> => {
    const { stdout } = await run("curl", [
      "-sS",
      "-i",
      "--max-time",
      "20",
      "-H",
      `Host: ${host}:${world.door.port}`,
      ...headers.flatMap((header) => ["-H", header]),
      `${world.door.url}${path}`,
    ]);
    const at = stdout.indexOf("\r\n\r\n");
    return {
      status: Number(/^HTTP\/1\.1 (\d+)/.exec(stdout)?.[1]),
      headers: stdout.slice(0, at),
      body: stdout.slice(at + 4),
    };
  };
  const navigation = [
    "Sec-Fetch-Site: none",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Dest: document",
    "Accept: text/html",
  ];
  const locationOf = ({ headers }: Curled): string => /^location: (.*)$/im.exec(headers)?.[1]?.trim() ?? "";
  const cookieIn = ({ headers }: Curled): string => /^set-cookie: ([^;]+)/im.exec(headers)?.[1] ?? "";

  it("gets a session of its own over the console's login, and nothing of the console's", async () => {
    const first = await curl("cart.shop.localhost", "/basket?x=1", ...navigation);
    expect(first.status).toBe(302);
    const toLogin = new URL(locationOf(first));
    expect(toLogin.host).toBe(`localhost:${world.door.port}`);
    const anonymous = await curl("localhost", toLogin.pathname + toLogin.search, ...navigation);
    expect(anonymous.status).toBe(401);
    const second = await curl(
      "localhost",
      toLogin.pathname + toLogin.search,
      `Cookie: dcos-acs-auth-cookie=${login}`,
      "Sec-Fetch-Site: cross-site",
      ...navigation.slice(1),
    );
    expect(second.status).toBe(302);
    const back = new URL(locationOf(second));
    expect(back.host).toBe(`cart.shop.localhost:${world.door.port}`);
    const third = await curl("cart.shop.localhost", back.pathname + back.search);
    expect({ status: third.status, to: locationOf(third) }).toEqual({ status: 303, to: "/basket?x=1" });
    expect(third.headers).toMatch(
      /set-cookie: keelson-service-session=[^;]+; HttpOnly; SameSite=Lax; Path=\/; Max-Age=\d+/i,
    );
    const session = cookieIn(third);
    const page = await curl("cart.shop.localhost", "/basket?x=1", `Cookie: own=1; ${session}`);
    expect(page.status).toBe(200);
    const seen = JSON.parse(page.body) as { headers: Record<string, string> };
    expect(seen.headers["cookie"]).toBe("own=1");
    expect(seen.headers["host"]).toBe(`cart.shop.localhost:${world.door.port}`);
    expect(page.body).not.toContain(login);
    expect(page.body).not.toContain("x-keelson");
    // The ticket is used up, and the session is worth nothing elsewhere.
    expect((await curl("cart.shop.localhost", back.pathname + back.search)).status).toBe(401);
    expect((await curl("shop.localhost", "/", `Cookie: ${session}`)).status).toBe(401);
    expect((await curl("localhost", "/mesos/state", `Cookie: ${session}`)).status).toBe(401);
    const value = session.split("=")[1] ?? "";
    expect((await curl("localhost", "/mesos/state", `Authorization: token=${value}`)).status).toBe(401);
    expect((await curl("localhost", "/mesos/state", `Cookie: dcos-acs-auth-cookie=${value}`)).status).toBe(
      401,
    );
  });

  it("does not take the console's cookie, a ticket of another host, or a session that was changed", async () => {
    expect((await curl("shop.localhost", "/", `Cookie: dcos-acs-auth-cookie=${login}`)).status).toBe(401);
    const query = new URLSearchParams({ host: `shop.localhost:${world.door.port}`, path: "/" });
    const made = await curl(
      "localhost",
      `/keelson/service-login?${query}`,
      `Cookie: dcos-acs-auth-cookie=${login}`,
      ...navigation,
    );
    const { pathname, search } = new URL(locationOf(made));
    expect((await curl("cart.shop.localhost", pathname + search)).status).toBe(401);
    const session = cookieIn(await curl("shop.localhost", pathname + search));
    expect((await curl("shop.localhost", "/", `Cookie: ${session}`)).status).toBe(200);
    expect((await curl("shop.localhost", "/", `Cookie: ${session}x`)).status).toBe(401);
    expect((await curl("shop.localhost", "/", "Cookie: keelson-service-session=a.b")).status).toBe(401);
  });

  it("is the only place a ticket is sent to", async () => {
    for (const [host, path] of [
      ["evil.example", "/"],
      ["shop.localhost.evil.example", "/"],
      ["localhost", "/"],
      ["shop.localhost@evil.example", "/"],
      ["shop.localhost", "//evil.example/"],
      ["shop.localhost", "https://evil.example/"],
    ] as const) {
      const query = new URLSearchParams({ host, path });
      const answer = await curl(
        "localhost",
        `/keelson/service-login?${query}`,
        `Cookie: dcos-acs-auth-cookie=${login}`,
        ...navigation,
      );
      expect({ host, path, status: answer.status }).toEqual({ host, path, status: 400 });
    }
  });

  it("has nothing of the console or of any API", async () => {
    for (const path of ["/mesos/state", "/acs/api/v1/users", "/keelson/v1/audit"]) {
      const { body } = await curl("shop.localhost", path, `Authorization: token=${testToken}`);
      expect(JSON.parse(body)).toMatchObject({ url: path });
    }
    expect(world.kernel.seen).toEqual([]);
    expect((await curl("nothing.localhost", "/", `Authorization: token=${testToken}`)).status).toBe(404);
  });

  it("leaves a service its own kind of Authorization", async () => {
    const query = new URLSearchParams({ host: "shop.localhost", path: "/" });
    const made = await curl(
      "localhost",
      `/keelson/service-login?${query}`,
      `Cookie: dcos-acs-auth-cookie=${login}`,
      ...navigation,
    );
    const { pathname, search } = new URL(locationOf(made));
    const session = cookieIn(await curl("shop.localhost", pathname + search));
    const { body } = await curl("shop.localhost", "/", `Cookie: ${session}`, "Authorization: Basic YTpi");
    expect(JSON.parse(body)).toMatchObject({ headers: { authorization: "Basic YTpi" } });
  });

  it("is where a browser is sent that opens a service below the console's address", async () => {
    const answer = await curl(
      "localhost",
      "/service/shop/page?x=1",
      `Cookie: dcos-acs-auth-cookie=${login}`,
      ...navigation,
    );
    expect({ status: answer.status, to: locationOf(answer) }).toEqual({
      status: 302,
      to: `http://shop.localhost:${world.door.port}/page?x=1`,
    });
  });
});

describe("secrets", () => {
  it("are in no log line and no answer of a failure", async () => {
    await ask(`${world.door.url}/service/unknown/${login}`, { headers: { authorization: `token=${login}` } });
    await ask(`${world.door.url}/?login=some-login-token`);
    const told = JSON.stringify(world.door.log.records);
    for (const secret of [testToken, "door-secret-of-tests", "some-login-token"])
      expect(told).not.toContain(secret);
  });
});
