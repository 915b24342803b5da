/** Services and Jobs as several processes of which one leads, over a real ZooKeeper and a real kernel. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "../kernel/kernel-processes.ts";
import { startZooKeeper, type ZooKeeperServer, zooKeeperMissing } from "../store/zookeeper-server.ts";
import { type Candidate, FrameworkCandidates, leaderOf, zkSessionTimeoutMs } from "./framework-candidates.ts";

interface Task {
  readonly id: string;
  readonly state: string;
}

describe.skipIf(zooKeeperMissing() !== undefined)("on ZooKeeper frameworks", { timeout: 300_000 }, () => {
  let zooKeeper: ZooKeeperServer;
  let kernel: KernelProcesses;
  let processes: FrameworkCandidates;
  let all: readonly Candidate[] = [];
  beforeAll(async () => {
    zooKeeper = await startZooKeeper();
    const masterUrl = `zk://${zooKeeper.address}/mesos`;
    kernel = await KernelProcesses.start({}, { zk: masterUrl, zkSessionTimeoutMs });
    await kernel.startAgent("one", { masterUrl, zkSessionTimeoutMs });
    processes = new FrameworkCandidates(zooKeeper.address, masterUrl);
    all = await Promise.all([processes.start("first"), processes.start("second")]);
  }, 300_000);
  afterAll(async () => {
    await processes?.close();
    await kernel?.teardownAll();
    await kernel?.close();
    await zooKeeper?.remove();
  }, 240_000);

  const standby = (leader: Candidate): Candidate => all.find((each) => each !== leader) as Candidate;
  const tasksOf = async (url: string, app: string): Promise<readonly Task[]> => {
    const { status, body } = await ask(`${url}/v2/apps/${app}/tasks`);
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return (body as { readonly tasks: readonly Task[] }).tasks;
  };
  const running = (url: string, app: string, count: number): Promise<readonly Task[]> =>
    eventually(
      `${count} tasks of ${app} run and nothing is under way`,
      async () => {
        const tasks = await tasksOf(url, app);
        const { body } = await ask(`${url}/v2/deployments`);
        const isRunning = tasks.length === count && tasks.every(({ state }) => state === "TASK_RUNNING");
        return isRunning && Array.isArray(body) && body.length === 0 && tasks;
      },
      120_000,
    );
  const idsOf = (tasks: readonly Task[]): readonly string[] => tasks.map(({ id }) => id).sort();

  it("marathon.md§24#89 have one leader; a standby passes on what it is asked, but for events", async () => {
    const leader = await leaderOf(all, "services");
    const other = standby(leader);
    const created = await ask(`${other.services}/v2/apps`, {
      method: "POST",
      body: { id: "/kept", cmd: "sleep 100000", instances: 2, cpus: 0.01, mem: 8 },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get("x-marathon-leader")).toBe(leader.services);
    expect(created.headers.get("x-marathon-via")).toBe(`1.1 ${new URL(other.services).host}`);
    const tasks = await running(leader.services, "kept", 2);
    expect(idsOf(await tasksOf(other.services, "kept"))).toEqual(idsOf(tasks));
    for (const path of ["/ping", "/v2/info", "/metrics"]) {
      const [direct, passed] = await Promise.all(
        [leader, other].map((each) => ask(`${each.services}${path}`)),
      );
      expect([path, direct?.status, passed?.status]).toEqual([path, 200, 200]);
      expect(direct?.headers.get("x-marathon-via")).toBeNull();
    }
    const refused = await ask(`${other.services}/v2/apps`, {
      method: "POST",
      body: { id: "/kept", cpus: "x" },
    });
    expect(refused.status).toBe(422);
    expect((await ask(`${other.services}/v2/apps/none`)).status).toBe(404);
    const events = await fetch(`${other.services}/v2/events?event_type=a`, {
      headers: { accept: "text/event-stream" },
      redirect: "manual",
    });
    expect([events.status, events.headers.get("location")]).toEqual([
      302,
      `${leader.services}/v2/events?event_type=a`,
    ]);
    const looped = await ask(`${other.services}/v2/apps`, {
      headers: { "x-marathon-via": `1.1 elsewhere:1, 1.1 ${new URL(other.services).host}` },
    });
    expect([looped.status, looped.body]).toMatchObject([
      502,
      { details: expect.stringContaining("came back") },
    ]);
  });

  it("marathon.md§24#90 change the leader when it abdicates; the tasks are the same", async () => {
    const leader = await leaderOf(all, "services");
    const other = standby(leader);
    const tasks = idsOf(await running(leader.services, "kept", 2));
    const { status, body } = await ask(`${other.services}/v2/leader`, { method: "DELETE" });
    expect([status, body]).toEqual([200, { message: "Leadership abdicated" }]);
    expect(await leaderOf(all, "services", (next) => next !== leader)).toBe(other);
    expect(leader.exitCodes).toEqual([103]);
    expect(idsOf(await running(leader.services, "kept", 2))).toEqual(tasks);
    const refused = await ask(`${leader.services}/v2/leader?restore=file:///tmp/none.tar`, {
      method: "DELETE",
    });
    expect([refused.status, refused.body]).toEqual([422, { message: expect.stringContaining("restore") }]);
  });

  it("marathon.md§24#91 finish what a leader that was killed had begun, without a task too many", async () => {
    const leader = await leaderOf(all, "services");
    const other = standby(leader);
    const app = {
      id: "/rolled",
      cmd: "sleep 100000",
      instances: 4,
      cpus: 0.01,
      mem: 8,
      upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
    };
    await ask(`${leader.services}/v2/apps`, { method: "POST", body: app });
    const before = idsOf(await running(leader.services, "rolled", 4));
    const change = await ask(`${leader.services}/v2/apps/rolled`, {
      method: "PUT",
      body: { ...app, cmd: "sleep 100001" },
    });
    expect(change.status).toBe(200);
    leader.kill();
    expect(await leaderOf(all, "services", (next) => next !== leader)).toBe(other);
    const after = idsOf(await running(other.services, "rolled", 4));
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    const { body } = await ask(`${kernel.masterUrl}/tasks?limit=1000`);
    const alive = (body as { readonly tasks: readonly Task[] }).tasks.filter(
      ({ id, state }) => state === "TASK_RUNNING" && id.startsWith("rolled"),
    );
    expect(idsOf(alive)).toEqual(after);
    await running(other.services, "kept", 2);
  });

  it("follow the master that ZooKeeper names, when that is another one", async () => {
    const leader = await leaderOf(all, "services");
    const tasks = idsOf(await running(leader.services, "kept", 2));
    await kernel.killMaster();
    await kernel.startMaster();
    const scaled = await ask(`${leader.services}/v2/apps/kept`, { method: "PATCH", body: { instances: 3 } });
    expect(scaled.status).toBe(200);
    const more = idsOf(await running(leader.services, "kept", 3));
    expect(more).toEqual(expect.arrayContaining([...tasks]));
  });

  it("metronome.md§8#32 pass jobs on to the leader, whose name is in the answer", async () => {
    const leader = await leaderOf(all, "jobs");
    const other = standby(leader);
    const created = await ask(`${other.jobs}/v1/jobs`, {
      method: "POST",
      body: { id: "passed", run: { cmd: "true", cpus: 0.01, mem: 32, disk: 0 } },
    });
    expect([created.status, created.body]).toEqual([201, expect.objectContaining({ id: "passed" })]);
    expect(created.headers.get("x-leader")).toBe(leader.jobs);
    expect(created.headers.get("x-via")).toBe(`1.1 ${new URL(other.jobs).host}`);
    expect((await ask(`${leader.jobs}/v1/jobs/passed`)).status).toBe(200);
    const run = await ask(`${other.jobs}/v1/jobs/passed/runs`, { method: "POST" });
    expect(run.status).toBe(201);
    await eventually(
      "the run succeeds",
      async () => {
        const { body } = await ask(`${other.jobs}/v1/jobs/passed?embed=history`);
        return (body as { readonly history: { readonly successCount: number } }).history.successCount === 1;
      },
      120_000,
    );
    for (const path of ["/ping", "/v1/metrics"]) {
      const local = await ask(`${other.jobs}${path}`);
      expect([local.status, local.headers.get("x-leader")]).toEqual([200, null]);
    }
    const looped = await ask(`${other.jobs}/v1/jobs`, {
      headers: { "x-via": `1.1 ${new URL(other.jobs).host}` },
    });
    expect([looped.status, looped.body]).toEqual([400, { message: expect.stringContaining("came back") }]);
  });
});
