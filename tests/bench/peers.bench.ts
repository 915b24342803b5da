/**
 * The same operations done by the tools that people use today, on this machine. They are installed from
 * Debian and need root, so they only run when they are named: `npm run bench -- peer`.
 */
import { type Benchmark, type Figure, percentile } from "./frame.ts";
import { machineFigure, pidsRunning, until } from "./peers/daemon.ts";
import { type Slurm, startSlurm } from "./peers/slurm.ts";
import { type Swarm, startSwarm } from "./peers/swarm.ts";

async function onPeer<Peer extends { stop(): Promise<void> }>(
  start: () => Promise<Peer>,
  work: (peer: Peer) => Promise<Figure>,
): Promise<Figure> {
  const peer = await start();
  try {
    return await work(peer);
  } finally {
    await peer.stop();
  }
}

const asPeer = { target: "none, a peer", isInProcess: false, isNamedOnly: true } as const;

const slurmProcesses: Benchmark = {
  ...asPeer,
  name: "peer-slurm-processes",
  operation: "one of n processes of a job array, until all run",
  sizes: [50, 200, 500],
  run: (size) =>
    onPeer(startSlurm, (slurm: Slurm) =>
      machineFigure(size, size, async () => {
        await slurm.runProcesses(size);
        return {};
      }),
    ),
};

const swarmProcesses: Benchmark = {
  ...asPeer,
  name: "peer-swarm-processes",
  operation: "one of n containers of a service, until all run",
  sizes: [50, 100, 200],
  run: (size) =>
    onPeer(startSwarm, (swarm: Swarm) =>
      machineFigure(size, size, async () => {
        await swarm.create("many", size);
        return {};
      }),
    ),
};

const swarmCreate: Benchmark = {
  ...asPeer,
  name: "peer-swarm-create-running",
  operation: "`service create` until its container runs, beside n idle services",
  sizes: [1, 20, 100],
  run: (size) =>
    onPeer(startSwarm, async (swarm: Swarm) => {
      for (let index = 0; index < size; index += 1) await swarm.create(`idle${index}`, 0);
      const times: number[] = [];
      return machineFigure(size, 20, async () => {
        for (let round = 0; round < 20; round += 1) {
          const started = performance.now();
          await swarm.create(`round${round}`, 1);
          times.push(performance.now() - started);
        }
        return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
      });
    }),
};

const swarmReplace: Benchmark = {
  ...asPeer,
  name: "peer-swarm-kill-replaced",
  operation: "kill -9 of a process until its replacement runs, no delay, among n instances",
  sizes: [1, 10, 50],
  run: (size) =>
    onPeer(startSwarm, async (swarm: Swarm) => {
      await swarm.create("victims", size);
      const times: number[] = [];
      return machineFigure(size, 10, async () => {
        for (let round = 0; round < 10; round += 1) {
          const before = new Set(swarm.running("victims"));
          const started = performance.now();
          process.kill(pidsRunning("sleep 98765")[0] ?? 0, "SIGKILL");
          await until("replaced", () => {
            const now = swarm.running("victims");
            return now.length === size && now.some((id) => !before.has(id));
          });
          times.push(performance.now() - started);
        }
        return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
      });
    }),
};

const swarmRolling: Benchmark = {
  ...asPeer,
  name: "peer-swarm-rolling-update",
  operation: "one container of n replaced, a fifth at a time",
  sizes: [10, 25, 50],
  run: (size) =>
    onPeer(startSwarm, async (swarm: Swarm) => {
      const pace = [
        "--update-parallelism",
        String(size / 5),
        "--update-delay",
        "0s",
        "--update-monitor",
        "0s",
      ];
      await swarm.create("roll", size, ...pace);
      const old = new Set(swarm.running("roll"));
      return machineFigure(size, size, async () => {
        swarm.docker("service", "update", "--detach", "--env-add", "NEXT=1", "roll");
        await until(
          "all are new",
          () => {
            const now = swarm.running("roll");
            return now.length === size && now.every((id) => !old.has(id));
          },
          300_000,
        );
        return {};
      });
    }),
};

export const benchmarks: readonly Benchmark[] = [
  slurmProcesses,
  swarmCreate,
  swarmProcesses,
  swarmReplace,
  swarmRolling,
];
