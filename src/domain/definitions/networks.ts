/**
 * Networks of apps: older spellings into canonical ones, defaults, and what makes sense.
 * Source: contract marathon.md sections 3.1, 3.2 and 4.
 */
import type { AppChangeInput } from "#contracts/services/app.ts";
import type { AppDefinition, Network, PortMapping } from "./app.ts";
import { given, nonEmpty, nonEmptyMap } from "./given.ts";
import type { ProblemList } from "./problems.ts";

/** The network that `container/bridge` is in. Source: Marathon, `--mesos_bridge_name`. */
export const bridgeNetworkName = "mesos-bridge";

type NetworkInput = NonNullable<AppChangeInput["networks"]>[number];
type ContainerInput = NonNullable<AppChangeInput["container"]>;
type MappingInput = NonNullable<ContainerInput["portMappings"]>[number];

export interface NetworkChange {
  readonly networks?: NetworkInput[];
  readonly portMappings?: MappingInput[];
}

/** What the older spellings say. Adds a problem where two of them contradict. */
export function networkChange(input: AppChangeInput, problems: ProblemList): NetworkChange {
  const { networks, ipAddress, ports, container } = input;
  const legacy = container?.docker?.network;
  if (networks !== undefined && legacy !== undefined)
    problems.add("/container/docker/network", "cannot be given together with networks");
  if (networks !== undefined && ipAddress !== undefined)
    problems.add("/ipAddress", "cannot be given together with networks");
  if (ipAddress !== undefined && (ports ?? []).length > 0)
    problems.add("/ipAddress", "cannot be given together with ports");
  if (legacy === "NONE")
    problems.add("/container/docker/network", "NONE is not a network that an app can be in");
  const older = container?.docker?.portMappings ?? [];
  const newer = container?.portMappings ?? [];
  if (older.length > 0 && newer.length > 0)
    problems.add("/container/docker/portMappings", "cannot be given together with container.portMappings");
  const discovered = ipAddress?.discovery?.ports ?? [];
  if (discovered.length > 0 && older.length + newer.length > 0)
    problems.add("/ipAddress/discovery/ports", "cannot be given together with portMappings");
  if (discovered.length > 0 && container?.docker !== undefined && container.type !== "MESOS")
    problems.add("/ipAddress/discovery/ports", "is for containers of type MESOS");
  const found = networks ?? legacyNetworks(legacy, ipAddress);
  const portMappings =
    discovered.length > 0
      ? discovered.map(({ number, ...port }) => ({ ...port, containerPort: number }))
      : (container?.portMappings ?? container?.docker?.portMappings);
  return { ...given("networks", found), ...given("portMappings", portMappings) };
}

/** With ports in their present place, and without what is said elsewhere now. */
export function mappedContainer(
  container: AppChangeInput["container"],
  portMappings: MappingInput[] | undefined,
): AppChangeInput["container"] {
  if (container?.docker === undefined)
    return portMappings === undefined ? container : { ...container, portMappings };
  const { network: _network, portMappings: _mappings, ...docker } = container.docker;
  return { ...container, docker, ...given("portMappings", portMappings) };
}

function legacyNetworks(
  network: NonNullable<ContainerInput["docker"]>["network"],
  ipAddress: AppChangeInput["ipAddress"],
): NetworkInput[] | undefined {
  const { networkName, labels } = ipAddress ?? {};
  const named: NetworkInput = {
    mode: "container",
    ...given("name", networkName),
    ...given("labels", labels),
  };
  if (network === "HOST") return [{ mode: "host" }];
  if (network === "BRIDGE") return [{ mode: "container/bridge" }];
  if (network === "USER") return [named];
  if (ipAddress === undefined) return undefined;
  return networkName === bridgeNetworkName
    ? [{ mode: "container/bridge", ...given("labels", labels) }]
    : [named];
}

export function completeNetworks(networks: readonly NetworkInput[] | undefined): readonly Network[] {
  if (networks === undefined || networks.length === 0) return [{ mode: "host" }];
  return networks.map(({ mode, name, labels }) => ({
    mode: mode ?? "container",
    ...given("name", name),
    ...nonEmptyMap("labels", labels),
  }));
}

/** Of an app that is not in the agent's network; `declared` are ports of the older kind, which ask for as many. */
export function completeMappings(
  networks: readonly Network[],
  mappings: readonly MappingInput[] | undefined,
  declared: number,
): readonly PortMapping[] {
  const isBridge = networks.some(({ mode }) => mode === "container/bridge");
  const given = mappings ?? (declared > 0 ? [] : [{ name: "default" }]);
  const missing = Math.max(0, declared - given.length);
  return [...given, ...Array.from({ length: missing }, () => ({}))].map((mapping) =>
    completeMapping(mapping, isBridge),
  );
}

function completeMapping(mapping: MappingInput, isBridge: boolean): PortMapping {
  const hostPort = mapping.hostPort ?? (isBridge ? 0 : undefined);
  return {
    containerPort: mapping.containerPort ?? 0,
    ...given("hostPort", hostPort),
    servicePort: mapping.servicePort ?? 0,
    protocol: mapping.protocol === "tcp,udp" ? "udp,tcp" : (mapping.protocol ?? "tcp"),
    ...given("name", mapping.name),
    ...nonEmptyMap("labels", mapping.labels),
    ...nonEmpty("networkNames", mapping.networkNames),
  };
}

/** Adds a problem for every rule broken. */
export function validateNetworks({ networks }: Pick<AppDefinition, "networks">, problems: ProblemList): void {
  if (new Set(networks.map(({ mode }) => mode)).size > 1)
    problems.add("/networks", "all networks have the same mode");
  else if (networks.length > 1 && networks.some(({ mode }) => mode !== "container"))
    problems.add("/networks", "there is at most one host or container/bridge network");
  const names = networks.flatMap(({ name }) => name ?? []);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) < index)))
    problems.add("/networks", `${name} is listed twice`);
  for (const [index, { mode, name, labels }] of networks.entries()) {
    const where = `/networks(${index})`;
    if (mode === "container") {
      if (name === undefined || name === "") problems.add(`${where}/name`, "a container network has a name");
    } else if (name !== undefined) problems.add(`${where}/name`, `a ${mode} network has no name`);
    if (mode === "host" && labels !== undefined)
      problems.add(`${where}/labels`, "must be empty in a host network");
  }
}

export function validateMappings(
  { networks, container }: Pick<AppDefinition, "networks" | "container">,
  problems: ProblemList,
): void {
  const mappings = container?.portMappings ?? [];
  if (container?.type === "DOCKER" && networks.length > 1)
    problems.add("/networks", "a container of type DOCKER is in one network");
  const names = mappings.flatMap(({ name }) => name ?? []);
  if (new Set(names).size < names.length)
    problems.add("/container/portMappings", "Port names must be unique.");
  const known = new Set(networks.flatMap(({ name }) => name ?? []));
  for (const [index, { hostPort, networkNames = [] }] of mappings.entries()) {
    const where = `/container/portMappings(${index})/networkNames`;
    for (const name of networkNames)
      if (!known.has(name)) problems.add(where, `no network of the app is named "${name}"`);
    if (known.size > 1 && hostPort !== undefined && networkNames.length !== 1)
      problems.add(where, "a port of the agent leads into exactly one of several networks");
  }
}
