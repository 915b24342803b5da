/** What the door does for services that are away, that hide behind a framework, or that take in a lot. */
import { type ClientRequest, createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BroughtAddresses, broughtParts } from "#contracts/brought-parts.ts";
import { type Clock, systemClock } from "#foundation/runtime/index.ts";
import { cacheTimes } from "#platform/admin-router/shell/cluster-tables.ts";
import { listedApp, startUpstream, type Upstream } from "#platform/admin-router/testing.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { startWorld, testToken, type World } from "./world.ts";

const headers = { authorization: `token=${testToken}` };
const changed = { eventType: "status_update_event", taskStatus: "TASK_RUNNING", taskId: "t", appId: "/shop" };

describe("services that are away", () => {
  let world: World;
  let shop: Upstream;
  let passedMs = 0;
  const clock: Clock = {
    now: () => systemClock.now() + passedMs,
    monotonicMs: () => systemClock.monotonicMs() + passedMs,
  };
  const status = async (path: string): Promise<number> =>
    (await ask(world.door.url + path, { headers })).status;
  const told = (event: string): number =>
    world.door.log.records.filter((record) => JSON.stringify(record).includes(event)).length;

  beforeAll(async () => {
    world = await startWorld({ clock });
    shop = await world.task();
    world.facts.apps = { apps: [listedApp("/shop", shop.port, { DCOS_SERVICE_NAME: "shop" })] };
  });
  afterAll(() => world.close());

  it("platform.md§15.1#A24 are remembered for three days, and the kernel's routes do not notice", async () => {
    const apps = world.facts.apps;
    expect(await status("/service/shop/x")).toBe(200);
    await eventually("the door listens to services", () => world.services.subscriptions() > 0);
    world.facts.apps = undefined;
    world.services.tell(changed);
    await eventually("they were asked in vain", () => told("door.tableNotRead") > 0);
    for (const ms of [cacheTimes.staleMs + 1, 3_600_000, cacheTimes.uselessMs - 60_000]) {
      passedMs = ms;
      expect([ms, await status("/service/shop/x"), await status("/mesos/state")]).toEqual([ms, 200, 200]);
    }
    expect(told("door.tableStale")).toBeGreaterThanOrEqual(3);
    passedMs = cacheTimes.uselessMs + 60_000;
    expect([await status("/service/shop/x"), await status("/mesos/state")]).toEqual([503, 200]);

    world.facts.apps = apps;
    world.services.tell(changed);
    await eventually("they are known again", async () => (await status("/service/shop/x")) === 200);
    await world.services.close();
    passedMs += cacheTimes.staleMs + 1;
    expect([await status("/service/shop/x"), await status("/mesos/state")]).toEqual([200, 200]);
    expect(await status("/marathon/v2/apps")).toBe(502);
  });
});

describe("an upload", () => {
  let world: World;
  let app: Server;
  let arrived = 0;
  let onArrived: () => void = () => undefined;
  const bytes = 1_073_741_824;
  const piece = Buffer.alloc(1_048_576, "x");

  beforeAll(async () => {
    world = await startWorld();
    app = createServer((request, response) => {
      arrived = 0;
      request.on("data", ({ length }: Buffer) => {
        arrived += length;
        onArrived();
        // Tells how much is to come, and wants no more of it.
        if (request.url === "/announced" && !response.headersSent)
          response.end(String(request.headers["content-length"]));
      });
      request.on("end", () => response.end(String(arrived)));
      request.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
    const labels = { DCOS_SERVICE_NAME: "uploads", DCOS_SERVICE_REQUEST_BUFFERING: "false" };
    world.facts.apps = { apps: [listedApp("/uploads", (app.address() as AddressInfo).port, labels)] };
  });
  afterAll(async () => {
    app.closeAllConnections();
    app.close();
    await world.close();
  });

  const begin = (path: string, length: number): { upload: ClientRequest; answer: Promise<string> } => {
    const upload = httpRequest(world.door.url + path, {
      method: "PUT",
      headers: { ...headers, "content-length": length },
    });
    const answer = new Promise<string>((resolve, reject) => {
      upload.on("error", reject);
      upload.once("response", (response) => {
        let text = "";
        response.on("data", (part) => {
          text += part;
        });
        response.on("end", () => resolve(`${response.statusCode} ${text}`));
        // The door ends a connection on which a body was not wanted.
        response.on("error", reject);
      });
    });
    return { upload, answer };
  };

  it("platform.md§15.1#A31 of 20 GiB is taken for a service, of 33 GiB is not, nor of 2 GiB for anything else", async () => {
    const announced = async (path: string, gib: number): Promise<string> => {
      const { upload, answer } = begin(path, gib * bytes);
      upload.write(piece.subarray(0, 65_536));
      const told = await answer;
      upload.destroy();
      return told;
    };
    expect(await announced("/service/uploads/announced", 20)).toBe(`200 ${20 * bytes}`);
    expect(await announced("/service/uploads/announced", 33)).toMatch(/^413 .*BodyTooLarge/);
    for (const path of ["/mesos/x", "/marathon/v2/apps", "/acs/api/v1/auth/login"])
      expect(await announced(path, 2)).toMatch(/^413 .*BodyTooLarge/);
    expect([world.kernel.seen, world.services.seen]).toEqual([[], []]);
  });

  it("platform.md§15.1#A15 of a gibibyte arrives piece by piece: none is sent before the one before it was seen", async () => {
    const { upload, answer } = begin("/service/uploads/x", bytes);
    for (let sent = piece.length; sent <= bytes; sent += piece.length) {
      const seen = new Promise<void>((resolve) => {
        onArrived = () => {
          if (arrived >= sent) resolve();
        };
      });
      upload.write(piece);
      await Promise.race([seen, answer]);
    }
    upload.end();
    expect(await answer).toBe(`200 ${bytes}`);
  }, 240_000);
});

describe("a framework that told an empty address", () => {
  let world: World;
  let task: Upstream;
  const status = async (path: string): Promise<number> =>
    (await ask(world.door.url + path, { headers })).status;
  beforeAll(async () => {
    world = await startWorld();
    task = await world.task();
    const apps = [
      { ...listedApp("/data/web", task.port), labels: {} },
      { ...listedApp("/asleep", task.port), tasks: [] },
    ];
    world.facts.apps = { apps };
    world.facts.summary = {
      frameworks: [
        { id: "fw-1", name: "data/web", webui_url: "" },
        { id: "fw-2", name: "asleep", webui_url: "" },
        { id: "fw-3", name: "asleep/not", webui_url: `${task.url}/base` },
        { id: "fw-4", name: "stranger", webui_url: "" },
      ],
      slaves: [],
    };
  });
  afterAll(() => world.close());

  it("is where the service of its name runs, and nobody is told who asks", async () => {
    for (const name of ["data/web", "fw-1"]) {
      task.seen.length = 0;
      expect(await status(`/service/${name}/x?y`)).toBe(200);
      expect(task.seen[0]?.url).toBe("/x?y");
      expect(JSON.stringify(task.seen)).not.toMatch(/x-keelson|authorization/);
    }
  });

  it("hides no longer name while nothing of it runs", async () => {
    task.seen.length = 0;
    expect(await status("/service/asleep/not/x")).toBe(200);
    expect(task.seen[0]?.url).toBe("/base/x");
    for (const name of ["asleep", "stranger"]) expect(await status(`/service/${name}/x`)).toBe(404);
  });

  it("is not taken for one that is not there while services do not answer", async () => {
    await world.services.close();
    await eventually("it is not known where it is", async () => (await status("/service/fw-1/")) === 503);
  });
});

describe("parts that an operator brought", () => {
  let world: World;
  const parts: Record<string, Upstream> = {};
  beforeAll(async () => {
    for (const name of broughtParts) parts[name] = await startUpstream();
    const addresses = Object.entries(parts).map(([name, { url }]) => [name, url]);
    world = await startWorld({ parts: Object.fromEntries(addresses) as BroughtAddresses });
  });
  afterAll(async () => {
    await Promise.all([world, ...Object.values(parts)].map((each) => each.close()));
  });

  it.each([
    ["/mesos_dns/v1/hosts/leader.mesos?x=1", "mesos-dns", "/v1/hosts/leader.mesos?x=1"],
    ["/mesos_dns/", "mesos-dns", "/"],
    ["/system/checks/v1/node?list", "checks", "/system/checks/v1/node?list"],
    ["/system/checks/v1", "checks", "/system/checks/v1"],
    ["/net/v1/vips", "net", "/v1/vips"],
    ["/navstar/lashup/key", "net", "/lashup/key"],
  ])(
    "platform.md§15.1#A9 %s gets to %s without Authorization, whoever asks and however",
    async (path, part, behind) => {
      const seen = parts[part]?.seen ?? [];
      seen.length = 0;
      const login = await world.logIn("asker");
      const ways = [
        headers,
        { authorization: `token=${login}` },
        { authorization: `Bearer ${login}` },
        { cookie: `a=1; dcos-acs-auth-cookie=${login}` },
      ];
      for (const way of ways) expect((await ask(world.door.url + path, { headers: way })).status).toBe(200);
      expect(seen.map(({ url }) => url)).toEqual(ways.map(() => behind));
      for (const { headers: told } of seen) {
        expect(told).not.toHaveProperty("authorization");
        expect(JSON.stringify(told)).not.toMatch(/x-keelson|dcos-acs/);
      }
      expect(seen.at(-1)?.headers.cookie).toBe("a=1");
      expect((await ask(world.door.url + path)).status).toBe(401);
      expect(
        (
          await ask(world.door.url + path, {
            headers: { authorization: `token=${await world.logIn("nobody", [])}` },
          })
        ).status,
      ).toBe(403);
      expect(seen.length).toBe(ways.length);
    },
  );

  it("are named when they do not answer, and their pages are nobody", async () => {
    const page = await ask(`${world.door.url}/net/`, { headers });
    expect(page.headers.get("content-security-policy")).toContain("sandbox");
    await parts["net"]?.close();
    const { status, body } = await ask(`${world.door.url}/net/v1/vips`, { headers });
    expect({ status, says: JSON.stringify(body) }).toMatchObject({
      status: 502,
      says: expect.stringContaining("net does not answer") as string,
    });
  });
});
