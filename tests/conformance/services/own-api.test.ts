/** Services' own API on a real cluster: what changes is planned, kept, undone, and never goes unrecorded. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identityHeaders } from "#contracts/identity.ts";
import type { AuditRecord } from "#contracts/observe/audit.ts";
import type {
  DeploymentItem,
  HistoryEntry,
  InstanceItem,
  ServiceItem,
} from "#contracts/services/own-endpoints.ts";
import type { Plan } from "#contracts/services/plan.ts";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { settled } from "../../harness/services.ts";

let cluster: TestCluster;
let asAnn: Readonly<Record<string, string>> = {};
const flagsDir = mkdtempSync(join(tmpdir(), "keelson-flags-"));
const flagsFile = (flags: object): string => {
  const file = join(flagsDir, `${Object.keys(flags)[0]}.json`);
  writeFileSync(file, JSON.stringify(flags));
  return file;
};
beforeAll(async () => {
  const flags = flagsFile({ max_running_deployments: 90, launch_tokens: 101 });
  cluster = await startCluster({ agents: 2, flags: ["--services-flags", flags] });
  // What the door would say of somebody who logged in.
  const secret = readFileSync(join(cluster.dataDir, "secrets/door"), "utf8").trim();
  asAnn = {
    [identityHeaders.door]: secret,
    [identityHeaders.user]: "ann",
    [identityHeaders.from]: "192.0.2.7",
  };
  const headers = { authorization: `token=${cluster.info.token}` };
  const api = `${cluster.info.url}/acs/api/v1`;
  await ask(`${api}/users/ann`, { method: "PUT", headers, body: { password: "long enough" } });
  await ask(`${api}/groups/superusers/users/ann`, { method: "PUT", headers });
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(flagsDir, { recursive: true });
});

const small = { cpus: 0.01, mem: 16 };
const sleeper = { cmd: "exec sleep 100000", ...small };

interface Called<Body> {
  readonly status: number;
  readonly body: Body;
}

async function call<Body>(method: string, path: string, body?: unknown): Promise<Called<Body>> {
  const answer = await ask(`${cluster.info.services.services}${path}`, {
    method,
    headers: asAnn,
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, body: answer.body as Body };
}
const own = <Body>(method: string, path: string, body?: unknown): Promise<Called<Body>> =>
  call(method, `/keelson/v1${path}`, body);
interface Page<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}
interface Applied {
  readonly deploymentId?: string;
  readonly version?: string;
  readonly plan: Plan;
}

async function newestAudit(): Promise<AuditRecord> {
  const [record] = (await own<Page<AuditRecord>>("GET", "/audit?limit=1")).body.items;
  if (record === undefined) throw new Error("nothing was audited");
  return record;
}

describe("plan, apply, roll back", () => {
  it("ux.md§6#4 a plan says what apply then does: restarts, counts, refusals and steps", async () => {
    const first = {
      definitions: [
        { id: "/plan/web", ...sleeper, instances: 2 },
        { id: "/plan/db", ...sleeper },
      ],
    };
    const planned = (await own<Plan>("POST", "/plan", first)).body;
    expect(planned.services.map(({ id, effect, instancesAfter }) => [id, effect, instancesAfter])).toEqual([
      ["/plan/web", "create", 2],
      ["/plan/db", "create", 1],
    ]);
    const applied = (await own<Applied>("POST", "/apply", { ...first, basis: planned.basis })).body;
    expect(applied.plan.services).toEqual(planned.services);
    await settled(cluster, "/plan/web");
    await settled(cluster, "/plan/db");
    expect((await own<Plan>("POST", "/plan", first)).body).toMatchObject({ isEmpty: true, steps: [] });
    expect((await own<Applied>("POST", "/apply", first)).body.deploymentId).toBeUndefined();

    const second = {
      definitions: [{ id: "/plan/web", ...sleeper, cmd: "exec sleep 200000" }],
      pruneGroup: "/plan",
    };
    const change = (await own<Plan>("POST", "/plan", second)).body;
    expect(change.services).toMatchObject([
      { id: "/plan/db", effect: "remove", instancesBefore: 1, instancesAfter: 0 },
      { id: "/plan/web", effect: "restart", restarts: 2, instancesAfter: 2 },
    ]);
    const before = (await settled(cluster, "/plan/web")).tasks.map(({ id }) => id);
    await own("POST", "/apply", second);
    const after = (await settled(cluster, "/plan/web")).tasks.map(({ id }) => id);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    expect((await call("GET", "/v2/apps/plan/db")).status).toBe(404);

    const stale = await own<{ code: string }>("POST", "/apply", { ...second, basis: change.basis });
    expect([stale.status, stale.body.code]).toEqual([409, "Conflict"]);
    const nobody = await own<{ code: string }>("POST", "/plan", { definitions: [], restarts: ["/nobody"] });
    expect([nobody.status, nobody.body.code]).toEqual([404, "NotFound"]);
    const bad = await own<{ code: string; details: unknown }>("POST", "/plan", {
      definitions: [{ id: "/plan/web", cmd: "x", cpus: "much" }, { id: "/plan/x" }],
    });
    expect([bad.status, bad.body.code]).toEqual([422, "Invalid"]);
    expect(bad.body.details).toMatchObject([{ path: "/definitions/0/cpus" }, { path: "/definitions/1" }]);
  }, 180_000);

  it("labels restart, as in Marathon, unless it is said that they change in place", async () => {
    await own("POST", "/apply", { definitions: [{ id: "/labelled", ...sleeper }] });
    const tasksAfter = async (body: object): Promise<readonly string[]> => {
      expect((await call("PUT", "/v2/apps/labelled", body)).status).toBe(200);
      return (await settled(cluster, "/labelled")).tasks.map(({ id }) => id);
    };
    const [first] = (await settled(cluster, "/labelled")).tasks.map(({ id }) => id);
    const [second] = await tasksAfter({ labels: { route: "a" } });
    expect(second).not.toBe(first);
    const upgradeStrategy = { minimumHealthCapacity: 1, maximumOverCapacity: 1, labelsInPlace: true };
    const kept = { definitions: [{ id: "/labelled", ...sleeper, labels: { route: "b" }, upgradeStrategy }] };
    expect((await own<Plan>("POST", "/plan", kept)).body.services).toMatchObject([{ restarts: 0 }]);
    expect(await tasksAfter({ labels: { route: "b" }, upgradeStrategy })).toEqual([second]);
    expect(await tasksAfter({ labels: { route: "c" } })).toEqual([second]);
    const { app } = (await call<{ app: { labels: object } }>("GET", "/v2/apps/labelled")).body;
    expect(app.labels).toEqual({ route: "c" });
    const more = await tasksAfter({ labels: { route: "d" }, env: { COLOR: "red" } });
    expect(more).not.toEqual([second]);
  }, 120_000);

  it("ux.md§6#9 every change can be undone: back and forth, with who, why and what", async () => {
    await own("POST", "/apply", {
      message: "one",
      definitions: [{ id: "/undo", ...sleeper, env: { COLOR: "red" } }],
    });
    await settled(cluster, "/undo");
    await own("POST", "/apply", {
      message: "two",
      definitions: [{ id: "/undo", ...sleeper, env: { COLOR: "blue" } }],
    });
    await settled(cluster, "/undo");
    const dry = (await own<Applied>("POST", "/rollback/undo", { dryRun: true })).body;
    expect(dry.plan.services).toMatchObject([
      { effect: "restart", changes: [{ path: "/env/COLOR", before: "blue", after: "red" }] },
    ]);
    await own("POST", "/rollback/undo", { message: "blue was wrong" });
    await settled(cluster, "/undo");
    await own("POST", "/rollback/undo", {});
    await settled(cluster, "/undo");
    const history = (await own<Page<HistoryEntry>>("GET", "/history/undo")).body;
    expect(
      history.items.map(({ user, from, message, changes }) => ({ user, from, message, changes })),
    ).toMatchObject([
      { user: "ann", from: "192.0.2.7", changes: [{ path: "/env/COLOR", before: "red", after: "blue" }] },
      { user: "ann", message: "blue was wrong", changes: [{ before: "blue", after: "red" }] },
      { user: "ann", message: "two" },
      { user: "ann", message: "one", changes: [] },
    ]);
  }, 180_000);

  it("ux.md§6#10 a lock always comes with its ways out: who holds what since when, and force", async () => {
    const stuck = { definitions: [{ id: "/locked", ...sleeper, cpus: 5_000 }] };
    const { deploymentId } = (await own<Applied>("POST", "/apply", stuck)).body;
    const next = { definitions: [{ id: "/locked", ...sleeper }] };
    expect((await own<Plan>("POST", "/plan", next)).body.lockedBy).toMatchObject([
      { deploymentId, user: "ann" },
    ]);
    const refused = await own<{ code: string; details: unknown; message: string }>("POST", "/apply", next);
    expect([refused.status, refused.body.code]).toEqual([409, "Conflict"]);
    expect(refused.body.details).toMatchObject({
      lockedBy: [{ deploymentId, user: "ann", services: ["/locked"] }],
    });
    expect(refused.body.message).toMatch(/wait for it, cancel it, or replace it with force/);
    // Marathon's clients are told the same, beside what Marathon tells them.
    const asMarathon = await call<{
      deployments: unknown;
      lockedBy: readonly { since: number }[];
      message: string;
    }>("PUT", "/v2/apps/locked", { cpus: 0.01 });
    expect(asMarathon).toMatchObject({
      status: 409,
      body: {
        deployments: [{ id: deploymentId }],
        lockedBy: [{ deploymentId, user: "ann", services: ["/locked"], since: expect.any(Number) }],
        message: expect.stringMatching(/wait for it, cancel it .*, or use force=true to replace it/),
      },
    });
    // Why it waits is beside it for them too, where they ask for that.
    const waits = [
      { code: "largerThanAnyNode", message: expect.stringMatching(/5,?000 CPUs wanted/) },
      { code: "deploymentWaitsForPlace" },
    ];
    type Explained = { readonly why?: unknown };
    const queueOf = async (query: string) =>
      (await call<{ queue: readonly Explained[] }>("GET", `/v2/queue${query}`)).body.queue[0];
    const appOf = async (query: string) =>
      (await call<{ app: Explained }>("GET", `/v2/apps/locked${query}`)).body.app;
    const inList = async (query: string) =>
      (await call<{ apps: readonly Explained[] }>("GET", `/v2/apps?id=locked${query}`)).body.apps[0];
    await eventually("the nodes were looked at", async () =>
      JSON.stringify((await queueOf("?embed=keelson.why"))?.why).includes("largerThanAnyNode"),
    );
    expect((await queueOf("?embed=keelson.why"))?.why).toMatchObject(waits);
    expect((await appOf("?embed=keelson.why")).why).toMatchObject(waits);
    expect((await inList("&embed=keelson.why&embed=apps.tasks"))?.why).toMatchObject(waits);
    expect((await cluster.cli("service", "show", "locked")).stdout).toMatch(/REASON +.*5,?000 CPUs wanted/);
    const chinese = await appOf("?embed=keelson.why&keelson.language=zh");
    expect(JSON.stringify(chinese.why)).toMatch(/[\u4e00-\u9fff]/u);
    for (const plain of [await queueOf(""), await appOf(""), await inList("")])
      expect(plain).not.toHaveProperty("why");
    expect((await call("GET", "/v2/apps/locked?embed=keelson.why&keelson.language=xx")).status).toBe(422);
    expect((await own("POST", "/apply", { ...next, force: true })).status).toBe(200);
    await settled(cluster, "/locked");
    expect((await appOf("?embed=keelson.why")).why).toEqual([]);
    const list = (await own<Page<DeploymentItem>>("GET", "/deployments?service=/locked")).body;
    expect(list.items.map(({ state }) => state)).toEqual(["succeeded", "cancelled"]);
  }, 120_000);
});

it("marathon.md§21 flags are taken from a file by Marathon's names, and a start with one that makes no sense says which", async () => {
  expect((await call("GET", "/config")).body).toMatchObject({ maxRunningDeployments: 90, launchTokens: 101 });
  expect((await call("GET", "/v2/info")).body).toMatchObject({ marathon_config: { launch_token: 101 } });
  const wrong = ["--data-dir", join(flagsDir, "wrong"), "--services-flags", flagsFile({ max_apps: "many" })];
  const { code, stderr } = await cluster.cli("up", "--detach", "--agents", "1", ...wrong);
  expect([code, stderr]).toEqual([1, expect.stringContaining('flag max_apps: "many" is not a whole number')]);
}, 120_000);

describe("what is kept", () => {
  it("ux.md§6#27 every change leaves who, when and what: each mutating call, also a refused one", async () => {
    const app = { id: "/audited", ...sleeper };
    const calls: readonly (readonly [
      method: string,
      path: string,
      body: unknown,
      action: string,
      object: string,
    ])[] = [
      ["POST", "/v2/apps", app, "service.create", "/audited"],
      ["PUT", "/v2/apps/audited?force=true", { env: { TOKEN: "s3cret" } }, "service.update", "/audited"],
      ["PATCH", "/v2/apps/audited?force=true", { instances: 2 }, "service.scale", "/audited"],
      ["PUT", "/v2/apps?force=true", [{ id: "/audited", labels: { a: "b" } }], "service.update", "/audited"],
      ["POST", "/v2/apps/audited/restart?force=true", undefined, "service.restart", "/audited"],
      [
        "PUT",
        "/v2/groups?force=true",
        { id: "/grouped", apps: [{ ...sleeper, id: "one" }] },
        "group.update",
        "/grouped",
      ],
      ["DELETE", "/v2/groups/grouped?force=true", undefined, "group.delete", "/grouped"],
      ["DELETE", "/v2/apps/audited/tasks", undefined, "task.kill", ""],
      ["POST", "/v2/apps", { id: "/waits", ...sleeper, cpus: 5_000 }, "service.create", "/waits"],
      ["DELETE", "/v2/queue/waits/delay", undefined, "queue.resetDelay", "/waits"],
      [
        "POST",
        "/keelson/v1/apply",
        { definitions: [app], force: true, message: "why" },
        "service.apply",
        "/audited",
      ],
      ...(
        [
          ["restarts", ["/audited"]],
          ["instances", { "/audited": 3 }],
        ] as const
      ).map(
        ([what, of]) =>
          [
            "POST",
            "/keelson/v1/apply",
            { definitions: [], [what]: of, force: true },
            what === "restarts" ? "service.restart" : "service.scale",
            "/audited",
          ] as const,
      ),
      ["POST", "/keelson/v1/rollback/audited", { force: true }, "service.rollback", "/audited"],
      ["DELETE", "/v2/apps/waits", undefined, "service.delete", "/waits"],
    ];
    for (const [method, path, body, action, object] of calls) {
      const { status } = await call(method, path, body);
      expect(status, `${method} ${path}`).toBeLessThan(300);
      const record = await newestAudit();
      expect(record, `${method} ${path}`).toMatchObject({
        source: "services",
        user: "ann",
        from: "192.0.2.7",
        method,
        action,
        status,
      });
      expect(record.path).toBe(path.split("?")[0]);
      if (object !== "") expect(record.object).toBe(object);
    }
    const all = (await own<Page<AuditRecord>>("GET", "/audit?limit=1000")).body.items;
    const update = all.find(({ path, method }) => method === "PUT" && path === "/v2/apps/audited");
    expect(update?.changes).toMatchObject([{ path: "/env" }]);
    // What looks secret is told to have changed, and never shown.
    expect(JSON.stringify(all)).not.toContain("s3cret");
    expect(
      all.find(({ action, object }) => action === "service.apply" && object === "/audited")?.message,
    ).toBe("why");
    const { deploymentId } = (
      await own<Applied>("POST", "/apply", { definitions: [{ id: "/stuck", ...sleeper, cpus: 5_000 }] })
    ).body;
    await call("DELETE", `/v2/deployments/${deploymentId}?force=true`);
    expect(await newestAudit()).toMatchObject({ action: "deployment.cancel", object: deploymentId });

    expect((await call("PUT", "/v2/apps/audited", { cpus: "x" })).status).toBe(422);
    expect(await newestAudit()).toMatchObject({ user: "ann", status: 422, changes: [] });
    const before = (await own<Page<AuditRecord>>("GET", "/audit")).body.total;
    await own("POST", "/plan", { definitions: [app] });
    await call("GET", "/v2/apps");
    await own("POST", "/rollback/audited", { dryRun: true });
    expect((await own<Page<AuditRecord>>("GET", "/audit")).body.total).toBe(before);
    // Nobody is believed without the door's word.
    await ask(`${cluster.info.services.services}/v2/apps/audited?force=true`, {
      method: "PUT",
      body: { instances: 1 },
      headers: { [identityHeaders.user]: "mallory" },
    });
    expect((await newestAudit()).user).toBe("anonymous");
  }, 180_000);

  it("ended instances stay with their cause, also after everything was killed and started again", async () => {
    await call("POST", "/v2/apps", { id: "/mortal", cmd: "sleep 0.2; exit 4", ...small });
    const list = (): Promise<Called<Page<InstanceItem>>> =>
      own("GET", "/instances?service=mortal&ended=true&filter=condition:Failed");
    const seen = await eventually("it has died", async () => {
      const { items } = (await list()).body;
      return items.length > 0 && items;
    });
    expect(seen[0]).toMatchObject({
      service: "/mortal",
      cause: "Command exited with status 4",
      isActive: false,
    });
    cluster.kill("frameworks");
    // What was shown a moment before the kill may not have been durable: then its agent, unthanked, tells it again.
    await eventually("all of it is known after a restart", async () => {
      const { items } = (await list()).body;
      return seen.every(({ taskId }) => items.some((item) => item.taskId === taskId));
    });
  }, 120_000);

  it("lists are filtered, sorted and paged", async () => {
    const definitions = Array.from({ length: 12 }, (_, index) => ({
      id: `/list/s${String(index).padStart(2, "0")}`,
      ...sleeper,
      instances: index === 3 ? 1 : 0,
      labels: { env: index % 2 === 0 ? "prod" : "test" },
    }));
    await own("POST", "/apply", { definitions });
    await settled(cluster, "/list/s03");
    const ids = async (query: string): Promise<readonly string[]> =>
      (await own<Page<ServiceItem>>("GET", `/services?${query}`)).body.items.map(({ id }) => id.slice(-3));
    expect(await ids("group=/list&limit=3&offset=2&sort=-id")).toEqual(["s09", "s08", "s07"]);
    expect(await ids("filter=group:/list+status:running")).toEqual(["s03"]);
    expect(await ids("filter=group:/list+label:env%3Dprod&limit=2")).toEqual(["s00", "s02"]);
    expect(await ids("filter=group:/list+s1")).toEqual(["s10", "s11"]);
    const wrong = await own<{ code: string; message: string }>("GET", "/services?filter=colour:red");
    expect([wrong.status, wrong.body.code]).toEqual([422, "Invalid"]);
    expect(wrong.body.message).toContain("take one of");
  }, 120_000);
});
