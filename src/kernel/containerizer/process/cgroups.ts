/**
 * Limits and accounting through cgroups, v1 and v2. Everything is files below one root, so that a test may
 * bring a tree of its own; the limits of v2 are only tested that way.
 *
 * Source: Mesos isolators cgroups/cpu and cgroups/mem.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ContainerLimits, ResourceStatistics } from "../driver.ts";

const MIB = 1024 * 1024;
/** A container never gets less than this, or nothing would start. */
const MEM_MIN_MIB = 32;
const CFS_PERIOD_US = 100_000;
const CFS_QUOTA_MIN_US = 1000;
/** Folder of ours in each hierarchy. */
const PARENT = "keelson";
const v1Controllers = ["cpu", "cpuacct", "memory", "pids", "freezer"] as const;
const v2Controllers = ["cpu", "memory", "pids"] as const;

export interface OomFact {
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** `memory.stat` as it was. */
  readonly statistics: string;
}

export interface Cgroups {
  readonly version: "v1" | "v2";
  readonly controllers: readonly string[];
  /** Makes the groups of a container and sets its limits. Throws with the file that refused. */
  create(id: string, limits: ContainerLimits): void;
  /** The same for a container that runs: its hard bound of memory is only raised. */
  update(id: string, limits: ContainerLimits): void;
  /** What the shim needs to join and to kill. */
  membership(id: string): {
    join: readonly string[];
    procs: string;
    freezerState?: string;
    killFile?: string;
  };
  pids(id: string): readonly number[];
  freeze(id: string, frozen: boolean): void;
  oom(id: string): OomFact | undefined;
  statistics(id: string): Omit<ResourceStatistics, "timestamp">;
  /** Empty groups only; false when something still lives there. */
  remove(id: string): boolean;
}

/** undefined when there are none to use: not root, not mounted, or read-only. */
export function detectCgroups(root = "/sys/fs/cgroup"): Cgroups | undefined {
  try {
    if (existsSync(join(root, "cgroup.controllers"))) return openV2(root);
    const present = v1Controllers.filter((name) => existsSync(join(root, name, "cgroup.procs")));
    if (!present.includes("freezer") || !present.includes("memory") || !present.includes("cpu"))
      return undefined;
    for (const name of present) {
      mkdirSync(join(root, name, PARENT), { recursive: true });
      accessSync(join(root, name, PARENT), constants.W_OK);
    }
    return new CgroupsV1(root, present);
  } catch {
    return undefined;
  }
}

function openV2(root: string): Cgroups | undefined {
  const offered = read(join(root, "cgroup.controllers"))?.split(/\s+/) ?? [];
  const controllers = v2Controllers.filter((name) => offered.includes(name));
  if (!controllers.includes("memory") || !controllers.includes("cpu")) return undefined;
  const enable = controllers.map((name) => `+${name}`).join(" ");
  write(join(root, "cgroup.subtree_control"), enable);
  mkdirSync(join(root, PARENT), { recursive: true });
  write(join(root, PARENT, "cgroup.subtree_control"), enable);
  return new CgroupsV2(join(root, PARENT), controllers);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

function write(path: string, text: string | number): void {
  try {
    writeFileSync(path, String(text));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readNumber(path: string): number | undefined {
  const text = read(path);
  return text === undefined || text === "max" || text === "" ? undefined : Number(text);
}

function readTable(path: string): Map<string, number> {
  const table = new Map<string, number>();
  for (const line of (read(path) ?? "").split("\n")) {
    const [name = "", value] = line.split(" ");
    if (value !== undefined) table.set(name, Number(value));
  }
  return table;
}

function readPids(path: string): number[] {
  return (read(path) ?? "").split("\n").filter(Boolean).map(Number);
}

function removeGroup(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return !existsSync(path);
  }
}

function softBytes(limits: ContainerLimits): number {
  return Math.max(MEM_MIN_MIB, limits.memMib) * MIB;
}

/** "infinity" stays; a limit below the smallest container is lifted to it. */
function hardBytes(limits: ContainerLimits): number | "infinity" {
  if (limits.memLimitMib === undefined) return softBytes(limits);
  return limits.memLimitMib === "infinity" ? "infinity" : Math.max(MEM_MIN_MIB, limits.memLimitMib) * MIB;
}

function quotaUs(cpusMillis: number): number {
  return Math.max(CFS_QUOTA_MIN_US, Math.round((CFS_PERIOD_US * cpusMillis) / 1000));
}

/** Undefined without a quota. */
function cpusOf(microseconds: number | undefined): number | undefined {
  return microseconds === undefined || !(microseconds > 0) ? undefined : microseconds / CFS_PERIOD_US;
}

function optional<Name extends string>(name: Name, value: number | undefined): { [key in Name]?: number } {
  // The computed key is `name` itself; the compiler widens it to string.
  return (value === undefined ? {} : { [name]: value }) as { [key in Name]?: number };
}

class CgroupsV1 implements Cgroups {
  readonly version = "v1";
  readonly controllers: readonly string[];
  readonly #root: string;

  constructor(root: string, controllers: readonly string[]) {
    this.#root = root;
    this.controllers = controllers;
  }

  #path(controller: string, id: string, ...rest: string[]): string {
    return join(this.#root, controller, PARENT, id, ...rest);
  }

  create(id: string, limits: ContainerLimits): void {
    for (const controller of this.controllers) mkdirSync(this.#path(controller, id), { recursive: true });
    this.#setCpu(id, limits);
    const hard = hardBytes(limits);
    write(this.#path("memory", id, "memory.limit_in_bytes"), hard === "infinity" ? -1 : hard);
    write(this.#path("memory", id, "memory.soft_limit_in_bytes"), softBytes(limits));
    if (limits.pidsMax !== undefined && this.controllers.includes("pids")) {
      write(this.#path("pids", id, "pids.max"), limits.pidsMax);
    }
  }

  update(id: string, limits: ContainerLimits): void {
    if (!existsSync(this.#path("memory", id))) return;
    this.#setCpu(id, limits);
    const hard = hardBytes(limits);
    const path = this.#path("memory", id, "memory.limit_in_bytes");
    if (hard === "infinity") write(path, -1);
    else if (hard > (readNumber(path) ?? 0)) write(path, hard);
    write(this.#path("memory", id, "memory.soft_limit_in_bytes"), softBytes(limits));
  }

  #setCpu(id: string, limits: ContainerLimits): void {
    write(this.#path("cpu", id, "cpu.shares"), Math.max(2, Math.floor((1024 * limits.cpusMillis) / 1000)));
    if (limits.cpusLimitMillis === undefined) return;
    const quota = limits.cpusLimitMillis === "infinity" ? -1 : quotaUs(limits.cpusLimitMillis);
    write(this.#path("cpu", id, "cpu.cfs_period_us"), CFS_PERIOD_US);
    write(this.#path("cpu", id, "cpu.cfs_quota_us"), quota);
  }

  membership(id: string): { join: readonly string[]; procs: string; freezerState: string } {
    return {
      join: this.controllers.map((controller) => this.#path(controller, id, "cgroup.procs")),
      procs: this.#path("freezer", id, "cgroup.procs"),
      freezerState: this.#path("freezer", id, "freezer.state"),
    };
  }

  pids(id: string): readonly number[] {
    return readPids(this.#path("freezer", id, "cgroup.procs"));
  }

  freeze(id: string, frozen: boolean): void {
    const path = this.#path("freezer", id, "freezer.state");
    if (existsSync(path)) write(path, frozen ? "FROZEN" : "THAWED");
  }

  oom(id: string): OomFact | undefined {
    const kills = readTable(this.#path("memory", id, "memory.oom_control")).get("oom_kill") ?? 0;
    if (kills === 0) return undefined;
    return {
      usedBytes: readNumber(this.#path("memory", id, "memory.max_usage_in_bytes")) ?? 0,
      limitBytes: readNumber(this.#path("memory", id, "memory.limit_in_bytes")) ?? 0,
      statistics: read(this.#path("memory", id, "memory.stat")) ?? "",
    };
  }

  statistics(id: string): Omit<ResourceStatistics, "timestamp"> {
    const { user, system } = this.#cpuSeconds(id);
    const cpu = readTable(this.#path("cpu", id, "cpu.stat"));
    const memory = readTable(this.#path("memory", id, "memory.stat"));
    const throttledNs = cpu.get("throttled_time");
    return {
      processes: this.pids(id).length,
      ...optional("threads", readPids(this.#path("freezer", id, "tasks")).length),
      ...optional("cpus_user_time_secs", user),
      ...optional("cpus_system_time_secs", system),
      ...optional("cpus_limit", cpusOf(readNumber(this.#path("cpu", id, "cpu.cfs_quota_us")))),
      ...optional("cpus_nr_periods", cpu.get("nr_periods")),
      ...optional("cpus_nr_throttled", cpu.get("nr_throttled")),
      ...optional("cpus_throttled_time_secs", throttledNs === undefined ? undefined : throttledNs / 1e9),
      ...optional("mem_limit_bytes", readNumber(this.#path("memory", id, "memory.limit_in_bytes"))),
      ...optional("mem_rss_bytes", memory.get("total_rss")),
      ...optional("mem_anon_bytes", memory.get("total_rss")),
      ...optional("mem_file_bytes", memory.get("total_cache")),
      ...optional("mem_cache_bytes", memory.get("total_cache")),
      ...optional("mem_mapped_file_bytes", memory.get("total_mapped_file")),
      ...optional("mem_swap_bytes", memory.get("total_swap")),
      ...optional("mem_unevictable_bytes", memory.get("total_unevictable")),
      ...optional("mem_total_bytes", readNumber(this.#path("memory", id, "memory.usage_in_bytes"))),
    };
  }

  /** How it divides is sampled at clock ticks, and so is its sum; what was used in all is told to the nanosecond. */
  #cpuSeconds(id: string): { readonly user?: number; readonly system?: number } {
    const ticks = readTable(this.#path("cpuacct", id, "cpuacct.stat"));
    const user = ticks.get("user");
    const system = ticks.get("system");
    if (user === undefined || system === undefined) return {};
    const nanoseconds = readNumber(this.#path("cpuacct", id, "cpuacct.usage"));
    const all = user + system;
    if (nanoseconds === undefined) return { user: user / 100, system: system / 100 };
    const seconds = nanoseconds / 1e9;
    return all === 0
      ? { user: seconds, system: 0 }
      : { user: (seconds * user) / all, system: (seconds * system) / all };
  }

  remove(id: string): boolean {
    return this.controllers.map((controller) => removeGroup(this.#path(controller, id))).every(Boolean);
  }
}

class CgroupsV2 implements Cgroups {
  readonly version = "v2";
  readonly controllers: readonly string[];
  readonly #parent: string;

  constructor(parent: string, controllers: readonly string[]) {
    this.#parent = parent;
    this.controllers = controllers;
  }

  #path(id: string, ...rest: string[]): string {
    return join(this.#parent, id, ...rest);
  }

  create(id: string, limits: ContainerLimits): void {
    mkdirSync(this.#path(id), { recursive: true });
    this.#setCpu(id, limits);
    const hard = hardBytes(limits);
    write(this.#path(id, "memory.low"), softBytes(limits));
    write(this.#path(id, "memory.max"), hard === "infinity" ? "max" : hard);
    if (limits.pidsMax !== undefined && this.controllers.includes("pids")) {
      write(this.#path(id, "pids.max"), limits.pidsMax);
    }
  }

  update(id: string, limits: ContainerLimits): void {
    if (!existsSync(this.#path(id))) return;
    this.#setCpu(id, limits);
    const hard = hardBytes(limits);
    const present = readNumber(this.#path(id, "memory.max"));
    if (hard === "infinity") write(this.#path(id, "memory.max"), "max");
    else if (present !== undefined && hard > present) write(this.#path(id, "memory.max"), hard);
    write(this.#path(id, "memory.low"), softBytes(limits));
  }

  #setCpu(id: string, limits: ContainerLimits): void {
    write(
      this.#path(id, "cpu.weight"),
      Math.min(10_000, Math.max(1, Math.floor((100 * limits.cpusMillis) / 1000))),
    );
    if (limits.cpusLimitMillis === undefined) return;
    const quota = limits.cpusLimitMillis === "infinity" ? "max" : quotaUs(limits.cpusLimitMillis);
    write(this.#path(id, "cpu.max"), `${quota} ${CFS_PERIOD_US}`);
  }

  membership(id: string): { join: readonly string[]; procs: string; killFile: string } {
    const procs = this.#path(id, "cgroup.procs");
    return { join: [procs], procs, killFile: this.#path(id, "cgroup.kill") };
  }

  pids(id: string): readonly number[] {
    return readPids(this.#path(id, "cgroup.procs"));
  }

  freeze(id: string, frozen: boolean): void {
    const path = this.#path(id, "cgroup.freeze");
    if (existsSync(path)) write(path, frozen ? 1 : 0);
  }

  oom(id: string): OomFact | undefined {
    if ((readTable(this.#path(id, "memory.events")).get("oom_kill") ?? 0) === 0) return undefined;
    const limitBytes = readNumber(this.#path(id, "memory.max")) ?? 0;
    return {
      usedBytes: readNumber(this.#path(id, "memory.peak")) ?? limitBytes, // memory.peak: Linux 5.19 and newer
      limitBytes,
      statistics: read(this.#path(id, "memory.stat")) ?? "",
    };
  }

  statistics(id: string): Omit<ResourceStatistics, "timestamp"> {
    const cpu = readTable(this.#path(id, "cpu.stat"));
    const memory = readTable(this.#path(id, "memory.stat"));
    const seconds = (name: string): number | undefined => {
      const value = cpu.get(name);
      return value === undefined ? undefined : value / 1e6;
    };
    return {
      processes: this.pids(id).length,
      ...optional("threads", readPids(this.#path(id, "cgroup.threads")).length),
      ...optional("cpus_user_time_secs", seconds("user_usec")),
      ...optional("cpus_system_time_secs", seconds("system_usec")),
      ...optional("cpus_limit", cpusOf(Number(read(this.#path(id, "cpu.max"))?.split(" ")[0]))),
      ...optional("cpus_nr_periods", cpu.get("nr_periods")),
      ...optional("cpus_nr_throttled", cpu.get("nr_throttled")),
      ...optional("cpus_throttled_time_secs", seconds("throttled_usec")),
      ...optional("mem_limit_bytes", readNumber(this.#path(id, "memory.max"))),
      ...optional("mem_rss_bytes", memory.get("anon")),
      ...optional("mem_anon_bytes", memory.get("anon")),
      ...optional("mem_file_bytes", memory.get("file")),
      ...optional("mem_cache_bytes", memory.get("file")),
      ...optional("mem_mapped_file_bytes", memory.get("file_mapped")),
      ...optional("mem_swap_bytes", readNumber(this.#path(id, "memory.swap.current"))),
      ...optional("mem_unevictable_bytes", memory.get("unevictable")),
      ...optional("mem_total_bytes", readNumber(this.#path(id, "memory.current"))),
    };
  }

  remove(id: string): boolean {
    return removeGroup(this.#path(id));
  }
}
