/** Nodes that are emptied, set aside and given up by the command line, under services that go on. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, getApp, settled } from "../harness/services.ts";

let cluster: TestCluster;
let agents: readonly {
  readonly id: string;
  readonly hostname: string;
  readonly state: string;
  readonly isPublic: boolean;
  readonly url: string;
}[];

beforeAll(async () => {
  cluster = await startCluster({ agents: 3 });
  const { stdout } = await cluster.cli("node", "list", "--json");
  agents = JSON.parse(stdout);
  await createApp(cluster, { id: "/shop/web", cmd: "sleep 1000", cpus: 0.01, mem: 16, instances: 6 });
  await settled(cluster, "/shop/web");
}, 180_000);
afterAll(() => cluster?.purge(), 240_000);

const tasksOn = async (id: string): Promise<number> =>
  (await getApp(cluster, "/shop/web")).tasks.filter(
    ({ slaveId, state }) => slaveId === id && state === "TASK_RUNNING",
  ).length;
const stateOf = async (id: string): Promise<string> => (await show(id)).standing;
const show = async (id: string) =>
  JSON.parse((await cluster.cli("node", "show", id, "--json")).stdout) as { readonly standing: string };

/** A private node that runs something. */
async function busyNode(): Promise<string> {
  for (const { id, isPublic } of agents) {
    if (isPublic || (await cluster.cli("node", "show", id)).code !== 0) continue;
    if ((await tasksOn(id)) > 0) return id;
  }
  throw new Error("nothing runs anywhere");
}

describe("a node", () => {
  it("is emptied with its progress told, its services run elsewhere, and it comes back", async () => {
    const id = await busyNode();
    const before = await tasksOn(id);
    const preview = await cluster.cli("node", "drain", id, "--dry-run");
    expect(preview).toMatchObject({ code: 2, stdout: expect.stringMatching(/OWNER.*\n\/shop\/web +\d/s) });
    expect(preview.stdout).toMatch(/other nodes have .* free/);
    expect(await stateOf(id)).toBe("inService");

    const drained = await cluster.cli("node", "drain", id, "--grace", "1s");
    expect(drained).toMatchObject({ code: 0, stdout: expect.stringContaining("is drained after") });
    expect(drained.stdout).toContain(`keelson node reactivate ${id}`);
    expect(drained.stderr).toContain("/shop/web");
    expect(drained.stderr).toMatch(new RegExp(`of ${before} tasks? ha(s|ve) left`));
    expect(await stateOf(id)).toBe("drained");
    await eventually("all run elsewhere", async () => {
      const { tasks } = await getApp(cluster, "/shop/web");
      return tasks.filter(({ state }) => state === "TASK_RUNNING").length === 6;
    });
    expect(await tasksOn(id)).toBe(0);
    expect((await cluster.cli("node", "list")).stdout).toMatch(new RegExp(`${id}.* drained`));

    expect(await cluster.cli("node", "reactivate", id)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("takes tasks again"),
    });
    expect(await stateOf(id)).toBe("inService");
    const [ended] = JSON.parse(
      (await cluster.cli("service", "instances", "/shop/web", "--all", "--json")).stdout,
    ).filter(
      ({ agentId, endedAt }: { agentId: string; endedAt?: number }) =>
        agentId === id && endedAt !== undefined,
    );
    const why = await cluster.cli("why", ended.taskId);
    expect(why.stdout).toContain("was drained by an operator");
  });

  it("is set aside while its tasks go on, and why names it when nothing else would do", async () => {
    const priv = agents.filter(({ isPublic }) => !isPublic);
    const on = new Map(await Promise.all(priv.map(async ({ id }) => [id, await tasksOn(id)] as const)));
    for (const { id } of priv)
      expect(await cluster.cli("node", "deactivate", id)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("takes nothing new"),
      });
    await createApp(cluster, { id: "/late", cmd: "sleep 1000", cpus: 0.01, mem: 16 });
    await eventually("why says so", async () =>
      (await cluster.cli("why", "/late")).stdout.includes("drained, deactivated or under maintenance"),
    );
    for (const { id } of priv) expect(await tasksOn(id)).toBe(on.get(id));
    for (const { id } of priv) await cluster.cli("node", "reactivate", id);
    await settled(cluster, "/late");
  });

  it("goes into maintenance as announced: its agents are refused meanwhile, and everything comes back", async () => {
    const [node] = agents;
    const { length: total } = agents;
    const scheduled = await cluster.cli(
      "node",
      "maintenance",
      "schedule",
      node?.id ?? "",
      "--in",
      "1h",
      "--for",
      "30m",
    );
    expect(scheduled).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("will be under maintenance from"),
    });
    const list = await cluster.cli("node", "maintenance", "list");
    expect(list.stdout).toMatch(/127\.0\.0\.1 +scheduled .*30m/);
    expect(await cluster.cli("node", "drain", node?.id ?? "")).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("in the maintenance schedule"),
    });
    expect(await cluster.cli("node", "maintenance", "start", node?.id ?? "")).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect((await cluster.cli("node", "list")).stdout).not.toContain(node?.id);
    expect((await cluster.cli("node", "maintenance", "list")).stdout).toMatch(/127\.0\.0\.1 +down/);
    expect(await cluster.cli("node", "maintenance", "cancel", "127.0.0.1")).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("is down and must stay"),
    });
    expect(await cluster.cli("node", "maintenance", "stop", "127.0.0.1")).toMatchObject({ code: 0 });
    await eventually("every agent is back", async () => {
      const { stdout } = await cluster.cli("node", "list", "--json");
      agents = JSON.parse(stdout);
      return agents.length === total && agents.every(({ state }) => state === "active");
    });
    await settled(cluster, "/shop/web");
    expect((await cluster.cli("node", "maintenance", "stop", "nowhere")).code).toBe(3);
  }, 120_000);

  it("leaves the cluster for good: its tasks move, its process is not started again, its id is refused", async () => {
    const id = await busyNode();
    const left = await cluster.cli("node", "decommission", id, "--grace", "1");
    expect(left).toMatchObject({ code: 0, stdout: expect.stringContaining("is out of the cluster") });
    expect((await cluster.cli("node", "list")).stdout).not.toContain(id);
    await eventually("all run elsewhere", async () => {
      const { tasks } = await getApp(cluster, "/shop/web");
      return tasks.filter(({ state, slaveId }) => state === "TASK_RUNNING" && slaveId !== id).length === 6;
    });
    const log = await cluster.cli("node", "show", id);
    expect(log.code).toBe(3);
    // The same again, by a name that nothing has any more.
    expect(await cluster.cli("node", "decommission", id)).toMatchObject({ code: 3 });
  });

  it("that can't be reached is given up with --now only, and its services are replaced at once", async () => {
    const id = await busyNode();
    const url = agents.find((agent) => agent.id === id)?.url;
    const index = cluster.info.agents.findIndex((agent) => agent.url === url);
    const pid = cluster.pid(`agent-${index}`);
    process.kill(pid, "SIGSTOP");
    try {
      expect(await cluster.cli("node", "decommission", id, "--now")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("is given up for ever"),
      });
      await eventually("its tasks are given up", async () => (await tasksOn(id)) === 0);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });
});
