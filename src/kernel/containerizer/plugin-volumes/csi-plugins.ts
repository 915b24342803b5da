/**
 * CSI plugins: a volume is staged on the machine where the plugin wants it so, and published from there, for readers apart from others.
 * All calls may be made again. Source: Mesos, volume/csi isolator; ADR 0196.
 */
import { createHash } from "node:crypto";
import { mkdir, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CsiVolume } from "#domain/launches/csi-volumes.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { askCsi } from "./csi-client.ts";
import { type CsiPlugin, readCsiPlugins } from "./csi-config.ts";
import type { ReadyMount } from "./docker-plugins.ts";
import { VolumePluginError } from "./volume-plugin.ts";

export interface CsiMount extends Pick<CsiVolume, "kind" | "driver" | "name" | "isReadOnly"> {
  /** Where its plugin answers. */
  readonly socket: string;
  readonly targetPath: string;
  /** Absent: the plugin stages nothing. */
  readonly stagingPath?: string;
}

/** Not in an agent's folder: who removes that must never get at what is in a volume. */
const usualRoot = "/run/keelson/csi";

export class CsiPlugins {
  readonly #configDir: string | undefined;
  readonly #owner: string;

  /** `owner` tells the volumes of agents of the same machine apart. */
  constructor(configDir: string | undefined, owner: string) {
    this.#configDir = configDir;
    this.#owner = owner;
  }

  /** Throws `VolumePluginError`, as the others do. */
  async prepare(volume: CsiVolume): Promise<ReadyMount<CsiMount>> {
    const { kind, driver, name, isReadOnly } = volume;
    const { socket, needsTarget, targetRoot = usualRoot } = await this.#find(driver);
    const at = { name: driver, socket };
    const { ready } = await askCsi(at, "Probe", {});
    // What is false is not sent; who says nothing is ready.
    if (ready !== undefined && ready.value !== true)
      throw new VolumePluginError(`plugin ${driver} is not ready yet`);
    const { capabilities = [] } = await askCsi(at, "NodeGetCapabilities", {});
    const stages = capabilities.some(({ rpc }) => rpc?.type === "STAGE_UNSTAGE_VOLUME");
    const place = join(targetRoot, hashOf([this.#owner, driver, name]));
    const mount = {
      kind,
      driver,
      name,
      isReadOnly,
      socket,
      targetPath: join(place, isReadOnly ? "readers" : "volume"),
      ...(stages ? { stagingPath: join(place, "staging") } : {}),
    };
    const begin = async (): Promise<string> => {
      if (needsTarget) await makeFolder(mount.targetPath);
      return this.publish(volume, mount);
    };
    return { mount, begin };
  }

  async #find(type: string): Promise<CsiPlugin> {
    const dir = this.#configDir;
    const plugins =
      dir === undefined
        ? new Map<string, CsiPlugin>()
        : await readCsiPlugins(dir).catch((error: unknown) => {
            throw new VolumePluginError(errorMessage(error));
          });
    const plugin = plugins.get(type);
    if (plugin !== undefined) return plugin;
    throw new VolumePluginError(
      `there is no volume plugin ${type} on this agent: no file describes it in ${dir ?? "csi_plugin_config_dir"}`,
    );
  }

  /**
   * Also of what is published already: whether this container, with its secrets, may have it too is the plugin's to say. Whatever
   * goes wrong, some of it may have been done: it is undone as a mount is that nobody has any more.
   */
  async publish(volume: CsiVolume, mount: CsiMount): Promise<string> {
    const { driver, name, accessMode, fsType, mountFlags, context, isReadOnly } = volume;
    const { socket, targetPath, stagingPath } = mount;
    const plugin = { name: driver, socket };
    const common = {
      volume_id: name,
      volume_capability: {
        mount: { ...(fsType === undefined ? {} : { fs_type: fsType }), mount_flags: mountFlags },
        access_mode: { mode: accessMode },
      },
      volume_context: context,
    };
    const staging = stagingPath === undefined ? {} : { staging_target_path: stagingPath };
    try {
      await makeFolder(dirname(targetPath));
      if (stagingPath !== undefined) {
        await makeFolder(stagingPath);
        await askCsi(plugin, "NodeStageVolume", { ...common, ...staging, secrets: volume.stageSecrets });
      }
      await askCsi(plugin, "NodePublishVolume", {
        ...common,
        ...staging,
        target_path: targetPath,
        readonly: isReadOnly,
        secrets: volume.publishSecrets,
      });
      if (!(await stat(targetPath)).isDirectory()) throw new Error(`${targetPath} is no folder`);
    } catch (error) {
      const said = errorMessage(error);
      throw new VolumePluginError(
        error instanceof VolumePluginError ? said : `plugin ${driver}, NodePublishVolume: ${said}`,
      );
    }
    return targetPath;
  }

  /** `isLast`: nothing else of the volume is published by this agent. */
  async unmount(
    { driver, name, socket, targetPath, stagingPath }: CsiMount,
    { isLast }: { readonly isLast: boolean },
  ): Promise<void> {
    const plugin = { name: driver, socket };
    await askCsi(plugin, "NodeUnpublishVolume", { volume_id: name, target_path: targetPath });
    await removeEmpty(targetPath);
    if (!isLast) return;
    if (stagingPath !== undefined) {
      await askCsi(plugin, "NodeUnstageVolume", { volume_id: name, staging_target_path: stagingPath });
      await removeEmpty(stagingPath);
    }
    await removeEmpty(dirname(targetPath));
  }
}

/** Tasks of other users pass through it to their volumes. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o711 });
}

/** What is not empty holds a volume still. */
const removeEmpty = (path: string): Promise<void> => rmdir(path).catch(() => undefined);

const hashOf = (parts: readonly string[]): string =>
  createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 32);
