/** The Marathon v2 API of a real cluster, row by row of the contract's checklist. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { createApp, getApp, pidsOfApp, settled } from "../../harness/services.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 240_000);
afterAll(() => cluster.purge());

type Json = { readonly [name: string]: unknown };
const small = { cpus: 0.01, mem: 8 };
const sleeper = { cmd: "exec sleep 100000", ...small };

async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Json; headers: Headers }> {
  const answer = await ask(`${cluster.info.services.services}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { ...answer, body: answer.body as Json };
}

const taskIds = async (id: string): Promise<string[]> =>
  (await getApp(cluster, id)).tasks.map((task) => task.id).sort();
const remove = async (id: string): Promise<void> => {
  await call("DELETE", `/v2/apps${id}`);
  await eventually(`${id} is gone`, async () => (await call("GET", `/v2/apps${id}`)).status === 404);
};

describe("apps", () => {
  it("marathon.md§24#1 creating an app answers 201 with its place and the deployment that is listed at once", async () => {
    const { status, body, headers } = await call("POST", "/v2/apps", {
      id: "/one",
      ...sleeper,
      instances: 2,
    });
    expect(status).toBe(201);
    expect(headers.get("location")).toBe("/v2/apps/one");
    const id = headers.get("marathon-deployment-id");
    expect(body["deployments"]).toEqual([{ id }]);
    expect(body).toMatchObject({ id: "/one", tasksRunning: 0, tasksStaged: 0 });
    await settled(cluster, "/one");
  });

  it("marathon.md§24#2 its process really runs", async () => {
    await createApp(cluster, { id: "/two", cmd: "echo nonce-4711; exec sleep 100000", ...small });
    const app = await settled(cluster, "/two");
    expect(app.tasks[0]?.state).toBe("TASK_RUNNING");
    expect(pidsOfApp("/two")).toHaveLength(1);
    expect((await cluster.cli("task", "log", app.tasks[0]?.id ?? "")).stdout).toBe("nonce-4711\n");
    await remove("/two");
  });

  it("marathon.md§24#3 the same id twice is refused and changes nothing", async () => {
    const before = await getApp(cluster, "/one");
    const { status, body } = await call("POST", "/v2/apps", { id: "/one", cmd: "true" });
    expect({ status, message: body["message"] }).toEqual({
      status: 409,
      message: "An app with id [/one] already exists.",
    });
    expect((await getApp(cluster, "/one")).version).toBe(before.version);
  });

  it("marathon.md§24#4 text that is no JSON, a wrong type, and a definition without sense differ in status and shape", async () => {
    const raw = await fetch(`${cluster.info.services.services}/v2/apps`, {
      method: "POST",
      body: "{",
      headers: { "content-type": "application/json" },
    });
    expect(raw.status).toBe(400);
    expect(await raw.json()).toMatchObject({ message: "Invalid JSON", details: expect.any(String) });
    const type = await call("POST", "/v2/apps", { id: 7 });
    expect(type).toMatchObject({
      status: 422,
      body: { message: "Invalid JSON", details: [{ path: "/id", errors: ["error.expected.jsstring"] }] },
    });
    const sense = await call("POST", "/v2/apps", {
      id: "/x",
      cmd: "true",
      constraints: [["hostname", "NEAR"]],
    });
    expect(sense).toMatchObject({
      status: 422,
      body: { message: "Object is not valid", details: [{ path: "/constraints(0)" }] },
    });
  });

  it("marathon.md§24#5 every violation is told in one answer", async () => {
    const { body } = await call("POST", "/v2/apps", {
      id: "/x",
      cmd: "true",
      constraints: [["hostname", "MAX_PER", "x"]],
      acceptedResourceRoles: [],
      healthChecks: [{ protocol: "HTTP", portIndex: 9 }],
    });
    const paths = (body["details"] as readonly { readonly path: string }[]).map(({ path }) => path).sort();
    expect(paths).toEqual(["/acceptedResourceRoles", "/constraints(0)", "/healthChecks(0)"]);
  });

  it("marathon.md§24#6 fields nobody knows are let through", async () => {
    const { status } = await call("POST", "/v2/apps", {
      id: "/six",
      ...sleeper,
      instances: 0,
      colour: "red",
    });
    expect(status).toBe(201);
    await remove("/six");
  });

  it("marathon.md§24#7 PUT creates with 201, then changes with 200", async () => {
    expect((await call("PUT", "/v2/apps/seven", { ...sleeper, instances: 0 })).status).toBe(201);
    expect((await call("PUT", "/v2/apps/seven?force=true", { mem: 9 })).status).toBe(200);
    expect((await getApp(cluster, "/seven")) as unknown as Json).toMatchObject({ mem: 9, cmd: sleeper.cmd });
  });

  it("marathon.md§24#8 a partial PUT keeps what is not named, a full one does not", async () => {
    await call("PUT", "/v2/apps/seven?force=true", { env: { A: "1" } });
    await call("PUT", "/v2/apps/seven?force=true", { mem: 10 });
    expect(await getApp(cluster, "/seven")).toHaveProperty("env", { A: "1" });
    await call("PUT", "/v2/apps/seven?partialUpdate=false&force=true", { ...sleeper, instances: 0 });
    expect(await getApp(cluster, "/seven")).not.toHaveProperty("env");
    await remove("/seven");
  });

  it("marathon.md§24#9 PATCH of what is not there is 404", async () => {
    expect(await call("PATCH", "/v2/apps/none", { mem: 9 })).toMatchObject({
      status: 404,
      body: { message: "App '/none' does not exist" },
    });
  });

  it("marathon.md§24#10 several apps in one PUT are one deployment", async () => {
    const { status, body } = await call("PUT", "/v2/apps", [
      { id: "/many/a", ...sleeper, instances: 0 },
      { id: "/many/b", ...sleeper, instances: 0 },
    ]);
    expect(status).toBe(200);
    expect(body).toMatchObject({ deploymentId: expect.any(String), version: expect.any(String) });
    for (const id of ["/many/a", "/many/b"])
      expect((await getApp(cluster, id)).version).toBe(body["version"]);
  });

  it("marathon.md§24#11 a change without effect keeps version and tasks", async () => {
    const before = await settled(cluster, "/one");
    const { status } = await call("PUT", "/v2/apps/one", { cmd: sleeper.cmd });
    expect(status).toBe(200);
    const after = await settled(cluster, "/one");
    expect([after.version, after.tasks.map(({ id }) => id).sort()]).toEqual([
      before.version,
      before.tasks.map(({ id }) => id).sort(),
    ]);
  });

  it("marathon.md§24#12 scaling keeps what runs and the date of the configuration", async () => {
    const before = await settled(cluster, "/one");
    const old = await taskIds("/one");
    await call("PUT", "/v2/apps/one", { instances: 3 });
    const after = await settled(cluster, "/one");
    expect(await taskIds("/one")).toEqual(expect.arrayContaining(old));
    const changedAt = (app: unknown): unknown =>
      (app as { readonly versionInfo: Json }).versionInfo["lastConfigChangeAt"];
    expect(changedAt(after)).toBe(changedAt(before));
    expect(after.version).not.toBe(before.version);
  });

  it("marathon.md§24#13 a new configuration replaces every task and shows in its version", async () => {
    const old = await taskIds("/one");
    await call("PUT", "/v2/apps/one", { env: { NEW: "1" } });
    const after = await settled(cluster, "/one");
    expect(after.tasks.filter(({ id }) => old.includes(id))).toEqual([]);
    expect(after.tasks.every(({ version }) => version === after.version)).toBe(true);
  });

  it("marathon.md§24#14 to zero and back", async () => {
    const old = await taskIds("/one");
    await call("PUT", "/v2/apps/one", { instances: 0 });
    await eventually("no task is left", async () => (await taskIds("/one")).length === 0);
    await settled(cluster, "/one");
    await call("PUT", "/v2/apps/one", { instances: 2 });
    await settled(cluster, "/one");
    expect((await taskIds("/one")).filter((id) => old.includes(id))).toEqual([]);
  });

  it("marathon.md§24#15 a restart keeps the definition, replaces the tasks and gives a new version", async () => {
    const before = await settled(cluster, "/one");
    const old = await taskIds("/one");
    expect((await call("POST", "/v2/apps/one/restart")).status).toBe(200);
    const after = await settled(cluster, "/one");
    expect(after.version).not.toBe(before.version);
    expect((await taskIds("/one")).filter((id) => old.includes(id))).toEqual([]);
  });

  it("marathon.md§24#16 earlier versions are listed, shown, and come back", async () => {
    await call("PUT", "/v2/apps/sixteen", { cmd: "exec sleep 1111", ...small, instances: 0 });
    const first = (await getApp(cluster, "/sixteen")).version;
    await call("PUT", "/v2/apps/sixteen?force=true", { cmd: "exec sleep 2222" });
    const { body } = await call("GET", "/v2/apps/sixteen/versions");
    const versions = body["versions"] as readonly string[];
    expect(versions).toContain(first);
    expect(versions[0]).toBe((await getApp(cluster, "/sixteen")).version);
    expect((await call("GET", `/v2/apps/sixteen/versions/${first}`)).body).toMatchObject({
      id: "/sixteen",
      cmd: "exec sleep 1111",
    });
    expect((await call("PUT", "/v2/apps/sixteen?force=true", { version: first })).status).toBe(200);
    expect(await getApp(cluster, "/sixteen")).toHaveProperty("cmd", "exec sleep 1111");
    await remove("/sixteen");
  });

  it("marathon.md§24#17 deleting an app ends its process and its record", async () => {
    await createApp(cluster, { id: "/gone", ...sleeper });
    await settled(cluster, "/gone");
    await remove("/gone");
    await eventually("its process is gone", () => pidsOfApp("/gone").length === 0);
  });

  it("marathon.md§24#18 the list is filtered by id, command and label", async () => {
    const { body: before } = await call("GET", "/v2/apps");
    expect((before["apps"] as readonly unknown[]).length).toBeGreaterThan(0);
    await createApp(cluster, {
      id: "/f/a",
      cmd: "exec sleep 77",
      ...small,
      instances: 0,
      labels: { tier: "back", zone: "x" },
    });
    await createApp(cluster, {
      id: "/f/b",
      cmd: "exec sleep 88",
      ...small,
      instances: 0,
      labels: { tier: "front" },
    });
    const ids = async (query: string): Promise<string[]> =>
      ((await call("GET", `/v2/apps?${query}`)).body["apps"] as readonly { readonly id: string }[])
        .map(({ id }) => id)
        .filter((id) => id.startsWith("/f/"));
    const label = (selector: string): Promise<string[]> => ids(`label=${encodeURIComponent(selector)}`);
    expect(await ids("id=F/A")).toEqual(["/f/a"]);
    expect(await ids("cmd=SLEEP 88")).toEqual(["/f/b"]);
    expect(await label("tier==back")).toEqual(["/f/a"]);
    expect(await label("tier!=back")).toEqual(["/f/b"]);
    expect(await label("zone")).toEqual(["/f/a"]);
    expect(await label("zone notin (y)")).toEqual(["/f/a"]);
    expect(await label("tier in (back, front), zone")).toEqual(["/f/a"]);
  });

  it("marathon.md§24#19 a selector that can't be read is 422 with the reason", async () => {
    const { status, body } = await call("GET", `/v2/apps?label=${encodeURIComponent("a=b")}`);
    expect(status).toBe(422);
    expect(String(body["message"])).toContain("a=b");
  });

  it("marathon.md§24#20 lists hold what was asked for and no more", async () => {
    const one = async (query: string): Promise<Json> =>
      ((await call("GET", `/v2/apps?id=/one&${query}`)).body["apps"] as readonly Json[])[0] ?? {};
    expect(await one("")).not.toHaveProperty("tasks");
    expect(await one("embed=apps.tasks")).toHaveProperty("tasks");
    expect(await one("embed=app.taskStats")).toHaveProperty("tasksStats");
    expect(await one("embed=nonsense")).not.toHaveProperty("tasks");
  });

  it("marathon.md§24#22 the last failure is told", async () => {
    await createApp(cluster, { id: "/fails", cmd: "exit 3", ...small, backoffSeconds: 60 });
    const failure = await eventually(
      "it failed",
      async () => (await getApp(cluster, "/fails")).lastTaskFailure,
    );
    expect(failure).toMatchObject({
      state: "TASK_FAILED",
      message: expect.stringContaining("status 3"),
      host: "127.0.0.1",
      appId: "/fails",
    });
  });

  it("marathon.md§24#48 a backoff is shown, and reset at once", async () => {
    const item = async (): Promise<{ delay: { timeLeftSeconds: number; overdue: boolean } } | undefined> =>
      (
        (await call("GET", "/v2/queue")).body["queue"] as readonly {
          app: { id: string };
          delay: { timeLeftSeconds: number; overdue: boolean };
        }[]
      ).find(({ app }) => app.id === "/fails");
    const waiting = await eventually("it waits", item);
    expect(waiting.delay.overdue).toBe(false);
    expect(waiting.delay.timeLeftSeconds).toBeGreaterThan(10);
    const before = (await getApp(cluster, "/fails")).lastTaskFailure as unknown as {
      readonly timestamp: string;
    };
    expect((await call("DELETE", "/v2/queue/fails/delay")).status).toBe(204);
    await eventually(
      "it was tried again",
      async () =>
        ((await getApp(cluster, "/fails")).lastTaskFailure as unknown as { readonly timestamp: string })
          .timestamp !== before.timestamp,
    );
    await remove("/fails");
    expect((await call("DELETE", "/v2/queue/fails/delay")).status).toBe(404);
  });

  it("marathon.md§24#23 apps and tasks below a group are listed", async () => {
    expect(
      ((await call("GET", "/v2/apps/f/*")).body["*"] as readonly { readonly id: string }[])
        .map(({ id }) => id)
        .sort(),
    ).toEqual(["/f/a", "/f/b"]);
    expect((await call("GET", "/v2/apps/f/*/tasks")).body).toEqual({ tasks: [] });
    expect((await call("GET", "/v2/apps/nothere/*")).status).toBe(404);
  });

  it("marathon.md§24#61 service ports are in their range, apart, and stay over updates", async () => {
    const ports = async (id: string): Promise<number[]> =>
      (
        (await getApp(cluster, id)) as unknown as {
          readonly portDefinitions: readonly { readonly port: number }[];
        }
      ).portDefinitions.map(({ port }) => port);
    const before = [...(await ports("/f/a")), ...(await ports("/f/b"))];
    expect(new Set(before).size).toBe(before.length);
    expect(before.every((port) => port >= 10_000 && port <= 20_000)).toBe(true);
    await call("PATCH", "/v2/apps/f/a?force=true", { mem: 9 });
    expect([...(await ports("/f/a")), ...(await ports("/f/b"))]).toEqual(before);
  });

  it("marathon.md§24#62 older spellings come back as canonical ones", async () => {
    await createApp(cluster, {
      id: "/older",
      cmd: "true",
      ...small,
      instances: 0,
      uris: ["http://127.0.0.1:1/a.tar.gz", "http://127.0.0.1:1/b"],
      ports: [0, 0],
    });
    expect((await getApp(cluster, "/older")) as unknown as Json).toMatchObject({
      fetch: [
        { uri: "http://127.0.0.1:1/a.tar.gz", extract: true },
        { uri: "http://127.0.0.1:1/b", extract: false },
      ],
      portDefinitions: [{ protocol: "tcp" }, { protocol: "tcp" }],
      networks: [{ mode: "host" }],
    });
  });
});
