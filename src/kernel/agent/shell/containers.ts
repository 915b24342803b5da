/** Performs what the core asks of containers and reports back as events. */
import { chmod, lstat, mkdir, readdir, rename, rm, rmdir, statfs, symlink } from "node:fs/promises";
import { loadavg } from "node:os";
import { dirname, join } from "node:path";
import { errorMessage } from "#foundation/base/errors.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import {
  type ContainerDriver,
  type ContainerLimits,
  type ContainerNetworks,
  type JoinedNetworks,
  LaunchError,
  type LaunchSpec,
  type LogRotation,
  type PluginVolumes,
  type SharedMemories,
  type VolumeMount,
} from "#kernel/containerizer/index.ts";
import type { ContainerPlan, NetworkPlan } from "../core/container-plan.ts";
import type { AgentEvent, ContainerNetwork } from "../core/events.ts";
import { joinedInfos, networkRequests } from "../core/network-infos.ts";
import type { ExecutorTokens } from "./executor-tokens.ts";
import { folderBytes } from "./folder-bytes.ts";
import type { VolumeFolders } from "./volume-folders.ts";

export interface ContainersOptions {
  readonly driver: ContainerDriver;
  readonly volumes: Pick<VolumeFolders, "settled">;
  readonly workDir: string;
  readonly runtimeDir: string;
  readonly rotation: LogRotation;
  /** Absent: executors get none. */
  readonly tokens: ExecutorTokens | undefined;
  readonly networks: Pick<ContainerNetworks, "join" | "leave" | "recover" | "close">;
  readonly memories: Pick<SharedMemories, "join" | "leave" | "recover">;
  readonly pluginVolumes: Pick<PluginVolumes, "mount" | "leave" | "recover" | "close">;
  readonly dispatch: (event: AgentEvent) => void;
  readonly log: Logger;
}

interface Prepared {
  readonly sharedMemory: LaunchSpec["sharedMemory"] | undefined;
  readonly joined: JoinedPlan | undefined;
  readonly volumes: readonly VolumeMount[];
}

interface JoinedPlan {
  readonly namespace: string;
  readonly files: JoinedNetworks["files"];
  readonly network: ContainerNetwork;
}

/** Folders on the way to a sandbox may be passed, not listed, by the tasks' users. */
const passableMode = 0o711;
/** Folders that several containers share: their users may differ. */
const sharedMode = 0o777;
const destroyRetryMs = 1_000;

export class Containers {
  readonly #options: ContainersOptions;
  /** Launches that have not been reported; an end is told after them. */
  readonly #launching = new Map<string, Promise<void>>();
  /** Launches that the driver does not know yet, with what gives them up. */
  readonly #preparing = new Map<string, () => void>();
  /** Of orders to destroy that could not be carried out. */
  readonly #retries = new Set<NodeJS.Timeout>();
  readonly #stopListening: () => void;

  constructor(options: ContainersOptions) {
    this.#options = options;
    this.#stopListening = options.driver.onExit((report) => {
      const tell = (): void => options.dispatch({ kind: "containerExited", report });
      const launch = this.#launching.get(report.containerId);
      if (launch === undefined) tell();
      else void launch.then(tell);
    });
  }

  launch(plan: ContainerPlan): void {
    const { containerId } = plan;
    const launch = this.#launch(plan).then(
      (started) => this.#options.dispatch({ kind: "containerStarted", containerId, ...started }),
      (error: unknown) => {
        const code = error instanceof LaunchError ? error.code : "sandbox";
        this.#options.dispatch({
          kind: "containerLaunchFailed",
          containerId,
          code,
          message: errorMessage(error),
        });
      },
    );
    this.#launching.set(
      containerId,
      launch.finally(() => this.#launching.delete(containerId)),
    );
  }

  async #launch(plan: ContainerPlan): Promise<{ readonly pid: number; readonly network?: ContainerNetwork }> {
    const { containerId } = plan;
    const givenUp = Promise.withResolvers<never>();
    this.#preparing.set(containerId, () =>
      givenUp.reject(new LaunchError("destroyed", "The container was destroyed before it was launched")),
    );
    const prepared = await Promise.race([this.#prepare(plan), givenUp.promise]).finally(() =>
      this.#preparing.delete(containerId),
    );
    const { joined, sharedMemory, volumes } = prepared;
    const { rotation, driver } = this.#options;
    const {
      executor: _executor,
      network: _network,
      memoryGroup: _group,
      pluginVolumes: _volumes,
      ...spec
    } = plan;
    const environment = {
      ...this.#proofOf(plan),
      ...spec.environment,
      ...(joined === undefined ? {} : addressVariables(joined.network, spec.environment)),
    };
    const { pid } = await driver.launch({
      ...spec,
      environment,
      ...(volumes.length === 0 ? {} : { volumes }),
      ...(sharedMemory === undefined ? {} : { sharedMemory }),
      ...(joined === undefined ? {} : { networkNamespace: joined.namespace }),
      ...(joined?.files === undefined ? {} : { networkFiles: joined.files }),
      stdout: rotation,
      stderr: rotation,
    });
    return { pid, ...(joined === undefined ? {} : { network: joined.network }) };
  }

  async #prepare(plan: ContainerPlan): Promise<Prepared> {
    const { containerId, network, memoryGroup: group, pluginVolumes, volumes = [] } = plan;
    const { memories } = this.#options;
    await prepareWay(plan);
    if (plan.volumes !== undefined) await this.#options.volumes.settled();
    for (const volume of plan.nested?.sharedVolumes ?? []) await openToAll(volume);
    const joined = network === undefined ? undefined : await this.#join(network);
    const sharedMemory =
      group === undefined ? plan.sharedMemory : await memories.join(group.owner, group.shmMib);
    const mounted =
      pluginVolumes === undefined ? [] : await this.#options.pluginVolumes.mount(containerId, pluginVolumes);
    return { joined, sharedMemory, volumes: [...mounted, ...volumes] };
  }

  async #join({ owner, infos, hostname }: NetworkPlan): Promise<JoinedPlan> {
    const joined = await this.#options.networks.join(owner, networkRequests(infos), hostname);
    const { namespace, files } = joined;
    return { namespace, files, network: { owner, infos: joinedInfos(infos, joined) } };
  }

  leaveNetworks(containerId: string): void {
    void this.#options.networks.leave(containerId);
  }

  /** What containers of an executor had together. */
  releaseFrame(containerId: string): void {
    this.leaveNetworks(containerId);
    void this.#options.memories.leave(containerId);
  }

  /** In the environment, as an executor expects it; it is in no record. */
  #proofOf({ executor, containerId }: ContainerPlan): Readonly<Record<string, string>> {
    const { tokens } = this.#options;
    if (executor === undefined || tokens === undefined) return {};
    const claims = { fid: executor.frameworkId, eid: executor.executorId, cid: containerId };
    return { MESOS_EXECUTOR_AUTHENTICATION_TOKEN: tokens.issue(claims) };
  }

  signal(containerId: string, signal: "SIGTERM" | "SIGKILL"): void {
    this.#attempt("container.signalFailed", containerId, () =>
      this.#options.driver.signal(containerId, signal, "tree"),
    );
  }

  update(containerId: string, limits: ContainerLimits): void {
    this.#attempt("container.updateFailed", containerId, async () =>
      this.#options.driver.update(containerId, limits),
    );
  }

  destroy(containerId: string): void {
    const giveUp = this.#preparing.get(containerId);
    if (giveUp !== undefined) return giveUp();
    this.#options.driver.destroy(containerId).catch((error: unknown) => {
      this.#options.log.warn("container.destroyFailed", { containerId, error: errorMessage(error) });
      // Nobody asks again, and it must end.
      const timer = setTimeout(() => {
        this.#retries.delete(timer);
        this.destroy(containerId);
      }, destroyRetryMs);
      this.#retries.add(timer);
    });
  }

  remove(containerId: string): void {
    this.leaveNetworks(containerId);
    void this.#options.pluginVolumes.leave(containerId);
    this.#attempt("container.removeFailed", containerId, () => this.#options.driver.remove(containerId));
  }

  /** Besides those asked for, every container whose directory is left: nobody knows it any more. */
  async recover(containerIds: readonly string[], frames: readonly string[]): Promise<void> {
    const { driver, runtimeDir, dispatch, networks, memories, pluginVolumes } = this.#options;
    const left = await readdir(runtimeDir).catch(() => []);
    const all = [...new Set([...containerIds, ...left])];
    const containers = await driver.recover(
      all.map((containerId) => ({ containerId, runtimeDir: join(runtimeDir, containerId) })),
    );
    const addresses = await networks.recover(new Set([...all, ...frames]));
    await memories.recover(new Set(frames));
    await pluginVolumes.recover(new Set(all));
    dispatch({ kind: "containersRecovered", containers, addresses });
  }

  pruneImages(excluded: readonly string[]): void {
    this.#options.driver
      .pruneImages(excluded)
      .catch((error: unknown) =>
        this.#options.log.warn("images.pruneFailed", { error: errorMessage(error) }),
      );
  }

  measureDisk(): void {
    statfs(this.#options.workDir).then(
      ({ blocks, bfree, bavail }) => {
        // What is kept for root is neither used nor there to be used.
        const taken = blocks - bfree;
        const used = taken + bavail === 0 ? 0 : taken / (taken + bavail);
        this.#options.dispatch({ kind: "diskMeasured", used });
      },
      (error: unknown) => this.#options.log.warn("disk.measureFailed", { error: errorMessage(error) }),
    );
  }

  measureLoad(): void {
    const [, over5Min = 0, over15Min = 0] = loadavg();
    this.#options.dispatch({ kind: "loadMeasured", load: { over5Min, over15Min } });
  }

  /** What cannot be read counts as nothing; the size decides only when it goes. */
  measureSandbox(containerId: string, directory: string): void {
    folderBytes(directory).then(
      (bytes) => this.#options.dispatch({ kind: "sandboxMeasured", containerId, bytes }),
      () => this.#options.dispatch({ kind: "sandboxMeasured", containerId, bytes: 0 }),
    );
  }

  removeSandbox(containerId: string, directory: string): void {
    const { dispatch } = this.#options;
    this.#removeSandbox(directory).then(
      () => dispatch({ kind: "sandboxRemoved", containerId }),
      (error: unknown) => dispatch({ kind: "sandboxRemoved", containerId, failure: errorMessage(error) }),
    );
  }

  async #removeSandbox(directory: string): Promise<void> {
    const { workDir } = this.#options;
    if (dirname(directory) === `${workDir}/containers`)
      return rm(directory, { recursive: true, force: true });
    if (!directory.startsWith(`${workDir}/slaves/`))
      throw new Error(`${directory} is outside the work directory`);
    await rm(directory, { recursive: true, force: true });
    const runs = dirname(directory);
    const others = await readdir(runs).catch(() => []);
    if (others.some((name) => name !== "latest")) return;
    await rm(join(runs, "latest"), { force: true });
    // The executor's folder goes with its last run.
    await rmdir(runs).catch(() => undefined);
    await rmdir(dirname(runs)).catch(() => undefined);
  }

  /** Stops listening; launches under way are waited for. */
  async close(): Promise<void> {
    await Promise.all(this.#launching.values());
    for (const timer of this.#retries) clearTimeout(timer);
    await this.#options.networks.close();
    await this.#options.pluginVolumes.close();
    this.#stopListening();
  }

  #attempt(event: string, containerId: string, work: () => Promise<unknown>): void {
    work().catch((error: unknown) =>
      this.#options.log.warn(event, { containerId, error: errorMessage(error) }),
    );
  }
}

/** The agent's own address is none that the container could listen at. Source: Mesos, network/cni isolator. */
function addressVariables(
  { infos }: ContainerNetwork,
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const address = infos.flatMap(({ ip_addresses = [] }) => ip_addresses)[0]?.ip_address;
  return {
    LIBPROCESS_IP: "0.0.0.0",
    ...(environment["MESOS_CONTAINER_IP"] === undefined || address === undefined
      ? {}
      : { MESOS_CONTAINER_IP: address }),
  };
}

/** Folders above the sandbox, and the names under which it is found. */
async function prepareWay({ nested, isStandalone, sandboxDir, containerId }: ContainerPlan): Promise<void> {
  if (isStandalone === true) {
    await mkdir(dirname(sandboxDir), { recursive: true, mode: passableMode });
    return;
  }
  const executorDir = nested?.executorDir ?? sandboxDir;
  const runs = dirname(executorDir);
  await mkdir(runs, { recursive: true, mode: passableMode });
  await pointTo(join(runs, "latest"), nested?.executorContainerId ?? containerId, containerId);
  if (nested === undefined) return;
  const tasks = join(executorDir, "tasks");
  for (const folder of [dirname(sandboxDir), tasks])
    await mkdir(folder, { recursive: true, mode: passableMode });
  for (const folder of nested.sharedFolders) await makeShared(executorDir, folder);
  await pointTo(join(tasks, nested.taskId), join("..", "containers", containerId), containerId);
}

/** Its containers may be of several users. Nothing on the way to it is anybody's but ours, so that no link leads elsewhere. */
async function makeShared(executorDir: string, folder: string): Promise<void> {
  const parts = folder.split("/");
  let at = executorDir;
  for (const [index, part] of parts.entries()) {
    const above = await lstat(at);
    if (!above.isDirectory() || above.uid !== process.getuid?.())
      throw new LaunchError("sandbox", `The volume ${folder} can't be within another one`);
    at = join(at, part);
    const isNew = await mkdir(at, { mode: passableMode }).then(
      () => true,
      () => false,
    );
    if (isNew && index === parts.length - 1) await chmod(at, sharedMode);
    if (!(await lstat(at)).isDirectory())
      throw new LaunchError("sandbox", `The volume ${folder} is no folder`);
  }
}

/** As the folders that containers share are; one that is not there is told by name when it is to be used. */
async function openToAll(volume: string): Promise<void> {
  await chmod(volume, sharedMode).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** A symbolic link that is never absent while it is changed. `mark` is nobody else's. */
async function pointTo(link: string, target: string, mark: string): Promise<void> {
  const temporary = join(dirname(link), `.${mark}`);
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  await rename(temporary, link);
}
