/** What this machine and its tasks use, measured when somebody asks and never otherwise. */
import { statfs } from "node:fs/promises";
import { cpus, freemem, loadavg, totalmem } from "node:os";
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { showUsage, TaskUsage } from "#contracts/kernel/own-endpoints.ts";
import { parseResources, type Resources } from "#domain/resources/index.ts";
import type { ContainerDriver, ResourceStatistics } from "#kernel/containerizer/index.ts";
import { executorOverhead } from "../core/container-plan.ts";
import { type TaskRun, taskIdOf } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";
import { SandboxSizes } from "./sandbox-sizes.ts";
import { liveExecutors, resourcesWithTasks, type ShownExecutor } from "./shown-executors.ts";

export interface UsageOptions {
  readonly view: () => AgentView;
  readonly driver: Pick<ContainerDriver, "stats">;
  readonly workDir: string;
  readonly now: () => number;
}

/** A container: of an executor, or with `run` of one of its tasks that has one of its own. */
export interface MeasuredContainer {
  readonly executor: ShownExecutor;
  readonly run?: TaskRun;
  readonly statistics: ResourceStatistics & DiskStatistics;
}

interface DiskStatistics {
  readonly disk_limit_bytes?: number;
  /** What was written to its sandbox; absent until that was looked at. */
  readonly disk_used_bytes?: number;
}

/** Measured at most this often: Mesos answers two requests a second. */
const freshMs = 500;
/** A rate is between two looks that are at least, and at most, so far apart. */
const rateMinMs = 250;
const rateMaxMs = 60_000;
/** Folders are looked at as often as Mesos does by default. */
const diskFreshMs = 15_000;

interface Look {
  readonly at: number;
  readonly containers: readonly MeasuredContainer[];
  /** Of all processors together, in ms since the machine started. */
  readonly busyMs: number;
}

export class UsageMeter {
  readonly #options: UsageOptions;
  #latest: Promise<Look> | undefined;
  #latestAt = 0;
  #before: Look | undefined;
  readonly #sizes: SandboxSizes;

  constructor(options: UsageOptions) {
    this.#options = options;
    this.#sizes = new SandboxSizes({ now: options.now, freshMs: diskFreshMs });
  }

  /** Of every container that runs. Not older than half a second. */
  async containers(): Promise<readonly MeasuredContainer[]> {
    return (await this.#look()).containers;
  }

  async usage(): Promise<ReplyOf<typeof showUsage>> {
    let look = await this.#look();
    let before = this.#before;
    if (before === undefined || look.at - before.at > rateMaxMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(rateMinMs, freshMs) + 1));
      before = look;
      look = await this.#look();
    }
    const seconds = Math.max(1, look.at - before.at) / 1000;
    const disk = await statfs(this.#options.workDir);
    const earlier = new Map(before.containers.map((each) => [containerIdOf(each), each]));
    return {
      at: look.at,
      cpus: round(Math.max(0, look.busyMs - before.busyMs) / 1000 / seconds),
      cpusTotal: cpus().length,
      memUsedBytes: totalmem() - freemem(),
      memTotalBytes: totalmem(),
      diskUsedBytes: (disk.blocks - disk.bfree) * disk.bsize,
      diskTotalBytes: disk.blocks * disk.bsize,
      load1: loadavg()[0] ?? 0,
      tasks: look.containers.map((each) => taskUsage(each, earlier.get(containerIdOf(each)), seconds)),
    };
  }

  #look(): Promise<Look> {
    const { now } = this.#options;
    const latest = this.#latest;
    if (latest !== undefined && now() - this.#latestAt < freshMs) return latest;
    this.#latestAt = now();
    this.#latest = this.#measure();
    if (latest !== undefined)
      void latest.then((look) => {
        this.#before = look;
      });
    return this.#latest;
  }

  async #measure(): Promise<Look> {
    const { view, driver, now } = this.#options;
    const present = view();
    const running = [...present.frameworks.keys()]
      .flatMap((id) => liveExecutors(present, id))
      .flatMap(containersOf);
    const sizes = this.#sizes.of(running.map(sandboxOf));
    const measured = await Promise.all(
      running.map(async (container, index) => {
        // One that ended in between has nothing to measure.
        const statistics = await driver.stats(containerIdOf(container)).catch(() => undefined);
        if (statistics === undefined) return [];
        const used = (await sizes)[index];
        const disk = { ...diskLimitOf(container), ...(used === undefined ? {} : { disk_used_bytes: used }) };
        return [{ ...container, statistics: { ...wholeLimitsOf(container), ...disk, ...statistics } }];
      }),
    );
    return { at: now(), containers: measured.flat(), busyMs: busyMs() };
  }
}

type Limits = Pick<ResourceStatistics, "cpus_limit" | "mem_limit_bytes">;
type RunningContainer = Omit<MeasuredContainer, "statistics">;

/** Those of an executor that run. */
function containersOf(executor: ShownExecutor): readonly RunningContainer[] {
  const nested = executor.runs.filter(
    (run) => run.spec.executor?.isNested === true && run.progress.phase === "running",
  );
  return [...(executor.isRunning ? [{ executor }] : []), ...nested.map((run) => ({ executor, run }))];
}

const sandboxOf = ({ executor, run }: RunningContainer): string => run?.spec.sandboxDir ?? executor.directory;

const containerIdOf = ({ executor, run }: RunningContainer): string =>
  run?.spec.containerId ?? executor.containerId;

const givenTo = ({ executor, run }: RunningContainer): Resources =>
  run === undefined ? resourcesWithTasks(executor) : parseResources(run.spec.resources);

/** What was asked for stands for the limits where none are enforced. */
function limitsOf(container: RunningContainer): Limits {
  const resources = givenTo(container);
  return {
    cpus_limit: resources.scalarMillis("cpus") / 1000,
    mem_limit_bytes: Math.round((resources.scalarMillis("mem") / 1000) * 1_048_576),
  };
}

/** With what a command task has for its executor besides. */
function wholeLimitsOf(container: RunningContainer): Limits {
  const limits = limitsOf(container);
  if (!container.executor.isImplicit) return limits;
  return {
    cpus_limit: round((limits.cpus_limit ?? 0) + executorOverhead.cpusMillis / 1000),
    mem_limit_bytes: (limits.mem_limit_bytes ?? 0) + executorOverhead.memMib * 1_048_576,
  };
}

function diskLimitOf(container: RunningContainer): DiskStatistics {
  const mib = givenTo(container).scalarMillis("disk") / 1000;
  return mib === 0 ? {} : { disk_limit_bytes: Math.round(mib * 1_048_576) };
}

function taskUsage(
  { statistics, ...container }: MeasuredContainer,
  before: MeasuredContainer | undefined,
  seconds: number,
): TaskUsage {
  const cpuSeconds = cpuSecondsOf(statistics);
  // A task that began in between has used all of it in between.
  const used = cpuSeconds - (before === undefined ? 0 : cpuSecondsOf(before.statistics));
  const limits = limitsOf(container);
  return {
    taskId: taskOf(container),
    frameworkId: container.executor.frameworkId,
    cpus: round(Math.max(0, used) / seconds),
    cpuSeconds: round(cpuSeconds),
    memBytes: Math.round(statistics.mem_rss_bytes ?? statistics.mem_total_bytes ?? 0),
    processes: statistics.processes ?? 0,
    cpusLimit: limits.cpus_limit ?? 0,
    memLimitBytes: limits.mem_limit_bytes ?? 0,
  };
}

/** An executor's container is that of its task, if it has one; with several nobody knows whose the use is. */
function taskOf({ executor: { executorId, runs }, run }: RunningContainer): string {
  if (run !== undefined) return taskIdOf(run);
  const [only, ...more] = runs.filter(({ progress }) => progress.phase === "running");
  return only === undefined || more.length > 0 ? executorId : taskIdOf(only);
}

const cpuSecondsOf = (statistics: ResourceStatistics): number =>
  (statistics.cpus_user_time_secs ?? 0) + (statistics.cpus_system_time_secs ?? 0);

function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
