/** Networks of a task, and how others find its ports there. Source: contract marathon.md sections 3.2 and 9.4. */
import type { Label, NetworkInfo, NetworkInfoPortMapping, Port } from "#contracts/kernel/messages.gen.ts";
import type { Network } from "#domain/definitions/app.ts";
import { bridgeNetworkName } from "#domain/definitions/networks.ts";
import type { PlacedPort } from "#domain/definitions/ports.ts";
import { infoOf } from "#domain/launches/networks.ts";
import { labelsOf } from "#domain/launches/task-parts.ts";

const nameOf = ({ name }: Network): string => name ?? bridgeNetworkName;

/** `networks` are those of containers. */
export function networkInfosOf(
  networks: readonly Network[],
  ports: readonly PlacedPort[],
): readonly NetworkInfo[] {
  return networks.flatMap(infoOf).map((info, index): NetworkInfo => {
    const { name = "" } = info;
    // Of several networks a mapping names one.
    const mappings = ports.filter(({ networkNames }) => networkNames?.includes(name) ?? index === 0);
    const mapped = mappings.flatMap(mappingsOf);
    return {
      ...info,
      ...(mapped.length === 0 ? {} : { port_mappings: mapped }),
    };
  });
}

function mappingsOf({ hostPort, ownPort, protocol }: PlacedPort): readonly NetworkInfoPortMapping[] {
  if (hostPort === undefined) return [];
  return protocol
    .split(",")
    .map((each) => ({ host_port: hostPort, container_port: ownPort, protocol: each }));
}

/** One entry per protocol; `udp,tcp` makes two. */
export function discoveryPorts(
  networks: readonly Network[],
  { hostPort, ownPort, name, protocol, labels = {}, networkNames }: PlacedPort,
): readonly Port[] {
  const all = [...labelsOf(labels), ...scopeOf(networks, hostPort, networkNames)];
  return protocol.split(",").map((each) => ({
    number: hostPort ?? ownPort,
    protocol: each,
    ...(name === undefined ? {} : { name }),
    ...(all.length === 0 ? {} : { labels: { labels: all } }),
  }));
}

/** Whether the number is the agent's or the container's. */
function scopeOf(
  networks: readonly Network[],
  hostPort: number | undefined,
  networkNames: readonly string[] | undefined,
): readonly Label[] {
  if (networks.length === 0) return [];
  if (hostPort !== undefined) return [{ key: "network-scope", value: "host" }];
  const names = networks.map(nameOf).filter((name) => networkNames?.includes(name) ?? true);
  return [
    { key: "network-scope", value: "container" },
    ...names.map((value) => ({ key: "network-name", value })),
  ];
}
