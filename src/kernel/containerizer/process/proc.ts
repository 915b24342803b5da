/** Processes as /proc shows them. Nothing here signals a process whose identity has not been compared. */
import { readdirSync, readFileSync } from "node:fs";
import { hasCode } from "#foundation/base/errors.ts";
import type { ProcessIdentity } from "../driver.ts";

export interface ProcStat {
  readonly pid: number;
  readonly state: string;
  readonly ppid: number;
  readonly session: number;
  readonly startTime: string;
  readonly threads: number;
  /** Of itself and of its children that ended and were reaped by it. */
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly rssPages: number;
}

/** Constant while the machine is up. */
export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Nothing can be opened or kept just now: what could not be looked at may be there all the same. */
export const isShortage = (error: unknown): boolean =>
  ["EMFILE", "ENFILE", "ENOMEM"].some((code) => hasCode(error, code));

/** undefined when there is no such process. Throws when that could not be found out. */
export function readStat(pid: number): ProcStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    if (isShortage(error)) throw error;
    return undefined;
  }
  // The name is in parentheses and may hold anything, also parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    state: fields[0] ?? "?",
    ppid: Number(fields[1]),
    session: Number(fields[3]),
    threads: Number(fields[17]),
    userTicks: Number(fields[11]) + Number(fields[13]),
    systemTicks: Number(fields[12]) + Number(fields[14]),
    rssPages: Number(fields[21]),
    startTime: fields[19] ?? "",
  };
}

/** Is this very process there? All three of boot id, pid and start time must match. Zombies are not alive. */
export function isAlive(identity: ProcessIdentity, bootId: string): boolean {
  if (identity.bootId !== bootId || identity.pid <= 1) return false;
  const stat = readStat(identity.pid);
  return (
    stat !== undefined && stat.startTime === identity.startTime && stat.state !== "Z" && stat.state !== "X"
  );
}

/** Signals one process after comparing its identity; false when it is not that process. */
export function signalProcess(identity: ProcessIdentity, bootId: string, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity, bootId)) return false;
  return send(identity.pid, signal);
}

export function send(pid: number, signal: NodeJS.Signals): boolean {
  if (pid <= 1 || pid === process.pid) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false; // it ended meanwhile
  }
}

export function listProcesses(): ProcStat[] {
  const found: ProcStat[] = [];
  for (const name of readdirSync("/proc")) {
    if (name < "0" || name > "9999999999") continue;
    const stat = readStat(Number(name));
    if (stat !== undefined && stat.state !== "Z" && stat.state !== "X") found.push(stat);
  }
  return found;
}

/** The descendants of `root` (not itself), and the processes of `session`. */
export function listTree(
  root: number | undefined,
  session: number | undefined,
  all: readonly ProcStat[] = listProcesses(),
): ProcStat[] {
  const members = new Set<number>();
  if (root !== undefined) members.add(root);
  for (let grown = true; grown; ) {
    grown = false;
    for (const entry of all) {
      if (members.has(entry.pid) || (!members.has(entry.ppid) && entry.session !== session)) continue;
      members.add(entry.pid);
      grown = true;
    }
  }
  return all.filter((entry) => members.has(entry.pid) && entry.pid !== root && entry.pid !== process.pid);
}

/** Processes whose starting environment holds `NAME=value`. A task that hides it loses only this net below nets. */
export function listByEnvironment(name: string, value: string): ProcStat[] {
  const wanted = `${name}=${value}`;
  return listProcesses().filter((entry) => {
    if (entry.pid === process.pid) return false;
    try {
      return readFileSync(`/proc/${entry.pid}/environ`, "utf8").split("\0").includes(wanted);
    } catch (error) {
      if (isShortage(error)) throw error;
      return false; // ended, or not ours to read
    }
  });
}
