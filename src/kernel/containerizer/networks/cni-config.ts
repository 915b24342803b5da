/**
 * Descriptions of networks, as they lie in a folder: one plugin (`.conf`, `.json`) or a chain of them (`.conflist`).
 * Source: CNI specification, network configuration format; Mesos, network/cni isolator.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "#foundation/base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";

export interface NetworkConfig {
  readonly name: string;
  readonly cniVersion: string;
  /** In the order in which they are asked; at least one. */
  readonly plugins: readonly (JsonObject & { readonly type: string })[];
}

export interface NetworkCatalog {
  readonly networks: ReadonlyMap<string, NetworkConfig>;
  /** Files that describe nothing, each with why. */
  readonly problems: readonly string[];
}

const suffixes = [".conf", ".conflist", ".json"];
const filesMax = 1_000;
const fileBytesMax = 1_048_576;
const pluginsMax = 32;
/** What a description without a version means. */
const oldestVersion = "0.2.0";

/** Throws RangeError naming the field. */
export function parseNetworkConfig(text: string): NetworkConfig {
  const given = JSON.parse(text) as JsonValue;
  if (!isJsonObject(given)) throw new RangeError("is no object");
  const { name, cniVersion = oldestVersion, plugins } = given;
  if (typeof name !== "string" || !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(name))
    throw new RangeError("name: is missing, or has other characters than letters, digits, dot, - and _");
  if (typeof cniVersion !== "string") throw new RangeError("cniVersion: is no text");
  const list = plugins === undefined ? [given] : plugins;
  if (!Array.isArray(list) || list.length === 0 || list.length > pluginsMax)
    throw new RangeError(`plugins: 1 to ${pluginsMax} of them`);
  return { name, cniVersion, plugins: list.map(parsePlugin) };
}

function parsePlugin(given: JsonValue): NetworkConfig["plugins"][number] {
  const type = isJsonObject(given) ? given["type"] : undefined;
  // It becomes the name of a program in a folder.
  if (!isJsonObject(given) || typeof type !== "string" || !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(type))
    throw new RangeError("type: the name of a plugin is missing");
  return { ...given, type };
}

/** In the order of the files' names; of two with one name the first counts. A folder that isn't there has none. */
export function readNetworkConfigs(folder: string): NetworkCatalog {
  const networks = new Map<string, NetworkConfig>();
  const problems: string[] = [];
  for (const file of namesIn(folder)) {
    try {
      const content = readFileSync(join(folder, file));
      if (content.length > fileBytesMax) throw new RangeError(`is larger than ${fileBytesMax} bytes`);
      const config = parseNetworkConfig(content.toString("utf8"));
      if (!networks.has(config.name)) networks.set(config.name, config);
    } catch (error) {
      problems.push(`${join(folder, file)}: ${errorMessage(error)}`);
    }
  }
  return { networks, problems };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => suffixes.some((suffix) => name.endsWith(suffix)))
      .sort()
      .slice(0, filesMax);
  } catch {
    return [];
  }
}
