/** Data of every release so far is opened by this build; the archives are made by old-data/make.ts. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { ask, eventually, startCluster } from "../harness/cluster.ts";
import { getApp, settled } from "../harness/services.ts";

const folder = fileURLToPath(new URL("old-data/", import.meta.url));
const archives = readdirSync(folder).filter((name) => name.endsWith(".tar.gz"));

it.each(archives)(
  "%s: services, their history and what was under way go on",
  async (archive) => {
    const cluster = await startCluster({
      agents: 1,
      prepare: (dataDir) => {
        mkdirSync(dataDir, { recursive: true, mode: 0o700 });
        execFileSync("tar", ["-xzf", `${folder}${archive}`, "-C", dataDir, "--no-same-owner"]);
      },
    });
    try {
      const services = cluster.info.services.services;
      const kept = await settled(cluster, "/kept", 60_000);
      expect(kept).toMatchObject({ instances: 2, labels: { step: "two" } });
      const { body: versions } = await ask(`${services}/v2/apps/kept/versions`);
      expect((versions as { readonly versions: readonly string[] }).versions.length).toBeGreaterThanOrEqual(
        2,
      );
      // The agent is the one of before: its id has the name of a former master in it, not of this one.
      const { body } = await ask(`${cluster.info.services.kernel}/state`);
      const { id: master, slaves } = body as {
        readonly id: string;
        readonly slaves: readonly { readonly id: string }[];
      };
      expect(slaves).toHaveLength(1);
      expect(slaves[0]?.id.startsWith(master)).toBe(false);
      expect(new Set(kept.tasks.map(({ slaveId }) => slaveId))).toEqual(new Set([slaves[0]?.id]));
      await eventually("the deployment of /waiting is still under way", async () => {
        const { deployments, tasksRunning } = await getApp(cluster, "/waiting");
        return deployments.length === 1 && tasksRunning === 0;
      });
    } finally {
      await cluster.purge();
    }
  },
  120_000,
);
