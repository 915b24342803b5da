/** A cluster that allows in its kernel only what its permissions grant. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";

describe("a strict cluster", { timeout: 120_000 }, () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ agents: 1, flags: ["--strict"] });
  }, 120_000);
  afterAll(() => cluster?.purge());

  it("runs its own services, and shows and does for others what they were granted", async () => {
    const { url, token, services } = cluster.info;
    const admin = { authorization: `token=${token}` };
    const app = { id: "/a", cmd: "sleep 600", cpus: 0.01, mem: 16 };
    expect((await ask(`${services.services}/v2/apps`, { method: "POST", body: app })).status).toBe(201);
    await eventually("the service runs", async () => {
      const { body } = await ask(`${services.services}/v2/apps/a`);
      return (body as { app: { tasksRunning: number } }).app.tasksRunning === 1;
    });
    const api = `${url}/acs/api/v1`;
    await ask(`${api}/users/eve`, { method: "PUT", headers: admin, body: { password: "long enough" } });
    const login = await ask(`${api}/auth/login`, {
      method: "POST",
      body: { uid: "eve", password: "long enough" },
    });
    const eve = { authorization: `token=${(login.body as { token: string }).token}` };
    const tasks = async (headers: Record<string, string>): Promise<number> => {
      const { body } = await ask(`${services.kernel}/tasks`, { headers });
      return (body as { tasks: unknown[] }).tasks.length;
    };
    expect(await tasks({})).toBe(0);
    expect(await tasks(eve)).toBe(0);
    expect((await ask(`${services.kernel}/flags`, { headers: eve })).status).toBe(403);
    for (const rid of [
      "dcos:mesos:master:framework:user",
      "dcos:mesos:master:task:user",
      "dcos:mesos:master:flags",
    ]) {
      await ask(`${api}/acls/${rid}`, { method: "PUT", headers: admin, body: {} });
      await ask(`${api}/acls/${rid}/users/eve/read`, { method: "PUT", headers: admin });
    }
    await eventually("what was granted is seen", async () => (await tasks(eve)) === 1);
    expect((await ask(`${services.kernel}/flags`, { headers: eve })).status).toBe(200);
    const through = await ask(`${url}/mesos/tasks`, { headers: admin });
    expect((through.body as { tasks: unknown[] }).tasks).toHaveLength(1);
  });
});
