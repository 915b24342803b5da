/** The data directory of a cluster on one machine: who runs on it, and what was chosen the last time. */
import { randomBytes, randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `up.json`, for `down`, `status` and the next `up`. Readable by the cluster's user alone. */
export interface UpState {
  readonly formatVersion: 1;
  readonly supervisor: ProcessIdentity;
  readonly offset: number;
  readonly door: number;
  readonly token: string;
  readonly services: Readonly<Record<string, string>>;
  readonly agents: readonly { readonly id: string; readonly url: string; readonly public: boolean }[];
  readonly pids: Readonly<Record<string, number>>;
  /** Start of each process, by the names of `pids`. */
  readonly startTicks: Readonly<Record<string, string>>;
}

/** A process that can't be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, from /proc. */
  readonly startTicks: string;
}

/**
 * Creates what is missing. As root the folder can be passed through, since tasks of other users work in
 * sandboxes below it; what is secret has a folder of its own that only root can enter (docs/adr/0004).
 */
export function prepareDataDir(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true });
  chmodSync(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700);
  for (const name of ["secrets", "logs"]) mkdirSync(join(dataDir, name), { recursive: true, mode: 0o700 });
}

export function readUpState(dataDir: string): UpState | undefined {
  const path = join(dataDir, "secrets", "up.json");
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, "utf8")) as UpState;
}

export function writeUpState(dataDir: string, state: UpState): void {
  const path = join(dataDir, "secrets", "up.json");
  writeFileSync(`${path}.part`, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything; fields count from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : { pid, startTicks: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startTicks === identity.startTicks;
}

/** A secret of the given name, made on first use. */
export function secret(dataDir: string, name: string): string {
  const path = join(dataDir, "secrets", name);
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString("base64url"), { mode: 0o600 });
  return readFileSync(path, "utf8");
}

/** The cluster's id, made once: a UUID and a newline. Source: DC/OS, /var/lib/dcos/cluster-id. */
export function prepareClusterId(dataDir: string): void {
  const path = join(dataDir, "cluster-id");
  if (existsSync(path)) return;
  writeFileSync(`${path}.part`, `${randomUUID()}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

export function removeDataDir(dataDir: string): void {
  rmSync(dataDir, { recursive: true, force: true });
}
