/** Checks of all kinds on a real cluster, row by row of the contract's checklist. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { type AppTask, createApp, getApp } from "../../harness/services.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 240_000);
afterAll(() => cluster.purge());

type Json = { readonly [name: string]: unknown };
const small = { cpus: 0.01, mem: 8 };
const server = (script: string) => ({
  cmd: `exec "${process.execPath}" -e '${script}'`,
  cpus: 0.05,
  mem: 64,
  ...(process.getuid?.() === 0 ? { user: "root" } : {}),
});
const quick = { intervalSeconds: 1, timeoutSeconds: 1, gracePeriodSeconds: 60, delaySeconds: 0 };
const results = (task: AppTask | undefined): readonly Json[] =>
  (task as unknown as { readonly healthCheckResults?: readonly Json[] } | undefined)?.healthCheckResults ??
  [];

async function remove(id: string): Promise<void> {
  const { services } = cluster.info.services;
  await ask(`${services}/v2/apps${id}?force=true`, { method: "DELETE" });
  await eventually(`${id} is gone`, async () => (await ask(`${services}/v2/apps${id}`)).status === 404);
}

/** Follows the event stream until `stop`; returns what came of one type. */
async function events(type: string): Promise<{ readonly seen: Json[]; stop(): void }> {
  const abort = new AbortController();
  const answer = await fetch(`${cluster.info.services.services}/v2/events?event_type=${type}`, {
    headers: { accept: "text/event-stream" },
    signal: abort.signal,
  });
  const seen: Json[] = [];
  const read = async (): Promise<void> => {
    let text = "";
    for await (const chunk of answer.body ?? []) {
      text += Buffer.from(chunk).toString();
      const frames = text.split("\r\n\r\n");
      text = frames.pop() ?? "";
      for (const frame of frames) {
        const data = /^data: (.*)$/m.exec(frame)?.[1];
        if (data !== undefined) seen.push(JSON.parse(data) as Json);
      }
    }
  };
  read().catch(() => undefined); // ends when it is aborted
  return { seen, stop: () => abort.abort() };
}

describe("health checks", () => {
  const plain = 'require("http").createServer((q,s)=>s.end("ok")).listen(process.env.PORT0)';
  // A certificate of no authority: nobody checks it.
  const secure =
    'const c=require("child_process");c.execSync("openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 1 -subj /CN=x 2>/dev/null");const f=require("fs");require("https").createServer({key:f.readFileSync("k.pem"),cert:f.readFileSync("c.pem")},(q,s)=>s.end("ok")).listen(process.env.PORT0)';

  it("marathon.md§24#69 of every protocol tell healthy", async () => {
    const kinds: { id: string; run: object; check: object }[] = [
      { id: "/h/http", run: server(plain), check: { protocol: "HTTP", path: "/" } },
      { id: "/h/https", run: server(secure), check: { protocol: "HTTPS", path: "/" } },
      { id: "/h/tcp", run: server(plain), check: { protocol: "TCP" } },
      {
        id: "/h/command",
        run: { cmd: "touch up; exec sleep 100000", ...small },
        check: { protocol: "COMMAND", command: { value: "test -f up" } },
      },
      { id: "/h/mesos-http", run: server(plain), check: { protocol: "MESOS_HTTP", path: "/" } },
      { id: "/h/mesos-https", run: server(secure), check: { protocol: "MESOS_HTTPS", path: "/" } },
      { id: "/h/mesos-tcp", run: server(plain), check: { protocol: "MESOS_TCP" } },
    ];
    for (const { id, run, check } of kinds) {
      await createApp(cluster, { id, ...run, healthChecks: [{ ...quick, ...check }] });
    }
    for (const { id } of kinds) {
      const app = await eventually(
        `${id} is healthy`,
        async () => {
          const found = await getApp(cluster, id);
          return found.tasksHealthy === 1 && found.deployments.length === 0 && found;
        },
        60_000,
      );
      const [task] = app.tasks;
      expect(results(task)).toEqual([
        {
          instanceId: task?.id.replace(/\._app\.\d+$/, ""),
          alive: true,
          consecutiveFailures: 0,
          firstSuccess: expect.any(String),
          lastSuccess: expect.any(String),
          ...(results(task)[0]?.["lastFailure"] === undefined
            ? {}
            : { lastFailure: expect.any(String), lastFailureCause: expect.any(String) }),
        },
      ]);
    }
    await Promise.all(kinds.map(({ id }) => remove(id)));
  }, 180_000);

  it("marathon.md§24#70 that fail end a task after one failure more than allowed, at the agent after as many, and that is told", async () => {
    const kills = await events("unhealthy_instance_kill_event");
    const failures = await events("failed_health_check_event");
    const failing = { ...quick, gracePeriodSeconds: 0, maxConsecutiveFailures: 2 };
    await createApp(cluster, {
      id: "/sick/scheduler",
      cmd: "exec sleep 100000",
      ...small,
      healthChecks: [{ ...failing, protocol: "TCP" }],
    });
    await createApp(cluster, {
      id: "/sick/agent",
      cmd: "exec sleep 100000",
      ...small,
      healthChecks: [{ ...failing, protocol: "COMMAND", command: { value: "exit 3" } }],
    });
    for (const [id, count] of [
      ["/sick/scheduler", 3],
      ["/sick/agent", 2],
    ] as const) {
      const killed = await eventually(
        `a task of ${id} is ended`,
        () => kills.seen.find(({ appId }) => appId === id),
        60_000,
      );
      const taskId = String(killed["taskId"]);
      const next = await eventually("the same instance runs again", async () =>
        (await getApp(cluster, id)).tasks.find((task) => task.id !== taskId),
      );
      expect(next.id.replace(/\.\d+$/, "")).toBe(taskId.replace(/\.\d+$/, ""));
      const until = failures.seen.filter(
        ({ appId, timestamp }) => appId === id && String(timestamp) <= String(killed["timestamp"]),
      );
      expect(until).toHaveLength(count);
      expect((await getApp(cluster, id)).lastTaskFailure).toMatchObject({ state: "TASK_KILLED" });
    }
    kills.stop();
    failures.stop();
    await remove("/sick/scheduler");
    await remove("/sick/agent");
  }, 120_000);

  it("marathon.md§24#72 that may fail no time never end a task from here, and at once at the agent", async () => {
    const never = { ...quick, gracePeriodSeconds: 0, maxConsecutiveFailures: 0 };
    await createApp(cluster, {
      id: "/zero/scheduler",
      cmd: "exec sleep 100000",
      ...small,
      healthChecks: [{ ...never, protocol: "TCP" }],
    });
    await createApp(cluster, {
      id: "/zero/agent",
      cmd: "exec sleep 100000",
      ...small,
      healthChecks: [{ ...never, protocol: "COMMAND", command: { value: "false" } }],
    });
    const first = await eventually(
      "it runs",
      async () => (await getApp(cluster, "/zero/scheduler")).tasks[0]?.id,
    );
    await eventually(
      "the agent ended its task at the first failure",
      async () => /\._app\.([2-9]|\d\d+)$/.test((await getApp(cluster, "/zero/agent")).tasks[0]?.id ?? ""),
      60_000,
    );
    await eventually("six checks of the other failed", async () => {
      const [task] = (await getApp(cluster, "/zero/scheduler")).tasks;
      return Number(results(task)[0]?.["consecutiveFailures"] ?? 0) >= 6;
    });
    const { tasks } = await getApp(cluster, "/zero/scheduler");
    expect(tasks.map(({ id, state }) => [id, state])).toEqual([[first, "TASK_RUNNING"]]);
    await remove("/zero/scheduler");
    await remove("/zero/agent");
  }, 120_000);
});

it("marathon.md§24#74 a check tells its result and ends nothing", async () => {
  await createApp(cluster, {
    id: "/told",
    cmd: "exec sleep 100000",
    ...small,
    check: { exec: { command: { shell: "exit 3" } }, intervalSeconds: 1, delaySeconds: 0 },
  });
  const task = await eventually("its result is shown", async () => {
    const [found] = (await getApp(cluster, "/told")).tasks;
    return found !== undefined && "checkResult" in found && found;
  });
  expect(task).toMatchObject({ state: "TASK_RUNNING", checkResult: { command: { exitCode: 3 } } });
  await remove("/told");
});
