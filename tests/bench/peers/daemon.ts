/** What starting, asking and ending other people's daemons needs. */
import { execFileSync, type SpawnSyncReturns, spawn } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";
import type { Figure } from "../frame.ts";

/** Runs a command of a peer; its words are an error's message when it fails. */
export function ask(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  try {
    return execFileSync(command, [...args], { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stderr } = error as SpawnSyncReturns<string>;
    throw new Error(`${command} ${args.join(" ")} failed: ${stderr}`);
  }
}

/** Debian's packages of a peer, once. Needs root. */
export function install(packages: readonly string[], program: string): void {
  try {
    ask("which", [program]);
  } catch {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    ask("apt-get", ["update", "-qq"], env);
    ask("apt-get", ["install", "-y", "--no-install-recommends", ...packages], env);
  }
}

/** Starts a daemon with its words in a file; ends it by its pid. */
export function startDaemon(
  command: string,
  args: readonly string[],
  log: string,
  env: NodeJS.ProcessEnv = process.env,
): { stop(): Promise<void> } {
  const words = openSync(log, "a");
  const child = spawn(command, [...args], { stdio: ["ignore", words, words], env });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

export async function until(what: string, isSo: () => boolean, limitMs = 120_000): Promise<void> {
  const started = performance.now();
  while (!isSo()) {
    if (performance.now() - started > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Pids of the processes with exactly this command line. */
export function pidsRunning(commandLine: string): readonly number[] {
  const wanted = commandLine.replaceAll(" ", "\0");
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8") === `${wanted}\0`;
      } catch {
        return false;
      }
    })
    .map(Number);
}

const ticksPerSecond = 100;

/** CPU seconds that the whole machine has worked: a peer's processes are too many to follow. */
function machineSeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
    /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? ""
  )
    .split(" ")
    .map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}

export async function machineFigure(
  size: number,
  operations: number,
  work: () => Promise<Readonly<Record<string, number>>>,
): Promise<Figure> {
  const cpu = machineSeconds();
  const started = performance.now();
  const more = await work();
  const wallSeconds = (performance.now() - started) / 1000;
  return {
    size,
    operations,
    cpuMicros: ((machineSeconds() - cpu) * 1e6) / operations,
    wallSeconds,
    rssMib: Number.NaN,
    more,
  };
}
