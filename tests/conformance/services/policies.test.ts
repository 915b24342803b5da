/** Rows that need a policy of their own (a second framework beside the cluster's services, of another role), or another start. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServices, start } from "#frameworks/services/main.ts";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { createApp, pidsOfApp, pidsOfTask, settled } from "../../harness/services.ts";

const maxVersions = 4;
let cluster: TestCluster;
let services: RunningServices;
const dataDir = mkdtempSync(join(tmpdir(), "keelson-roles-"));

beforeAll(async () => {
  cluster = await startCluster({ agents: 1, flags: ["--max-versions", String(maxVersions)] });
  services = await start({
    host: "127.0.0.1",
    port: 0,
    dataDir,
    masterUrl: cluster.info.services.kernel,
    policy: {
      role: "prod",
      frameworkName: "marathon-prod",
      acceptedRolesDefault: "any",
      maxRunningDeployments: 2,
    },
  });
}, 240_000);
afterAll(async () => {
  await services.close();
  await cluster.purge();
  rmSync(dataDir, { recursive: true, force: true });
});

type Json = { readonly [name: string]: unknown };
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const { status, body: answer } = await ask(`${services.info.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { status, body: answer as Json };
}

it("marathon.md§24#94 tasks of a group that enforces its role have that role, and telling so deploys nothing", async () => {
  const created = await call("POST", "/v2/groups", {
    id: "/prod",
    enforceRole: true,
    apps: [{ id: "app", cmd: "env; exec sleep 100000", cpus: 0.01, mem: 8 }],
  });
  expect(created.status).toBe(201);
  const other = { id: "/dev", enforceRole: true, apps: [{ id: "app", role: "prod", cmd: "sleep 1" }] };
  expect((await call("POST", "/v2/groups", other)).status).toBe(422);

  interface State {
    readonly frameworks: readonly {
      readonly name: string;
      readonly roles: readonly string[];
      readonly tasks: readonly { readonly role: string; readonly state: string; readonly id: string }[];
    }[];
  }
  const task = await eventually("the master knows the task", async () => {
    const { body } = await ask(`${cluster.info.services.kernel}/state`);
    const framework = (body as State).frameworks.find(({ name }) => name === "marathon-prod");
    return framework?.tasks.find(({ state }) => state === "TASK_RUNNING");
  });
  expect(task.role).toBe("prod");
  const app = (await call("GET", "/v2/apps/prod/app")).body["app"] as Json;
  expect((app["tasks"] as readonly Json[])[0]).toMatchObject({ id: task.id, role: "prod" });
  const output = await eventually("it wrote its environment", async () => {
    const { stdout } = await cluster.cli("task", "log", task.id, "-n", "1000");
    return stdout.includes("MARATHON_APP_ENFORCE_GROUP_ROLE") && stdout;
  });
  expect(output).toContain("MARATHON_APP_ENFORCE_GROUP_ROLE=TRUE");

  await eventually("the deployment is over", async () => {
    const { body } = await call("GET", "/v2/deployments");
    return (body as unknown as readonly unknown[]).length === 0;
  });
  const told = await call("PATCH", "/v2/groups/prod", { enforceRole: false });
  expect(told.status).toBe(200);
  expect((await call("GET", "/v2/deployments")).body).toEqual([]);
  expect((await call("GET", "/v2/groups/prod")).body).toMatchObject({ enforceRole: false });
  const after = (await call("GET", "/v2/apps/prod/app")).body["app"] as Json;
  expect((after["tasks"] as readonly Json[])[0]).toMatchObject({ id: task.id });
  await call("DELETE", "/v2/groups/prod?force=true");
  await eventually(
    "the group's app is gone",
    async () => (await call("GET", "/v2/apps/prod/app")).status === 404,
  );
}, 120_000);

it("marathon.md§24#99 more deployments than may run at once are refused, with the reason", async () => {
  const huge = { cmd: "sleep 1", cpus: 1_000 };
  await eventually("no deployment is left", async () => {
    const { body } = await call("GET", "/v2/deployments");
    return (body as unknown as readonly unknown[]).length === 0;
  });
  for (const id of ["/one", "/two"])
    expect((await call("POST", "/v2/apps", { id, ...huge })).status).toBe(201);
  expect(await call("POST", "/v2/apps", { id: "/three", ...huge })).toEqual({
    status: 403,
    body: { message: "2 deployments are running, which is the most allowed; try again later" },
  });
  expect((await call("GET", "/v2/apps/three")).status).toBe(404);
  // What replaces one of them makes none more.
  expect((await call("DELETE", "/v2/apps/two")).status).toBe(200);
  await eventually(
    "there is room again",
    async () => (await call("POST", "/v2/apps", { id: "/three", ...huge })).status === 201,
  );
  await call("DELETE", "/v2/groups?force=true");
}, 240_000);

it("of versions as many are kept as was said, of an app and of a group, and the rest can't be had any more", async () => {
  const own = async (method: string, path: string, body?: unknown) => {
    const answer = await ask(`${cluster.info.services.services}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.status, body: answer.body as Json };
  };
  const made: string[] = [];
  for (let revision = 0; revision < maxVersions + 3; revision += 1) {
    const definition = { cmd: `sleep ${1_000 + revision}`, instances: 0, cpus: 0.01, mem: 8 };
    const { status, body } = await own("PUT", "/v2/apps/pruned/app?force=true", definition);
    expect(status).toBe(revision === 0 ? 201 : 200);
    made.unshift(String(body["version"]));
  }
  const path = "/v2/apps/pruned/app/versions";
  expect((await own("GET", path)).body["versions"]).toEqual(made.slice(0, maxVersions));
  const oldest = made[maxVersions - 1];
  expect((await own("GET", `${path}/${oldest}`)).body).toMatchObject({ cmd: "sleep 1003" });
  expect((await own("GET", `${path}/${made[maxVersions]}`)).status).toBe(404);
  expect((await own("PUT", "/v2/apps/pruned/app?force=true", { version: made[maxVersions] })).status).toBe(
    404,
  );
  expect((await own("GET", "/v2/groups/pruned/versions")).body).toEqual(made.slice(0, maxVersions));
  expect((await own("PUT", "/v2/groups/pruned?force=true", { version: made[maxVersions] })).status).toBe(422);
  const { zookeeper_config: limits } = (await own("GET", "/v2/info")).body;
  expect(limits).toMatchObject({ zk_max_versions: maxVersions });
  // The oldest that is kept can be gone back to.
  expect((await own("PUT", "/v2/apps/pruned/app?force=true", { version: oldest })).status).toBe(200);
  const { app } = (await own("GET", "/v2/apps/pruned/app")).body;
  expect(app).toMatchObject({ cmd: "sleep 1003" });
  await own("DELETE", "/v2/groups/pruned?force=true");
});

describe("the lead", () => {
  /** Of the cluster's own services, which are started again when they end. */
  const own = (method: string, path: string, body?: unknown) =>
    ask(`${cluster.info.services.services}${path}`, { method, ...(body === undefined ? {} : { body }) });
  const app = (id: string): Json => ({ id, cmd: "exec sleep 100000", cpus: 0.01, mem: 8 });
  const abdicate = async (query: string): Promise<void> => {
    const before = cluster.pid("frameworks");
    const { status, body } = await own("DELETE", `/v2/leader${query}`);
    expect({ status, body }).toEqual({ status: 200, body: { message: "Leadership abdicated" } });
    await eventually("another start answers", async () => {
      const isAnother = cluster.pid("frameworks") !== before;
      return isAnother && (await own("GET", "/v2/leader")).status === 200;
    });
  };

  it("marathon.md§24#92 an app that was deleted after a backup is back with it", async () => {
    const file = join(dataDir, "backup.tar");
    await createApp(cluster, app("/kept"));
    const [task] = (await settled(cluster, "/kept")).tasks;
    await abdicate(`?backup=file://${file}`);
    // Giving up the lead ends no task.
    expect((await settled(cluster, "/kept")).tasks.map(({ id }) => id)).toEqual([task?.id]);

    expect((await own("DELETE", "/v2/apps/kept")).status).toBe(200);
    await eventually("it is gone", () => pidsOfTask(task?.id ?? "").length === 0);
    await createApp(cluster, app("/later"));
    const [later] = (await settled(cluster, "/later")).tasks;
    await abdicate(`?restore=file://${file}`);
    // The backup knows a task that has ended since; the master's word on it comes first.
    await eventually("another one runs", () => pidsOfApp("/kept").length > 0, 60_000);
    const back = await settled(cluster, "/kept", 60_000);
    expect(back).toMatchObject({ id: "/kept", instances: 1, tasksRunning: 1 });
    // What the backup knows nothing of is ended.
    expect((await own("GET", "/v2/apps/later")).status).toBe(404);
    await eventually("the later task ended", () => pidsOfTask(later?.id ?? "").length === 0, 60_000);
    await own("DELETE", "/v2/apps/kept");
  }, 180_000);

  it("is not given up for what can't be done", async () => {
    const pid = cluster.pid("frameworks");
    const none = join(dataDir, "none.tar");
    const damaged = join(dataDir, "damaged.tar");
    writeFileSync(damaged, "no tar at all");
    for (const [query, problem] of [
      ["?backup=s3://bucket/key", "file:///"],
      [`?backup=file://${join(dataDir, "no/such/folder.tar")}`, "can't be written"],
      [`?restore=file://${none}`, "is no backup"],
      [`?restore=file://${damaged}`, "is no backup"],
      ["?restore=file:///etc/../etc/passwd", "is no backup"],
    ] as const) {
      const { status, body } = await own("DELETE", `/v2/leader${query}`);
      expect({ query, status }).toEqual({ query, status: 422 });
      expect((body as { readonly message: string }).message).toContain(problem);
    }
    expect(cluster.pid("frameworks")).toBe(pid);
  });
});
