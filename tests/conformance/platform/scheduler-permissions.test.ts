/** A user who may only do something below one group, against a whole cluster. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";

const marathon = "dcos:service:marathon:marathon";
const encoded = (rid: string): string => encodeURIComponent(encodeURIComponent(rid));

describe("a user who is limited to /dev", { timeout: 120_000 }, () => {
  let cluster: TestCluster;
  let token: string;
  type Answer = Awaited<ReturnType<typeof ask>>;
  const admin = (): Record<string, string> => ({ authorization: `token=${cluster.info.token}` });
  const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
    ask(`${cluster.info.url}/acs/api/v1${path}`, {
      method,
      headers: admin(),
      ...(body === undefined ? {} : { body }),
    });
  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    ask(`${cluster.info.url}/service/marathon${path}`, {
      method,
      headers: { authorization: `token=${token}` },
      ...(body === undefined ? {} : { body }),
    });
  const app = (id: string): object => ({ id, cmd: "sleep 600", cpus: 0.01, mem: 16, instances: 0 });
  const grant = async (uid: string, rid: string, action: string): Promise<void> => {
    await api("PUT", `/acls/${encoded(rid)}`, {});
    expect((await api("PUT", `/acls/${encoded(rid)}/users/${uid}/${action}`)).status).toBe(204);
  };

  beforeAll(async () => {
    cluster = await startCluster({ agents: 1 });
    await api("PUT", "/users/dev", { password: "long enough" });
    const login = await ask(`${cluster.info.url}/acs/api/v1/auth/login`, {
      method: "POST",
      body: { uid: "dev", password: "long enough" },
    });
    token = (login.body as { token: string }).token;
    for (const id of ["/prod/secret-project", "/development/other"])
      expect(
        (await ask(`${cluster.info.services.services}/v2/apps`, { method: "POST", body: app(id) })).status,
      ).toBe(201);
  }, 120_000);
  afterAll(() => cluster?.purge());

  it("platform.md§15.2#I19 marathon.md§24#101 creates there, is refused elsewhere, and sees only what is there", async () => {
    for (const authorization of [undefined, "token=not.a.token"])
      expect(
        (
          await ask(`${cluster.info.url}/service/marathon/v2/apps`, {
            headers: authorization === undefined ? {} : { authorization },
          })
        ).status,
      ).toBe(401);
    expect((await call("GET", "/v2/apps")).status).toBe(403);
    await grant("dev", "dcos:adminrouter:service:marathon", "full");
    await eventually("the door lets in", async () => (await call("GET", "/v2/apps")).status === 200);
    expect((await call("GET", "/v2/apps")).body).toEqual({ apps: [] });
    await grant("dev", `${marathon}:services:/dev`, "full");
    await eventually(
      "the grant is there",
      async () => (await call("POST", "/v2/apps", app("/dev/a"))).status === 201,
      10_000,
    );
    const refused = await call("POST", "/v2/apps", app("/prod/a"));
    expect({ status: refused.status, type: typeof (refused.body as { message?: unknown }).message }).toEqual({
      status: 403,
      type: "string",
    });
    const listed = (await call("GET", "/v2/apps")).body as { apps: { id: string }[] };
    expect(listed.apps.map(({ id }) => id)).toEqual(["/dev/a"]);
    for (const path of [
      "/v2/apps",
      "/v2/groups",
      "/v2/tasks",
      "/v2/deployments",
      "/v2/queue",
      "/v2/pods",
      "/keelson/v1/services",
      "/keelson/v1/instances?ended=true",
      "/keelson/v1/deployments",
    ]) {
      const { status, body } = await call("GET", path);
      expect({ path, status }).toEqual({ path, status: 200 });
      expect({ path, told: JSON.stringify(body) }).toEqual({
        path,
        told: expect.not.stringMatching(/secret-project|development/),
      });
    }
    for (const [method, path, body] of [
      ["PUT", "/v2/apps//prod/secret-project", { ...app("/prod/secret-project"), instances: 3 }],
      ["PUT", "/v2/apps//development/other", { ...app("/development/other"), instances: 3 }],
      ["DELETE", "/v2/apps//prod/secret-project", undefined],
      ["POST", "/v2/apps//prod/secret-project/restart", {}],
      ["DELETE", "/v2/groups//prod", undefined],
      ["PUT", "/v2/groups//prod", { apps: [app("x")] }],
      ["POST", "/keelson/v1/apply", { definitions: [app("/prod/a")] }],
      ["POST", "/keelson/v1/plan", { definitions: [app("/prod/a")] }],
      ["GET", "/keelson/v1/audit", undefined],
      ["GET", "/v2/events", undefined],
      ["GET", "/v2/info", undefined],
      ["DELETE", "/v2/leader", undefined],
      ["GET", "/v2/info/", undefined],
      ["GET", "/v2/inf%6f", undefined],
      ["GET", "/v2/event%73", undefined],
    ] as const) {
      const { status } = await call(method, path, body);
      expect({ method, path, isRefused: status === 403 || status === 404 }).toEqual({
        method,
        path,
        isRefused: true,
      });
    }
    for (const path of [
      "/v2/apps//prod/secret-project",
      "/v2/apps//prod/secret-project/versions",
      "/v2/apps//prod/secret-project/tasks",
      "/v2/groups//prod",
    ])
      expect({ path, status: (await call("GET", path)).status }).toEqual({ path, status: 403 });
    for (const path of ["/v2/apps//prod/nothing", "/keelson/v1/why?name=/prod/secret-project"])
      expect({ path, status: (await call("GET", path)).status }).toEqual({ path, status: 404 });
    const apps = (await ask(`${cluster.info.services.services}/v2/apps`)).body as {
      apps: { id: string; instances: number }[];
    };
    expect(apps.apps.map(({ id, instances }) => [id, instances]).sort()).toEqual([
      ["/dev/a", 0],
      ["/development/other", 0],
      ["/prod/secret-project", 0],
    ]);
    expect((await call("DELETE", "/v2/apps//dev/a")).status).toBe(200);
  });

  it("is held to jobs of its own group as well", async () => {
    const jobs = (method: string, path: string, body?: unknown): Promise<Answer> =>
      ask(`${cluster.info.url}/service/metronome${path}`, {
        method,
        headers: { authorization: `token=${token}` },
        ...(body === undefined ? {} : { body }),
      });
    const job = (id: string, rest: object = {}): object => ({
      id,
      run: { cmd: "true", cpus: 1_000, mem: 32, disk: 0 },
      ...rest,
    });
    for (const id of ["prod.secret-project", "development"])
      await ask(`${cluster.info.services.jobs}/v1/jobs`, { method: "POST", body: job(id) });
    expect((await jobs("GET", "/v1/jobs")).status).toBe(403);
    await grant("dev", "dcos:adminrouter:service:metronome", "full");
    await eventually("the door lets in", async () => (await jobs("GET", "/v1/jobs")).status === 200);
    expect((await jobs("GET", "/v1/jobs")).body).toEqual([]);
    expect((await jobs("POST", "/v1/jobs", job("dev.a"))).status).toBe(403);
    await grant("dev", "dcos:service:metronome:metronome:jobs:dev", "full");
    await eventually(
      "the grant is there",
      async () => (await jobs("POST", "/v1/jobs", job("dev.a"))).status === 201,
      10_000,
    );
    const hidden = await ask(`${cluster.info.services.jobs}/v1/jobs/prod.secret-project/runs`, {
      method: "POST",
    });
    expect((await jobs("POST", "/v1/jobs/dev.a/runs")).status).toBe(201);
    for (const path of ["/v1/jobs?embed=activeRuns", "/v1/queue"]) {
      const { status, body } = await jobs("GET", path);
      expect({ path, status }).toEqual({ path, status: 200 });
      expect(JSON.stringify(body)).toContain("dev");
      expect(JSON.stringify(body)).not.toMatch(/secret-project|development|prod/);
    }
    const { id } = hidden.body as { readonly id: string };
    for (const [method, path, body] of [
      ["GET", "/v1/jobs/prod.secret-project", undefined],
      ["GET", "/v1/jobs/development", undefined],
      ["PUT", "/v1/jobs/development", job("development")],
      ["PUT", "/v0/scheduled-jobs/development", job("development")],
      ["DELETE", "/v1/jobs/development", undefined],
      ["POST", "/v1/jobs/development/schedules", { id: "s1", cron: "* * * * *" }],
      ["POST", "/v1/jobs/prod.secret-project/runs", undefined],
      ["GET", "/v1/jobs/prod.secret-project/runs", undefined],
      ["POST", `/v1/jobs/prod.secret-project/runs/${id}/actions/stop`, undefined],
      ["POST", "/v1/jobs", job("dev.b", { dependencies: [{ id: "development" }] })],
      ["GET", "/keelson/v1/audit", undefined],
    ] as const)
      expect([method, path, (await jobs(method, path, body)).status]).toEqual([method, path, 403]);
    expect((await jobs("DELETE", "/v1/jobs/dev.a?stopCurrentJobRuns=true")).status).toBe(200);
    const trail = await ask(`${cluster.info.url}/keelson/v1/audit?object=dev.a`, { headers: admin() });
    const { items } = trail.body as {
      readonly items: readonly { readonly user: string; readonly action: string }[];
    };
    expect(items.map(({ user, action }) => `${user} ${action}`)).toEqual(
      expect.arrayContaining(["dev job.delete", "dev job.run", "dev job.create"]),
    );
  });

  it("is not who works on the cluster's machine with its secret: that one may everything", async () => {
    const { code, stdout } = await cluster.cli("service", "list");
    expect(code).toBe(0);
    expect(stdout).toContain("/prod/secret-project");
    const { status } = await ask(`${cluster.info.services.services}/v2/apps//prod/secret-project`, {
      method: "DELETE",
      headers: { authorization: `token=${token}`, "x-keelson-door": "a guess" },
    });
    expect({ status, isRefused: status === 403 || status === 404 }).toMatchObject({ isRefused: true });
  });

  it("may be given one action alone", async () => {
    await api("PUT", "/users/reader", { password: "long enough" });
    await grant("reader", "dcos:adminrouter:service:marathon", "full");
    await grant("reader", `${marathon}:services:/`, "read");
    const login = await ask(`${cluster.info.url}/acs/api/v1/auth/login`, {
      method: "POST",
      body: { uid: "reader", password: "long enough" },
    });
    token = (login.body as { token: string }).token;
    await eventually(
      "all is seen",
      async () => ((await call("GET", "/v2/apps")).body as { apps?: unknown[] }).apps?.length === 2,
      10_000,
    );
    expect((await call("DELETE", "/v2/apps//prod/secret-project")).status).toBe(403);
    expect((await call("PUT", "/v2/apps//prod/secret-project", { instances: 1 })).status).toBe(403);
  });
});
