/** The whole of a real cluster: processes, sockets, disk. CPU is that of all its processes. */
import { readdirSync, readFileSync } from "node:fs";
import { ask, type ClusterOptions, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, getApp, pidsOfApp, settled } from "../harness/services.ts";
import { type Benchmark, type Figure, percentile } from "./frame.ts";
import { cpuSecondsOf, pssMibOf } from "./processes.ts";

const small = { cmd: "exec sleep 100000", cpus: 0.001, mem: 4, portDefinitions: [] };

/** CPU seconds of the cluster's processes and their children that ended. */
function cpuSeconds(cluster: TestCluster): number {
  return clusterPids(cluster).reduce((sum, pid) => sum + cpuSecondsOf(pid, { isWithEnded: true }), 0);
}

function clusterPids(cluster: TestCluster): readonly number[] {
  const { pids } = JSON.parse(readFileSync(`${cluster.dataDir}/secrets/up.json`, "utf8")) as {
    readonly pids: Record<string, number>;
  };
  return [...Object.values(pids), cluster.pid("supervisor")];
}

function pidsNamed(name: string): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === name;
      } catch {
        return false;
      }
    });
}

async function onCluster(
  work: (cluster: TestCluster) => Promise<Figure>,
  options: ClusterOptions = {},
): Promise<Figure> {
  const cluster = await startCluster(options);
  try {
    return await work(cluster);
  } finally {
    await cluster.purge();
  }
}

async function figure(
  cluster: TestCluster,
  size: number,
  operations: number,
  work: () => Promise<Readonly<Record<string, number>>>,
): Promise<Figure> {
  const cpu = cpuSeconds(cluster);
  const started = performance.now();
  const more = await work();
  const wallSeconds = (performance.now() - started) / 1000;
  const rssMib = clusterPids(cluster).reduce((sum, pid) => sum + pssMibOf(pid), 0);
  return {
    size,
    operations,
    cpuMicros: ((cpuSeconds(cluster) - cpu) * 1e6) / operations,
    wallSeconds,
    rssMib,
    more,
  };
}

const createRunning: Benchmark = {
  name: "create-running",
  operation: "POST /v2/apps until the API shows TASK_RUNNING, beside n idle services",
  target: "p50 ≤ 50 ms, p99 ≤ 150 ms (Docker Swarm 302 ms)",
  sizes: [1, 20, 100],
  isInProcess: false,
  run: (size) =>
    onCluster(async (cluster) => {
      for (let index = 0; index < size; index += 1)
        await createApp(cluster, { id: `/idle/s${index}`, ...small, instances: 0 });
      const times: number[] = [];
      return figure(cluster, size, 30, async () => {
        for (let round = 0; round < 30; round += 1) {
          const started = performance.now();
          await createApp(cluster, { id: `/round${round}`, ...small });
          for (;;) {
            const { body } = await ask(`${cluster.info.services.services}/v2/apps/round${round}/tasks`);
            if (
              (body as { readonly tasks: readonly { readonly state: string }[] }).tasks.some(
                ({ state }) => state === "TASK_RUNNING",
              )
            )
              break;
          }
          times.push(performance.now() - started);
        }
        return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
      });
    }),
};

const processes: Benchmark = {
  name: "processes-one-agent",
  operation: "one of n processes started on one agent, until all run",
  target: "≤ 1.5 × Slurm (200: 2.79 s, 500: 4.73 s; Swarm 58.9 s, 164 s)",
  sizes: [50, 200, 500],
  isInProcess: false,
  run: (size) =>
    onCluster(
      (cluster) =>
        figure(cluster, size, size, async () => {
          const before = pidsNamed("shim").length;
          await createApp(cluster, { id: "/many", ...small, cpus: 0.001, mem: 1, instances: size });
          await settled(cluster, "/many", 120_000);
          const shims = pidsNamed("shim");
          return {
            shimPssMib: shims.reduce((sum, pid) => sum + pssMibOf(pid), 0) / Math.max(1, shims.length),
            newShims: shims.length - before,
          };
        }),
      { agents: 1 },
    ),
};

const replace: Benchmark = {
  name: "kill-replaced",
  operation: "kill -9 of a process until its replacement runs, backoff 0, among n instances",
  target: "≤ 0.15 s (Swarm 0.49 s)",
  sizes: [1, 10, 50],
  isInProcess: false,
  run: (size) =>
    onCluster(async (cluster) => {
      await createApp(cluster, { id: "/victims", ...small, instances: size, backoffSeconds: 0 });
      await settled(cluster, "/victims", 60_000);
      const times: number[] = [];
      return figure(cluster, size, 10, async () => {
        for (let round = 0; round < 10; round += 1) {
          const before = new Set((await getApp(cluster, "/victims")).tasks.map(({ id }) => id));
          const started = performance.now();
          process.kill(pidsOfApp("/victims")[0] ?? 0, "SIGKILL");
          await eventually("replaced", async () => {
            const { tasks } = await getApp(cluster, "/victims");
            return tasks.some(({ id, state }) => !before.has(id) && state === "TASK_RUNNING");
          });
          times.push(performance.now() - started);
          await settled(cluster, "/victims");
        }
        return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
      });
    }),
};

const rolling: Benchmark = {
  name: "rolling-update",
  operation: "one instance of n replaced, a fifth at a time",
  target: "50 in ≤ 3 s (Swarm 26.3 s)",
  sizes: [10, 25, 50],
  isInProcess: false,
  run: (size) =>
    onCluster(async (cluster) => {
      await createApp(cluster, {
        id: "/roll",
        ...small,
        instances: size,
        upgradeStrategy: { minimumHealthCapacity: 0.8, maximumOverCapacity: 0 },
      });
      await settled(cluster, "/roll", 60_000);
      return figure(cluster, size, size, async () => {
        await ask(`${cluster.info.services.services}/v2/apps/roll`, {
          method: "PATCH",
          body: { env: { NEXT: "1" } },
        });
        await settled(cluster, "/roll", 120_000);
        return {};
      });
    }),
};

const warmStart: Benchmark = {
  name: "warm-start",
  operation: "`npm start` again until the addresses are printed, with n tasks to take up",
  target: "≤ 2 s",
  sizes: [1, 20, 100],
  isInProcess: false,
  run: (size) =>
    onCluster(async (cluster) => {
      await createApp(cluster, { id: "/kept", ...small, instances: size });
      await settled(cluster, "/kept", 60_000);
      const times: number[] = [];
      const rounds = 5;
      let cpu = 0;
      for (let round = 0; round < rounds; round += 1) {
        await cluster.stop();
        const started = performance.now();
        await cluster.start();
        times.push(performance.now() - started);
        // All of its processes are new ones.
        cpu += cpuSeconds(cluster);
      }
      return {
        size,
        operations: rounds,
        cpuMicros: (cpu * 1e6) / rounds,
        wallSeconds: times.reduce((sum, time) => sum + time, 0) / 1000,
        rssMib: clusterPids(cluster).reduce((sum, pid) => sum + pssMibOf(pid), 0),
        more: { medianMs: percentile(times, 0.5), worstMs: Math.max(...times) },
      };
    }),
};

const idle: Benchmark = {
  name: "idle",
  operation: "one second of a cluster in which n tasks sleep",
  target: "all processes ≤ 450 MB PSS, < 2 % of a core (20,000 µs)",
  sizes: [1, 20, 100],
  isInProcess: false,
  run: (size) =>
    onCluster(async (cluster) => {
      await createApp(cluster, { id: "/sleepers", ...small, instances: size });
      await settled(cluster, "/sleepers", 60_000);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      const seconds = 20;
      return figure(cluster, size, seconds, async () => {
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
        return {};
      });
    }),
};

export const benchmarks: readonly Benchmark[] = [createRunning, processes, replace, rolling, warmStart, idle];
