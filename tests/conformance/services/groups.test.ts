/** Groups, dependencies and readiness on a real cluster, row by row of the contract's checklist. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { explainWhy } from "#contracts/services/own-endpoints.ts";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { getApp, pidsOfApp, settled } from "../../harness/services.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 240_000);
afterAll(() => cluster.purge());

type Json = { readonly [name: string]: unknown };
interface Group {
  readonly id: string;
  readonly version: string;
  readonly apps: readonly Json[];
  readonly groups: readonly Group[];
  readonly dependencies: readonly string[];
}
interface Deployment {
  readonly id: string;
  readonly affectedApps: readonly string[];
  readonly currentActions: readonly Json[];
}

const small = { cpus: 0.01, mem: 8 };
const sleeper = { cmd: "exec sleep 100000", ...small };
/** A server of node needs more, and a user who may read node's own files. */
const server = (script: string) => ({
  cmd: `exec "${process.execPath}" -e '${script}'`,
  cpus: 0.05,
  mem: 64,
  ...(process.getuid?.() === 0 ? { user: "root" } : {}),
});

async function call<Body = Json>(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Body; headers: Headers }> {
  const answer = await ask(`${cluster.info.services.services}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { ...answer, body: answer.body as Body };
}

const group = async (id: string): Promise<Group> => (await call<Group>("GET", `/v2/groups${id}`)).body;
const deployments = async () => (await call<readonly Deployment[]>("GET", "/v2/deployments")).body;
const quiet = () =>
  eventually("no deployment is left", async () => (await deployments()).length === 0, 60_000);
/** All paths of a tree. */
const paths = (tree: Group): readonly string[] => [
  ...tree.apps.map(({ id }) => String(id)),
  ...tree.groups.flatMap((below) => [`${below.id}/`, ...paths(below)]),
];
const taskIds = async (id: string) => (await getApp(cluster, id)).tasks.map((task) => task.id).sort();
async function remove(id: string): Promise<void> {
  await call("DELETE", `/v2/groups${id}?force=true`);
  await quiet();
}

describe("groups", () => {
  it("marathon.md§24#30 a nested group is made in one deployment, its tree is shown and its apps run", async () => {
    const body = {
      id: "/shop",
      apps: [{ id: "front", ...sleeper, instances: 2 }],
      groups: [{ id: "store", apps: [{ id: "/shop/store/db", ...sleeper }], groups: [{ id: "empty" }] }],
    };
    const created = await call("POST", "/v2/groups", body);
    expect(created.status).toBe(201);
    expect(created.headers.get("location")).toBe("/v2/groups/shop");
    expect(created.headers.get("marathon-deployment-id")).toBe(created.body["deploymentId"]);
    expect(Object.keys(created.body).sort()).toEqual(["deploymentId", "version"]);
    await settled(cluster, "/shop/front");
    await settled(cluster, "/shop/store/db");
    expect(pidsOfApp("/shop/store/db")).toHaveLength(1);
    const tree = await group("/shop");
    expect(paths(tree)).toEqual(["/shop/front", "/shop/store/", "/shop/store/db", "/shop/store/empty/"]);
    expect(tree).toMatchObject({ id: "/shop", dependencies: [], version: created.body["version"] });
    expect((await group("")).groups.map(({ id }) => id)).toEqual(["/shop"]);
    expect((await call("POST", "/v2/groups/shop", {})).status).toBe(409);
    expect(await call("GET", "/v2/groups/nowhere")).toMatchObject({
      status: 404,
      body: { message: "Group '/nowhere' does not exist" },
    });
  });

  it("show no more than is asked to be embedded", async () => {
    const bare = (await call("GET", "/v2/groups/shop?embed=group.groups")).body;
    expect(Object.keys(bare).sort()).toEqual(["dependencies", "enforceRole", "groups", "id", "version"]);
    const { body } = await call<Group>(
      "GET",
      "/v2/groups/shop?embed=group.apps&embed=group.apps.counts&embed=tasks",
    );
    expect(body.apps[0]).toMatchObject({ tasksRunning: 2 });
    expect(body.apps[0]).not.toHaveProperty("tasks");
    const apps = (await call<readonly Json[]>("GET", "/v2/groups/shop/apps?embed=group.apps.tasks")).body;
    expect(apps.map(({ id }) => id)).toEqual(["/shop/front", "/shop/store/db"]);
    expect(apps[0]?.["tasks"]).toHaveLength(2);
    const below = (await call("GET", "/v2/apps/shop/*")).body["*"] as readonly Json[];
    expect(below.map(({ id }) => id)).toEqual(["/shop/front", "/shop/store/db"]);
  });

  it("marathon.md§24#31 an app left out of a group is stopped, the others are not touched", async () => {
    const before = await taskIds("/shop/front");
    const { status } = await call("PUT", "/v2/groups/shop", {
      groups: [{ id: "store", apps: [{ id: "cache", ...sleeper }] }],
    });
    expect(status).toBe(200);
    await quiet();
    expect(paths(await group("/shop"))).toEqual([
      "/shop/front",
      "/shop/store/",
      "/shop/store/cache",
      "/shop/store/empty/",
    ]);
    await eventually("the process of the app is gone", () => pidsOfApp("/shop/store/db").length === 0);
    expect(await taskIds("/shop/front")).toEqual(before);
  });

  it("marathon.md§24#32 scaled by 1.5 three instances are five", async () => {
    await call("PUT", "/v2/groups/scaled", { apps: [{ id: "a", ...sleeper, instances: 3 }] });
    await quiet();
    const before = await taskIds("/scaled/a");
    expect((await call("PUT", "/v2/groups/scaled", { scaleBy: 1.5 })).status).toBe(200);
    await quiet();
    const after = await taskIds("/scaled/a");
    expect(after).toHaveLength(5);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(await call("PUT", "/v2/groups/scaled", { scaleBy: 2, id: "scaled" })).toMatchObject({
      status: 422,
      body: {
        details: [{ path: "/scaleBy", errors: ["not allowed in conjunction with other properties."] }],
      },
    });
    await remove("/scaled");
  });

  it("marathon.md§24#33 an earlier version of a group brings its definitions back", async () => {
    const first = await call("PUT", "/v2/groups/back", {
      apps: [
        { id: "kept", ...sleeper, labels: { step: "one" } },
        { id: "lost", ...sleeper },
      ],
    });
    await quiet();
    await call("PUT", "/v2/groups/back", { apps: [{ id: "kept", ...sleeper, labels: { step: "two" } }] });
    await quiet();
    const versions = (await call<readonly string[]>("GET", "/v2/groups/back/versions")).body;
    expect(versions).toHaveLength(2);
    expect(versions.at(-1)).toBe(first.body["version"]);
    const then = (await call<Group>("GET", `/v2/groups/back/versions/${String(versions.at(-1))}`)).body;
    expect(paths(then)).toEqual(expect.arrayContaining(["/back/kept", "/back/lost"]));
    expect((await call("PUT", "/v2/groups/back", { version: versions.at(-1) })).status).toBe(200);
    await quiet();
    expect((await getApp(cluster, "/back/kept")) as unknown as Json).toMatchObject({
      labels: { step: "one" },
    });
    await settled(cluster, "/back/lost");
    const none = await call("PUT", "/v2/groups/back", { version: "2014-01-01T00:00:00.000Z" });
    expect(none.status).toBe(422);
    await remove("/back");
  });

  it("marathon.md§24#34 a dry run answers with steps and changes nothing", async () => {
    const before = await group("/shop");
    const { status, body } = await call("PUT", "/v2/groups/shop?dryRun=true", {
      apps: [
        { id: "front", ...sleeper, instances: 3 },
        { id: "new", ...sleeper, dependencies: ["front"] },
      ],
    });
    expect(status).toBe(200);
    expect(body["steps"]).toEqual([
      { actions: [{ action: "StartApplication", app: "/shop/new" }] },
      { actions: [{ action: "ScaleApplication", app: "/shop/front" }] },
      { actions: [{ action: "ScaleApplication", app: "/shop/new" }] },
    ]);
    expect(await deployments()).toEqual([]);
    expect(await group("/shop")).toEqual(before);
  });

  it("tell whether a role is enforced without a deployment, at the top only", async () => {
    const { status, body } = await call("PATCH", "/v2/groups/shop", { enforceRole: true });
    expect({ status, body, deployments: await deployments() }).toMatchObject({
      status: 200,
      deployments: [],
    });
    expect(await group("/shop")).toMatchObject({ enforceRole: true });
    // What runs keeps its role; what is new gets the group's, and no other.
    expect((await call("GET", "/v2/apps/shop/front")).body["app"]).toMatchObject({ role: "slave_public" });
    expect(
      await call("POST", "/v2/apps", { id: "/shop/more", role: "slave_public", ...sleeper }),
    ).toMatchObject({
      status: 422,
      body: { details: [{ path: "/role" }] },
    });
    expect((await call("PATCH", "/v2/groups/shop", { enforceRole: false })).status).toBe(200);
    expect((await call("PATCH", "/v2/groups/shop/store", { enforceRole: true })).status).toBe(422);
    expect((await call("PATCH", "/v2/groups/none", { enforceRole: true })).status).toBe(404);
  });

  it("marathon.md§24#94 services of groups that enforce their roles run in these, each with its own quota, and the roles go with the services", async () => {
    const { kernel } = cluster.info.services;
    const limitStage = async (limits: object): Promise<void> => {
      const quota_configs = [{ role: "stage", limits }];
      const body = { type: "UPDATE_QUOTA", update_quota: { force: true, quota_configs } };
      expect((await ask(`${kernel}/api/v1`, { method: "POST", body })).status).toBe(200);
    };
    interface Role {
      readonly name: string;
      readonly frameworks: readonly string[];
      readonly resources: { readonly cpus?: number };
    }
    const roleNamed = async (name: string): Promise<Role | undefined> =>
      ((await ask(`${kernel}/roles`)).body as { readonly roles: readonly Role[] }).roles.find(
        (role) => role.name === name,
      );
    const enforced = (id: string) => ({ id, enforceRole: true, apps: [{ id: "app", ...sleeper }] });
    await limitStage({ cpus: { value: 0.005 } });
    try {
      for (const id of ["/live", "/stage"])
        expect((await call("POST", "/v2/groups", enforced(id))).status).toBe(201);
      await settled(cluster, "/live/app");
      const { frameworkId } = (await call("GET", "/v2/info")).body;
      const live = await eventually("the role has what its app takes", async () => {
        const role = await roleNamed("live");
        return (role?.resources.cpus ?? 0) > 0 && role;
      });
      expect(live.frameworks).toEqual([frameworkId]);
      expect((await roleNamed("stage"))?.frameworks).toEqual([frameworkId]);
      const { body: app } = await call("GET", "/v2/apps/live/app");
      expect(app["app"]).toMatchObject({ role: "live", tasks: [{ role: "live" }] });
      await eventually(
        "it is said that the quota of the role is used up",
        async () => {
          const { body: why } = await call<ReplyOf<typeof explainWhy>>(
            "GET",
            "/keelson/v1/why?name=/stage/app",
          );
          const [reason] = why.reasons;
          return reason?.code === "quotaLimited" && reason.message.includes("stage");
        },
        60_000,
      );
      const { body: queue } = await call<{ readonly queue: readonly Json[] }>("GET", "/v2/queue");
      expect(queue.queue.filter(({ role }) => role === "stage")).toMatchObject([{ count: 1 }]);
      await limitStage({});
      await settled(cluster, "/stage/app");
    } finally {
      await limitStage({});
      for (const id of ["/live", "/stage"]) await remove(id);
    }
    await eventually(
      "the roles are gone",
      async () => {
        const left = [await roleNamed("live"), await roleNamed("stage")];
        return left.every((role) => role === undefined);
      },
      60_000,
    );
  }, 240_000);

  it("marathon.md§24#36 dependencies in a circle are refused", async () => {
    const circle = await call("PUT", "/v2/groups/circle", {
      apps: [
        { id: "a", ...sleeper, dependencies: ["b"] },
        { id: "b", ...sleeper, dependencies: ["/circle/a"] },
      ],
    });
    expect(circle).toMatchObject({
      status: 422,
      body: { message: "Object is not valid", details: [{ path: "/" }] },
    });
    expect((await call("GET", "/v2/groups/circle")).status).toBe(404);
  });

  it("marathon.md§24#37 an id is an app's or a group's, not both", async () => {
    expect((await call("POST", "/v2/apps", { id: "/shop", ...sleeper })).status).toBe(422);
    expect((await call("POST", "/v2/apps", { id: "/shop/front/below", ...sleeper })).status).toBe(422);
    expect((await call("POST", "/v2/groups", { id: "/shop/front" })).status).toBe(409);
    const inside = await call("PUT", "/v2/groups/shop", { groups: [{ id: "front" }] });
    expect(inside.status).toBe(422);
  });

  it("end with all that is in them, the root with everything", async () => {
    expect((await call("DELETE", "/v2/groups/shop/store")).status).toBe(200);
    await quiet();
    expect(paths(await group("/shop"))).toEqual(["/shop/front"]);
    expect((await call("DELETE", "/v2/groups/shop/store")).status).toBe(404);
    expect((await call("DELETE", "/v2/groups")).status).toBe(200);
    await quiet();
    expect(paths(await group(""))).toEqual([]);
    expect(pidsOfApp("/shop/front")).toEqual([]);
  });
});

describe("the order of a deployment", () => {
  const slow =
    'setTimeout(()=>{require("http").createServer((q,s)=>s.end("ok")).listen(process.env.PORT0,()=>console.log("up "+Date.now()))},3000)';
  const stack = {
    id: "/stack",
    groups: [
      {
        id: "store",
        apps: [
          {
            id: "db",
            ...server(slow),
            healthChecks: [{ protocol: "TCP", portIndex: 0, intervalSeconds: 1, gracePeriodSeconds: 60 }],
          },
        ],
      },
      {
        id: "front",
        dependencies: ["../store"],
        apps: [{ id: "web", cmd: 'echo "start $(date +%s%3N)"; exec sleep 100000', ...small }],
      },
    ],
  };
  const logOf = async (id: string): Promise<string> => {
    const [task] = (await settled(cluster, id, 60_000)).tasks;
    return (await cluster.cli("task", "log", task?.id ?? "")).stdout;
  };
  const timeIn = async (id: string): Promise<number> =>
    eventually(`${id} said when`, async () => Number(/\d{13}/.exec(await logOf(id))?.[0] ?? 0));

  it("marathon.md§24#35 what depends on an app starts when that is healthy", async () => {
    expect((await call("POST", "/v2/groups", stack)).status).toBe(201);
    await quiet();
    expect(await timeIn("/stack/front/web")).toBeGreaterThan(await timeIn("/stack/store/db"));
    await remove("/stack");
  }, 120_000);

  it("marathon.md§24#91 survives the death of the process in its middle, without a second start", async () => {
    const created = await call("POST", "/v2/groups", stack);
    await eventually(
      "the first app runs",
      async () => (await getApp(cluster, "/stack/store/db")).tasksRunning === 1,
    );
    const [db] = await taskIds("/stack/store/db");
    expect(await taskIds("/stack/front/web")).toEqual([]);
    const old = cluster.pid("frameworks");
    cluster.kill("frameworks");
    await eventually("services are back", async () => {
      if (cluster.pid("frameworks") === old) return false;
      return call("GET", "/ping").then(
        () => true,
        () => false,
      );
    });
    await quiet();
    expect(created.status).toBe(201);
    expect(await taskIds("/stack/store/db")).toEqual([db]);
    expect(await timeIn("/stack/front/web")).toBeGreaterThan(await timeIn("/stack/store/db"));
    expect(pidsOfApp("/stack/store/db")).toHaveLength(1);
    expect(pidsOfApp("/stack/front/web")).toHaveLength(1);
    await remove("/stack");
  }, 120_000);

  it("marathon.md§24#46 a readiness check holds a deployment open until it passes, and its results are shown", async () => {
    const gate =
      'let r=false;require("http").createServer((q,s)=>{if(q.url=="/open")r=true;s.writeHead(r?200:503,{"content-type":"text/plain"});s.end(r?"yes":"not yet")}).listen(process.env.PORT0)';
    await call("POST", "/v2/apps", {
      id: "/gate",
      ...server(gate),
      portDefinitions: [{ port: 0, name: "http-api" }],
      readinessChecks: [
        { name: "open", path: "/ready", intervalSeconds: 1, timeoutSeconds: 0.5, preserveLastResponse: true },
      ],
    }).then(({ status }) => expect(status).toBe(422));
    const { status } = await call("POST", "/v2/apps", {
      id: "/gate",
      ...server(gate),
      portDefinitions: [{ port: 0, name: "http-api" }],
      readinessChecks: [
        { name: "open", path: "/ready", intervalSeconds: 2, timeoutSeconds: 1, preserveLastResponse: true },
      ],
    });
    expect(status).toBe(201);
    const waiting = await eventually("the check answered", async () => {
      const [deployment] = await deployments();
      const results = (deployment?.currentActions[0]?.["readinessCheckResults"] ?? []) as readonly Json[];
      return (
        results.some(({ lastResponse }) => (lastResponse as Json | undefined)?.["status"] === 503) && results
      );
    });
    const [task] = (await getApp(cluster, "/gate")).tasks;
    expect(waiting).toEqual([
      {
        name: "open",
        taskId: task?.id,
        ready: false,
        lastResponse: { status: 503, contentType: "text/plain", body: "not yet" },
      },
    ]);
    const embedded = (await call<{ apps: readonly Json[] }>("GET", "/v2/apps?id=gate&embed=apps.readiness"))
      .body;
    expect(embedded.apps[0]?.["readinessCheckResults"]).toMatchObject([{ name: "open", ready: false }]);
    expect(await deployments()).toHaveLength(1);
    await fetch(`http://${task?.host}:${task?.ports[0]}/open`);
    await quiet();
    await call("DELETE", "/v2/apps/gate");
    await quiet();
  }, 120_000);
});

describe("a group of 5,000 apps", () => {
  const count = 5_000;
  const body = {
    id: "/large",
    apps: Array.from({ length: count }, (_, index) => ({
      id: `app-${index}`,
      cmd: "exec sleep 100000",
      instances: 0,
      // As large as apps of people are: all of them are more than one request of a store carries.
      env: { SETTINGS: "x".repeat(300) },
      dependencies: index % 10 === 0 ? [] : [`app-${index - (index % 10)}`],
    })),
  };
  // Alone on a machine each takes some two seconds at most.
  const boundMs = 120_000;
  async function within<Result>(work: () => Promise<Result>): Promise<Result> {
    const started = performance.now();
    const result = await work();
    expect(performance.now() - started).toBeLessThan(boundMs);
    return result;
  }

  it("is planned, accepted and deployed", async () => {
    const plan = await within(() => call("POST", "/keelson/v1/plan", { definitions: [body] }));
    expect(plan.status, JSON.stringify(plan.body).slice(0, 500)).toBe(200);
    expect(plan.body["services"]).toHaveLength(count);
    const dry = await within(() => call("PUT", "/v2/groups/large?dryRun=true", { ...body, id: undefined }));
    expect(dry.body["steps"]).toHaveLength(3);
    expect((await within(() => call("POST", "/v2/groups", body))).status).toBe(201);
    await quiet();
    expect((await within(() => group("/large"))).apps).toHaveLength(count);
  }, 180_000);

  it("is there after a crash, and read window by window with the fields that are wanted", async () => {
    cluster.kill("frameworks");
    await eventually(
      "Services answer again",
      async () => (await call("GET", "/v2/info")).status === 200,
      60_000,
    );
    const found: Json[] = [];
    let next: string | undefined = "/v2/apps?id=/large/&keelson.fields=id,dependencies&keelson.limit=1000";
    while (next !== undefined) {
      const path: string = next;
      const { headers, body: answer } = await within(() => call("GET", path));
      expect(headers.get("keelson-total")).toBe(String(count));
      found.push(...(answer["apps"] as readonly Json[]));
      next = /^<(.*)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1];
    }
    expect(new Set(found.map(({ id }) => id)).size).toBe(count);
    expect(found.find(({ id }) => id === "/large/app-11")).toEqual({
      id: "/large/app-11",
      dependencies: ["/large/app-10"],
    });
    const tree = await within(() => call("GET", "/v2/groups/large?embed=group.apps&keelson.fields=id,cpus"));
    expect(tree.body["apps"]).toHaveLength(count);
    expect((tree.body["apps"] as readonly Json[])[7]).toEqual({ id: expect.any(String), cpus: 1 });
    expect(await call("GET", "/v2/apps?keelson.limit=none")).toMatchObject({
      status: 422,
      body: { message: 'keelson.limit wants a whole number from 1 to 10000, not "none"' },
    });
    await remove("/large");
  }, 180_000);
});
