/** Runs containers as plain processes, each beside a shim of its own. Needs nothing installed. */
import { existsSync, type FSWatcher, watch } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ContainerDriver,
  type ContainerId,
  type ContainerLimits,
  type ExitReport,
  type FetchFacts,
  type ImagePull,
  type IsolationFacts,
  LaunchError,
  type Launched,
  type LaunchSpec,
  type RecoveredContainer,
  type ResourceStatistics,
  type Session,
  type SessionSpec,
  type TerminalFeed,
} from "../driver.ts";
import { Fetching } from "../fetcher/fetching.ts";
import { defaultFetchLimits, FetchError, type FetchLimits } from "../fetcher/request.ts";
import { ImageStore, type ImageStoreOptions } from "../images/store.ts";
import { enteredIpc } from "./apart.ts";
import { type Cgroups, detectCgroups } from "./cgroups.ts";
import { confinementOf } from "./confinement.ts";
import { ImageRuns, missingForImages } from "./image-runs.ts";
import { listeningPortsOf } from "./listening-ports.ts";
import { type PlainRun, plainRun } from "./plain-run.ts";
import {
  isAlive,
  listByEnvironment,
  listProcesses,
  listTree,
  type ProcStat,
  readBootId,
  readStat,
  send,
  signalProcess,
} from "./proc.ts";
import { buildReport } from "./report.ts";
import { readExit, readReport, runtimeDirVersion, type ShimIdentities, writeReport } from "./runtime-dir.ts";
import { makeSandbox } from "./sandbox-folder.ts";
import { placeSecretFiles, removeSecretFiles } from "./secret-files.ts";
import { defaultTerm, startSession } from "./session.ts";
import { settleStart } from "./settle-start.ts";
import { RUNTIME_DIR_PATH_MAX, Spawner } from "./spawner.ts";
import { encodeRlimit, encodeSpec } from "./spec-file.ts";
import { openFeed } from "./terminal-feed.ts";
import { linkVolumes } from "./volumes.ts";

/** Marks every process of a container; the last net when its shim was killed. */
export const CONTAINER_MARK = "KEELSON_CONTAINER_ID";
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Watches may be lost; shims may be killed. Both are noticed this late at most. */
const POLL_MS = 1000;
const KILL_ROUNDS_MAX = 50;
const KILL_PAUSE_MS = 20;
const PROCESSES_AGE_MS = 100;

export interface ProcessDriverOptions {
  /** The shim's binary; default: the one shipped for this machine. */
  readonly shim?: string;
  /** undefined: look for them; null: use none. */
  readonly cgroups?: Cgroups | null;
  readonly fetchLimits?: FetchLimits;
  /** Absent: no container runs from an image. */
  readonly images?: ImageStoreOptions;
  /** Absent: every launch downloads by itself. */
  readonly fetchCache?: { readonly dir: string; readonly bytesMax: number };
}

interface Container {
  readonly runtimeDir: string;
  identities?: ShimIdentities;
  /** A launch under way; aborted by `destroy`. */
  launching?: AbortController;
  watcher?: FSWatcher;
  /** More commands in it; they end with it. */
  readonly sessions: Set<Session>;
  ended: boolean;
}

export function shippedShim(): string {
  return fileURLToPath(new URL(`../../../../native/shim/bin/linux-${process.arch}/shim`, import.meta.url));
}

export function createProcessDriver(options: ProcessDriverOptions = {}): ContainerDriver {
  return new ProcessDriver(options);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

class ProcessDriver implements ContainerDriver {
  readonly #bootId = readBootId();
  readonly #isRoot = process.getuid?.() === 0;
  readonly #cgroups: Cgroups | undefined;
  readonly #shim: string;
  readonly #spawner: Spawner;
  readonly #fetching: Fetching;
  readonly #images: ImageRuns | undefined;
  readonly #containers = new Map<ContainerId, Container>();
  readonly #listeners = new Set<(report: ExitReport) => void>();
  readonly #timer: NodeJS.Timeout;
  #seen: { readonly at: number; readonly processes: readonly ProcStat[] } = {
    at: Number.NEGATIVE_INFINITY,
    processes: [],
  };
  #closed = false;

  constructor(options: ProcessDriverOptions) {
    const shim = options.shim ?? shippedShim();
    if (!existsSync(shim))
      throw new Error(`no shim for ${process.platform} ${process.arch}: ${shim} is missing`);
    this.#shim = shim;
    this.#spawner = new Spawner(shim);
    this.#cgroups = options.cgroups === undefined ? detectCgroups() : (options.cgroups ?? undefined);
    this.#fetching = new Fetching(options.fetchLimits ?? defaultFetchLimits, options.fetchCache);
    this.#images = options.images === undefined ? undefined : new ImageRuns(new ImageStore(options.images));
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
    this.#timer.unref();
  }

  async launch(spec: LaunchSpec): Promise<Launched> {
    const id = spec.containerId;
    if (this.#closed) throw new LaunchError("closed", "The agent is ending");
    if (!/^[A-Za-z0-9._-]{1,200}$/.test(id) || id.startsWith("."))
      throw new LaunchError("spec", "containerId: bad characters");
    if (this.#containers.has(id)) throw new LaunchError("spec", `Container ${id} exists already`);
    const launching = new AbortController();
    const container: Container = {
      runtimeDir: spec.runtimeDir,
      launching,
      sessions: new Set(),
      ended: false,
    };
    this.#containers.set(id, container);
    try {
      const ready = await this.#settle(spec, launching.signal);
      await this.#prepare(ready, launching.signal);
      if (launching.signal.aborted)
        throw new LaunchError("destroyed", "Container was destroyed while it was being launched");
      const launched = await this.#start(spec, container);
      // What the shim has read stays for sessions; secrets do not.
      if (spec.secrets !== undefined) await this.#forgetSecrets(ready);
      return launched;
    } catch (error) {
      await removeSecretFiles(id);
      this.#cgroups?.remove(id);
      this.#images?.release(id);
      this.#containers.delete(id);
      throw error instanceof LaunchError ? error : new LaunchError("sandbox", messageOf(error));
    }
  }

  /** Who it runs as, and what of its image, when it has one. */
  async #settle(spec: LaunchSpec, signal: AbortSignal): Promise<PlainRun> {
    if (spec.image === undefined) return plainRun(spec, this.#isRoot);
    if (this.#images === undefined) throw new LaunchError("image", "image: this agent runs none");
    return this.#images.prepare(spec, spec.image, signal);
  }

  async #forgetSecrets(ready: PlainRun): Promise<void> {
    const taken = join(ready.spec.runtimeDir, "spec.taken");
    await writeFile(`${taken}.part`, this.#encode(ready), { mode: 0o600 });
    await rename(`${taken}.part`, taken);
  }

  async #prepare(ready: PlainRun, signal: AbortSignal): Promise<void> {
    const { spec, account } = ready;
    if (Buffer.byteLength(spec.runtimeDir) > RUNTIME_DIR_PATH_MAX)
      throw new LaunchError("spec", "runtimeDir: too long");
    const encoded = this.#encode(ready, spec.secrets?.environment);
    await mkdir(spec.runtimeDir, { recursive: true, mode: 0o700 });
    if (existsSync(join(spec.runtimeDir, "pid")) || existsSync(join(spec.runtimeDir, "exit"))) {
      throw new LaunchError("spec", "runtimeDir: has been used");
    }
    await makeSandbox(spec.sandboxDir, account);
    await linkVolumes(spec.sandboxDir, spec.volumes ?? [], {
      account,
      hasRoot: spec.image !== undefined,
      canMount: this.#isRoot,
    });
    await placeSecretFiles(spec.containerId, spec.sandboxDir, spec.secrets?.files ?? [], account);
    const { sandboxDir, uris = [] } = spec;
    await this.#fetching.fetch({ sandboxDir, uris, account }, signal).catch((error: unknown) => {
      if (signal.aborted) throw new LaunchError("destroyed", "Container was destroyed while fetching");
      throw error instanceof FetchError ? new LaunchError("fetch", error.message) : error;
    });
    try {
      this.#cgroups?.create(spec.containerId, spec.limits);
    } catch (error) {
      throw new LaunchError("isolation", messageOf(error));
    }
    await writeFile(join(spec.runtimeDir, "version"), `${runtimeDirVersion}\n`);
    // Environment may hold secrets: for the owner alone.
    await writeFile(join(spec.runtimeDir, "spec"), encoded, { mode: 0o600 });
  }

  #encode(
    { spec, account, program, shim }: PlainRun,
    secrets: Readonly<Record<string, string>> = {},
  ): Buffer {
    const shell = spec.command.kind === "shell";
    const { memMib, memLimitMib } = spec.limits;
    const bursting = this.#cgroups !== undefined && typeof memLimitMib === "number" && memMib < memLimitMib;
    try {
      return encodeSpec({
        ...program,
        ...shim,
        environment: {
          PATH: DEFAULT_PATH,
          ...(spec.terminal === undefined ? {} : { TERM: defaultTerm }),
          ...spec.environment,
          ...secrets,
          [CONTAINER_MARK]: spec.containerId,
        },
        sandboxDir: spec.sandboxDir,
        ...(account === undefined ? {} : { account }),
        rlimits: (spec.rlimits ?? []).map(encodeRlimit),
        ...confinementOf(spec, account === undefined || account.uid === 0),
        ...(bursting ? { oomScoreAdj: Math.round(1000 - (1000 * memMib) / memLimitMib) } : {}),
        ...(spec.networkNamespace === undefined ? {} : { networkNamespace: spec.networkNamespace }),
        ...enteredIpc(spec.sharedMemory),
        ...(spec.terminal === undefined ? {} : { terminal: spec.terminal }),
        stdout: spec.stdout,
        stderr: spec.stderr,
        ...(this.#cgroups === undefined ? {} : { cgroup: this.#cgroups.membership(spec.containerId) }),
      });
    } catch (error) {
      throw new LaunchError("spec", `${shell ? "" : "command: "}${messageOf(error)}`);
    }
  }

  async #start(spec: LaunchSpec, container: Container): Promise<Launched> {
    const id = spec.containerId;
    await this.#spawner.start(spec.runtimeDir);
    // The files decide, not the message: the helper may have ended in between.
    const outcome = await settleStart(spec.runtimeDir, () => this.#closed);
    if (outcome.kind === "failed") throw new LaunchError("exec", outcome.message);
    container.identities = outcome.identities;
    const destroyed = container.launching?.signal.aborted === true;
    delete container.launching;
    this.#watch(id, container);
    if (destroyed) await this.destroy(id);
    return { containerId: id, pid: outcome.identities.main.pid };
  }

  #watch(id: ContainerId, container: Container): void {
    try {
      container.watcher = watch(container.runtimeDir, { persistent: false }, (_event, name) => {
        if (name === "exit") void this.#look(id, container);
      });
      container.watcher.on("error", () => container.watcher?.close());
    } catch {
      // no watches left on this machine: the poll finds it
    }
    void this.#look(id, container);
  }

  #poll(): void {
    for (const [id, container] of this.#containers) void this.#look(id, container);
  }

  async #look(id: ContainerId, container: Container): Promise<void> {
    if (container.ended || container.identities === undefined || this.#closed) return;
    const told = existsSync(join(container.runtimeDir, "exit"));
    if (!told && this.#mayLive(container.identities)) return;
    container.ended = true;
    container.watcher?.close();
    for (const session of container.sessions) session.kill();
    const report = await this.#conclude(id, container).catch(() => undefined);
    // On a machine that is short of something, or a disk that is full: the next poll tries again.
    if (report === undefined) container.ended = false;
    if (report === undefined || this.#closed) return; // the next driver tells it
    for (const listener of this.#listeners) listener(report);
  }

  #mayLive({ shim }: ShimIdentities): boolean {
    try {
      return isAlive(shim, this.#bootId);
    } catch {
      return true;
    }
  }

  /** The end as a report, kept on disk; nothing of the container runs afterwards. */
  async #conclude(id: ContainerId, container: Container): Promise<ExitReport> {
    const known = readReport(container.runtimeDir);
    if (known !== undefined) return known;
    const exit = readExit(container.runtimeDir);
    if (exit === undefined) await this.#killLeftovers(id, container);
    const report = buildReport(id, exit?.kind === "ended" ? exit : undefined, this.#cgroups?.oom(id));
    writeReport(container.runtimeDir, report);
    this.#cgroups?.remove(id);
    return report;
  }

  /** The shim is gone without a word: ends what it watched over. */
  async #killLeftovers(id: ContainerId, container: Container): Promise<void> {
    const main = container.identities?.main;
    if (main !== undefined && main.bootId !== this.#bootId) return; // before the last boot
    for (let round = 0; round < KILL_ROUNDS_MAX; round++) {
      const pids = new Set<number>(this.#cgroups?.pids(id) ?? []);
      for (const entry of listByEnvironment(CONTAINER_MARK, id)) pids.add(entry.pid);
      if (main !== undefined && isAlive(main, this.#bootId)) {
        for (const entry of listTree(main.pid, main.pid)) pids.add(entry.pid);
        pids.add(main.pid);
      }
      if (pids.size === 0) return;
      this.#killAll(id, [...pids]);
      await pause(KILL_PAUSE_MS);
    }
  }

  #killAll(id: ContainerId, pids: readonly number[]): void {
    try {
      this.#cgroups?.freeze(id, true);
      for (const pid of new Set([...pids, ...(this.#cgroups?.pids(id) ?? [])])) send(pid, "SIGKILL");
    } finally {
      this.#cgroups?.freeze(id, false);
    }
  }

  async signal(id: ContainerId, signal: NodeJS.Signals, scope: "main" | "tree"): Promise<boolean> {
    const container = this.#containers.get(id);
    const identities = container?.identities;
    if (container === undefined || identities === undefined || container.ended) return false;
    if (scope === "main") return signalProcess(identities.main, this.#bootId, signal);
    if (!isAlive(identities.shim, this.#bootId)) return false;
    const pids = new Set<number>(this.#cgroups?.pids(id) ?? []);
    const mainAlive = isAlive(identities.main, this.#bootId);
    for (const entry of listTree(identities.shim.pid, mainAlive ? identities.main.pid : undefined))
      pids.add(entry.pid);
    if (signal === "SIGKILL") this.#killAll(id, [...pids]);
    else for (const pid of pids) send(pid, signal);
    return pids.size > 0;
  }

  async destroy(id: ContainerId): Promise<void> {
    const container = this.#containers.get(id);
    container?.launching?.abort();
    if (container === undefined || container.launching !== undefined) return;
    await this.signal(id, "SIGKILL", "tree");
  }

  onExit(listener: (report: ExitReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async recover(
    entries: readonly { readonly containerId: ContainerId; readonly runtimeDir: string }[],
  ): Promise<readonly RecoveredContainer[]> {
    const found: RecoveredContainer[] = [];
    for (const { containerId, runtimeDir } of entries)
      found.push(await this.#recoverOne(containerId, runtimeDir));
    return found;
  }

  async #recoverOne(containerId: ContainerId, runtimeDir: string): Promise<RecoveredContainer> {
    const never = (message: string): RecoveredContainer => ({ kind: "neverStarted", containerId, message });
    if (!existsSync(runtimeDir)) return never("Nothing was prepared");
    const outcome = await settleStart(runtimeDir, () => this.#closed);
    if (outcome.kind === "failed") {
      this.#cgroups?.remove(containerId);
      return never(outcome.message);
    }
    const { identities } = outcome;
    const container: Container = { runtimeDir, identities, sessions: new Set(), ended: false };
    this.#containers.set(containerId, container);
    this.#images?.recover(containerId, runtimeDir);
    if (!existsSync(join(runtimeDir, "exit")) && isAlive(identities.shim, this.#bootId)) {
      this.#watch(containerId, container);
      return { kind: "running", containerId, pid: identities.main.pid };
    }
    container.ended = true;
    return { kind: "ended", containerId, report: await this.#conclude(containerId, container) };
  }

  update(id: ContainerId, limits: ContainerLimits): void {
    const container = this.#containers.get(id);
    if (container !== undefined && !container.ended) this.#cgroups?.update(id, limits);
  }

  async stats(id: ContainerId): Promise<ResourceStatistics> {
    const timestamp = Date.now() / 1000;
    const identities = this.#containers.get(id)?.identities;
    if (identities === undefined) return { timestamp };
    if (this.#cgroups !== undefined) return { timestamp, ...this.#cgroups.statistics(id) };
    const main = readStat(identities.main.pid);
    if (main === undefined || main.startTime !== identities.main.startTime) return { timestamp };
    const tree = listTree(identities.shim.pid, identities.main.pid, this.#processes());
    return {
      timestamp,
      processes: tree.length,
      threads: tree.reduce((sum, entry) => sum + entry.threads, 0),
      cpus_user_time_secs: tree.reduce((sum, entry) => sum + entry.userTicks, 0) / 100,
      cpus_system_time_secs: tree.reduce((sum, entry) => sum + entry.systemTicks, 0) / 100,
      mem_rss_bytes: tree.reduce((sum, entry) => sum + entry.rssPages * 4096, 0),
    };
  }

  /** One look at /proc serves all containers that are measured at the same moment. */
  #processes(): readonly ProcStat[] {
    const at = performance.now();
    if (at - this.#seen.at > PROCESSES_AGE_MS) this.#seen = { at, processes: listProcesses() };
    return this.#seen.processes;
  }

  async openSession(id: ContainerId, spec: SessionSpec): Promise<Session> {
    const container = this.#containers.get(id);
    if (this.#closed || container?.identities === undefined || container.ended)
      throw new LaunchError("spec", `Container ${id} does not run`);
    const place = { runtimeDir: container.runtimeDir, main: container.identities.main };
    const session = await startSession(this.#shim, place, spec);
    container.sessions.add(session);
    void session.ended.then(() => container.sessions.delete(session));
    // Its container may have ended while it was started: without cgroups nobody else would end it.
    if (this.#closed || container.ended) session.kill();
    return session;
  }

  async openFeed(id: ContainerId): Promise<TerminalFeed> {
    const container = this.#containers.get(id);
    if (container?.identities === undefined || container.ended)
      throw new LaunchError("spec", `Container ${id} does not run`);
    return openFeed(container.runtimeDir);
  }

  async listeningPorts(id: ContainerId): Promise<ReadonlySet<number>> {
    return listeningPortsOf(this.#pidsOf(id));
  }

  #pidsOf(id: ContainerId): readonly number[] {
    const identities = this.#containers.get(id)?.identities;
    if (identities === undefined || !isAlive(identities.shim, this.#bootId)) return [];
    if (this.#cgroups !== undefined) return this.#cgroups.pids(id);
    const main = isAlive(identities.main, this.#bootId) ? identities.main.pid : undefined;
    return listTree(identities.shim.pid, main).map(({ pid }) => pid);
  }

  async remove(id: ContainerId): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    if (!container.ended) throw new Error(`container ${id} has not ended`);
    this.#containers.delete(id);
    this.#cgroups?.remove(id);
    this.#images?.release(id);
    await rm(container.runtimeDir, { recursive: true, force: true });
    await removeSecretFiles(id);
  }

  fetches(): FetchFacts {
    return { ...this.#fetching.facts(), imagePulls: this.#images?.pullTimes };
  }

  async pulls(): Promise<readonly ImagePull[]> {
    return (await this.#images?.pulls()) ?? [];
  }

  async pruneImages(excluded: readonly string[]): Promise<void> {
    await this.#images?.prune(excluded);
  }

  isolation(): IsolationFacts {
    const noImages = missingForImages();
    const cgroups = this.#cgroups?.version ?? "none";
    const user = this.#isRoot ? "tasks run as their own user" : "tasks share the agent's user";
    const note =
      cgroups === "none"
        ? `No cgroups (${this.#isRoot ? "not mounted or read-only" : "not root"}): cpu and memory are not enforced; ${user}.`
        : `cgroups ${cgroups}: cpu is weighted, memory is limited; ${user}.`;
    return {
      driver: "process",
      cgroups,
      controllers: this.#cgroups?.controllers ?? [],
      switchUser: this.#isRoot,
      ...(noImages === undefined ? {} : { noImages }),
      note,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const container of this.#containers.values()) {
      container.watcher?.close();
      container.launching?.abort();
      for (const session of container.sessions) session.kill();
    }
    this.#spawner.close();
  }
}
