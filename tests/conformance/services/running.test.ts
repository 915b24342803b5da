/** What happens to instances of a real cluster, row by row of the contract's checklist. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { createApp, getApp, pidsOfApp, settled } from "../../harness/services.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ agents: 4 });
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

const remove = async (id: string): Promise<void> => {
  await call("DELETE", `/v2/apps${id}`);
  await eventually(`${id} is gone, with its deployment`, async () => {
    const deployments = (await call("GET", "/v2/deployments")).body as unknown as readonly {
      readonly affectedApps: readonly string[];
    }[];
    return (
      (await call("GET", `/v2/apps${id}`)).status === 404 &&
      !deployments.some(({ affectedApps }) => affectedApps.includes(id))
    );
  });
};
const instanceOf = (taskId: string): string => taskId.replace(/\._app\.\d+$/, "");
const incarnationOf = (taskId: string): number => Number(/\._app\.(\d+)$/.exec(taskId)?.[1]);

async function firstTask(id: string): Promise<string> {
  return (await settled(cluster, id)).tasks[0]?.id ?? "";
}

async function environmentOf(id: string): Promise<Record<string, string>> {
  const output = await eventually(`${id} wrote its environment`, async () => {
    const { stdout } = await cluster.cli("task", "log", await firstTask(id), "-n", "1000");
    return stdout.includes("MESOS_TASK_ID") && stdout;
  });
  return Object.fromEntries(
    output
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

describe("killing", () => {
  it("marathon.md§24#24 one task: the same instance again, its next incarnation", async () => {
    await createApp(cluster, { id: "/k", ...sleeper, instances: 2 });
    const task = await firstTask("/k");
    expect(task).toMatch(
      /^k\.instance-[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\._app\.1$/,
    );
    const { status, body } = await call("DELETE", `/v2/apps/k/tasks/${task}`);
    expect(status).toBe(200);
    expect(body).toHaveProperty("task.id", task);
    const next = await eventually("the next incarnation runs", async () =>
      (await getApp(cluster, "/k")).tasks.find(
        ({ id, state }) => instanceOf(id) === instanceOf(task) && id !== task && state === "TASK_RUNNING",
      ),
    );
    expect(incarnationOf(next.id)).toBe(incarnationOf(task) + 1);
  });

  it("marathon.md§24#25 with scale: one less, by a deployment", async () => {
    const task = await firstTask("/k");
    const { body } = await call("DELETE", `/v2/apps/k/tasks/${task}?scale=true`);
    expect(body).toMatchObject({ deploymentId: expect.any(String) });
    const after = await settled(cluster, "/k");
    expect(after.instances).toBe(1);
    expect(after.tasks.map(({ id }) => id)).not.toContain(task);
  });

  it("marathon.md§24#26 with wipe: a new instance", async () => {
    const task = await firstTask("/k");
    expect((await call("DELETE", `/v2/apps/k/tasks/${task}?wipe=true`)).status).toBe(200);
    const after = await eventually("another instance runs", async () => {
      const app = await getApp(cluster, "/k");
      return (
        app.tasks.some(({ id, state }) => instanceOf(id) !== instanceOf(task) && state === "TASK_RUNNING") &&
        app
      );
    });
    expect(after.tasks.map(({ id }) => instanceOf(id))).not.toContain(instanceOf(task));
  });

  it("marathon.md§24#28 several by id, across apps, in one call; unknown ones are skipped", async () => {
    await createApp(cluster, { id: "/k2", ...sleeper });
    const ids = [await firstTask("/k"), await firstTask("/k2")];
    const { status, body } = await call("POST", "/v2/tasks/delete", {
      ids: [...ids, "nobody.instance-00000000-0000-4000-8000-000000000000._app.1"],
    });
    expect(status).toBe(200);
    expect((body["tasks"] as readonly { readonly id: string }[]).map(({ id }) => id).sort()).toEqual(
      [...ids].sort(),
    );
    await eventually("both have others in their place", async () => {
      const now = (await Promise.all(["/k", "/k2"].map((id) => settled(cluster, id)))).flatMap(
        ({ tasks }) => tasks,
      );
      return now.length === 2 && !now.some(({ id }) => ids.includes(id));
    });
  });

  it("marathon.md§24#29 scale and wipe together are refused", async () => {
    const { status, body } = await call(
      "DELETE",
      `/v2/apps/k/tasks/${await firstTask("/k")}?scale=true&wipe=true`,
    );
    expect({ status, message: typeof body["message"] }).toEqual({ status: 400, message: "string" });
    expect((await call("DELETE", "/v2/apps/k/tasks/nobody?scale=true&wipe=true")).status).toBe(400);
    await remove("/k");
    await remove("/k2");
  });

  it("marathon.md§24#68 SIGTERM first, SIGKILL when the grace is over", async () => {
    await createApp(cluster, {
      id: "/deaf",
      cmd: "trap '' TERM; echo ready; while true; do sleep 0.1; done",
      ...small,
      taskKillGracePeriodSeconds: 1,
    });
    await settled(cluster, "/deaf");
    const started = performance.now();
    await remove("/deaf");
    await eventually("its processes are gone", () => pidsOfApp("/deaf").length === 0);
    expect(performance.now() - started).toBeGreaterThan(900);
  });
});

describe("deployments", () => {
  it("marathon.md§24#38 a second change is refused with the deployment in the way", async () => {
    await createApp(cluster, { id: "/locked", ...sleeper, cpus: 1_000 });
    const { status, body } = await call("PUT", "/v2/apps/locked", { mem: 9 });
    const running = (await call("GET", "/v2/deployments")).body as unknown as readonly {
      readonly id: string;
      readonly affectedApps: readonly string[];
    }[];
    expect(status).toBe(409);
    expect(body["deployments"]).toEqual([
      { id: running.find(({ affectedApps }) => affectedApps.includes("/locked"))?.id },
    ]);
  });

  it("marathon.md§24#39 with force the first is given up and the second ends", async () => {
    const { status } = await call("PUT", "/v2/apps/locked?force=true", { cpus: 0.01 });
    expect(status).toBe(200);
    await settled(cluster, "/locked");
  });

  it("marathon.md§24#40 a deployment rolled back restores the definition", async () => {
    const before = await settled(cluster, "/locked");
    const { body } = await call("PUT", "/v2/apps/locked", { cpus: 2_000 });
    const { status, body: reverting } = await call(
      "DELETE",
      `/v2/deployments/${String(body["deploymentId"])}`,
    );
    expect({ status, reverting: typeof reverting["deploymentId"] }).toEqual({
      status: 200,
      reverting: "string",
    });
    const after = await settled(cluster, "/locked");
    expect((after as unknown as Json)["cpus"]).toBe((before as unknown as Json)["cpus"]);
  });

  it("marathon.md§24#41 a deployment cancelled with force leaves the target", async () => {
    const { body } = await call("PUT", "/v2/apps/locked", { cpus: 2_000 });
    expect((await call("DELETE", `/v2/deployments/${String(body["deploymentId"])}?force=true`)).status).toBe(
      202,
    );
    expect((await getApp(cluster, "/locked")) as unknown as Json).toMatchObject({
      cpus: 2_000,
      deployments: [],
    });
    expect((await call("DELETE", "/v2/deployments/none")).body).toEqual({
      message: "DeploymentPlan none does not exist",
    });
    await remove("/locked");
  });

  it.each([
    [
      "marathon.md§24#42 at full capacity and above, running instances never fall below the wanted number",
      { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
      4,
      8,
    ],
    [
      "marathon.md§24#43 half and no more, there are never fewer than half nor more than all",
      { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
      2,
      4,
    ],
    [
      "marathon.md§24#44 full capacity with no room, one extra makes it possible",
      { minimumHealthCapacity: 1, maximumOverCapacity: 0 },
      4,
      5,
    ],
  ])(
    "%s",
    async (_name, upgradeStrategy, least, most) => {
      await createApp(cluster, { id: "/roll", ...sleeper, instances: 4, upgradeStrategy });
      await settled(cluster, "/roll");
      await call("PATCH", "/v2/apps/roll", { env: { NEXT: "1" } });
      let fewest = Number.POSITIVE_INFINITY;
      let highest = 0;
      await eventually(
        "the upgrade ended",
        async () => {
          const app = await getApp(cluster, "/roll");
          const running = app.tasks.filter(({ state }) => state === "TASK_RUNNING").length;
          fewest = Math.min(fewest, running);
          highest = Math.max(highest, app.tasks.length);
          return app.deployments.length === 0;
        },
        60_000,
      );
      expect({ fewest: fewest >= least, highest: highest <= most }).toEqual({ fewest: true, highest: true });
      expect((await settled(cluster, "/roll")).tasks).toHaveLength(4);
      await remove("/roll");
    },
    90_000,
  );

  it("marathon.md§24#45 a new version that fails leaves the old one serving", async () => {
    const server = `exec "${process.execPath}" -e 'require("http").createServer((q,s)=>s.end("ok")).listen(process.env.PORT0)'`;
    const user = process.getuid?.() === 0 ? { user: "root" } : {};
    const healthChecks = [{ protocol: "HTTP", portIndex: 0, intervalSeconds: 1, gracePeriodSeconds: 30 }];
    await createApp(cluster, {
      id: "/bad",
      cmd: server,
      cpus: 0.05,
      mem: 64,
      instances: 2,
      healthChecks,
      ...user,
    });
    const old = (await settled(cluster, "/bad")).tasks.map(({ id }) => id).sort();
    await call("PATCH", "/v2/apps/bad", { cmd: "exit 1" });
    await eventually("the new version failed", async () => (await getApp(cluster, "/bad")).lastTaskFailure);
    const app = await getApp(cluster, "/bad");
    expect(app.deployments).toHaveLength(1);
    expect(app.tasks.filter(({ id, state }) => old.includes(id) && state === "TASK_RUNNING")).toHaveLength(2);
    await remove("/bad");
  }, 240_000);
});

describe("placement and launching", () => {
  it("marathon.md§24#50 marathon.md§24#51 the queue counts reasons, and shows unused offers when asked", async () => {
    await createApp(cluster, { id: "/big", ...sleeper, cpus: 1_000 });
    const item = async (
      query = "",
    ): Promise<{
      processedOffersSummary: {
        rejectSummaryLastOffers: { reason: string; declined: number; processed: number }[];
      };
      lastUnusedOffers?: { offer: { agentId: string } }[];
    }> =>
      eventually("it was offered something", async () => {
        const { queue } = (await call("GET", `/v2/queue${query}`)).body as {
          readonly queue: readonly {
            app: { id: string };
            processedOffersSummary: {
              processedOffersCount: number;
              rejectSummaryLastOffers: { reason: string; declined: number; processed: number }[];
            };
          }[];
        };
        return queue.find(
          ({ app, processedOffersSummary }) =>
            app.id === "/big" && processedOffersSummary.processedOffersCount > 0,
        );
      });
    const { processedOffersSummary, ...plain } = await item();
    const reasons = processedOffersSummary.rejectSummaryLastOffers;
    expect(reasons.find(({ reason }) => reason === "InsufficientCpus")?.declined).toBeGreaterThan(0);
    for (const [index, entry] of reasons.entries()) {
      const before = reasons[index - 1];
      if (before !== undefined) expect(entry.processed).toBe(before.processed - before.declined);
    }
    expect(plain).not.toHaveProperty("lastUnusedOffers");
    const unused = (await item("?embed=lastUnusedOffers")).lastUnusedOffers ?? [];
    const agents = cluster.info.agents.map(({ id }) => id);
    expect(unused.every(({ offer }) => agents.includes(offer.agentId))).toBe(true);
    await remove("/big");
  });

  it("marathon.md§24#57 each instance can bind the port it was given", async () => {
    await createApp(cluster, {
      id: "/port",
      cmd: `exec "${process.execPath}" -e 'require("http").createServer((q,s)=>s.end("mine")).listen(process.env.PORT0)'`,
      cpus: 0.05,
      mem: 64,
      user: process.getuid?.() === 0 ? "root" : undefined,
    });
    const { tasks } = await settled(cluster, "/port");
    const url = `http://${tasks[0]?.host}:${tasks[0]?.ports[0]}/`;
    await eventually("it answers", async () => (await (await fetch(url)).text()) === "mine");
    await remove("/port");
  });

  it("marathon.md§24#58 required ports are exactly those, once on each host", async () => {
    await createApp(cluster, {
      id: "/exact",
      ...sleeper,
      portDefinitions: [{ port: cluster.taskPorts.begin + 7 }],
      requirePorts: true,
    });
    const { tasks } = await settled(cluster, "/exact");
    expect(tasks[0]?.ports).toEqual([cluster.taskPorts.begin + 7]);
    await remove("/exact");
  });

  it("marathon.md§24#59 tasks find the promised variables, and the user's own win", async () => {
    await createApp(cluster, {
      id: "/env/app",
      cmd: "env; exec sleep 100000",
      cpus: 0.25,
      mem: 16,
      labels: { "my-label.x": "v" },
      env: { HOST: "mine", OWN: "1" },
      portDefinitions: [{ port: 0, name: "web" }],
    });
    const task = await firstTask("/env/app");
    const environment = await environmentOf("/env/app");
    const [port] = (await getApp(cluster, "/env/app")).tasks[0]?.ports ?? [];
    expect(environment).toMatchObject({
      MESOS_TASK_ID: task,
      MARATHON_APP_ID: "/env/app",
      MARATHON_APP_RESOURCE_CPUS: "0.25",
      MARATHON_APP_RESOURCE_MEM: "16.0",
      MARATHON_APP_LABELS: "MY_LABEL_X",
      MARATHON_APP_LABEL_MY_LABEL_X: "v",
      HOST: "mine",
      OWN: "1",
      PORT: String(port),
      PORT0: String(port),
      PORTS: String(port),
      PORT_WEB: String(port),
    });
    await remove("/env/app");
  });

  it("marathon.md§24#67 a task runs as its user", async () => {
    const isRoot = process.getuid?.() === 0;
    await createApp(cluster, {
      id: "/user",
      cmd: "id -un; exec sleep 100000",
      ...small,
      ...(isRoot ? { user: "daemon" } : {}),
    });
    const output = await eventually(
      "it told",
      async () => (await cluster.cli("task", "log", await firstTask("/user"))).stdout.trim() || undefined,
    );
    expect(output).toBe(isRoot ? "daemon" : (process.env["USER"] ?? output));
    await remove("/user");
  });

  it("marathon.md§24#95 an app that accepts only what nobody offers waits and says so", async () => {
    await createApp(cluster, { id: "/public", ...sleeper, acceptedResourceRoles: ["slave_public"] });
    const { tasks } = await settled(cluster, "/public");
    const publicAgent = cluster.info.agents.find((agent) => agent.public);
    expect(tasks[0]?.slaveId).toBe(publicAgent?.id);
    await createApp(cluster, {
      id: "/public-big",
      ...sleeper,
      mem: 1_000_000,
      acceptedResourceRoles: ["slave_public"],
    });
    await eventually("the role is the reason on the others", async () =>
      JSON.stringify((await call("GET", "/v2/queue")).body).includes('"UnfulfilledRole"'),
    );
    await remove("/public");
    await remove("/public-big");
  });
});

describe("health", () => {
  it("HTTP and TCP checks tell healthy side by side", async () => {
    const server = `exec "${process.execPath}" -e 'require("http").createServer((q,s)=>s.end("ok")).listen(process.env.PORT0)'`;
    const checks = [
      { protocol: "HTTP", path: "/", portIndex: 0, intervalSeconds: 1, gracePeriodSeconds: 30 },
      { protocol: "TCP", portIndex: 0, intervalSeconds: 1, gracePeriodSeconds: 30 },
    ];
    await createApp(cluster, {
      id: "/healthy",
      cmd: server,
      cpus: 0.05,
      mem: 64,
      user: process.getuid?.() === 0 ? "root" : undefined,
      healthChecks: checks,
    });
    const app = await eventually("it is healthy", async () => {
      const found = await getApp(cluster, "/healthy");
      return found.tasksHealthy === 1 && found;
    });
    const [task] = app.tasks as unknown as readonly {
      readonly healthCheckResults: readonly { readonly alive: boolean }[];
    }[];
    expect(task?.healthCheckResults.map(({ alive }) => alive)).toEqual([true, true]);
    await remove("/healthy");
  });

  it("marathon.md§24#71 a check that fails kills, and not within the grace", async () => {
    const started = performance.now();
    await createApp(cluster, {
      id: "/sick",
      ...sleeper,
      healthChecks: [
        {
          protocol: "TCP",
          portIndex: 0,
          intervalSeconds: 1,
          timeoutSeconds: 1,
          gracePeriodSeconds: 2,
          maxConsecutiveFailures: 1,
        },
      ],
    });
    const first = await eventually("it runs", async () => (await getApp(cluster, "/sick")).tasks[0]?.id);
    const next = await eventually(
      "it was replaced",
      async () => {
        const [task] = (await getApp(cluster, "/sick")).tasks;
        return task !== undefined && task.id !== first && task.id;
      },
      30_000,
    );
    expect(instanceOf(next)).toBe(instanceOf(first));
    expect(performance.now() - started).toBeGreaterThan(2_000);
    await remove("/sick");
  }, 240_000);

  it("marathon.md§24#73 without checks an instance is neither healthy nor unhealthy", async () => {
    await createApp(cluster, { id: "/unchecked", ...sleeper });
    expect((await settled(cluster, "/unchecked")) as unknown as Json).toMatchObject({
      tasksHealthy: 0,
      tasksUnhealthy: 0,
    });
    await remove("/unchecked");
  });
});

describe("system", () => {
  it("marathon.md§24#93 one framework over restarts", async () => {
    const id = (await call("GET", "/v2/info")).body["frameworkId"];
    const old = cluster.pid("frameworks");
    cluster.kill("frameworks");
    await eventually(
      "it is back",
      async () =>
        cluster.pid("frameworks") !== old && (await call("GET", "/v2/info")).body["frameworkId"] === id,
    );
  });

  it("marathon.md§24#102 info shows no credentials and the framework", async () => {
    const { body } = await call("GET", "/v2/info");
    expect(body).toMatchObject({
      name: "marathon",
      frameworkId: expect.any(String),
      marathon_config: { mesos_role: "slave_public" },
    });
    // One of its features has such a name, and what launches are counted by.
    const told = JSON.stringify(body)
      .replace(/"features":\[[^\]]*\]/, "")
      .replaceAll(/"launch_token\w*"/g, "");
    expect(told).not.toMatch(/token|password|secret/i);
  });
});
