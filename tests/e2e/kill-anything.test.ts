/**
 * SIGKILL to any process of a cluster, and to all of them: tasks keep their processes, none has a second copy, and
 * deployments end right.
 */
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, getApp, pidsOfApp, settled } from "../harness/services.ts";

let cluster: TestCluster;
const id = "/survivor";
const instances = 6;

beforeAll(async () => {
  cluster = await startCluster();
  await createApp(cluster, {
    id,
    cmd: "exec sleep 100000",
    cpus: 0.05,
    mem: 16,
    instances,
    portDefinitions: [],
    backoffSeconds: 1,
    upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.5 },
  });
  await settled(cluster, id);
}, 120_000);
afterAll(() => cluster.purge());

async function agentsBack(): Promise<void> {
  await eventually("both agents are active again", async () => {
    const { body } = await ask(`${cluster.info.services.kernel}/slaves`);
    const { slaves } = body as { readonly slaves: readonly { readonly active: boolean }[] };
    return slaves.length === 2 && slaves.every(({ active }) => active);
  });
}

describe("kill -9", () => {
  it.each(["agent-0", "kernel", "frameworks"])(
    "of %s: the same processes go on under the same task ids",
    async (name) => {
      const before = await settled(cluster, id);
      const pids = pidsOfApp(id);
      const old = cluster.pid(name);
      cluster.kill(name);
      await eventually(`${name} is back`, () => cluster.pid(name) !== old);
      await agentsBack();
      const after = await settled(cluster, id);
      expect(after.tasks.map((task) => task.id).sort()).toEqual(before.tasks.map((task) => task.id).sort());
      expect(pidsOfApp(id)).toEqual(pids);
    },
  );

  it("reliability.md§4#F5 of all at once, then a start: the same processes, no second copy", async () => {
    const before = await settled(cluster, id);
    const pids = pidsOfApp(id);
    for (const name of ["frameworks", "agent-0", "kernel", "agent-1", "supervisor"]) cluster.kill(name);
    expect(pids.every((pid) => existsSync(`/proc/${pid}`))).toBe(true);
    await cluster.start();
    await agentsBack();
    const after = await settled(cluster, id);
    expect(after.tasks.map((task) => task.id).sort()).toEqual(before.tasks.map((task) => task.id).sort());
    expect(pidsOfApp(id)).toEqual(pids);
  });

  it("of a task: it is replaced, and the failure is told", async () => {
    await settled(cluster, id);
    const victim = pidsOfApp(id)[0] ?? 0;
    process.kill(victim, "SIGKILL");
    await eventually(
      "the failure is known",
      async () => (await getApp(cluster, id)).lastTaskFailure?.state === "TASK_FAILED",
    );
    await settled(cluster, id);
    await eventually("as many processes as wished", () => pidsOfApp(id).length === instances);
  });

  it("of a shim: what it watched ends too, and is replaced", async () => {
    await settled(cluster, id);
    const victim = pidsOfApp(id)[0] ?? 0;
    const shim = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${victim}/status`, "utf8"))?.[1]);
    expect(readFileSync(`/proc/${shim}/comm`, "utf8").trim()).toBe("shim");
    process.kill(shim, "SIGKILL");
    await eventually("the task has ended with its shim", () => !existsSync(`/proc/${victim}`));
    await settled(cluster, id);
    await eventually("as many processes as wished", () => pidsOfApp(id).length === instances);
  });

  it("of a task while its agent is down: the exit is told once the agent is back", async () => {
    await settled(cluster, id);
    const before = (await getApp(cluster, id)).lastTaskFailure;
    const victim = pidsOfApp(id)[0] ?? 0;
    cluster.kill("agent-0");
    process.kill(victim, "SIGKILL");
    await eventually("a new failure is known", async () => {
      const failure = (await getApp(cluster, id)).lastTaskFailure;
      return failure !== undefined && JSON.stringify(failure) !== JSON.stringify(before);
    });
    await settled(cluster, id);
    await eventually("as many processes as wished", () => pidsOfApp(id).length === instances);
  });

  it.each([
    ["frameworks"],
    ["kernel"],
    ["agent-0"],
    ["frameworks", "kernel", "agent-0"],
    ["agent-0", "kernel", "frameworks", "agent-1", "supervisor"],
  ])(
    "of %s %s %s in the middle of a rolling update: it ends right",
    async (...names) => {
      const before = await settled(cluster, id);
      const mark = `${names.join("-")}-${before.version}`;
      const { status } = await ask(`${cluster.info.services.services}/v2/apps${id}`, {
        method: "PATCH",
        body: { env: { MARK: mark } },
      });
      expect(status).toBe(200);
      await eventually("the update has begun", async () => {
        const app = await getApp(cluster, id);
        return app.tasks.some((task) => task.version === app.version && task.state === "TASK_RUNNING");
      });
      for (const name of names) cluster.kill(name);
      if (names.includes("supervisor")) await cluster.start();
      const after = await eventually(
        "every instance is new",
        async () => {
          const app = await getApp(cluster, id);
          const fresh = app.tasks.filter(
            (task) => task.version === app.version && task.state === "TASK_RUNNING",
          );
          return (
            app.deployments.length === 0 &&
            fresh.length === instances &&
            app.tasks.length === instances &&
            app
          );
        },
        60_000,
      );
      expect(new Set(after.tasks.map((task) => task.id)).size).toBe(instances);
      await eventually("as many processes as wished, all new", () => pidsOfApp(id).length === instances);
    },
    90_000,
  );
});
