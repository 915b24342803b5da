/**
 * The containers of one machine, as the driver's shims keep them: they live on when the agent dies, and end
 * when their script says so or somebody kills them.
 */
import type { Random } from "#foundation/base/random.ts";
import type { ProbeResult } from "#kernel/agent/core/check-results.ts";
import type { ContainerExit, ExitReport, RecoveredContainer } from "#kernel/containerizer/driver.ts";
import { between, type Scheduled, type World } from "../engine/index.ts";
import { FakeExecutors } from "./fake-executors.ts";

/** What the processes of tasks do by themselves. Chances are in [0, 1]. */
export interface Lifetimes {
  /** Chance that a task ends by itself. */
  readonly ending: number;
  /** It then ends after this long at most. */
  readonly longestMs: number;
  /** Chance that it then fails. */
  readonly failing: number;
  /** Chance that SIGTERM is not enough. */
  readonly stubborn: number;
  /** Chance that a check of it fails. */
  readonly ailing: number;
}

interface FakeContainer {
  /** Of an executor: its id, which is no task's. */
  readonly taskId: string;
  readonly isExecutor: boolean;
  /** Directories of its volumes. */
  readonly volumes: readonly string[];
  readonly pid: number;
  readonly isStubborn: boolean;
  readonly startedAtMs: number;
  end: Scheduled | undefined;
  report: ExitReport | undefined;
}

const startMs = { min: 5, max: 60 };
const killMs = { min: 1, max: 40 };
const signals = { SIGTERM: 15, SIGKILL: 9 } as const;

export class FakeContainers {
  readonly #world: World;
  readonly #name: string;
  readonly #random: Random;
  readonly #lifetimes: () => Lifetimes;
  readonly #containers = new Map<string, FakeContainer>();
  readonly #onStart: (taskId: string) => void;
  /** Those that run in some of the containers. */
  readonly executors: FakeExecutors;
  /** Containers that the present agent launched or took up: it hears of these only. */
  readonly #watched = new Set<string>();
  #listener: ((report: ExitReport) => void) | undefined;
  #lastPid = 100;

  /** `lifetimes` is asked at each launch, so that a scenario can calm its tasks down; `onStart` sees each. */
  constructor(world: World, machine: string, lifetimes: () => Lifetimes, onStart: (taskId: string) => void) {
    this.#world = world;
    this.#name = `containers of ${machine}`;
    this.#random = world.fork(this.#name);
    this.#lifetimes = lifetimes;
    this.#onStart = onStart;
    this.executors = new FakeExecutors(world, machine, {
      lifetimes,
      onStart,
      endContainer: (containerId, exit) => this.#end(containerId, exit),
    });
  }

  /** Tasks that run now. */
  running(): readonly string[] {
    const own = [...this.#containers.values()].flatMap(({ report, taskId, isExecutor }) =>
      report === undefined && !isExecutor ? [taskId] : [],
    );
    return [...own, ...this.executors.running()];
  }

  /** Tasks that run with a volume. */
  usersOf(directory: string): readonly string[] {
    return [...this.#containers.values()].flatMap(({ report, taskId, volumes }) =>
      report === undefined && volumes.includes(directory) ? [taskId] : [],
    );
  }

  isRunning(taskId: string): boolean {
    return this.running().includes(taskId);
  }

  /** The machine lost its power: no process is left, nor anything that could tell how it ended. */
  losePower(): void {
    for (const container of this.#containers.values()) container.end?.cancel();
    this.#containers.clear();
    this.executors.losePower();
    this.#watched.clear();
    this.#world.trace.add(this.#world.elapsedMs, this.#name, "lost power", undefined);
  }

  /** The agent that is up hears of each end; a new one takes the place of the old one. */
  onExit(listener: (report: ExitReport) => void): void {
    this.#watched.clear();
    this.#listener = listener;
  }

  /** Starts the task's process after a moment and then calls `started` with its pid. */
  launch(
    containerId: string,
    taskId: string,
    volumes: readonly string[],
    started: (pid: number) => void,
    executor?: { readonly frameworkId: string; readonly executorId: string },
  ): void {
    if (this.#containers.has(containerId)) throw new Error(`container ${containerId} is there already`);
    const lifetimes = this.#lifetimes();
    this.#lastPid += 1;
    const container: FakeContainer = {
      taskId,
      isExecutor: executor !== undefined,
      volumes,
      pid: this.#lastPid,
      isStubborn: this.#random.next() < lifetimes.stubborn,
      startedAtMs: this.#world.now,
      end: undefined,
      report: undefined,
    };
    this.#containers.set(containerId, container);
    this.#watched.add(containerId);
    this.#world.trace.add(this.#world.elapsedMs, this.#name, "launch", [containerId, taskId]);
    if (executor === undefined) this.#onStart(taskId);
    const isEnding = this.#random.next() < lifetimes.ending;
    const status = this.#random.next() < lifetimes.failing ? 1 : 0;
    const lifeMs = between(this.#random, startMs.max + 1, lifetimes.longestMs);
    this.#world.schedule(between(this.#random, startMs.min, startMs.max), () => {
      if (container.report !== undefined) return;
      started(container.pid);
      if (executor === undefined) return;
      const { frameworkId, executorId } = executor;
      this.executors.started(containerId, {
        framework_id: { value: frameworkId },
        executor_id: { value: executorId },
      });
    });
    if (isEnding) {
      container.end = this.#world.schedule(lifeMs, () => this.#end(containerId, { kind: "exited", status }));
    }
  }

  signal(containerId: string, signal: "SIGTERM" | "SIGKILL"): void {
    if (signal === "SIGTERM" && this.#containers.get(containerId)?.isStubborn === true) return;
    const exit: ContainerExit = {
      kind: "signaled",
      signal: signals[signal],
      signalName: signal,
      core: false,
    };
    this.#world.schedule(between(this.#random, killMs.min, killMs.max), () => this.#end(containerId, exit));
  }

  /** What a check of it finds, and when: now and then nothing before its time is over. */
  probe(containerId: string, timeoutMs: number): { readonly result: ProbeResult; readonly afterMs: number } {
    const isRunning = this.#containers.get(containerId)?.report === undefined;
    const isWell = isRunning && this.#random.next() >= this.#lifetimes().ailing;
    if (!isWell && this.#random.next() < 0.3) return { result: { kind: "timedOut" }, afterMs: timeoutMs };
    return {
      result: { kind: "tcp", connected: isWell },
      afterMs: between(this.#random, startMs.min, startMs.max),
    };
  }

  destroy(containerId: string): void {
    this.signal(containerId, "SIGKILL");
  }

  /** What a new agent finds of a container that it remembers. */
  recover(containerId: string): RecoveredContainer {
    const container = this.#containers.get(containerId);
    if (container === undefined) return { kind: "neverStarted", containerId, message: "no trace of it" };
    const { report, pid } = container;
    if (report !== undefined) return { kind: "ended", containerId, report };
    this.#watched.add(containerId);
    return { kind: "running", containerId, pid };
  }

  /** Forgets a container that ended. */
  remove(containerId: string): void {
    if (this.#containers.get(containerId)?.report !== undefined) this.#containers.delete(containerId);
  }

  #end(containerId: string, exit: ContainerExit): void {
    const container = this.#containers.get(containerId);
    if (container === undefined || container.report !== undefined) return;
    container.end?.cancel();
    const report: ExitReport = {
      containerId,
      exit,
      startedAtMs: container.startedAtMs,
      endedAtMs: this.#world.now,
      message: exit.kind === "exited" ? `Command exited with status ${exit.status}` : "Command terminated",
    };
    container.report = report;
    if (container.isExecutor) this.executors.ended(containerId);
    this.#world.trace.add(this.#world.elapsedMs, this.#name, "end", report);
    if (this.#watched.has(containerId)) this.#listener?.(report);
  }
}
