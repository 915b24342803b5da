/**
 * Volumes that plugins of the machine mount for containers: once on an agent however many containers have one, until the
 * last of them has ended.
 *
 * Invariants: what a plugin is asked is on the disk before it is asked, so that it is unmounted whoever dies; about one
 * volume a plugin is asked for one thing at a time.
 * Source: Mesos, docker/volume and volume/csi isolators; ADRs 0194, 0196.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { PluginVolume } from "#domain/launches/plugin-volumes.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { LaunchError, type VolumeMount } from "../driver.ts";
import { writeDurably } from "../process/runtime-dir.ts";
import { type CsiMount, CsiPlugins } from "./csi-plugins.ts";
import { type DockerMount, DockerPlugins } from "./docker-plugins.ts";
import { usualPluginDirs } from "./plugin-address.ts";
import { VolumePluginError } from "./volume-plugin.ts";

export interface PluginVolumesOptions {
  /** Everything of it on the disk, one file a volume. Absolute. */
  readonly dir: string;
  /** Where Docker's plugins are found, as PATH has folders. Absent: Docker's own. */
  readonly pluginDirs?: string;
  /** Where CSI plugins are described. Absolute. Absent: there are none. */
  readonly csiConfigDir?: string;
  /** Between two tries to have one unmounted. */
  readonly retryMs?: number;
  readonly warn: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** One that a plugin was asked to mount, with all that unmounting it takes. */
type Mounted = (DockerMount | CsiMount) & {
  readonly formatVersion: 1;
  /** Absent: it may or may not have been mounted. */
  readonly mountpoint?: string;
  /** Nobody's any more: it is still to be unmounted. */
  readonly containers: readonly string[];
};

type Identity = Pick<PluginVolume, "kind" | "driver" | "name" | "isReadOnly">;

/** How many one container may have. */
const volumesMax = 32;
const retryMsDefault = 30_000;
/** A plugin that says no as often is asked no more: it does not know the mount, or never will. */
const refusalsMax = 5;

export class PluginVolumes {
  readonly #options: PluginVolumesOptions;
  readonly #docker: DockerPlugins;
  readonly #csi: CsiPlugins;
  readonly #mounted = new Map<string, Mounted>();
  /** Of containers that wait for theirs. */
  readonly #mounting = new Map<string, Promise<unknown>>();
  readonly #turns = new Map<string, Promise<void>>();
  readonly #refusals = new Map<string, number>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  #isClosed = false;

  constructor(options: PluginVolumesOptions) {
    this.#options = options;
    this.#docker = new DockerPlugins(options.pluginDirs ?? usualPluginDirs);
    this.#csi = new CsiPlugins(options.csiConfigDir, options.dir);
  }

  /** Throws `LaunchError`; nothing is the container's then. */
  async mount(containerId: string, volumes: readonly PluginVolume[]): Promise<readonly VolumeMount[]> {
    const mounting = this.#mount(containerId, volumes);
    this.#mounting.set(containerId, mounting);
    try {
      return await mounting;
    } catch (error) {
      await this.#leave(containerId);
      throw error;
    } finally {
      this.#mounting.delete(containerId);
    }
  }

  async #mount(containerId: string, volumes: readonly PluginVolume[]): Promise<readonly VolumeMount[]> {
    if (volumes.length > volumesMax)
      throw new LaunchError("isolation", `A container can have ${volumesMax} volumes of plugins at most`);
    const mounts: VolumeMount[] = [];
    for (const volume of volumes) mounts.push(await this.#mountOne(containerId, volume));
    return mounts;
  }

  #mountOne(containerId: string, volume: PluginVolume): Promise<VolumeMount> {
    const { containerPath, isReadOnly } = volume;
    return this.#inTurn(volume, async () => {
      try {
        const directory = await this.#directoryFor(containerId, volume);
        return { directory, containerPath, isHosts: true, isGivenIfEmpty: !isReadOnly, isReadOnly };
      } catch (error) {
        throw new LaunchError("isolation", `External volume ${volume.name}: ${errorMessage(error)}`);
      }
    });
  }

  async #directoryFor(containerId: string, volume: PluginVolume): Promise<string> {
    const present = this.#mounted.get(keyOf(volume));
    if (present?.mountpoint !== undefined && present.containers.length > 0) {
      if (volume.kind === "csi" && present.kind === "csi") await this.#csi.publish(volume, present);
      if (!present.containers.includes(containerId))
        await this.#keep({ ...present, containers: [...present.containers, containerId] });
      return present.mountpoint;
    }
    // What nobody has any more: mounted anew, since its plugin may have been started anew.
    if (present !== undefined) await this.#unmount(present).catch(() => undefined);
    const ready =
      volume.kind === "csi" ? await this.#csi.prepare(volume) : await this.#docker.prepare(volume);
    const asked: Mounted = { ...ready.mount, formatVersion: 1, containers: [containerId] };
    await this.#keep(asked);
    const mountpoint = await ready.begin().catch(async (error: unknown) => {
      if (isRefusal(error)) await this.#forget(asked);
      throw error;
    });
    await this.#keep({ ...asked, mountpoint });
    return mountpoint;
  }

  /** Of a container that has ended. Never fails: what could not be unmounted is tried again. */
  async leave(containerId: string): Promise<void> {
    await this.#mounting.get(containerId)?.catch(() => undefined);
    await this.#leave(containerId);
  }

  async #leave(containerId: string): Promise<void> {
    const held = [...this.#mounted.values()].filter(({ containers }) => containers.includes(containerId));
    await Promise.all(
      held.map((volume) => this.#inTurn(volume, () => this.#leaveOne(containerId, keyOf(volume)))),
    );
  }

  async #leaveOne(containerId: string, key: string): Promise<void> {
    const present = this.#mounted.get(key);
    if (present?.containers.includes(containerId) !== true) return;
    const left = { ...present, containers: present.containers.filter((each) => each !== containerId) };
    await this.#keep(left);
    if (left.containers.length === 0) await this.#release(left);
  }

  /** Never fails. */
  async #release(volume: Mounted): Promise<void> {
    const { driver, name } = volume;
    const key = keyOf(volume);
    try {
      await this.#unmount(volume);
      await this.#forget(volume);
    } catch (error) {
      const refusals = (this.#refusals.get(key) ?? 0) + (isRefusal(error) ? 1 : 0);
      this.#refusals.set(key, refusals);
      this.#options.warn("volume.unmountFailed", { driver, volume: name, error: errorMessage(error) });
      // One that was perhaps never mounted, and which the plugin says it can't unmount, was not.
      if (refusals >= refusalsMax || (isRefusal(error) && volume.mountpoint === undefined))
        await this.#forget(volume);
      else this.#retryLater(volume);
    }
  }

  #retryLater(volume: Mounted): void {
    const key = keyOf(volume);
    if (this.#isClosed || this.#retries.has(key)) return;
    const timer = setTimeout(() => {
      this.#retries.delete(key);
      void this.#inTurn(volume, async () => {
        const present = this.#mounted.get(key);
        if (present?.containers.length === 0) await this.#release(present);
      });
    }, this.#options.retryMs ?? retryMsDefault);
    timer.unref();
    this.#retries.set(key, timer);
  }

  async #unmount(volume: Mounted): Promise<void> {
    if (volume.kind === "docker") return this.#docker.unmount(volume);
    const others = [...this.#mounted.values()].filter((other) => keyOf(other) !== keyOf(volume));
    await this.#csi.unmount(volume, { isLast: others.every((other) => turnOf(other) !== turnOf(volume)) });
  }

  async #keep(volume: Mounted): Promise<void> {
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
    writeDurably(this.#fileOf(volume), JSON.stringify(volume));
    this.#mounted.set(keyOf(volume), volume);
  }

  async #forget(volume: Mounted): Promise<void> {
    const key = keyOf(volume);
    this.#mounted.delete(key);
    this.#refusals.delete(key);
    await rm(this.#fileOf(volume), { force: true });
  }

  #fileOf(volume: Identity): string {
    return join(this.#options.dir, `${createHash("sha256").update(keyOf(volume)).digest("hex")}.json`);
  }

  /**
   * After a start of the agent: containers that nobody knows any more leave their volumes. It waits for no plugin, which
   * may be slow to answer; nothing else is asked about a volume before that.
   */
  async recover(live: ReadonlySet<string>): Promise<void> {
    const files = (await readdir(this.#options.dir).catch(() => [])).filter((name) => name.endsWith(".json"));
    for (const name of files) await this.#read(join(this.#options.dir, name));
    for (const volume of this.#mounted.values()) {
      const containers = volume.containers.filter((each) => live.has(each));
      if (containers.length < volume.containers.length) await this.#keep({ ...volume, containers });
      if (containers.length === 0) void this.#inTurn(volume, () => this.#release({ ...volume, containers }));
    }
  }

  async #read(file: string): Promise<void> {
    try {
      // Written by `#keep` alone, in a folder no task can write to.
      const volume = JSON.parse(await readFile(file, "utf8")) as Mounted;
      if (volume.formatVersion === 1) this.#mounted.set(keyOf(volume), volume);
    } catch (error) {
      // A disk may lose it: what it stood for stays mounted, and the agent starts all the same.
      this.#options.warn("volume.recordUnreadable", { file, error: errorMessage(error) });
    }
  }

  /** Of an agent that is no more. */
  async removeAll(): Promise<void> {
    await this.recover(new Set());
    await this.close();
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#retries.values()) clearTimeout(timer);
    await Promise.allSettled([...this.#mounting.values(), ...this.#turns.values()]);
    await Promise.allSettled(this.#turns.values());
  }

  /** After all that was begun before with this volume. */
  #inTurn<Result>(volume: Identity, work: () => Promise<Result>): Promise<Result> {
    const key = turnOf(volume);
    const result = (this.#turns.get(key) ?? Promise.resolve()).then(work);
    const turn = result.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(key, turn);
    void turn.then(() => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    });
    return result;
  }
}

const turnOf = ({ kind, driver, name }: Identity): string => `${kind}\0${driver}\0${name}`;
/** A CSI plugin publishes a volume for readers besides. */
const keyOf = (volume: Identity): string =>
  volume.kind === "csi" && volume.isReadOnly ? `${turnOf(volume)}\0RO` : turnOf(volume);
const isRefusal = (error: unknown): boolean => error instanceof VolumePluginError && error.isRefusal;
