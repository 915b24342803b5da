/** Where the door leads, and what passes on the way. */
import { mkdirSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listedApp, type Upstream } from "#platform/admin-router/testing.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { startWorld, testToken, type World } from "./world.ts";

let world: World;
let shop: Upstream;
let other: Upstream;
const withToken = { authorization: `token=${testToken}` };
const call = (
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: unknown } = {},
): ReturnType<typeof ask> =>
  ask(world.door.url + path, { ...options, headers: { ...withToken, ...options.headers } });
const location = async (path: string, headers: Record<string, string> = {}): Promise<unknown> => {
  const answer = await fetch(world.door.url + path, { redirect: "manual", headers });
  return { status: answer.status, location: answer.headers.get("location") };
};

beforeAll(async () => {
  world = await startWorld();
  [shop, other] = [await world.task(), await world.task()];
  const { port } = world.kernel;
  const named = (
    name: string,
    task: Upstream,
    labels: Record<string, string> = {},
    id = `/${name}`,
  ): object => listedApp(id, task.port, { DCOS_SERVICE_NAME: name, ...labels });
  world.facts.apps = {
    apps: [
      named("shop", shop),
      named("a/b/c", shop),
      named("a/b2", other),
      named("kept", shop, { DCOS_SERVICE_REWRITE_REQUEST_URLS: "false" }),
      named("trusted", shop, { KEELSON_SERVICE_AUTH: "pass" }),
      named("both", shop),
      named("bad-index", shop, { DCOS_SERVICE_PORT_INDEX: "5" }),
      named("marathon", other, {}, "/hijack"),
      named("down", { ...other, port: 1 }),
      named("cloud", other, {}, "/cloud"),
      { ...listedApp("/shop/cart", shop.port), labels: {} },
    ],
  };
  world.facts.summary = {
    frameworks: [
      { id: "fw-1", name: "spark", webui_url: other.url },
      { id: "fw-2", name: "/data/kafka", webui_url: `${other.url}/base/` },
      { id: "fw-3", name: "both", webui_url: other.url },
      { id: "fw-4", name: "silent" },
      { id: "fw-5", name: "metadata", webui_url: "http://169.254.169.254/latest" },
    ],
    slaves: [{ id: "S0", pid: `slave(1)@127.0.0.1:${port}` }],
  };
  mkdirSync(join(world.consoleDir, "assets"));
  writeFileSync(
    join(world.consoleDir, "index.html"),
    `<!doctype html><title>DC/OS</title>${"<p>x</p>".repeat(300)}`,
  );
  writeFileSync(join(world.consoleDir, "assets", "index-1.js"), "console.log(1);\n".repeat(500));
  writeFileSync(join(world.consoleDir, ".secret"), "x");
});
afterAll(() => world.close());
beforeEach(() => {
  for (const upstream of [world.kernel, world.services, shop, other]) {
    upstream.seen.length = 0;
    upstream.respond = undefined;
  }
});

const seenBy = (upstream: Upstream): readonly string[] =>
  upstream.seen.map(({ method, url }) => `${method} ${url}`);

describe("paths", () => {
  it.each([
    ["/mesos/", "kernel", "/"],
    ["/mesos/state?x=1&y=/../", "kernel", "/state?x=1&y=/../"],
    ["/mesos//slave(1)/monitor", "kernel", "/slave(1)/monitor"],
    ["/cache/master/state", "kernel", "/master/state"],
    ["/marathon/v2/apps//a/b?embed=x", "services", "/v2/apps/a/b?embed=x"],
    ["/marathon/", "services", "/"],
    ["/service/marathon/v2/apps/%2Fa%2Fb", "services", "/v2/apps/%2Fa%2Fb"],
    ["/service/marathon/ping", "services", "/ping"],
    ["/service/marathon/keelson/v1/services", "services", "/keelson/v1/services"],
    ["/agent/S0", "kernel", "/"],
    ["/agent/S0/state", "kernel", "/state"],
    ["/slave/S0/slave(1)/state?a", "kernel", "/slave(1)/state?a"],
    ["/service/shop/", "shop", "/"],
    ["/service////shop///x", "shop", "/x"],
    ["/service/shop/x%20y?z", "shop", "/x%20y?z"],
    ["/service/kept/x?z", "shop", "/service/kept/x?z"],
    ["/service/a/b/c/x", "shop", "/x"],
    ["/service/a/b2/c2", "other", "/c2"],
    ["/service/spark/jobs", "other", "/jobs"],
    ["/service/fw-1/", "other", "/"],
    ["/service/data/kafka/t", "other", "/base/t"],
    ["/service/both/x", "shop", "/x"],
  ])("%s is %s of %s", async (path, where, expected) => {
    const upstream = { kernel: world.kernel, services: world.services, shop, other }[where] as Upstream;
    expect((await call(path)).status).toBe(200);
    expect(seenBy(upstream)).toEqual([`GET ${expected}`]);
  });

  it("platform.md§15.1#A13 nested names go to the right tasks", async () => {
    await call("/service/a/b/c/x");
    await call("/service/a/b2/c2");
    expect([seenBy(shop), seenBy(other)]).toEqual([["GET /x"], ["GET /c2"]]);
  });

  it("platform.md§15.1#A14 a label keeps the whole path", async () => {
    await call("/service/kept/deep/er?q=1");
    expect(seenBy(shop)).toEqual(["GET /service/kept/deep/er?q=1"]);
  });

  it("platform.md§15.1#A11 bare routes are redirected, relative, whatever Host says", async () => {
    for (const path of [
      "/mesos",
      "/exhibitor",
      "/net",
      "/mesos_dns",
      "/system/v1/logs",
      "/system/v1/metrics",
    ])
      expect(await location(path)).toEqual({ status: 301, location: `${path}/` });
    expect(await location("/marathon?x=1")).toEqual({ status: 307, location: "/marathon/?x=1" });
    expect(await location("/service/shop", withToken)).toEqual({ status: 301, location: "/service/shop/" });
    const hostile = await world.raw("GET /mesos HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    expect(hostile).toMatch(/^HTTP\/1\.1 421/);
    expect(hostile).not.toMatch(/location: .*evil/i);
    const loopback = await world.raw(
      "GET /mesos HTTP/1.1\r\nHost: 127.1.2.3:99\r\nConnection: close\r\n\r\n",
    );
    expect(loopback).toMatch(/^HTTP\/1\.1 301[\s\S]*\r\nlocation: \/mesos\/\r\n/i);
  });

  it("platform.md§15.1#A35 internal places are not there", async () => {
    for (const path of [
      "/internal/acs/api/v1/users",
      "/internal/mesos_dns/v1/config",
      "/internal/",
      "/acs/api/v1/internal/policyquery",
    ])
      expect((await call(path)).status).toBe(404);
    expect(world.kernel.seen).toEqual([]);
  });

  it("parts that are not there yet say so, to who may ask", async () => {
    for (const path of ["/package/list", "/system/health/v1/", "/net/v1/vips"])
      expect(await call(path)).toMatchObject({ status: 501, body: { code: "NotAvailable" } });
  });
});

describe("services", () => {
  it("platform.md§15.1#A18 services come before frameworks, and an unusable table is not passed over", async () => {
    await call("/service/both/x");
    expect([seenBy(shop), seenBy(other)]).toEqual([["GET /x"], []]);
    const cold = await startWorld();
    try {
      cold.facts.summary = world.facts.summary;
      cold.facts.apps = undefined;
      const answer = await ask(`${cold.door.url}/service/both/x`, { headers: withToken });
      expect(answer.status).toBe(503);
    } finally {
      await cold.close();
    }
  });

  it("platform.md§15.1#A19 an unknown service is told only to who may ask", async () => {
    expect((await ask(`${world.door.url}/service/unknown/`)).status).toBe(401);
    for (const path of ["/service/unknown/", "/service/silent/", "/service/bad-index/", "/service/hijack/"])
      expect((await call(path)).status).toBe(404);
    expect((await call("/service/shop/")).status).toBe(200);
  });

  it("a task can't take the name of services, nor lead to where clouds keep secrets", async () => {
    await call("/service/marathon/x");
    expect([seenBy(world.services), seenBy(other)]).toEqual([["GET /x"], []]);
    expect((await call("/service/metadata/x")).status).toBe(404);
  });

  it("platform.md§15.1#A20 Location headers stay below the service, foreign ones as they are", async () => {
    const host = new URL(world.door.url).host;
    const cases = [
      ["/x", "/service/shop/x"],
      [`http://${host}/x`, "/service/shop/x"],
      [`http://${host}/service/shop/x`, "/service/shop/x"],
      [`${shop.url}/x`, "/service/shop/x"],
      ["http://elsewhere.example/", "http://elsewhere.example/"],
    ] as const;
    for (const [given, expected] of cases) {
      shop.respond = (_request, response) => response.writeHead(302, { location: given }).end();
      expect(await location("/service/shop/y", withToken)).toEqual({ status: 302, location: expected });
    }
  });

  it("platform.md§15.1#A8 cookies of a login stay at the door, others go on", async () => {
    const login = await world.logIn("cookie-user");
    const cookie = `a=1; dcos-acs-auth-cookie=${login}; b=2; dcos-acs-info-cookie=x`;
    for (const [path, upstream] of [
      ["/mesos/state", world.kernel],
      ["/marathon/v2/apps", world.services],
      ["/service/shop/x", shop],
      ["/service/trusted/x", shop],
      ["/agent/S0/state", world.kernel],
    ] as const) {
      upstream.seen.length = 0;
      await ask(world.door.url + path, { headers: { cookie } });
      expect(upstream.seen[0]?.headers.cookie).toBe("a=1; b=2");
    }
  });

  it("get the visitor's token only when their label asks for it, and never learn who asks", async () => {
    const login = await world.logIn("visitor");
    const headers = { authorization: `token=${login}` };
    await ask(`${world.door.url}/service/shop/x`, { headers });
    await ask(`${world.door.url}/service/spark/x`, { headers });
    await ask(`${world.door.url}/service/trusted/x`, { headers });
    const [plain, trusted] = shop.seen;
    for (const told of [plain, other.seen[0]]) {
      expect(told?.headers.authorization).toBeUndefined();
      expect(JSON.stringify(told)).not.toContain("x-keelson");
    }
    expect(trusted?.headers.authorization).toBe(`token=${login}`);
    expect(JSON.stringify(trusted)).not.toContain("x-keelson");
  });

  it("that do not answer are told as such", async () => {
    expect(await call("/service/down/")).toMatchObject({ status: 502, body: { code: "Unreachable" } });
    const page = await call("/service/down/", { headers: { accept: "text/html" } });
    expect(page.body).toContain("does not answer");
  });

  it("platform.md§15.1#A25 the first request waits, and ten at once are one question", async () => {
    const cold = await startWorld();
    try {
      Object.assign(cold.facts, world.facts);
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => ask(`${cold.door.url}/service/shop/x`, { headers: withToken })),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
      expect(cold.services.reads("/v2/apps")).toBe(1);
    } finally {
      await cold.close();
    }
  });

  it("are found at their new address a moment after an event says that they moved", async () => {
    const moved = await world.task();
    const apps = (world.facts.apps as { apps: { id: string }[] }).apps;
    const before = world.facts.apps;
    world.facts.apps = {
      apps: apps.map((app) =>
        app.id === "/shop" ? listedApp("/shop", moved.port, { DCOS_SERVICE_NAME: "shop" }) : app,
      ),
    };
    world.services.tell({
      eventType: "status_update_event",
      taskStatus: "TASK_RUNNING",
      taskId: "t",
      appId: "/shop",
    });
    await eventually("the new task is asked", async () => {
      await call("/service/shop/x");
      return moved.seen.length > 0;
    });
    world.facts.apps = before;
    world.services.tell({ eventType: "app_terminated_event", appId: "/x" });
    await eventually("the old one again", async () => {
      shop.seen.length = 0;
      await call("/service/shop/x");
      return shop.seen.length > 0;
    });
  });
});

describe("agents", () => {
  it("unknown ones are named in the answer", async () => {
    const answer = await call("/agent/S9/state");
    expect(answer.status).toBe(404);
    expect(JSON.stringify(answer.body)).toContain("S9");
  });
  it("answers are not packed on their way", async () => {
    await call("/agent/S0/state", { headers: { "accept-encoding": "gzip" } });
    expect(world.kernel.seen[0]?.headers["accept-encoding"]).toBeUndefined();
  });
});

describe("the console's files", () => {
  it("platform.md§15.1#A1 are served at the root, and what they link to", async () => {
    const { status, body, headers } = await ask(`${world.door.url}/`);
    expect({ status, frame: headers.get("x-frame-options") }).toEqual({ status: 200, frame: "DENY" });
    expect(headers.get("content-type")).toContain("text/html");
    expect(body).toContain("DC/OS");
    expect(headers.get("content-security-policy")).toContain("script-src 'self'");
    for (const link of String(body).matchAll(/(?:src|href)="\.?(\/[^"]+)"/g))
      expect((await fetch(world.door.url + link[1], { method: "HEAD" })).status).toBe(200);
    expect((await fetch(`${world.door.url}/assets/index-1.js`, { method: "HEAD" })).status).toBe(200);
    expect((await ask(`${world.door.url}/nothing.js`)).status).toBe(404);
    expect((await ask(`${world.door.url}/.secret`)).status).toBe(404);
    expect((await ask(`${world.door.url}/assets`)).status).toBe(404);
  });

  it("platform.md§15.1#A2 are compressed for who can read that", async () => {
    const get = (encoding: string): Promise<{ headers: Record<string, unknown>; body: Buffer }> =>
      new Promise((resolve, reject) => {
        httpRequest(
          `${world.door.url}/assets/index-1.js`,
          { headers: { "accept-encoding": encoding } },
          (answer) => {
            const pieces: Buffer[] = [];
            answer.on("data", (piece: Buffer) => pieces.push(piece));
            answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(pieces) }));
          },
        )
          .on("error", reject)
          .end();
      });
    const [plain, packed] = [await get("identity"), await get("gzip")];
    expect([plain.headers["content-encoding"], packed.headers["content-encoding"]]).toEqual([
      undefined,
      "gzip",
    ]);
    expect([plain.headers["vary"], packed.headers["vary"]]).toEqual(["Accept-Encoding", "Accept-Encoding"]);
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
    expect(plain.headers["cache-control"]).toContain("max-age=172800");
  });

  it("are not sent again when they did not change", async () => {
    const first = await fetch(`${world.door.url}/assets/index-1.js`);
    const headers = { "if-none-match": first.headers.get("etag") ?? "" };
    expect((await fetch(`${world.door.url}/assets/index-1.js`, { headers })).status).toBe(304);
  });
});

describe("facts", () => {
  it("platform.md§15.1#A32 of the cluster have its id, and do without", async () => {
    expect((await call("/metadata")).body).toEqual({
      PUBLIC_IPV4: "127.0.0.1",
      CLUSTER_ID: "567a654d-1095-4e7b-9188-495947686e7f",
    });
    expect((await ask(`${world.door.url}/dcos-metadata/dcos-version.json`)).body).toMatchObject({
      version: "2.2.0",
    });
    expect((await ask(`${world.door.url}/dcos-metadata/ui-config.json`)).body).toHaveProperty(
      "uiConfiguration",
    );
  });

  it("of what there is name jobs, and neither packages nor logs of components", async () => {
    const { status, body, headers } = await call("/capabilities");
    expect({ status, body }).toEqual({ status: 200, body: { capabilities: [{ name: "METRONOME" }] } });
    expect(headers.get("content-type")).toBe(
      "application/vnd.dcos.capabilities+json;charset=utf-8;version=v1",
    );
  });

  it("platform.md§15.1#A33 of traffic rise with each request", async () => {
    const count = async (): Promise<number> => {
      const { body } = await ask(`${world.door.url}/nginx/metrics`);
      return Number(/backend="kernel",status="200"} (\d+)/.exec(String(body))?.[1] ?? 0);
    };
    const before = await count();
    for (let index = 0; index < 7; index += 1) await call("/mesos/state");
    await eventually("seven more", async () => (await count()) === before + 7);
    expect((await ask(`${world.door.url}/nginx/status`)).body).toContain("Active connections");
  });

  it("are asked for with GET alone", async () => {
    expect((await call("/metadata", { method: "POST", body: {} })).status).toBe(405);
    expect((await call("/", { method: "DELETE" })).status).toBe(405);
  });
});
