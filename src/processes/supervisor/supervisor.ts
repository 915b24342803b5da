/**
 * Keeps the cluster's processes alive. Imports nothing but node:*, so that little can go wrong in it.
 *
 * A child gets its configuration over IPC, answers `ready` or `failed`, and ends when the channel closes:
 * a supervisor that is killed leaves no daemons behind, only tasks, which are nobody's children here.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, copyFileSync, existsSync, openSync, renameSync, statSync, truncateSync } from "node:fs";

export interface ProcessSpec {
  readonly name: string;
  /** Absolute path of the file that hosts the daemons. */
  readonly entry: string;
  /** For Node itself, beside those this process was started with. */
  readonly nodeFlags?: readonly string[];
  /** Plain JSON, sent as the first message. */
  readonly config: unknown;
  readonly logFile: string;
}

/** What a child says of itself once it serves. */
export type ReadyInfo = Readonly<Record<string, unknown>>;

export type ChildMessage =
  | { readonly kind: "ready"; readonly info: ReadyInfo }
  /** It can't start and never will with this configuration. */
  | { readonly kind: "failed"; readonly reason: string };

export interface SupervisorOptions {
  readonly onReady: (name: string, info: ReadyInfo) => void;
  readonly onFailed: (name: string, reason: string) => void;
  readonly onRestart: (name: string, cause: string, delayMs: number) => void;
  /** It ended with `leftForGoodExitCode` and is not started again. */
  readonly onLeft: (name: string) => void;
}

/** A process that ends so is not wanted any more: starting it again would undo what somebody decided. */
export const leftForGoodExitCode = 3;

export interface Supervisor {
  pids(): Readonly<Record<string, number>>;
  /** Asks every process to end, and kills what has not ended in time. */
  stop(): Promise<void>;
}

const restartDelayMinMs = 100;
const restartDelayMaxMs = 10_000;
/** A process that lived this long starts again without delay. */
const healthyAfterMs = 30_000;
const stopDeadlineMs = 8_000;
const logBytesMax = 50_000_000;
const logCheckIntervalMs = 30_000;

interface Child {
  readonly spec: ProcessSpec;
  process: ChildProcess | undefined;
  startedAt: number;
  delayMs: number;
  restart: NodeJS.Timeout | undefined;
}

export function supervise(specs: readonly ProcessSpec[], options: SupervisorOptions): Supervisor {
  const children = specs.map(
    (spec): Child => ({
      spec,
      process: undefined,
      startedAt: 0,
      delayMs: restartDelayMinMs,
      restart: undefined,
    }),
  );
  let stopping = false;

  const start = (child: Child): void => {
    child.restart = undefined;
    child.startedAt = performance.now();
    const started = launch(child.spec);
    child.process = started;
    started.on("message", (message: ChildMessage) => {
      if (message.kind === "ready") options.onReady(child.spec.name, message.info);
      else options.onFailed(child.spec.name, message.reason);
    });
    started.once("error", (error) => options.onFailed(child.spec.name, error.message));
    started.once("exit", (code, signal) => {
      child.process = undefined;
      if (stopping) return;
      if (code === leftForGoodExitCode) options.onLeft(child.spec.name);
      else restartLater(child, signal ?? `exit code ${code}`);
    });
  };

  const restartLater = (child: Child, cause: string): void => {
    const lived = performance.now() - child.startedAt;
    child.delayMs =
      lived > healthyAfterMs ? restartDelayMinMs : Math.min(child.delayMs * 2, restartDelayMaxMs);
    options.onRestart(child.spec.name, cause, child.delayMs);
    child.restart = setTimeout(start, child.delayMs, child);
  };

  for (const child of children) start(child);
  const logs = setInterval(() => {
    for (const { spec } of children) boundLog(spec.logFile);
  }, logCheckIntervalMs);

  return {
    pids: () =>
      Object.fromEntries(
        children.flatMap(({ spec, process: running }) =>
          running?.pid === undefined ? [] : [[spec.name, running.pid]],
        ),
      ),
    stop: async () => {
      stopping = true;
      clearInterval(logs);
      for (const { restart } of children) clearTimeout(restart);
      await Promise.all(children.map(({ process: running }) => stopProcess(running)));
    },
  };
}

function launch(spec: ProcessSpec): ChildProcess {
  const log = openSync(spec.logFile, "a", 0o600);
  try {
    const started = spawn(process.execPath, [...process.execArgv, ...(spec.nodeFlags ?? []), spec.entry], {
      stdio: ["ignore", log, log, "ipc"],
      // Ctrl-C in the terminal is for the supervisor, which then ends its children in order.
      detached: true,
    });
    started.send({ kind: "config", config: spec.config }, () => {
      // A child that died at once is reported by its exit.
    });
    return started;
  } finally {
    closeSync(log);
  }
}

function stopProcess(running: ChildProcess | undefined): Promise<void> {
  if (running === undefined || running.exitCode !== null || running.signalCode !== null)
    return Promise.resolve();
  return new Promise((resolve) => {
    const deadline = setTimeout(() => running.kill("SIGKILL"), stopDeadlineMs);
    running.once("exit", () => {
      clearTimeout(deadline);
      resolve();
    });
    running.kill("SIGTERM");
  });
}

/** Children append to their log, so that it can be cut under them; one older part is kept. */
function boundLog(path: string): void {
  if (!existsSync(path) || statSync(path).size <= logBytesMax) return;
  copyFileSync(path, `${path}.1.part`);
  renameSync(`${path}.1.part`, `${path}.1`);
  truncateSync(path, 0);
}
