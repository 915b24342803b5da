/** Who asks and what they may, at a master and an agent that want credentials and have lists. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkPath, linkProtocol } from "#contracts/link/messages.ts";
import type { SecurityOptions } from "#foundation/access/index.ts";
import { silentLogger } from "#foundation/telemetry/index.ts";
import { type RunningAgent, start as startAgent } from "#kernel/agent/main.ts";
import { type RunningMaster, start as startMaster } from "#kernel/master/main.ts";
import { eventually } from "../../harness/cluster.ts";
import { SchedulerClient, StrictRecords, send } from "./scheduler-client.ts";

const names = ["web", "batch", "ops", "agent"] as const;
type Name = (typeof names)[number];
const basic = (name: string, secret = `${name}-secret`): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`,
});
const to = (field: string, ...entries: [Name, string[] | "ANY"][]): object[] =>
  entries.map(([name, values]) => ({
    principals: { values: [name] },
    [field]: values === "ANY" ? { type: "ANY" } : { values },
  }));
const byUser = to("users", ["web", ["nobody"]], ["batch", ["daemon"]], ["ops", "ANY"]);
const security: SecurityOptions = {
  credentials: { credentials: names.map((principal) => ({ principal, secret: `${principal}-secret` })) },
  authenticate: ["readonly", "readwrite", "frameworks", "agents"],
  acls: {
    permissive: false,
    register_agents: to("agents", ["agent", "ANY"]),
    register_frameworks: to("roles", ["web", ["web"]], ["batch", ["batch"]]),
    run_tasks: to("users", ["web", ["nobody"]], ["batch", ["daemon"]]),
    teardown_frameworks: to("framework_principals", ["web", ["web"]], ["ops", "ANY"]),
    reserve_resources: to("roles", ["batch", ["batch"]]),
    view_frameworks: byUser,
    view_tasks: byUser,
    view_executors: byUser,
    view_roles: to("roles", ["web", ["web"]], ["batch", ["batch"]], ["ops", "ANY"]),
    access_sandboxes: byUser,
    access_mesos_logs: to("logs", ["ops", "ANY"]),
    view_flags: to("flags", ["ops", "ANY"]),
    get_endpoints: to("paths", ["ops", "ANY"]),
    update_weights: to("roles", ["ops", "ANY"]),
    drain_agents: to("agents", ["ops", "ANY"]),
  } as never,
};

let dir: string;
let master: RunningMaster;
let agent: RunningAgent;
let web: SchedulerClient;
let batch: SchedulerClient;
const at = (
  base: "master" | "agent",
  path: string,
  headers: Record<string, string> = {},
  body?: unknown,
): ReturnType<typeof send> =>
  send((base === "master" ? master : agent).info.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const call = (name: Name, type: string, fields: object = {}, base: "master" | "agent" = "master") =>
  at(base, "/api/v1", basic(name), { type, ...fields });
const framework = (name: Name, user: string, more: object = {}): object => ({
  name,
  user,
  roles: [name],
  capabilities: [{ type: "MULTI_ROLE" }],
  failover_timeout: 600,
  ...more,
});
const subscribe = (name: Name, info: object, more: object = {}): Promise<SchedulerClient> =>
  SchedulerClient.subscribe(master.info.url, info, { headers: basic(name), ...more });

async function launch(scheduler: SchedulerClient, id: string, command: object): Promise<void> {
  const offer = await scheduler.offer();
  const role = offer.allocation_info?.role ?? "*";
  const scalar = (name: string, value: number) =>
    ({ name, type: "SCALAR", scalar: { value }, allocation_info: { role } }) as const;
  await scheduler.launch(offer, {
    name: id,
    task_id: { value: id },
    agent_id: offer.agent_id,
    command: { shell: true, value: "echo here; sleep 600", ...command },
    resources: [scalar("cpus", 0.1), scalar("mem", 32)],
  });
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "keelson-authorization-"));
  const logFile = join(dir, "log");
  writeFileSync(logFile, "a line of the log\n");
  const common = { host: "127.0.0.1", port: 0, log: silentLogger, security, logFile };
  master = await startMaster({ ...common, dataDir: join(dir, "master") });
  agent = await startAgent({
    ...common,
    dataDir: join(dir, "agent"),
    masterUrl: master.info.url,
    credential: { principal: "agent", secret: "agent-secret" },
    resources: "cpus:4;mem:2048;disk:1000;ports:[31000-31099]",
  });
  web = await subscribe("web", framework("web", "nobody"));
  await launch(web, "web-task", {});
  await web.status("web-task", "TASK_RUNNING");
  await web.rest();
  batch = await subscribe("batch", framework("batch", "daemon"));
  await launch(batch, "batch-task", {});
  await batch.status("batch-task", "TASK_RUNNING");
  await batch.rest();
}, 120_000);
afterAll(async () => {
  for (const scheduler of [web, batch]) await scheduler?.teardown().catch(() => undefined);
  if (agent !== undefined)
    await eventually("tasks end", async () => {
      const { text } = await at("agent", "/metrics/snapshot", basic("ops"));
      return (JSON.parse(text) as Record<string, number>)["slave/frameworks_active"] === 0;
    });
  await agent?.close();
  await master?.close();
  rmSync(dir, { recursive: true, force: true });
});

const sandbox = async (name: Name): Promise<string> => {
  const { text } = await at("agent", "/state", basic("ops"));
  const { frameworks } = JSON.parse(text) as {
    frameworks: { name: string; executors: { directory: string }[] }[];
  };
  return frameworks.find((each) => each.name === name)?.executors[0]?.directory ?? "";
};

describe("authentication and authorization", () => {
  it("mesos.md§8#101 a credential is wanted, files are for those who may, health is for everybody", async () => {
    for (const [base, paths] of [
      [
        "master",
        [
          "/state",
          "/master/state",
          "/frameworks",
          "/files/read?path=/master/log",
          "/metrics/snapshot",
          "/flags",
        ],
      ],
      [
        "agent",
        ["/state", "/slave(1)/state", "/files/browse?path=/", "/files/read?path=/slave/log", "/containers"],
      ],
    ] as const)
      for (const path of paths)
        for (const headers of [
          {},
          basic("web", "wrong"),
          basic("nobody-here"),
          { authorization: "Basic x" },
        ]) {
          const answer = await at(base, path, headers);
          expect({ path, status: answer.status, challenge: answer.headers["www-authenticate"] }).toEqual({
            path,
            status: 401,
            challenge: `Basic realm="mesos-${base}-readonly"`,
          });
        }
    for (const base of ["master", "agent"] as const) {
      const write = await at(base, "/api/v1", {}, { type: "GET_STATE" });
      expect([write.status, write.headers["www-authenticate"]]).toEqual([
        401,
        `Basic realm="mesos-${base}-readwrite"`,
      ]);
      for (const path of ["/health", "/version"]) expect((await at(base, path)).status).toBe(200);
    }
    expect((await at("master", "/redirect")).status).toBe(307);
    const stranger = await send(`${master.info.url}/api/v1/scheduler`, {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "SUBSCRIBE", subscribe: { framework_info: framework("web", "nobody") } }),
    });
    expect([stranger.status, stranger.headers["www-authenticate"]]).toEqual([
      401,
      'Basic realm="mesos-master-scheduler"',
    ]);
    const path = await sandbox("web");
    const read = (name: Name, file: string): Promise<number> =>
      at("agent", `/files/read?path=${encodeURIComponent(file)}&offset=0`, basic(name)).then(
        ({ status }) => status,
      );
    expect(await read("web", `${path}/stdout`)).toBe(200);
    expect(await read("ops", `${path}/stdout`)).toBe(200);
    expect(await read("batch", `${path}/stdout`)).toBe(403);
    expect(await read("batch", `${await sandbox("batch")}/../../../../../${path}/stdout`)).toBe(403);
    expect((await at("agent", `/files/browse?path=${encodeURIComponent(path)}`, basic("batch"))).status).toBe(
      403,
    );
    expect((await at("agent", `/keelson/v1/log/web-task`, basic("batch"))).status).toBe(403);
    expect(await read("ops", "/slave/log")).toBe(200);
    expect(await read("web", "/slave/log")).toBe(403);
    for (const [name, status] of [
      ["ops", 200],
      ["web", 403],
    ] as const) {
      expect((await at("master", "/files/read?path=/master/log&offset=0", basic(name))).status).toBe(status);
      expect((await call(name, "LIST_FILES", { list_files: { path: "/slave/log" } }, "agent")).status).toBe(
        status === 200 ? 400 : 403,
      );
      expect(
        (await call(name, "READ_FILE", { read_file: { path: "/slave/log", offset: 0 } }, "agent")).status,
      ).toBe(status);
    }
  });

  it("mesos.md§8#103 who may see only some sees only those, in lists, in state and in streams", async () => {
    const seen = (text: string): readonly string[] => names.filter((name) => text.includes(`${name}-task`));
    for (const [name, expected] of [
      ["web", ["web"]],
      ["batch", ["batch"]],
      ["ops", ["web", "batch"]],
    ] as const) {
      for (const path of ["/state", "/tasks", "/frameworks", "/keelson/v1/tasks"])
        expect({ name, path, seen: seen((await at("master", path, basic(name))).text) }).toEqual({
          name,
          path,
          seen: expected,
        });
      for (const type of ["GET_STATE", "GET_TASKS"])
        expect({ type, seen: seen((await call(name, type)).text) }).toEqual({ type, seen: expected });
      for (const [type, path] of [
        ["GET_STATE", "/state"],
        ["GET_TASKS", "/state"],
      ] as const) {
        expect({ name, type, seen: seen((await call(name, type, {}, "agent")).text) }).toEqual({
          name,
          type,
          seen: expected,
        });
        expect({ name, path, seen: seen((await at("agent", path, basic(name))).text) }).toEqual({
          name,
          path,
          seen: expected,
        });
      }
      const ids = [web, batch]
        .filter((_each, index) => (expected as readonly string[]).includes(names[index] ?? ""))
        .map(({ frameworkId }) => frameworkId);
      for (const [path, list] of [
        ["/state-summary", "frameworks"],
        ["/frameworks", "frameworks"],
      ] as const) {
        const listed = JSON.parse((await at("master", path, basic(name))).text)[list] as { id: string }[];
        expect(listed.map(({ id }) => id)).toEqual(ids);
      }
      const { get_frameworks } = JSON.parse((await call(name, "GET_FRAMEWORKS")).text);
      expect(get_frameworks.frameworks).toHaveLength(ids.length);
      const roles = JSON.parse((await at("master", "/roles", basic(name))).text).roles as { name: string }[];
      expect(roles.map((role) => role.name)).toEqual(["*", ...[...expected].sort()]);
      const { flags } = JSON.parse((await at("master", "/state", basic(name))).text);
      expect(flags === undefined).toBe(name !== "ops");
    }
    const told = await new Promise<string>((resolve, reject) => {
      const records = new StrictRecords();
      let text = "";
      fetch(`${master.info.url}/api/v1`, {
        method: "POST",
        headers: { ...basic("web"), "content-type": "application/json" },
        body: JSON.stringify({ type: "SUBSCRIBE" }),
      }).then(async ({ body }) => {
        for (const [name, scheduler] of [
          ["batch", batch],
          ["web", web],
        ] as const) {
          await scheduler.call("REVIVE");
          await launch(scheduler, `${name}-second-task`, { value: "exit 0" });
          await scheduler.rest();
        }
        for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
          for (const record of records.push(Buffer.from(piece))) text += record.toString();
          if (text.includes("web-second-task") && text.includes("TASK_FINISHED")) return resolve(text);
        }
        return reject(new Error("the stream ended"));
      }, reject);
    });
    expect(told).toContain("web-task");
    expect(told).not.toMatch(/batch-(?:second-)?task/);
    expect(told).not.toContain(batch.frameworkId);
  }, 240_000);

  it("mesos.md§8#104 a framework's principal is its credential's", async () => {
    const wrong = await send(`${master.info.url}/api/v1/scheduler`, {
      headers: { ...basic("web"), "content-type": "application/json" },
      body: JSON.stringify({
        type: "SUBSCRIBE",
        subscribe: { framework_info: framework("web", "nobody", { principal: "batch" }) },
      }),
    });
    expect(wrong.status).toBe(400);
    const shown = JSON.parse((await at("master", "/frameworks", basic("ops"))).text);
    const principals = (shown.frameworks as { name: string; principal?: string }[]).map(
      ({ name, principal }) => [name, principal],
    );
    expect(principals).toEqual([
      ["web", "web"],
      ["batch", "batch"],
    ]);
    const right = web.headers;
    web.headers = basic("batch");
    for (const [type, fields] of [
      ["ACCEPT", { accept: { offer_ids: [], operations: [] } }],
      ["DECLINE", { decline: { offer_ids: [] } }],
      ["KILL", { kill: { task_id: { value: "web-task" } } }],
      ["RECONCILE", { reconcile: { tasks: [] } }],
      ["REVIVE", {}],
      ["SUPPRESS", {}],
      ["TEARDOWN", {}],
      [
        "ACKNOWLEDGE",
        {
          acknowledge: {
            agent_id: { value: "a" },
            task_id: { value: "t" },
            uuid: Buffer.alloc(16).toString("base64"),
          },
        },
      ],
      ["MESSAGE", { message: { agent_id: { value: "a" }, executor_id: { value: "e" }, data: "" } }],
      ["REQUEST", { request: { requests: [] } }],
      ["SHUTDOWN", { shutdown: { executor_id: { value: "e" }, agent_id: { value: "a" } } }],
      [
        "UPDATE_FRAMEWORK",
        {
          update_framework: {
            framework_info: framework("web", "nobody", { id: { value: web.frameworkId } }),
          },
        },
      ],
    ] as const)
      expect({ type, status: (await web.send(type, fields)).status }).toEqual({ type, status: 400 });
    web.headers = right;
    expect((await at("master", "/tasks", basic("web"))).text).toContain("web-task");
    // Without authentication a framework says by itself who it is, and stays who it was.
    const open = await startMaster({
      host: "127.0.0.1",
      port: 0,
      dataDir: join(dir, "open"),
      log: silentLogger,
    });
    const info = framework("web", "nobody", { principal: "one" });
    const first = await SchedulerClient.subscribe(open.info.url, info);
    const again = await SchedulerClient.subscribe(
      open.info.url,
      { ...info, principal: "other" },
      { frameworkId: first.frameworkId, mayBeRefused: true },
    );
    expect(again.events[0]).toMatchObject({
      type: "ERROR",
      error: { message: expect.stringContaining("principal") },
    });
    await again.untilClosed();
    await open.close();
  });

  it("what is not allowed is refused in the way of each call", async () => {
    const other = await subscribe("web", framework("web", "nobody", { roles: ["batch"] }), {
      mayBeRefused: true,
    });
    expect(other.events[0]).toMatchObject({
      type: "ERROR",
      error: { message: expect.stringContaining("register_frameworks") },
    });
    const update = await web.send("UPDATE_FRAMEWORK", {
      update_framework: {
        framework_info: framework("web", "nobody", {
          id: { value: web.frameworkId },
          principal: "web",
          roles: ["web", "batch"],
        }),
      },
    });
    expect(update.status).toBe(403);
    await web.call("REVIVE");
    await launch(web, "as-daemon", { user: "daemon" });
    expect(await web.status("as-daemon", "TASK_ERROR")).toMatchObject({ reason: "REASON_TASK_UNAUTHORIZED" });
    const offer = await web.offer();
    const reserved = {
      name: "cpus",
      type: "SCALAR",
      scalar: { value: 1 },
      allocation_info: { role: "web" },
      reservations: [{ type: "DYNAMIC", role: "web", principal: "web" }],
    } as const;
    await web.accept(
      [offer],
      [{ type: "RESERVE", id: { value: "r1" }, reserve: { resources: [reserved] } }],
      0,
    );
    const status = await web.until("the operation's status", () =>
      web.events.find(({ update_operation_status: told }) => told?.status.operation_id?.value === "r1"),
    );
    expect(status.update_operation_status?.status).toMatchObject({
      state: "OPERATION_ERROR",
      message: expect.stringContaining("reserve_resources"),
    });
    const agentId = { agent_id: { value: agent.info.agentId } };
    for (const [type, fields] of [
      ["TEARDOWN", { teardown: { framework_id: { value: batch.frameworkId } } }],
      ["DRAIN_AGENT", { drain_agent: agentId }],
      ["MARK_AGENT_GONE", { mark_agent_gone: agentId }],
      ["UPDATE_WEIGHTS", { update_weights: { weight_infos: [{ role: "web", weight: 2 }] } }],
      ["GET_FLAGS", {}],
      ["GET_METRICS", {}],
      ["RESERVE_RESOURCES", { reserve_resources: { ...agentId, resources: [reserved] } }],
    ] as const)
      expect({ type, status: (await call("web", type, fields)).status }).toEqual({ type, status: 403 });
    const weights = (name: Name) =>
      send(`${master.info.url}/weights`, {
        method: "PUT",
        headers: basic(name),
        body: '[{"role": "web", "weight": 2}]',
      });
    expect((await weights("web")).status).toBe(403);
    expect((await weights("ops")).status).toBe(200);
    expect((await call("ops", "GET_FLAGS")).text).toContain("authenticate_http_readonly");
    expect((await call("ops", "GET_FLAGS")).text).not.toContain("-secret");
    const drain = await at("master", `/keelson/v1/nodes/${agent.info.agentId}/drain`, basic("web"), {});
    expect(drain.status).toBe(403);
  });

  it("an agent that may not register is not taken", async () => {
    const link = (headers: Record<string, string>): Promise<string> =>
      new Promise((resolve) => {
        const request = httpRequest(`${master.info.url}${linkPath}`, {
          headers: { ...headers, connection: "Upgrade", upgrade: linkProtocol },
        });
        request.once("response", ({ statusCode }) => resolve(String(statusCode)));
        request.once("upgrade", (_response, socket) => {
          const timer = setTimeout(() => {
            resolve("stays");
            socket.destroy();
          }, 1_000);
          socket.resume().once("close", () => {
            clearTimeout(timer);
            resolve("closed");
          });
        });
        request.end();
      });
    expect(await link({})).toBe("401");
    expect(await link(basic("agent", "wrong"))).toBe("401");
    expect(await link(basic("web"))).toBe("closed");
    expect(await link(basic("agent"))).toBe("stays");
    expect(JSON.parse((await at("master", "/state", basic("ops"))).text).slaves).toHaveLength(1);
  });
});
