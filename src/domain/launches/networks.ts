/**
 * Networks of containers in what is launched: as schedulers of ours write them, and as agents read what any framework wrote.
 * Source: Mesos ContainerInfo, NetworkInfo, DockerInfo; contract mesos.md sections 2.5 and 6, marathon.md section 3.2.
 */
import type { ContainerInfo, NetworkInfo, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { bridgeNetworkName } from "../definitions/networks.ts";
import { labelsOf } from "./task-parts.ts";

interface NamedNetwork {
  readonly mode: "host" | "container" | "container/bridge";
  readonly name?: string;
  readonly labels?: { readonly [name: string]: string };
}

/** A task's container in its networks: as Docker says it where the container is Docker's. */
export function inNetworks(
  container: ContainerInfo | undefined,
  infos: readonly NetworkInfo[],
): Pick<TaskInfo, "container"> {
  const [first] = infos;
  if (first === undefined) return container === undefined ? {} : { container };
  if (container?.docker === undefined)
    return { container: { type: "MESOS", ...container, network_infos: infos } };
  const { port_mappings: mappings, ...info } = first;
  const mapped = mappings === undefined ? {} : { port_mappings: mappings };
  const isBridge = info.name === bridgeNetworkName;
  return {
    container: {
      ...container,
      docker: { ...container.docker, network: isBridge ? "BRIDGE" : "USER", ...mapped },
      ...(isBridge && info.labels === undefined ? {} : { network_infos: [info] }),
    },
  };
}

/** What a network of containers is called, with its labels; none for the agent's own. */
export function infoOf({ mode, name, labels = {} }: NamedNetwork): readonly NetworkInfo[] {
  if (mode === "host") return [];
  const wire = labelsOf(labels);
  return [{ name: name ?? bridgeNetworkName, ...(wire.length === 0 ? {} : { labels: { labels: wire } }) }];
}

/** The networks that a container is to be in, each with its name; none leaves it in the agent's own. */
export function networksAskedBy(container: ContainerInfo | undefined): readonly NetworkInfo[] {
  const infos = container?.network_infos ?? [];
  const named = infos.filter(({ name }) => name !== undefined);
  const docker = container?.type === "DOCKER" ? container.docker : undefined;
  const { network, port_mappings: mappings = [] } = docker ?? {};
  if (network !== "BRIDGE" && network !== "USER") return named;
  const asked = network === "BRIDGE" ? [{ ...infos[0], name: named[0]?.name ?? bridgeNetworkName }] : named;
  if (mappings.length === 0) return asked;
  return asked.map((info) => ({ ...info, port_mappings: [...(info.port_mappings ?? []), ...mappings] }));
}

/** A network of its own that leads nowhere. */
export const asksForNoNetwork = (container: ContainerInfo | undefined): boolean =>
  container?.type === "DOCKER" && container.docker?.network === "NONE";

/** A sentence that names the field of a Docker container, or undefined. */
export function dockerNetworkProblem({
  docker,
  network_infos: infos = [],
}: ContainerInfo): string | undefined {
  const { network = "HOST", port_mappings: mappings = [] } = docker ?? {};
  switch (network) {
    case "HOST":
      return mappings.length > 0
        ? "container.docker.port_mappings: with the network HOST a container has the machine's own ports"
        : undefined;
    case "NONE":
      return mappings.length > 0
        ? "container.docker.port_mappings: with the network NONE no port leads into a container"
        : undefined;
    case "BRIDGE":
    case "USER":
      if (infos.length > 1) return "container.network_infos: a container of type DOCKER is in one network";
      return network === "USER" && infos[0]?.name === undefined
        ? "container.network_infos: with the network USER one has the network's name"
        : undefined;
    default:
      return `container.docker.network: ${network} is not supported by this version of Keelson; HOST, BRIDGE, USER and NONE are`;
  }
}
