/**
 * Volumes that plugins of the machine mount for containers: once on an agent however many containers have one, until the
 * last of them has ended.
 *
 * Invariants: what a plugin is asked is on the disk before it is asked, so that it is unmounted whoever dies; about one
 * volume a plugin is asked for one thing at a time.
 * Source: Mesos, docker/volume isolator; ADR 0194.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DockerVolume } from "#domain/launches/docker-volumes.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { LaunchError, type VolumeMount } from "../driver.ts";
import { writeDurably } from "../process/runtime-dir.ts";
import { findPlugin, usualPluginDirs } from "./plugin-address.ts";
import { VolumePlugin, VolumePluginError } from "./volume-plugin.ts";

export interface DockerVolumesOptions {
  /** Everything of it on the disk, one file a volume. Absolute. */
  readonly dir: string;
  /** Where plugins are found, as PATH has folders. Absent: Docker's. */
  readonly pluginDirs?: string;
  /** Between two tries to have one unmounted. */
  readonly retryMs?: number;
  readonly warn: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** One that a plugin was asked to mount. */
interface Mounted {
  readonly formatVersion: 1;
  readonly driver: string;
  readonly name: string;
  /** Where its plugin was. */
  readonly pluginDirs: string;
  /** Of this mount: a plugin counts by it. */
  readonly mountId: string;
  /** Absent: it may or may not have been mounted. */
  readonly mountpoint?: string;
  /** Nobody's any more: it is still to be unmounted. */
  readonly containers: readonly string[];
}

type Identity = Pick<DockerVolume, "driver" | "name">;

/** How many one container may have. */
const volumesMax = 32;
const retryMsDefault = 30_000;
/** A plugin that says no as often is asked no more: it does not know the mount, or never will. */
const refusalsMax = 5;

export class DockerVolumes {
  readonly #options: DockerVolumesOptions;
  readonly #pluginDirs: string;
  readonly #mounted = new Map<string, Mounted>();
  /** Of containers that wait for theirs. */
  readonly #mounting = new Map<string, Promise<unknown>>();
  readonly #turns = new Map<string, Promise<void>>();
  readonly #refusals = new Map<string, number>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  #isClosed = false;

  constructor(options: DockerVolumesOptions) {
    this.#options = options;
    this.#pluginDirs = options.pluginDirs ?? usualPluginDirs;
  }

  /** Throws `LaunchError`; nothing is the container's then. */
  async mount(containerId: string, volumes: readonly DockerVolume[]): Promise<readonly VolumeMount[]> {
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

  async #mount(containerId: string, volumes: readonly DockerVolume[]): Promise<readonly VolumeMount[]> {
    if (volumes.length > volumesMax)
      throw new LaunchError("isolation", `A container can have ${volumesMax} volumes of plugins at most`);
    const mounts: VolumeMount[] = [];
    for (const volume of volumes) mounts.push(await this.#mountOne(containerId, volume));
    return mounts;
  }

  #mountOne(containerId: string, volume: DockerVolume): Promise<VolumeMount> {
    const { containerPath, isReadOnly } = volume;
    return this.#inTurn(volume, async () => {
      try {
        const directory = await this.#directoryFor(containerId, volume);
        return { directory, containerPath, isHosts: true, isGivenIfEmpty: true, isReadOnly };
      } catch (error) {
        throw new LaunchError("isolation", `External volume ${volume.name}: ${errorMessage(error)}`);
      }
    });
  }

  async #directoryFor(containerId: string, volume: DockerVolume): Promise<string> {
    const { driver, name, options } = volume;
    const present = this.#mounted.get(keyOf(volume));
    if (present?.mountpoint !== undefined && present.containers.length > 0) {
      if (!present.containers.includes(containerId))
        await this.#keep({ ...present, containers: [...present.containers, containerId] });
      return present.mountpoint;
    }
    // What nobody has any more: mounted anew, since its plugin may have been started anew.
    if (present !== undefined) await this.#unmount(present).catch(() => undefined);
    const plugin = new VolumePlugin(driver, await findPlugin(driver, this.#pluginDirs));
    await plugin.activate();
    await plugin.ensure(name, options);
    const asked: Mounted = {
      formatVersion: 1,
      driver,
      name,
      pluginDirs: this.#pluginDirs,
      mountId: randomUUID(),
      containers: [containerId],
    };
    await this.#keep(asked);
    const mountpoint = await plugin.mount(name, asked.mountId).catch(async (error: unknown) => {
      if (error instanceof VolumePluginError && error.isRefusal) await this.#forget(asked);
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

  async #unmount({ driver, name, mountId, pluginDirs }: Mounted): Promise<void> {
    await new VolumePlugin(driver, await findPlugin(driver, pluginDirs)).unmount(name, mountId);
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

  /** After a start of the agent: containers that nobody knows any more leave their volumes. */
  async recover(live: ReadonlySet<string>): Promise<void> {
    const files = (await readdir(this.#options.dir).catch(() => [])).filter((name) => name.endsWith(".json"));
    for (const name of files) {
      // Written by `#keep` alone, in a folder no task can write to.
      const volume = JSON.parse(await readFile(join(this.#options.dir, name), "utf8")) as Mounted;
      if (volume.formatVersion === 1) this.#mounted.set(keyOf(volume), volume);
    }
    await Promise.all(
      [...this.#mounted.values()].map((volume) =>
        this.#inTurn(volume, async () => {
          const containers = volume.containers.filter((each) => live.has(each));
          if (containers.length < volume.containers.length) await this.#keep({ ...volume, containers });
          if (containers.length === 0) await this.#release({ ...volume, containers });
        }),
      ),
    );
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
    const key = keyOf(volume);
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

const keyOf = ({ driver, name }: Identity): string => `${driver}\0${name}`;
const isRefusal = (error: unknown): boolean => error instanceof VolumePluginError && error.isRefusal;
