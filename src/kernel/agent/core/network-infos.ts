/** Networks of containers, as frameworks ask for them and as statuses tell them. Source: Mesos NetworkInfo, network/cni isolator. */
import type { NetworkInfo } from "#contracts/kernel/messages.gen.ts";
import type { JoinedNetworks, NetworkRequest } from "#kernel/containerizer/index.ts";

const portMax = 65_535;
const mappingsMax = 1_000;

/** A sentence that says what stands in the way, or undefined. */
export function networkProblem(infos: readonly NetworkInfo[]): string | undefined {
  const names = infos.flatMap(({ name }) => name ?? []);
  if (names.length === 0) return undefined; // the agent's own network, as Mesos takes it
  if (names.length < infos.length) return "one has a name and another one has none";
  if (new Set(names).size < names.length) return "a container can be in a network only once";
  for (const { name, port_mappings: mappings = [] } of infos) {
    if (mappings.length > mappingsMax) return `${name}: more than ${mappingsMax} port mappings`;
    for (const { host_port: host, container_port: inside, protocol = "tcp" } of mappings) {
      if (!isPort(host) || !isPort(inside)) return `${name}: ${host} to ${inside} is no mapping of ports`;
      if (protocol !== "tcp" && protocol !== "udp")
        return `${name}: protocol ${protocol} is neither tcp nor udp`;
    }
  }
  return undefined;
}

const isPort = (port: number): boolean => port > 0 && port <= portMax;

/** What plugins are asked for. */
export function networkRequests(infos: readonly NetworkInfo[]): readonly NetworkRequest[] {
  return infos.map((info) => ({
    name: info.name ?? "",
    portMappings: (info.port_mappings ?? []).map(({ host_port, container_port, protocol }) => ({
      hostPort: host_port,
      containerPort: container_port,
      protocol: protocol ?? "tcp",
    })),
    networkInfo: { ...info } as NetworkRequest["networkInfo"],
  }));
}

/** What was asked for, with the addresses that came of it. */
export function joinedInfos(
  infos: readonly NetworkInfo[],
  { addresses }: Pick<JoinedNetworks, "addresses">,
): readonly NetworkInfo[] {
  return infos.map((info, index) => ({
    ...info,
    ip_addresses: (addresses[index] ?? []).map((address) => ({
      protocol: protocolOf(address),
      ip_address: address,
    })),
  }));
}

export const protocolOf = (address: string): "IPv4" | "IPv6" => (address.includes(":") ? "IPv6" : "IPv4");
