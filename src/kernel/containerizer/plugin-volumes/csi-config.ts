/** CSI plugins of the machine, as the files of an agent's flag describe them. Source: Mesos flag `--csi_plugin_config_dir`. */
import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { decodeMessage } from "#contracts/kernel/json-codec.ts";
import type { CSIPluginInfo } from "#contracts/kernel/messages.gen.ts";
import { errorMessage } from "#foundation/base/errors.ts";

export interface CsiPlugin {
  /** What volumes name it by. */
  readonly type: string;
  /** Where its node service answers. Absolute. */
  readonly socket: string;
  /** Where it is to publish volumes. Absolute. */
  readonly targetRoot?: string;
  /** The folder is to be there before it publishes a volume at it. */
  readonly needsTarget: boolean;
}

const fileBytesMax = 65_536;

/** Those of all files of a folder, by type. Throws with the file and the field. */
export async function readCsiPlugins(dir: string): Promise<ReadonlyMap<string, CsiPlugin>> {
  const found = new Map<string, CsiPlugin>();
  const from = new Map<string, string>();
  for (const name of (await readdir(dir)).sort()) {
    const path = join(dir, name);
    const plugin = await readPlugin(path);
    if (plugin === undefined) continue;
    const other = from.get(plugin.type);
    if (other !== undefined)
      throw new Error(`${path}: type: ${plugin.type} is described in ${other} already`);
    from.set(plugin.type, path);
    found.set(plugin.type, plugin);
  }
  return found;
}

/** Undefined for what is no file. */
async function readPlugin(path: string): Promise<CsiPlugin | undefined> {
  const found = await stat(path);
  if (!found.isFile()) return undefined;
  if (found.size > fileBytesMax) throw new Error(`${path} is larger than ${fileBytesMax} bytes`);
  try {
    return pluginOf(decodeMessage("CSIPluginInfo", JSON.parse(await readFile(path, "utf8"))));
  } catch (error) {
    throw new Error(`${path}: ${errorMessage(error)}`, { cause: error });
  }
}

function pluginOf({
  type,
  containers = [],
  endpoints = [],
  target_path_root: targetRoot,
  target_path_exists: needsTarget = false,
}: CSIPluginInfo): CsiPlugin {
  if (containers.length > 0)
    throw new Error(
      "containers: this agent starts no plugins itself; have the plugin run, and say under endpoints where it answers",
    );
  const endpoint = endpoints.find(({ csi_service: service }) => service === "NODE_SERVICE")?.endpoint;
  if (endpoint === undefined) throw new Error("endpoints: none is of the NODE_SERVICE");
  const socket = endpoint.replace(/^unix:(?:\/\/(?=\/))?/, "");
  if (!isAbsolute(socket))
    throw new Error(
      `endpoints: ${JSON.stringify(endpoint)} is not unix:// with an absolute path of a socket`,
    );
  if (targetRoot !== undefined && !isAbsolute(targetRoot))
    throw new Error(`target_path_root: ${JSON.stringify(targetRoot)} is not an absolute path`);
  return { type, socket, needsTarget, ...(targetRoot === undefined ? {} : { targetRoot }) };
}
