/** Two `keelson up` over one ZooKeeper are one cluster, at whichever door. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { startZooKeeper, type ZooKeeperServer, zooKeeperMissing } from "../store/zookeeper-server.ts";

describe.skipIf(zooKeeperMissing() !== undefined)("on ZooKeeper two clusters", { timeout: 300_000 }, () => {
  let zooKeeper: ZooKeeperServer;
  let first: TestCluster;
  let second: TestCluster;
  beforeAll(async () => {
    zooKeeper = await startZooKeeper();
    const flags = ["--zk", `zk://${zooKeeper.address}/one`];
    first = await startCluster({ agents: 1, flags });
    second = await startCluster({
      agents: 1,
      flags,
      prepare: (dataDir) => {
        mkdirSync(join(dataDir, "secrets"), { recursive: true, mode: 0o700 });
        copyFileSync(join(first.dataDir, "secrets/door"), join(dataDir, "secrets/door"));
      },
    });
  }, 400_000);
  afterAll(async () => {
    await second?.purge();
    await first?.purge();
    await zooKeeper?.remove();
  }, 240_000);

  const atDoor = (path: string, options: { readonly method?: string; readonly body?: unknown } = {}) =>
    ask(`${second.info.url}${path}`, {
      ...options,
      headers: { authorization: `token=${second.info.token}` },
    });
  const activeAgents = async (): Promise<number> => {
    const { body } = await atDoor("/mesos/slaves");
    return (body as { readonly slaves: readonly { readonly active: boolean }[] }).slaves.filter(
      ({ active }) => active,
    ).length;
  };
  const leader = async (): Promise<string> => {
    const { body } = await atDoor("/service/marathon/v2/leader");
    return `http://${(body as { readonly leader: string }).leader}`;
  };

  it("are one, and go on as one when the one that leads ends", async () => {
    await eventually("both agents belong to one master", async () => (await activeAgents()) === 2, 120_000);
    expect(await leader()).toBe(first.info.services.services);
    const created = await atDoor("/service/marathon/v2/apps", {
      method: "POST",
      body: { id: "/one", cmd: "sleep 100000", cpus: 0.01, mem: 8 },
    });
    expect(created.status).toBe(201);
    await first.stop();
    await eventually(
      "the other one leads",
      async () => (await leader()) === second.info.services.services,
      120_000,
    );
    expect(await atDoor("/service/marathon/v2/apps/one")).toMatchObject({
      status: 200,
      body: { app: { id: "/one" } },
    });
    await eventually("its agent is back", async () => (await activeAgents()) === 1, 120_000);
  });
});
