/** Networks of a task, and how others find its ports there. Source: contract marathon.md sections 3.2 and 9.4. */
import type { Label, NetworkInfo, NetworkInfoPortMapping, Port } from "#contracts/kernel/messages.gen.ts";
import type { Network } from "#domain/definitions/app.ts";
import { bridgeNetworkName } from "#domain/definitions/networks.ts";
import type { DeclaredPort, PlacedPort } from "#domain/definitions/ports.ts";
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
    const mappings = ports.filter(({ declared }) => declared.networkNames?.includes(name) ?? index === 0);
    const mapped = mappings.flatMap(mappingsOf);
    return {
      ...info,
      ...(mapped.length === 0 ? {} : { port_mappings: mapped }),
    };
  });
}

function mappingsOf({ declared, hostPort, ownPort }: PlacedPort): readonly NetworkInfoPortMapping[] {
  if (hostPort === undefined) return [];
  return declared.protocol
    .split(",")
    .map((each) => ({ host_port: hostPort, container_port: ownPort, protocol: each }));
}

/** What others are told of a port, but for its number. */
export type PortTemplate = Omit<Port, "number">;

/** One entry per protocol; `udp,tcp` makes two. */
export function portTemplatesOf(
  networks: readonly Network[],
  { hostPort, name, protocol, labels = {}, networkNames }: DeclaredPort,
): readonly PortTemplate[] {
  const all = [...labelsOf(labels), ...scopeOf(networks, hostPort, networkNames)];
  return protocol.split(",").map((each) => ({
    protocol: each,
    ...(name === undefined ? {} : { name }),
    ...(all.length === 0 ? {} : { labels: { labels: all } }),
  }));
}

export const discoveryPort = (template: PortTemplate, { hostPort, ownPort }: PlacedPort): Port => ({
  number: hostPort ?? ownPort,
  ...template,
});

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
