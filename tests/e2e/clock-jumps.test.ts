/**
 * F13: the wall clock of a whole cluster is set forward and back, while its processes run and between two lives of them.
 * What runs runs on, what waits waits no longer than it should, and tokens end when their time is over.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, getApp, pidsOfApp, settled } from "../harness/services.ts";

const id = "/steady";
const clock = fileURLToPath(new URL("../harness/shifted-clock.ts", import.meta.url));
const hour = 3_600_000;
const day = 24 * hour;
const dir = mkdtempSync(join(tmpdir(), "keelson-clock-"));
const small = { cmd: "exec sleep 100000", cpus: 0.05, mem: 16, portDefinitions: [] };
let cluster: TestCluster;
/** Of somebody who logged in before the clock was touched. */
let token: string;

/** Every process of the cluster sees it within moments. */
function setClock(offsetMs: number): void {
  writeFileSync(join(dir, "next"), String(offsetMs));
  renameSync(join(dir, "next"), join(dir, "clock"));
}

/** An agent says at what time it looked at its tasks: by the wall clock, and by nothing else. */
async function clockReads(offsetMs: number): Promise<void> {
  await eventually("the clock was set", async () => {
    const { body } = await ask(`${cluster.info.agents[0]?.url}/monitor/statistics`);
    const [first] = body as readonly { readonly statistics: { readonly timestamp: number } }[];
    return Math.abs((first?.statistics.timestamp ?? 0) * 1_000 - Date.now() - offsetMs) < 60_000;
  });
}

/** A process that began under it has its time. */
async function startedBy(offsetMs: number): Promise<void> {
  const { body } = await ask(`${cluster.info.services.kernel}/state`);
  const { start_time: startedAt } = body as { readonly start_time: number };
  expect(Math.abs(startedAt * 1_000 - Date.now() - offsetMs)).toBeLessThan(hour / 2);
}

async function told(): Promise<{ readonly tasks: readonly string[]; readonly pids: readonly number[] }> {
  const { tasks } = await settled(cluster, id);
  return { tasks: tasks.map((task) => task.id).sort(), pids: pidsOfApp(id) };
}

const allAreHealthy = (): Promise<unknown> =>
  eventually("all are healthy", async () => (await getApp(cluster, id)).tasksHealthy === 3);

/** No figure of a daemon is below nothing: they are counts and durations. */
async function figuresAreSane(): Promise<void> {
  const { kernel, services } = cluster.info.services;
  const [agent] = cluster.info.agents;
  for (const url of [`${kernel}/metrics/snapshot`, `${agent?.url}/metrics/snapshot`, `${services}/metrics`]) {
    const { status, body } = await ask(url);
    expect(status).toBe(200);
    const figures = [...JSON.stringify(body).matchAll(/"([^"]+)":(-?[0-9.]+)/g)];
    expect(figures.length).toBeGreaterThan(10);
    expect(figures.filter(([, , figure]) => Number(figure) < 0)).toEqual([]);
  }
}

/** Kills every process but the supervisor; each is started again under the clock as it is now. */
async function everybodyAnew(): Promise<void> {
  const names = ["agent-0", "agent-1", "kernel", "frameworks", "platform"];
  const before = names.map((name) => cluster.pid(name));
  for (const name of names) cluster.kill(name);
  await eventually("all are back", () => names.every((name, at) => cluster.pid(name) !== before[at]));
  await eventually("the agents are back", async () => {
    const { body } = await ask(`${cluster.info.services.kernel}/slaves`);
    const { slaves } = body as { readonly slaves: readonly { readonly active: boolean }[] };
    return slaves.length === 2 && slaves.every(({ active }) => active);
  });
  const { services } = cluster.info.services;
  await eventually("Services answer", async () => (await ask(`${services}/v2/info`)).status === 200);
}

const users = (path: string): string => `${cluster.info.url}/acs/api/v1${path}`;

/** What the door says to a token, once it is up. */
const door = (token: string): Promise<number> =>
  eventually("the door answers", async () => {
    const { status } = await ask(users("/users/keeper"), { headers: { authorization: `token=${token}` } });
    return status < 500 && status;
  });

async function login(): Promise<string> {
  const body = { uid: "keeper", password: "long enough" };
  const answer = await ask(users("/auth/login"), { method: "POST", body });
  return (answer.body as { readonly token: string }).token;
}

async function isServed(name: string): Promise<void> {
  await createApp(cluster, { id: name, ...small });
  await settled(cluster, name);
}

describe("a clock that jumps", { timeout: 240_000 }, () => {
  beforeAll(async () => {
    setClock(0);
    cluster = await startCluster({
      environment: {
        NODE_OPTIONS: `--import=${clock}`,
        KEELSON_TEST_CLOCK: join(dir, "clock"),
      },
    });
    await createApp(cluster, {
      id,
      ...small,
      instances: 3,
      healthChecks: [
        {
          protocol: "COMMAND",
          command: { value: "true" },
          intervalSeconds: 1,
          timeoutSeconds: 5,
          gracePeriodSeconds: 1,
          maxConsecutiveFailures: 1,
        },
      ],
    });
    await settled(cluster, id);
    await allAreHealthy();
    const headers = { authorization: `token=${cluster.info.token}` };
    await ask(users("/users/keeper"), { method: "PUT", body: { password: "long enough" }, headers });
    await ask(users("/groups/superusers/users/keeper"), { method: "PUT", headers });
    token = await login();
    expect(await door(token)).toBe(200);
  }, 240_000);
  afterAll(async () => {
    await cluster?.purge();
    rmSync(dir, { recursive: true, force: true });
  });

  it("reliability.md§4#F13 set ahead or back leaves every task as it is, and new ones come up", async () => {
    const before = await told();
    for (const [name, offset] of [
      ["ahead", hour],
      ["back", -2 * day],
    ] as const) {
      setClock(offset);
      await clockReads(offset);
      await isServed(`/${name}/at-once`);
      await everybodyAnew();
      await startedBy(offset);
      await isServed(`/${name}/anew`);
      await allAreHealthy();
      await figuresAreSane();
      expect(await told()).toEqual(before);
      expect(await door(token)).toBe(200);
    }
  });

  it("reliability.md§4#F13 ends a token when its time is over, not those between daemons", async () => {
    const before = await told();
    setClock(6 * day);
    await clockReads(6 * day);
    await everybodyAnew();
    await startedBy(6 * day);
    expect(await door(token)).toBe(401);
    expect(await door(await login())).toBe(200);
    expect(await told()).toEqual(before);
    await isServed("/after/days");
  });
});
