/**
 * Two masters of which one leads, an agent and frameworks that find it in ZooKeeper, and what a kill of it costs. The clock
 * of one is ten minutes ahead of the other's.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HealthCheck, MasterInfo } from "#contracts/kernel/messages.gen.ts";
import { linkPath, linkProtocol } from "#contracts/link/messages.ts";
import { type FramedLink, openFramedLink } from "#foundation/http/index.ts";
import { ZooKeeperSession } from "#foundation/store/zookeeper-session.ts";
import { eventually } from "../../harness/cluster.ts";
import { freePort } from "../../harness/ports.ts";
import { end, type Hosted, host, isAlive, processesOf } from "../kernel/kernel-processes.ts";
import { OperatorCalls } from "../kernel/operator-calls.ts";
import { aTask, getJson, SchedulerClient, send } from "../kernel/scheduler-client.ts";
import { startZooKeeper, type ZooKeeperServer, zooKeeperMissing } from "../store/zookeeper-server.ts";
import { zkSessionTimeoutMs } from "./framework-candidates.ts";

const group = "/mesos";
const shiftedClock = fileURLToPath(new URL("../../harness/shifted-clock.ts", import.meta.url));
const aheadMs = 600_000;

describe.skipIf(zooKeeperMissing() !== undefined)("on ZooKeeper masters", { timeout: 300_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), "keelson-masters-"));
  let zooKeeper: ZooKeeperServer;
  let session: ZooKeeperSession;
  const masters = new Map<string, Hosted>();
  let agent: Hosted | undefined;

  const startMaster = async (name: string, path = group): Promise<Hosted> => {
    const hosted = await host(
      "kernel",
      {
        host: "127.0.0.1",
        port: await freePort(),
        dataDir: join(dir, name),
        zk: `zk://${zooKeeper.address}${path}`,
        zkSessionTimeoutMs,
      },
      name === "ahead"
        ? {
            nodeArguments: [`--import=${shiftedClock}`],
            environment: { KEELSON_TEST_CLOCK: join(dir, "clock") },
          }
        : {},
    );
    masters.set(name, hosted);
    return hosted;
  };
  beforeAll(async () => {
    zooKeeper = await startZooKeeper();
    session = new ZooKeeperSession({
      servers: zooKeeper.address,
      sessionTimeoutMs: 60_000,
      operationDeadlineMs: 30_000,
      onLost: () => undefined,
    });
    await session.connected();
    writeFileSync(join(dir, "clock"), String(aheadMs));
    await Promise.all([startMaster("first"), startMaster("ahead")]);
    agent = await host("agent", {
      host: "127.0.0.1",
      hostname: "one.test",
      port: await freePort(),
      dataDir: join(dir, "agent"),
      masterUrl: `zk://${zooKeeper.address}${group}`,
      zkSessionTimeoutMs,
      resources: "cpus:4;mem:2048;disk:1000;ports:[31000-31099]",
      policy: { registrationBackoffMs: 50, registrationBackoffMaxMs: 500 },
    });
  }, 300_000);
  afterAll(async () => {
    for (const hosted of [agent, ...masters.values()]) await end(hosted, "SIGTERM");
    session?.close();
    await zooKeeper?.remove();
    rmSync(dir, { recursive: true, force: true });
  }, 240_000);

  /** As a client of Mesos finds it: the node with the lowest number. */
  async function leaderIn(path = group): Promise<MasterInfo | undefined> {
    const names = ((await session.children(path)) ?? [])
      .filter((name) => name.startsWith("json.info_"))
      .sort();
    const node = names[0] === undefined ? undefined : await session.read(`${path}/${names[0]}`);
    return node === undefined ? undefined : (JSON.parse(node.data.toString()) as MasterInfo);
  }
  const urlOf = ({ address, port }: MasterInfo): string => `http://${address?.ip}:${port}`;
  /** It leads, has its agent, and is another one than `former`. */
  const serving = (former?: string): Promise<string> =>
    eventually(
      "a master leads and has its agent",
      async () => {
        const info = await leaderIn();
        if (info === undefined || urlOf(info) === former) return undefined;
        const answer = await getJson<{ readonly slaves: readonly { readonly active: boolean }[] }>(
          `${urlOf(info)}/slaves`,
        );
        return answer.slaves.some(({ active }) => active) && urlOf(info);
      },
      120_000,
    );
  const standbyOf = (leader: string): string => {
    const other = [...masters.values()].find((each) => each.url !== leader && isAlive(each));
    if (other === undefined) throw new Error("nobody stands by");
    return other.url;
  };

  const nameOf = (url: string): string => [...masters].find(([, each]) => each.url === url)?.[0] ?? "nobody";
  /** By its own clock; no figure of it is below nothing, and no agent is missing. */
  async function figuresOf(url: string): Promise<void> {
    const { start_time: startedAt } = await getJson<{ readonly start_time: number }>(`${url}/state`);
    const offsetMs = nameOf(url) === "ahead" ? aheadMs : 0;
    expect(Math.abs(startedAt * 1_000 - Date.now() - offsetMs)).toBeLessThan(aheadMs / 2);
    const figures = await getJson<Readonly<Record<string, number>>>(`${url}/metrics/snapshot`);
    expect(Object.entries(figures).filter(([, figure]) => figure < 0)).toEqual([]);
    expect(figures).toMatchObject({ "master/slaves_unreachable": 0, "master/slave_removals": 0 });
    expect(figures["master/uptime_secs"]).toBeLessThan(aheadMs / 2_000);
  }

  it("mesos.md§8#16 are found by their nodes, as clients of Mesos read them", async () => {
    const url = await serving();
    const info = await leaderIn();
    const { hostname, port } = new URL(url);
    expect(info).toMatchObject({
      // 127.0.0.1 with its first byte lowest.
      ip: 16_777_343,
      port: Number(port),
      hostname,
      pid: `master@${hostname}:${port}`,
      version: "1.11.0",
      address: { hostname, ip: hostname, port: Number(port) },
    });
    const state = await getJson<{ readonly id: string; readonly leader: string; readonly pid: string }>(
      `${url}/state`,
    );
    expect([state.id, state.leader, state.pid]).toEqual([info?.id, info?.pid, info?.pid]);
    const scheduler = await SchedulerClient.subscribe(url);
    expect(scheduler.head?.status).toBe(200);
    await scheduler.teardown();
  });

  it("mesos.md§8#15 that stand by send everybody to the leader, and say when there is none", async () => {
    const leader = await serving();
    const standby = standbyOf(leader);
    const { host: leading } = new URL(leader);
    const asked: readonly [string, string][] = [
      ["POST", "/api/v1/scheduler"],
      ["POST", "/master/api/v1/scheduler"],
      ["POST", "/api/v1"],
      ["GET", "/master/state?a=b"],
      ["GET", "/state.json"],
      ["GET", "/metrics"],
    ];
    for (const [method, path] of asked) {
      const { status, headers } = await send(`${standby}${path}`, {
        method,
        ...(method === "POST" ? { body: "{}" } : {}),
      });
      expect([path, status, headers.location]).toEqual([path, 307, `//${leading}${path}`]);
    }
    for (const path of ["/redirect", "/master/redirect"]) {
      const { status, headers } = await send(`${standby}${path}`, { method: "GET" });
      expect([path, status, headers.location]).toEqual([path, 307, `//${leading}`]);
    }
    expect((await send(`${standby}/redirect/further`, { method: "GET" })).status).toBe(404);
    // What is about the process itself.
    expect((await send(`${standby}/health`, { method: "GET" })).status).toBe(200);
    expect(await getJson(`${standby}/version`)).toMatchObject({ version: "1.11.0" });
    expect(await getJson(`${standby}/flags`)).toMatchObject({
      flags: { zk: `zk://${zooKeeper.address}${group}` },
    });
    expect(await getJson(`${standby}/metrics/snapshot`)).toMatchObject({ "master/elected": 0 });
    expect(await getJson(`${leader}/metrics/snapshot`)).toMatchObject({ "master/elected": 1 });

    // Somebody holds the lead whose node says nothing of use: nobody can be named.
    await session.create("/alone", Buffer.alloc(0));
    const held = await session.createNumbered("/alone/json.info_", Buffer.from("not a master"));
    const alone = await startMaster("alone", "/alone");
    for (const [method, path] of [...asked, ["GET", "/redirect"] as const]) {
      const { status, text } = await send(`${alone.url}${path}`, {
        method,
        ...(method === "POST" ? { body: "{}" } : {}),
      });
      expect([path, status, text]).toEqual([path, 503, "No leader elected"]);
    }
    expect((await send(`${alone.url}/health`, { method: "GET" })).status).toBe(200);
    expect(await session.remove(held)).toBe("ok");
    await eventually(
      "it leads now",
      async () => (await send(`${alone.url}/state`, { method: "GET" })).status === 200,
    );
    await end(alone, "SIGTERM");
    masters.delete("alone");
    // It left its place at once, and did not wait for its session to end.
    expect(await leaderIn("/alone")).toBeUndefined();
  });

  it("take an agent that was given a standby's address to the leader", async () => {
    const leader = await serving();
    const opened = await new Promise<FramedLink>((resolve, reject) => {
      openFramedLink(
        { url: `${standbyOf(leader)}${linkPath}`, protocol: linkProtocol },
        (link) => {
          queueMicrotask(() => resolve(link));
          return { onFrame: () => undefined, onClose: () => undefined };
        },
        (reason) => reject(new Error(reason)),
      );
    });
    opened.close("seen");
  });

  it("reliability.md§4#F1 reliability.md§4#F13 ten minutes apart lose nothing when the leading one is killed, in either direction", async () => {
    const leader = await serving();
    await figuresOf(leader);
    const standby = standbyOf(leader);
    const scheduler = await SchedulerClient.subscribe(leader);
    const { frameworkId } = scheduler;
    const offer = await scheduler.offer();
    const tasks = ["a", "b", "c"];
    const check: HealthCheck = {
      type: "COMMAND",
      command: { value: "true" },
      delay_seconds: 0,
      interval_seconds: 1,
      consecutive_failures: 1,
    };
    await scheduler.launch(
      offer,
      ...tasks.map((id) => ({ ...aTask(id, offer, { cpus: 0.01, mem: 4 }), health_check: check })),
    );
    for (const id of tasks) await scheduler.status(id, "TASK_RUNNING");
    for (const id of tasks)
      await scheduler.until("it is healthy", () => scheduler.statuses(id).find(({ healthy }) => healthy));
    await scheduler.rest();
    const pids = processesOf(frameworkId);
    const quota = [{ role: "sure", guarantees: { cpus: { value: 0.5 } }, limits: { cpus: { value: 1 } } }];
    const written = await new OperatorCalls(leader).call("UPDATE_QUOTA", {
      force: true,
      quota_configs: quota,
    });
    expect(written.status).toBe(200);
    const { id: agentId } = (
      await getJson<{ readonly slaves: readonly { readonly id: string }[] }>(`${leader}/slaves`)
    ).slaves[0] ?? { id: "" };

    const killed = [...masters].find(([, each]) => each.url === leader);
    await end(killed?.[1], "SIGKILL");
    expect(await serving(leader)).toBe(standby);
    await figuresOf(standby);
    const again = await SchedulerClient.subscribe(standby, {}, { frameworkId, suppressed: ["*"] });
    await again.reconcile(...tasks.map((taskId) => ({ taskId })));
    for (const id of tasks) expect((await again.status(id, "TASK_RUNNING")).agent_id?.value).toBe(agentId);
    expect(processesOf(frameworkId)).toEqual(pids);
    expect((await new OperatorCalls(standby).read("GET_QUOTA")).get_quota?.status.configs).toMatchObject(
      quota,
    );

    // The killed one is started again, stands by, and takes over when the other ends.
    const [name = ""] = killed ?? [];
    const back = await startMaster(name);
    await eventually("it knows the leader", async () => {
      const { status, headers } = await send(`${back.url}/redirect`, { method: "GET" });
      return status === 307 && headers.location === `//${new URL(standby).host}`;
    });
    await end(
      [...masters.values()].find((each) => each.url === standby),
      "SIGTERM",
    );
    expect(await serving(standby)).toBe(back.url);
    await figuresOf(back.url);
    const third = await SchedulerClient.subscribe(back.url, {}, { frameworkId, suppressed: ["*"] });
    await third.reconcile(...tasks.map((taskId) => ({ taskId })));
    for (const id of tasks) await third.status(id, "TASK_RUNNING");
    expect(processesOf(frameworkId)).toEqual(pids);
    const heard = tasks.flatMap((id) => [...again.statuses(id), ...third.statuses(id)]);
    expect(heard.filter(({ state, healthy }) => state !== "TASK_RUNNING" || healthy === false)).toEqual([]);
    await third.teardown();
    await eventually("its tasks end", () => processesOf(frameworkId).length === 0);
  });
});
