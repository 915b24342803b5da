/** Docker's volume plugins: a volume is mounted under an id that the plugin counts by. Source: Docker, volume plugin protocol. */
import { randomUUID } from "node:crypto";
import type { DockerVolume } from "#domain/launches/docker-volumes.ts";
import { findPlugin } from "./plugin-address.ts";
import { VolumePlugin } from "./volume-plugin.ts";

export interface DockerMount extends Pick<DockerVolume, "kind" | "driver" | "name" | "isReadOnly"> {
  /** Where its plugin was. */
  readonly pluginDirs: string;
  readonly mountId: string;
}

/** A mount that is asked for once `mount` is on the disk; answers where it is. */
export interface ReadyMount<Mount> {
  readonly mount: Mount;
  readonly begin: () => Promise<string>;
}

export class DockerPlugins {
  readonly #dirs: string;

  constructor(dirs: string) {
    this.#dirs = dirs;
  }

  /** Throws `VolumePluginError`, as the others do. */
  async prepare({ kind, driver, name, options, isReadOnly }: DockerVolume): Promise<ReadyMount<DockerMount>> {
    const plugin = new VolumePlugin(driver, await findPlugin(driver, this.#dirs));
    await plugin.activate();
    await plugin.ensure(name, options);
    const mount = { kind, driver, name, isReadOnly, pluginDirs: this.#dirs, mountId: randomUUID() };
    return { mount, begin: () => plugin.mount(name, mount.mountId) };
  }

  async unmount({ driver, name, mountId, pluginDirs }: DockerMount): Promise<void> {
    await new VolumePlugin(driver, await findPlugin(driver, pluginDirs)).unmount(name, mountId);
  }
}
