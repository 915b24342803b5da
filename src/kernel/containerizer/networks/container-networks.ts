/**
 * Networks of containers, made by plugins (CNI): a network namespace for each container that asks for one, joined to the
 * networks it names.
 *
 * Invariants: what is asked of plugins is on the disk before they are asked, so that it can be taken back whoever dies;
 * no container joins while one that ended before is still leaving, so that its ports are free.
 * Source: Mesos, network/cni isolator; ADR 0170.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "#foundation/base/errors.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { LaunchError, type NetworkFilesPlace } from "../driver.ts";
import {
  type AttachedNetwork,
  type Attachment,
  addressesOf,
  type NetworkRequest,
  readAttachment,
  writeAttachment,
} from "./attachment.ts";
import { type NetworkConfig, readNetworkConfigs } from "./cni-config.ts";
import { callPlugin, type PluginCall } from "./cni-plugin.ts";
import { defaultNetwork, defaultNetworkName, removeDefaultBridge } from "./default-network.ts";
import { networkFileNames, networkFiles } from "./network-files.ts";
import { forgetLost, makeNamespace, removeNamespace } from "./network-namespace.ts";

export interface ContainerNetworksOptions {
  /** Everything of it on the disk, one folder a container. Absolute. */
  readonly dir: string;
  /** Descriptions of networks. Absolute. Absent: there is the default one only. */
  readonly configDir?: string;
  /** Folders of plugins, as PATH has them. Absent: the usual ones. */
  readonly pluginsPath?: string;
  readonly warn: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface JoinedNetworks {
  /** File of the namespace. */
  readonly namespace: string;
  /** One entry for each network that was asked for, in that order. */
  readonly addresses: readonly (readonly string[])[];
  /** Absent for a container that an older agent started. */
  readonly files?: NetworkFilesPlace;
}

const usualPluginsPath = "/usr/lib/cni:/opt/cni/bin";
/** Containers that join at the same time; others wait. */
const joinsMax = 4;
/** How many networks one container may be in. */
const networksMax = 16;
/** Of sethostname(2). */
const hostnameMax = 63;
/** The second is there where systemd answers on the machine's loopback. */
const resolverFiles = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

export class ContainerNetworks {
  readonly #options: ContainerNetworksOptions;
  readonly #pluginsPath: string;
  readonly #joined = new Map<string, Promise<JoinedNetworks>>();
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #joining = 0;

  constructor(options: ContainerNetworksOptions) {
    this.#options = options;
    this.#pluginsPath = options.pluginsPath ?? usualPluginsPath;
  }

  namespaceOf(containerId: string): string {
    return join(this.#options.dir, containerId, "ns");
  }

  /**
   * Once for each container: those that share its networks are given the same. Its name is its id, unless it has another.
   * Throws `LaunchError`.
   */
  join(
    containerId: string,
    requests: readonly NetworkRequest[],
    hostname = containerId.slice(0, hostnameMax),
  ): Promise<JoinedNetworks> {
    const present = this.#joined.get(containerId);
    if (present !== undefined) return present;
    const joined = this.#join(containerId, requests, hostname);
    this.#joined.set(containerId, joined);
    joined.catch(() => this.#joined.delete(containerId));
    return joined;
  }

  async #join(
    containerId: string,
    requests: readonly NetworkRequest[],
    hostname: string,
  ): Promise<JoinedNetworks> {
    await Promise.all(this.#leaving.values());
    const known = await this.#recall(containerId);
    if (known !== undefined) return known;
    await this.#turn();
    try {
      const networks = await this.#attach(containerId, this.#settle(requests));
      return joinedOf(
        this.namespaceOf(containerId),
        networks,
        await this.#placeFiles(containerId, networks, hostname),
      );
    } catch (error) {
      await this.#detach(containerId).catch(() => undefined);
      throw error instanceof LaunchError ? error : new LaunchError("isolation", errorMessage(error));
    } finally {
      this.#joining -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#joining >= joinsMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#joining += 1;
  }

  /** Of a container that has joined in a former life of the agent. */
  async #recall(containerId: string): Promise<JoinedNetworks | undefined> {
    const attachment = await readAttachment(join(this.#options.dir, containerId));
    if (attachment === undefined || attachment.networks.some(({ result }) => result === undefined))
      return undefined;
    const directory = join(this.#options.dir, containerId);
    const hostname = await readFile(join(directory, "hostname"), "utf8").catch(() => undefined);
    const files = hostname === undefined ? undefined : { directory, hostname: hostname.trim() };
    return joinedOf(this.namespaceOf(containerId), attachment.networks, files);
  }

  async #placeFiles(
    containerId: string,
    networks: readonly AttachedNetwork[],
    hostname: string,
  ): Promise<NetworkFilesPlace> {
    const directory = join(this.#options.dir, containerId);
    const read = resolverFiles.map((file) => readFile(file, "utf8").catch(() => ""));
    const files = networkFiles({
      hostname,
      addresses: networks.flatMap(({ result }) => addressesOf(result)),
      results: networks.map(({ result }) => result),
      resolvers: await Promise.all(read),
    });
    for (const name of networkFileNames) await writeFile(join(directory, name), files[name], { mode: 0o644 });
    return { directory, hostname };
  }

  /** What each network is, and that it can be joined on this machine. Throws `LaunchError` with what is missing. */
  #settle(requests: readonly NetworkRequest[]): readonly AttachedNetwork[] {
    if (process.getuid?.() !== 0)
      throw refusal("an agent that does not run as root cannot make networks for containers");
    if (requests.length > networksMax) throw refusal(`a container can be in ${networksMax} networks at most`);
    const networks = requests.map((request, index) => ({
      ...request,
      config: this.#configOf(request.name),
      interfaceName: `eth${index}`,
    }));
    for (const type of ["loopback", ...networks.flatMap(typesOf)]) this.#programOf(type);
    for (const { name, portMappings, config } of networks)
      if (portMappings.length > 0 && !config.plugins.some(takesPorts))
        throw refusal(`network ${name} has no plugin that maps ports (capability portMappings)`);
    return networks;
  }

  #configOf(name: string): NetworkConfig {
    const { dir, configDir } = this.#options;
    const { networks, problems } =
      configDir === undefined ? { networks: new Map(), problems: [] } : readNetworkConfigs(configDir);
    const found = networks.get(name);
    if (found !== undefined) return found;
    if (name === defaultNetworkName) return defaultNetwork(join(dir, ".default"));
    const known = [...networks.keys(), defaultNetworkName].join(", ");
    const broken = problems.length === 0 ? "" : `; not readable: ${problems.join("; ")}`;
    throw refusal(`there is no network ${name} on this agent; it has ${known}${broken}`);
  }

  #programOf(type: string, path = this.#pluginsPath): string {
    for (const folder of path.split(":")) {
      const program = join(folder, type);
      try {
        accessSync(program, constants.X_OK);
        return program;
      } catch {
        // perhaps in the next
      }
    }
    throw refusal(
      `the plugin ${type} is not in ${path}; on Debian it is in the package containernetworking-plugins`,
    );
  }

  async #attach(
    containerId: string,
    networks: readonly AttachedNetwork[],
  ): Promise<readonly AttachedNetwork[]> {
    const folder = join(this.#options.dir, containerId);
    const namespace = this.namespaceOf(containerId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    let attachment: Attachment = {
      formatVersion: 1,
      containerId,
      pluginsPath: this.#pluginsPath,
      networks,
    };
    writeAttachment(folder, attachment);
    await makeNamespace(namespace);
    const call = { command: "ADD", containerId, namespace, path: this.#pluginsPath } as const;
    const loopback = { cniVersion: "0.4.0", name: "lo", type: "loopback" };
    await callPlugin({
      ...call,
      program: this.#programOf("loopback"),
      interfaceName: "lo",
      config: loopback,
    });
    for (const network of networks) {
      const result = await this.#add(network, call);
      const done = attachment.networks.map((each) => (each === network ? { ...network, result } : each));
      attachment = { ...attachment, networks: done };
      writeAttachment(folder, attachment);
    }
    return attachment.networks;
  }

  async #add(network: AttachedNetwork, call: Omit<PluginCall, "program" | "interfaceName" | "config">) {
    let result: JsonObject | undefined;
    for (const plugin of network.config.plugins) {
      const said = await callPlugin({
        ...call,
        program: this.#programOf(plugin.type),
        interfaceName: network.interfaceName,
        config: inputOf(plugin, network, result),
      }).catch((error: unknown) => {
        throw refusal(`network ${network.name}: ${errorMessage(error)}`);
      });
      if (Object.keys(said).length > 0) result = said;
    }
    return result ?? {};
  }

  /** Of a container that has ended. Never fails: what could not be taken back is tried again by `recover`. */
  leave(containerId: string): Promise<void> {
    const present = this.#leaving.get(containerId);
    if (present !== undefined) return present;
    if (!this.#joined.has(containerId) && !existsSync(join(this.#options.dir, containerId)))
      return Promise.resolve();
    const leaving = this.#leave(containerId).finally(() => this.#leaving.delete(containerId));
    this.#leaving.set(containerId, leaving);
    return leaving;
  }

  async #leave(containerId: string): Promise<void> {
    await this.#joined.get(containerId)?.catch(() => undefined);
    this.#joined.delete(containerId);
    await this.#detach(containerId).catch((error: unknown) =>
      this.#options.warn("network.leaveFailed", { containerId, error: errorMessage(error) }),
    );
  }

  async #detach(containerId: string): Promise<void> {
    const folder = join(this.#options.dir, containerId);
    const attachment = await readAttachment(folder);
    const namespace = this.namespaceOf(containerId);
    const path = attachment?.pluginsPath ?? this.#pluginsPath;
    await forgetLost(namespace);
    const problems: string[] = [];
    for (const network of [...(attachment?.networks ?? [])].reverse()) {
      for (const plugin of [...network.config.plugins].reverse()) {
        try {
          await callPlugin({
            command: "DEL",
            containerId,
            namespace,
            path,
            program: this.#programOf(plugin.type, path),
            interfaceName: network.interfaceName,
            config: inputOf(plugin, network, network.result),
          });
        } catch (error) {
          problems.push(errorMessage(error));
        }
      }
    }
    await removeNamespace(namespace);
    if (problems.length > 0) throw new Error(problems.join("; "));
    await rm(folder, { recursive: true, force: true });
  }

  /** After a start of the agent: containers that nobody knows any more leave their networks. Addresses of the others. */
  async recover(live: ReadonlySet<string>): Promise<ReadonlyMap<string, JoinedNetworks["addresses"]>> {
    const found = (await readdir(this.#options.dir).catch(() => [])).filter((name) => !name.startsWith("."));
    await Promise.all(found.filter((name) => !live.has(name)).map((name) => this.leave(name)));
    const kept = new Map<string, JoinedNetworks["addresses"]>();
    for (const name of found.filter((each) => live.has(each))) {
      const joined = await this.#recall(name);
      if (joined !== undefined) kept.set(name, joined.addresses);
    }
    return kept;
  }

  /** Of an agent that is no more: nothing of its networks stays on the machine. */
  async removeAll(): Promise<void> {
    await this.recover(new Set());
    await removeDefaultBridge(join(this.#options.dir, ".default"));
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#joined.values(), ...this.#leaving.values()]);
  }
}

const refusal = (message: string): LaunchError =>
  new LaunchError("isolation", `Container network: ${message}`);

const joinedOf = (
  namespace: string,
  networks: readonly AttachedNetwork[],
  files: NetworkFilesPlace | undefined,
): JoinedNetworks => ({
  namespace,
  addresses: networks.map(({ result }) => addressesOf(result)),
  ...(files === undefined ? {} : { files }),
});

const takesPorts = (plugin: JsonObject): boolean =>
  (plugin["capabilities"] as JsonObject | undefined)?.["portMappings"] === true;

function typesOf({ config }: AttachedNetwork): readonly string[] {
  return config.plugins.flatMap((plugin) => {
    const ipam = (plugin["ipam"] as JsonObject | undefined)?.["type"];
    return typeof ipam === "string" && ipam !== "" ? [plugin.type, ipam] : [plugin.type];
  });
}

/** A plugin's own description, and what it is told of this container. */
function inputOf(
  plugin: JsonObject,
  { config, portMappings, networkInfo }: AttachedNetwork,
  prevResult: JsonObject | undefined,
): JsonObject {
  return {
    ...plugin,
    cniVersion: config.cniVersion,
    name: config.name,
    args: {
      ...(plugin["args"] as JsonObject | undefined),
      "org.apache.mesos": { network_info: networkInfo },
    },
    ...(takesPorts(plugin)
      ? { runtimeConfig: { portMappings: portMappings.map((mapping) => ({ ...mapping })) } }
      : {}),
    ...(prevResult === undefined ? {} : { prevResult }),
  };
}
