/**
 * The containers of one machine, as the driver's shims keep them: they live on when the agent dies, and end
 * when their script says so or somebody kills them.
 */
import type { Random } from "#foundation/base/random.ts";
import type { ProbeResult } from "#kernel/agent/core/check-results.ts";
import type {
  ContainerExit,
  ExitReport,
  LaunchFailureCode,
  RecoveredContainer,
} from "#kernel/containerizer/driver.ts";
import { between, type Scheduled, type World } from "../engine/index.ts";
import { FakeExecutors } from "./fake-executors.ts";
import { type Fate, fateOf } from "./fates.ts";

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

export interface FakeLaunch {
  readonly containerId: string;
  readonly taskId: string;
  readonly command: string;
  readonly volumes: readonly string[];
  readonly executor?: { readonly frameworkId: string; readonly executorId: string } | undefined;
  readonly started: (pid: number) => void;
  readonly failed: (code: LaunchFailureCode, message: string) => void;
}

interface FakeContainer {
  /** Of an executor: its id, which is no task's. */
  readonly taskId: string;
  readonly isExecutor: boolean;
  readonly command: string;
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
/** What exits at once runs for so long. */
const briefMs = { min: 100, max: 900 };
const signals = { SIGTERM: 15, SIGKILL: 9 } as const;

export class FakeContainers {
  readonly #world: World;
  readonly #name: string;
  readonly #random: Random;
  readonly #fates: Random;
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
    this.#fates = world.fork(`fates on ${machine}`);
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

  /** What a task runs; undefined while it does not. */
  commandOf(taskId: string): string | undefined {
    for (const container of this.#containers.values())
      if (container.taskId === taskId && container.report === undefined) return container.command;
    return this.executors.running().includes(taskId) ? "" : undefined;
  }

  /** Tasks that run with a volume. */
  usersOf(directory: string): readonly string[] {
    return [...this.#containers.values()].flatMap(({ report, taskId, volumes }) =>
      report === undefined && volumes.includes(directory) ? [taskId] : [],
    );
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

  /** Starts the task's process after a moment and then tells its pid, or that it could not. */
  launch(launched: FakeLaunch): void {
    const { containerId, taskId, volumes, executor, command } = launched;
    if (this.#containers.has(containerId)) throw new Error(`container ${containerId} is there already`);
    const lifetimes = this.#lifetimes();
    const fate = fateOf(command);
    const isBrief =
      fate === "exits at once" || (fate === "exits half of the time" && this.#fates.below(2) === 0);
    this.#lastPid += 1;
    const container: FakeContainer = {
      taskId,
      isExecutor: executor !== undefined,
      command: isBrief ? ("exits at once" satisfies Fate) : command,
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
      if (fate === "cannot be fetched") {
        this.#containers.delete(containerId);
        if (this.#watched.has(containerId)) launched.failed("fetch", "the artifact is not there");
        return;
      }
      launched.started(container.pid);
      if (executor === undefined) return;
      const { frameworkId, executorId } = executor;
      this.executors.started(containerId, {
        framework_id: { value: frameworkId },
        executor_id: { value: executorId },
      });
    });
    if (!isEnding && !isBrief) return;
    const afterMs = isBrief ? between(this.#fates, briefMs.min, briefMs.max) : lifeMs;
    const exit: ContainerExit = { kind: "exited", status: isBrief ? 1 : status };
    container.end = this.#world.schedule(afterMs, () => this.#end(containerId, exit));
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
