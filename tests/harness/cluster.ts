/** A real cluster for a test: its own processes, ports and data directory, started by the real command. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { doorPort, type PortSpan, takeOffset, takeTaskPorts } from "./ports.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const keelson = join(root, "bin/keelson");
const startDeadlineMs = 150_000;

/** The one line of `keelson up --json`. */
export interface ClusterInfo {
  readonly url: string;
  readonly token: string;
  readonly services: {
    readonly kernel: string;
    readonly services: string;
    readonly jobs: string;
    readonly iam: string;
    readonly secrets: string;
  };
  readonly agents: readonly { readonly id: string; readonly url: string; readonly public: boolean }[];
  readonly pids: Readonly<Record<string, number>>;
}

export interface TestCluster {
  readonly dataDir: string;
  readonly info: ClusterInfo;
  /** What its tasks get; the first ones are of the first agent. */
  readonly taskPorts: PortSpan;
  /** Process of a component now; it changes when the supervisor starts it again. */
  pid(name: string): number;
  /** SIGKILL to the supervisor, or to one component. */
  kill(name: "supervisor" | string): void;
  /** `npm start` again on the same data, after a stop or a kill. */
  start(): Promise<void>;
  /** Ctrl-C: processes end, tasks go on. */
  stop(): Promise<void>;
  /** The command line against this cluster. */
  cli(...args: string[]): Promise<CommandResult>;
  /** Ends everything, tasks too, and removes the data. */
  purge(): Promise<void>;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ClusterOptions {
  readonly agents?: number;
  /** More flags of `keelson up`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Puts something into the empty data directory first. */
  readonly prepare?: (dataDir: string) => void;
}

/** Starts a cluster on free ports. Call `purge` when the test is over. */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const dataDir = mkdtempSync(join(tmpdir(), "keelson-cluster-"));
  options.prepare?.(dataDir);
  const [place, tasks] = await Promise.all([takeOffset(), takeTaskPorts()]);
  const offset = place.value;
  const args = [
    "up",
    "--json",
    "--data-dir",
    dataDir,
    "--port",
    String(doorPort + offset),
    "--port-offset",
    String(offset),
    "--task-ports",
    `${tasks.value.begin}-${tasks.value.end}`,
  ];
  if (options.agents !== undefined) args.push("--agents", String(options.agents));
  args.push(...(options.flags ?? []));
  const environment = { ...process.env, ...options.environment, KEELSON_DATA_DIR: dataDir, LANG: "C" };
  delete (environment as Record<string, string | undefined>)["KEELSON_URL"];
  let supervisor: ChildProcess | undefined;
  let info: ClusterInfo | undefined;

  const start = async (): Promise<void> => {
    const child = spawn(keelson, args, { stdio: ["ignore", "pipe", "pipe"], env: environment });
    supervisor = child;
    info = JSON.parse(await firstLine(child, dataDir)) as ClusterInfo;
  };
  await start();

  return {
    dataDir,
    taskPorts: tasks.value,
    get info() {
      if (info === undefined) throw new Error("the cluster was not started");
      return info;
    },
    pid: (name) => {
      const pid = (name === "supervisor" ? supervisor?.pid : pidsNow(dataDir)[name]) ?? 0;
      if (pid === 0) throw new Error(`no process is called ${name}`);
      return pid;
    },
    kill: (name) => {
      const pid = (name === "supervisor" ? supervisor?.pid : pidsNow(dataDir)[name]) ?? 0;
      if (pid === 0) throw new Error(`no process is called ${name}`);
      process.kill(pid, "SIGKILL");
    },
    start,
    stop: async () => {
      if (supervisor?.exitCode !== null || supervisor.signalCode !== null) return;
      const ended = new Promise((resolve) => supervisor?.once("exit", resolve));
      supervisor.kill("SIGINT");
      await ended;
    },
    cli: (...words) => run(keelson, words, environment),
    purge: async () => {
      await run(keelson, ["down", "--purge", "--data-dir", dataDir], environment);
      rmSync(dataDir, { recursive: true, force: true });
      place.release();
      tasks.release();
    },
  };
}

function pidsNow(dataDir: string): Readonly<Record<string, number>> {
  return (JSON.parse(readFileSync(join(dataDir, "secrets/up.json"), "utf8")) as ClusterInfo).pids;
}

function firstLine(child: ChildProcess, dataDir: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`the cluster on ${dataDir} did not start: ${stderr}`));
    }, startDeadlineMs);
    child.stderr?.setEncoding("utf8").on("data", (part: string) => {
      stderr += part;
    });
    child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      stdout += part;
      if (!stdout.includes("\n")) return;
      clearTimeout(timer);
      resolve(stdout.slice(0, stdout.indexOf("\n")));
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`keelson up ended with ${code}: ${stderr}`));
    });
  });
}

export function run(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
  timeoutMs = 180_000,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: environment });
    let stdout = "";
    let stderr = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      stdout += part;
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      stderr += part;
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}

/** Asks until `probe` answers something other than undefined or false; the last error is told at the deadline. */
export async function eventually<Result>(
  claim: string,
  probe: () => Promise<Result | undefined | false> | Result | undefined | false,
  timeoutMs = 60_000,
): Promise<Result> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(
        `not within ${timeoutMs} ms: ${claim}${last === undefined ? "" : ` (${String(last)})`}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** One JSON request; answers the status with the body, whatever the status is. */
export async function ask(
  url: string,
  options: {
    readonly method?: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<{ readonly status: number; readonly body: unknown; readonly headers: Headers }> {
  const answer = await fetch(url, {
    method: options.method ?? "GET",
    headers: {
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    signal: AbortSignal.timeout(120_000),
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await answer.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // Some answers are plain text.
  }
  return { status: answer.status, body, headers: answer.headers };
}
