/**
 * A1: tokens that are none, on every route there is. What routes there are is heard from the servers themselves while the
 * real daemons make them, so that a new route is tried without a word here; one that is for everybody has to be named here.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Endpoint } from "#contracts/endpoint.ts";
import { demands, identityHeaders } from "#contracts/identity.ts";
import type { SecurityOptions } from "#foundation/access/index.ts";
import { createHttpServer, EndpointSet, type HttpServer, type Route } from "#foundation/http/index.ts";
import { silentLogger } from "#foundation/telemetry/index.ts";
import { start as startJobs } from "#frameworks/jobs/main.ts";
import { start as startServices } from "#frameworks/services/main.ts";
import { start as startAgent } from "#kernel/agent/main.ts";
import { start as startMaster } from "#kernel/master/main.ts";
import { rules } from "#platform/admin-router/core/route-table.ts";
import { startTestIam, testDoorSecret } from "#platform/iam/testing.ts";
import { start as startSecrets } from "#platform/secrets/main.ts";
import { startWorld, type World } from "./world.ts";

interface Daemon {
  readonly url: string;
  /** `GET /path`, with something in place of every parameter. */
  readonly routes: ReadonlySet<string>;
  readonly upgrades: ReadonlySet<string>;
}

const names = ["master", "agent", "services", "jobs", "iam", "secrets"] as const;
type Name = (typeof names)[number];

/** Routes that answer anybody, of those who demand to know who asks. A new one is a decision: say here why. */
const forEverybody: Readonly<Record<Name, readonly RegExp[]>> = {
  master: [/^GET (\/master)?\/(health|version|redirect)(\.json)?$/],
  agent: [/^GET (\/slave\(1\))?\/(health|version)(\.json)?$/],
  services: [/^(GET|HEAD) \/ping$/],
  jobs: [/^(GET|HEAD) \/ping$/],
  iam: [
    // How one gets a token, and what others check it with.
    /^(GET|POST) \/acs\/api\/v1\/auth\/(login|logout|jwks|providers)$/,
    // What the page of the login shows.
    /^GET \/acs\/api\/v1\/uiconfig\/?$/,
    // Says what can be called, and nothing of this cluster.
    /^GET \/keelson\/v1\/openapi\.json$/,
  ],
  secrets: [/^GET \/secrets\/v1\/ping(\/backends\/\w+)?$/],
};
/** Of the door alone: to others they are not there. */
const isInternal = (route: string): boolean => route.includes("/acs/api/v1/internal/");
/** Rules of the door's table for everybody. */
const openAtTheDoor = [
  "/login",
  "/acs/api/v1/auth/",
  "/dcos-metadata/dcos-version.json",
  "/dcos-metadata/ui-config.json",
  "/nginx/status",
  "/nginx/metrics",
  "/exhibitor/exhibitor/v1/cluster/status",
];

const daemons = new Map<Name, Daemon>();
const closers: (() => Promise<unknown>)[] = [];
let dir: string;
let world: World;
let bad: Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Starts a daemon and hears what routes it makes. */
async function heard(
  name: Name,
  start: () => Promise<{ readonly url: string; close(): Promise<unknown> }>,
): Promise<void> {
  const routes = new Set<string>();
  const upgrades = new Set<string>();
  const add = (method: string, path: string): unknown =>
    routes.add(`${method} ${path.replace(/:\w+|\{[^}]*\}|\*/g, "x")}`);
  const server = Object.getPrototypeOf(createHttpServer({ host: "127.0.0.1", port: 0 })) as HttpServer;
  const { route, upgrade } = server;
  const { add: addEndpoint } = EndpointSet.prototype;
  const spies = [
    vi.spyOn(server, "route").mockImplementation(function (this: HttpServer, each: Route) {
      for (const method of typeof each.method === "string" ? [each.method] : each.method)
        add(method, each.path);
      route.call(this, each);
    }),
    vi.spyOn(server, "upgrade").mockImplementation(function (this: HttpServer, path, ...rest) {
      upgrades.add(path.replace("*", "x"));
      upgrade.call(this, path, ...rest);
    }),
    vi.spyOn(EndpointSet.prototype, "add").mockImplementation(function (
      this: EndpointSet,
      endpoint: Endpoint,
      handler,
    ) {
      add(endpoint.method, `/keelson/v1${endpoint.path}`);
      return addEndpoint.call(this, endpoint, handler as never);
    }),
  ];
  const { url, close } = await start();
  closers.unshift(close);
  for (const spy of spies) spy.mockRestore();
  daemons.set(name, { url, routes, upgrades });
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "keelson-routes-"));
  world = await startWorld();
  const logFile = join(dir, "log");
  writeFileSync(logFile, "");
  await heard("iam", startTestIam);
  const security: SecurityOptions = {
    credentials: { credentials: [{ principal: "ops", secret: "ops-secret" }] },
    authenticate: [...demands],
    iamUrl: world.iam.url,
  };
  const common = {
    host: "127.0.0.1",
    port: 0,
    log: silentLogger,
    doorSecret: testDoorSecret,
    security,
    logFile,
  };
  const begin = (
    name: Name,
    start: (
      environment: typeof common & { readonly dataDir: string },
    ) => Promise<{ readonly info: { readonly url: string }; close(): Promise<void> }>,
  ): Promise<void> =>
    heard(name, async () => {
      const { info, close } = await start({ ...common, dataDir: join(dir, name) });
      return { url: info.url, close };
    });
  await begin("master", startMaster);
  const masterUrl = daemons.get("master")?.url ?? "";
  await begin("agent", (environment) =>
    startAgent({
      ...environment,
      masterUrl,
      credential: { principal: "ops", secret: "ops-secret" },
      executorTokenKey: "k".repeat(32),
      resources: "cpus:1;mem:128;disk:100",
    }),
  );
  await begin("services", (environment) => startServices({ ...environment, masterUrl }));
  await begin("jobs", (environment) => startJobs({ ...environment, masterUrl }));
  await begin("secrets", startSecrets);

  const now = Math.floor(Date.now() / 1000);
  const tokens: Readonly<Record<string, string>> = {
    empty: "",
    garbage: "garbage",
    "three parts of garbage": "a.b.c",
    expired: await world.sign({ uid: "admin", exp: now - 1 }),
    "not valid yet": await world.sign({ uid: "admin", nbf: now + 600, exp: now + 900 }),
    "of another issuer": await world.sign({ uid: "admin", exp: now + 600, iss: "https://elsewhere.example" }),
    "for another audience": await world.sign({ uid: "admin", exp: now + 600, aud: "elsewhere" }),
    "for several audiences": await world.sign({ uid: "admin", exp: now + 600, aud: ["a", "b"] }),
  };
  bad = {
    "no header": {},
    "an empty header": { authorization: "" },
    "a wrong secret": { authorization: `Basic ${Buffer.from("ops:guess").toString("base64")}` },
    "a name that the door did not say": { [identityHeaders.user]: "admin", [identityHeaders.door]: "guess" },
    ...Object.fromEntries(
      Object.entries(tokens).map(([name, token]) => [name, { authorization: `token=${token}` }]),
    ),
  };
}, 240_000);
afterAll(async () => {
  connections.destroy();
  for (const close of closers) await close();
  await world?.close();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

const connections = new Agent({ keepAlive: true, maxSockets: 16 });

/** The status of a call; nothing of the answer is waited for but its head. */
function statusOf(base: string, route: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const [method = "", path = ""] = route.split(" ");
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      `${base}${path}`,
      {
        method,
        agent: connections,
        headers: {
          ...headers,
          ...(hasBody ? { "content-type": "application/json", "content-length": "2" } : {}),
        },
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
      },
    );
    call.on("upgrade", (response, socket) => {
      resolve(response.statusCode ?? 0);
      socket.destroy();
    });
    call.on("error", reject);
    call.end(hasBody ? "{}" : undefined);
  });
}

/** What each of the tokens that are none gets, all at once. */
async function statuses(
  base: string,
  route: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, number>>> {
  const asked = Object.entries(bad).map(
    async ([what, headers]) => [what, await statusOf(base, route, { ...headers, ...more })] as const,
  );
  return Object.fromEntries(await Promise.all(asked));
}
const allAre = (status: number): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.keys(bad).map((what) => [what, status]));

describe("reliability.md§5#A1 tokens that are none at every", { timeout: 120_000 }, () => {
  it.each(names)("route of %s are refused, but for those that are named here", async (name) => {
    const { url, routes } = daemons.get(name) as Daemon;
    expect(routes.size).toBeGreaterThan(name === "secrets" ? 5 : 20);
    const open = [...routes].filter((route) => forEverybody[name].some((each) => each.test(route)));
    for (const route of routes) {
      // What is below is named by the endpoints that are declared; the rest of it is nothing.
      if (route.endsWith(" /keelson/v1/x")) continue;
      if (open.includes(route)) {
        expect([route, (await statusOf(url, route, {})) !== 401]).toEqual([route, true]);
        continue;
      }
      const expected = isInternal(route) ? 404 : 401;
      expect([route, await statuses(url, route)]).toEqual([route, allAre(expected)]);
    }
    for (const each of forEverybody[name])
      expect([each, open.some((route) => each.test(route))]).toEqual([each, true]);
  });

  it("upgrade are refused as well", async () => {
    const all = [...daemons.values()].flatMap(({ url, upgrades }) =>
      [...upgrades].map((path) => ({ url, path })),
    );
    expect(all.length).toBeGreaterThan(2);
    for (const { url, path } of all) {
      const protocol = path.startsWith("/keelson/v1/link") ? "keelson-link" : "websocket";
      const upgrade = { connection: "Upgrade", upgrade: protocol };
      expect([path, await statuses(url, `GET ${path}`, upgrade)]).toEqual([path, allAre(401)]);
    }
  });

  it("rule of the door are refused, but for those that are named here", async () => {
    const answered = rules.filter(
      ({ access, target }) =>
        access === "everybody" && target.kind !== "redirect" && target.kind !== "nothing",
    );
    expect(answered.map(({ path }) => path).sort()).toEqual([...openAtTheDoor].sort());
    for (const { path, target } of rules.filter(({ access }) => access !== "everybody")) {
      const below = path.endsWith("/") ? `${path}${target.kind === "agent" ? "S0/state" : "x"}` : path;
      for (const method of ["GET", "POST"])
        expect([path, await statuses(world.door.url, `${method} ${below}`)]).toEqual([path, allAre(401)]);
    }
  });
});
