/**
 * Services and a master as processes of their own, with their disks, and agents with a connection each: everything of a
 * cluster but the tasks themselves. Four apps grow until all their instances run, and then nothing happens.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { end, type Hosted, host, KernelProcesses } from "../conformance/kernel/kernel-processes.ts";
import { ask } from "../harness/cluster.ts";
import { freePort } from "../harness/ports.ts";
import { agentsOf } from "./agents-process.ts";
import { type Benchmark, type Figure, percentile } from "./frame.ts";
import { cpuSecondsOf, pssMibOf } from "./processes.ts";

const apps = 4;
const instancesPerAgent = 50;
const agentsMin = 20;
/** Between two looks at what is still under way, each of which is a request of its own. */
const lookMs = 100;
const deadlineMs = 900_000;
const restSeconds = 60;
/** Of CPU in two seconds, less than which is rest. */
const quietSeconds = 0.1;

interface World {
  readonly url: string;
  readonly masterUrl: string;
  readonly servicesPid: number;
  readonly masterPid: number;
  /** Services are killed and started again on what they stored. */
  restart(): Promise<void>;
}

async function inWorld<Result>(instances: number, work: (world: World) => Promise<Result>): Promise<Result> {
  const dataDir = mkdtempSync(join(tmpdir(), "keelson-bench-"));
  const kernel = await KernelProcesses.start();
  const agents = Math.max(agentsMin, Math.ceil(instances / instancesPerAgent));
  const child = await agentsOf({ masterUrl: kernel.masterUrl, agents });
  const ports = { services: { port: await freePort() }, jobs: { port: await freePort() } };
  const shared = { host: "127.0.0.1", dataDir, masterUrl: kernel.masterUrl, doorSecret: "", security: {} };
  const start = (): Promise<Hosted> => host("frameworks", { ...shared, ...ports });
  let frameworks = await start();
  try {
    return await work({
      url: frameworks.url,
      masterUrl: kernel.masterUrl,
      masterPid: kernel.masterPid,
      get servicesPid() {
        return frameworks.process.pid ?? 0;
      },
      restart: async () => {
        await end(frameworks, "SIGKILL");
        frameworks = await start();
      },
    });
  } finally {
    await end(frameworks, "SIGTERM");
    child.kill();
    await kernel.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const micros = (seconds: number, operations: number): number => (seconds * 1e6) / operations;

/** Answers how long each look at the deployments took. */
async function grow({ url }: World, instances: number): Promise<readonly number[]> {
  const definitions = Array.from({ length: apps }, (_, index) => ({
    id: `/app-${index}`,
    cmd: "exec sleep 100000",
    instances: Math.ceil(instances / apps),
    cpus: 0.01,
    mem: 4,
    portDefinitions: [],
  }));
  for (const body of definitions) {
    const { status } = await ask(`${url}/v2/apps`, { method: "POST", body });
    if (status !== 201) throw new Error(`an app was answered with ${status}`);
  }
  const looks: number[] = [];
  const started = performance.now();
  for (;;) {
    const before = performance.now();
    const { body } = await ask(`${url}/v2/deployments`);
    looks.push(performance.now() - before);
    if ((body as readonly object[]).length === 0) return looks;
    if (before - started > deadlineMs) throw new Error(`not all of ${instances} instances run`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

const growing = (instances: number): Promise<Figure> =>
  inWorld(instances, async (world) => {
    const services = cpuSecondsOf(world.servicesPid);
    const master = cpuSecondsOf(world.masterPid);
    const started = performance.now();
    const looks = await grow(world, instances);
    const wallSeconds = (performance.now() - started) / 1000;
    const servicesSeconds = cpuSecondsOf(world.servicesPid) - services;
    const masterSeconds = cpuSecondsOf(world.masterPid) - master;
    return {
      size: instances,
      operations: instances,
      cpuMicros: micros(servicesSeconds + masterSeconds, instances),
      wallSeconds,
      rssMib: pssMibOf(world.servicesPid),
      more: {
        servicesMicros: micros(servicesSeconds, instances),
        masterMicros: micros(masterSeconds, instances),
        apiP50Ms: percentile(looks, 0.5),
        apiP99Ms: percentile(looks, 0.99),
      },
    };
  });

const resting = (instances: number): Promise<Figure> =>
  inWorld(instances, async (world) => {
    await grow(world, instances);
    await atRest(world);
    const services = cpuSecondsOf(world.servicesPid);
    const master = cpuSecondsOf(world.masterPid);
    await new Promise((resolve) => setTimeout(resolve, restSeconds * 1_000));
    const servicesSeconds = cpuSecondsOf(world.servicesPid) - services;
    const masterSeconds = cpuSecondsOf(world.masterPid) - master;
    return {
      size: instances,
      operations: restSeconds,
      cpuMicros: micros(servicesSeconds + masterSeconds, restSeconds),
      wallSeconds: restSeconds,
      rssMib: pssMibOf(world.servicesPid) + pssMibOf(world.masterPid),
      more: {
        servicesMillisAMinute: servicesSeconds * 1_000,
        masterMillisAMinute: masterSeconds * 1_000,
      },
    };
  });

/** Until neither process has anything to do any more; Services have to be subscribed then. */
async function atRest({ servicesPid, masterPid, masterUrl }: World): Promise<void> {
  for (let before = -1; ; ) {
    const now = cpuSecondsOf(servicesPid) + cpuSecondsOf(masterPid);
    if (now - before < quietSeconds) break;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
  const { body } = await ask(`${masterUrl}/frameworks`);
  const { frameworks } = body as {
    readonly frameworks: readonly { readonly name: string; readonly active: boolean }[];
  };
  if (!frameworks.some(({ name, active }) => name === "marathon" && active))
    throw new Error("Services are not subscribed");
}

/** From the start of a process, which has spent nothing, until all its instances are known to run. */
const restarting = (instances: number): Promise<Figure> =>
  inWorld(instances, async (world) => {
    await grow(world, instances);
    await atRest(world);
    const master = cpuSecondsOf(world.masterPid);
    const started = performance.now();
    await world.restart();
    const readySeconds = (performance.now() - started) / 1000;
    await atRest(world);
    const servicesSeconds = cpuSecondsOf(world.servicesPid);
    const masterSeconds = cpuSecondsOf(world.masterPid) - master;
    return {
      size: instances,
      operations: 1,
      cpuMicros: micros(servicesSeconds + masterSeconds, 1),
      wallSeconds: (performance.now() - started) / 1000,
      rssMib: pssMibOf(world.servicesPid),
      more: { readySeconds, servicesSeconds, masterSeconds },
    };
  });

export const benchmarks: readonly Benchmark[] = [
  {
    name: "whole-four-apps",
    operation: `one instance of four apps, until it runs: Services and master as processes with disks, ${instancesPerAgent} instances an agent with a real connection`,
    target: "a slope of at most 0.2",
    sizes: [1_000, 10_000, 50_000],
    isInProcess: false,
    run: growing,
  },
  {
    name: "whole-rest",
    operation:
      "one second in which nothing happens: Services, Jobs and master as processes, agents with real connections",
    target: "100,000 instances: < 2 % of a core (20,000 µs)",
    sizes: [1_000, 10_000, 100_000],
    isInProcess: false,
    run: resting,
  },
  {
    name: "whole-restart",
    operation: "one start of Services after a kill, until they and the master agree about n instances",
    target: "a slope of at most 1",
    sizes: [1_000, 10_000, 50_000],
    isInProcess: false,
    run: restarting,
  },
];
