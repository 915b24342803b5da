/** What a client sees of the API around its contents: headers, methods, types, statuses and bodies of errors. No master is needed. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServices, start } from "#frameworks/services/main.ts";
import { ask } from "../../harness/cluster.ts";

let services: RunningServices;
const dataDir = mkdtempSync(join(tmpdir(), "keelson-face-"));

beforeAll(async () => {
  services = await start({ host: "127.0.0.1", port: 0, dataDir, masterUrl: "http://127.0.0.1:9" });
});
afterAll(async () => {
  await services.close();
  rmSync(dataDir, { recursive: true, force: true });
});

type Json = { readonly [name: string]: unknown };
async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: Json; headers: Headers }> {
  const answer = await ask(`${services.info.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { ...answer, body: answer.body as Json };
}
const raw = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${services.info.url}${path}`, { method, redirect: "manual", ...init });

const idle = { cmd: "true", instances: 0 };
const pod = {
  id: "/pod",
  containers: [{ name: "a", exec: { command: { shell: "true" } }, resources: { cpus: 0.1, mem: 32 } }],
  scaling: { kind: "fixed", instances: 0 },
};

describe("every answer", () => {
  it.each(["/v2/apps", "/v2/info", "/nothing", "/ping", "/metrics"])(
    "of %s says who leads, and is neither kept nor framed",
    async (path) => {
      const { headers } = await raw("GET", path);
      expect(Object.fromEntries(headers)).toMatchObject({
        "x-marathon-leader": services.info.url,
        "x-frame-options": "DENY",
        "x-xss-protection": "1; mode=block",
        "cache-control": "no-cache, no-store, must-revalidate",
        pragma: "no-cache",
        expires: "0",
      });
    },
  );

  it("of the stream of events is not kept either", async () => {
    const controller = new AbortController();
    const { status, headers } = await raw("GET", "/v2/events", {
      headers: { accept: "text/event-stream" },
      signal: controller.signal,
    });
    controller.abort();
    expect({ status, cache: headers.get("cache-control"), type: headers.get("content-type") }).toEqual({
      status: 200,
      cache: "no-cache, no-store, must-revalidate",
      type: "text/event-stream",
    });
  });

  it("is zipped for who takes that", async () => {
    await call("PUT", "/v2/apps", [
      { id: "/zip/a", ...idle, labels: { long: "x".repeat(5_000) } },
      { id: "/zip/b", ...idle },
    ]);
    const zipped = await raw("GET", "/v2/apps", { headers: { "accept-encoding": "gzip" } });
    expect(zipped.headers.get("content-encoding")).toBe("gzip");
    expect(((await zipped.json()) as { apps: unknown[] }).apps).toHaveLength(2);
    const plain = await raw("GET", "/v2/apps", { headers: { "accept-encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).toBe(null);
  });
});

describe("methods", () => {
  it.each(["/ping", "/v2/apps", "/v2/info", "/v2/pods", "/v2/groups", "/v2/queue", "/metrics"])(
    "HEAD of %s is GET without a body",
    async (path) => {
      const answer = await raw("HEAD", path);
      expect({ status: answer.status, body: await answer.text() }).toEqual({ status: 200, body: "" });
    },
  );

  it("HEAD of what is not there is 404", async () => {
    expect((await raw("HEAD", "/v2/apps/nobody")).status).toBe(404);
  });

  it("OPTIONS tells which there are", async () => {
    const { status, headers } = await raw("OPTIONS", "/v2/apps");
    expect({ status, allow: headers.get("allow") }).toEqual({
      status: 200,
      allow: "GET, HEAD, POST, PUT, PATCH, OPTIONS",
    });
  });

  it.each([
    ["DELETE", "/v2/info"],
    ["POST", "/v2/queue"],
    ["GET", "/v2/deployments/x"],
    ["POST", "/v2/apps/zip/a"],
    ["PATCH", "/v2/pods/a"],
    ["GET", "/v2/tasks/delete"],
    ["GET", "/v2/events"],
  ])("%s of %s is not allowed, by the name of the status", async (method, path) => {
    await call("POST", "/v2/pods", { ...pod, id: "/a" });
    const { status, body } = await call(method, path);
    expect({ status, message: body["message"] }).toEqual({ status: 405, message: "Method Not Allowed" });
  });

  it.each(["/nothing", "/v2", "/v2/schemas", "/v2/artifacts/x", "/v2/eventSubscriptions", "/v2/plugins/x/y"])(
    "%s is no address",
    async (path) => {
      expect(await call("GET", path)).toMatchObject({ status: 404, body: { message: "URI not found" } });
    },
  );
});

describe("bodies", () => {
  it.each(["text/plain", "application/xml", "application/x-www-form-urlencoded"])(
    "of the type %s are not taken",
    async (type) => {
      const answer = await raw("POST", "/v2/apps", {
        body: JSON.stringify({ id: "/typed", ...idle }),
        headers: { "content-type": type },
      });
      expect({ status: answer.status, body: await answer.json() }).toMatchObject({
        status: 415,
        body: { message: "Unsupported Media Type" },
      });
    },
  );

  it("of JSON are, with a set of characters, and without a type", async () => {
    const body = (id: string): Buffer => Buffer.from(JSON.stringify({ id, ...idle }));
    const headers = { "content-type": "application/json; charset=utf-8" };
    expect((await raw("POST", "/v2/apps", { body: body("/typed/a"), headers })).status).toBe(201);
    expect((await raw("POST", "/v2/apps", { body: body("/typed/b") })).status).toBe(201);
  });

  it.each(["POST /v2/apps", "PUT /v2/apps/x", "PUT /v2/apps", "POST /v2/groups", "POST /v2/pods"])(
    "of %s that are missing, or no JSON",
    async (route) => {
      const [method = "", path = ""] = route.split(" ");
      const headers = { "content-type": "application/json" };
      const missing = await raw(method, path, { headers });
      expect({ status: missing.status, body: await missing.json() }).toEqual({
        status: 400,
        body: { message: "Please specify data in JSON format", details: expect.any(String) },
      });
      const broken = await raw(method, path, { headers, body: "{" });
      expect({ status: broken.status, body: await broken.json() }).toEqual({
        status: 400,
        body: { message: "Invalid JSON", details: expect.any(String) },
      });
    },
  );

  it("with several apps are told of with each one's place", async () => {
    const shape = (path: string, error: string): object => ({
      status: 422,
      body: { message: "Invalid JSON", details: [{ path, errors: [error] }] },
    });
    expect(await call("PUT", "/v2/apps", {})).toMatchObject(shape("/", "error.expected.jsarray"));
    expect(await call("PUT", "/v2/apps", [1])).toMatchObject(shape("(0)", "error.expected.jsobject"));
    expect(await call("PUT", "/v2/apps", [{ id: "/a" }, { cmd: "x" }])).toMatchObject(
      shape("(1)/id", "error.path.missing"),
    );
    const { status, body } = await call("PUT", "/v2/apps", [
      { id: "/m/a", cpus: "x" },
      { id: "/m/b", cmd: 1 },
    ]);
    expect({ status, body }).toEqual({
      status: 422,
      body: {
        message: "Invalid JSON",
        details: [
          { path: "(0)/cpus", errors: ["error.expected.jsnumber"] },
          { path: "(1)/cmd", errors: ["error.expected.jsstring"] },
        ],
      },
    });
    expect((await call("GET", "/v2/apps/m/a")).status).toBe(404);
  });

  it.each<readonly [unknown, number]>([
    [{ ids: ["nope"] }, 400],
    [{ ids: ["a.b"] }, 422],
    [{ ids: ["a.instance-x._app.1"] }, 422],
    [{ ids: ["a.instance-8f5a9e2e-1111-11eb-8a5d-000000000000._app.1"] }, 200],
    [{ ids: ["a.8f5a9e2e-1111-11eb-8a5d-000000000000", "a_8f5a9e2e-1111-11eb-8a5d-000000000000.3"] }, 200],
    [{}, 422],
    [{ ids: "x" }, 422],
  ])("of tasks to end %j are answered with %i", async (body, status) => {
    expect(await call("POST", "/v2/tasks/delete", body)).toMatchObject({
      status,
      body: status === 200 ? { tasks: [] } : { message: expect.any(String) },
    });
  });
});

describe("what isn't there", () => {
  const then = "2020-01-01T00:00:00.000Z";
  it.each([
    ["GET", "/v2/apps/none", "App '/none' does not exist"],
    ["GET", "/v2/apps/none/versions", "App '/none' does not exist"],
    ["GET", `/v2/apps/here/versions/${then}`, `App '/here' does not exist in version ${then}`],
    ["DELETE", "/v2/apps/none", "App '/none' does not exist"],
    ["DELETE", "/v2/apps/pod", "App '/pod' does not exist"],
    ["GET", "/v2/apps/pod/versions", "App '/pod' does not exist"],
    ["DELETE", "/v2/apps/here/tasks?scale=true", "Path '/here' does not exist"],
    ["DELETE", "/v2/apps/here/tasks/a.b", "Task 'a.b' does not exist"],
    ["GET", "/v2/groups/none", "Group '/none' does not exist"],
    ["GET", `/v2/groups/none/versions/${then}`, `Group '/none' does not exist in version ${then}`],
    ["GET", "/v2/pods/none::status", "Pod '/none' does not exist"],
    ["GET", `/v2/pods/pod::versions/${then}`, `Pod '/pod' does not exist in version ${then}`],
    ["DELETE", "/v2/deployments/none", "DeploymentPlan none does not exist"],
  ])("%s %s says so", async (method, path, message) => {
    await call("PUT", "/v2/apps/here", idle);
    await call("PUT", "/v2/pods/pod", pod);
    expect(await call(method, path)).toMatchObject({ status: 404, body: { message } });
  });

  it("no version to go back to", async () => {
    await call("PUT", "/v2/apps/here", idle);
    expect(await call("PUT", "/v2/apps/here", { version: then })).toMatchObject({
      status: 404,
      body: { message: `App '/here' does not exist in version ${then}` },
    });
    expect((await call("PUT", "/v2/apps/here", { version: "yesterday" })).status).toBe(422);
  });
});

it("an id in a URL is judged like one in a body", async () => {
  for (const path of ["/v2/apps/Upper", "/v2/apps/a_b", "/v2/groups/Upper"])
    expect(await call("PUT", path, path.includes("apps") ? idle : { apps: [] })).toMatchObject({
      status: 422,
      body: { details: [{ path: "/id" }] },
    });
});

it("a browser is led to a page that says what there is", async () => {
  const { status, headers } = await raw("GET", "/");
  expect({ status, location: headers.get("location") }).toEqual({ status: 302, location: "/ui/" });
  for (const path of ["/ui/", "/ui", "/help", "/api-console"]) {
    const page = await raw("GET", path);
    expect({ path, status: page.status, type: page.headers.get("content-type") }).toEqual({
      path,
      status: 200,
      type: "text/html; charset=utf-8",
    });
    expect(await page.text()).toContain("<code>/v2/apps</code> GET, HEAD, POST, PUT, PATCH");
  }
});

it("tasks are told in JSON only", async () => {
  await call("PUT", "/v2/apps/here", idle);
  for (const path of ["/v2/tasks", "/v2/apps/here/tasks"]) {
    expect((await call("GET", path, undefined, { accept: "text/plain" })).status).toBe(406);
    expect((await call("GET", path, undefined, { accept: "text/plain, */*;q=0.1" })).status).toBe(200);
  }
});

it("info has the settings by the names of flags, and what isn't there as null", async () => {
  const { body } = await call("GET", "/v2/info");
  expect(body).toMatchObject({
    elected: true,
    leader: services.info.url.slice("http://".length),
    marathon_config: {
      ha: false,
      checkpoint: true,
      failover_timeout: 604_800,
      local_port_min: 10_000,
      local_port_max: 20_000,
      task_launch_timeout: 300_000,
      reconciliation_interval: 600_000,
      features: ["external_volumes", "gpu_resources", "secrets"],
    },
    zookeeper_config: { zk: null, zk_max_versions: 50 },
    http_config: { http_port: Number(new URL(services.info.url).port), https_port: null },
  });
});

it("marathon.md§24#105 ping answers in the form asked for", async () => {
  const ping = async (accept: string): Promise<string> => {
    const answer = await fetch(`${services.info.url}/ping`, { headers: { accept } });
    return `${answer.status} ${await answer.text()}`;
  };
  expect([await ping("*/*"), await ping("application/json"), await ping("image/png")]).toEqual([
    "200 pong",
    '200 "pong"',
    "204 ",
  ]);
});

describe("reliability.md§5#A28 an expression that explodes", () => {
  const constrained = (...patterns: readonly string[]): object => ({
    ...idle,
    id: "/constrained",
    constraints: patterns.map((pattern) => ["rack", "LIKE", pattern]),
  });

  it.each([
    ["a program of millions", `(${"a".repeat(2_000)}){1000}`],
    ["repetitions without end", "\\pL{900}".repeat(1_000)],
    ["groups in groups", "(".repeat(200_000)],
    ["what needs backtracking", "(a+)+\\1$"],
  ])("as a constraint is refused: %s", async (_what, pattern) => {
    const app = await call("POST", "/v2/apps", constrained(pattern));
    expect({ status: app.status, details: app.body["details"] }).toMatchObject({
      status: 422,
      details: [{ path: "/constraints(0)" }],
    });
    const constraints = [{ fieldName: "rack", operator: "UNLIKE", value: pattern }];
    const withPod = await call("POST", "/v2/pods", { ...pod, scheduling: { placement: { constraints } } });
    expect(withPod.status).toBe(422);
  });

  it("in linear time is a constraint like others, as long as there are not too many", async () => {
    expect((await call("POST", "/v2/apps", constrained("(a+)+$"))).status).toBe(201);
    const { status, body } = await call(
      "PUT",
      "/v2/apps//constrained",
      constrained(...Array.from({ length: 101 }, () => "(a+)+$")),
    );
    expect({ status, details: body["details"] }).toMatchObject({
      status: 422,
      details: [{ path: "/constraints" }],
    });
  });

  it("is none of ours: selectors, ids and paths as long as they may be are judged at once", async () => {
    for (const unit of ["a", "a in (", "!", "(", " ", "\\", "a,", "==", "in(a,", "/", "-", "a-", "."]) {
      const long = unit.repeat(15_000 / unit.length);
      const { status } = await raw("GET", `/v2/apps?label=${encodeURIComponent(long).slice(0, 30_000)}`);
      expect([unit, [200, 400, 414, 422, 431].includes(status)]).toEqual([unit, true]);
      const id = `${unit.repeat(500_000 / unit.length)}!`;
      expect([unit, (await call("POST", "/v2/apps", { ...idle, id })).status]).toEqual([unit, 422]);
    }
  });
});
