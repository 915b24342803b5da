/**
 * The ports of an app, whatever network its instances are in: ports of the agent, or of containers, with or without one
 * of the agent's that leads there. Source: Marathon v2 API (contract marathon.md sections 3.1, 9.2, 9.4).
 */
import type { AppDefinition, Network } from "./app.ts";
import type { PodEndpoint } from "./pod.ts";

/** As it was declared. */
export interface DeclaredPort {
  readonly name?: string;
  readonly protocol: "tcp" | "udp" | "udp,tcp";
  readonly labels?: { readonly [name: string]: string };
  /** 0 has one assigned. */
  readonly servicePort: number;
  /** What a task is told of it by: `PORT_8080`. 0: by the port that it has. */
  readonly number: number;
  /** On the agent; 0 has one given, none leaves the port within the container. */
  readonly hostPort?: number;
  /** Within the container; 0 is the same as on the agent. Absent: there is no other network than the agent's. */
  readonly containerPort?: number;
  /** Networks in which it is, when there are several. */
  readonly networkNames?: readonly string[];
}

/** As an instance has it. */
export interface PlacedPort {
  readonly declared: DeclaredPort;
  readonly hostPort: number | undefined;
  /** Where the instance itself listens. */
  readonly ownPort: number;
}

export const isInHostNetwork = ({ networks }: { readonly networks: readonly Network[] }): boolean =>
  networks.every(({ mode }) => mode === "host");

export function portsOf(
  definition: Pick<AppDefinition, "networks" | "portDefinitions" | "container" | "requirePorts">,
): readonly DeclaredPort[] {
  if (isInHostNetwork(definition)) {
    return (definition.portDefinitions ?? []).map(({ port, ...rest }) => ({
      ...rest,
      servicePort: port,
      number: port,
      hostPort: definition.requirePorts ? port : 0,
    }));
  }
  return (definition.container?.portMappings ?? []).map((mapping) => ({
    ...mapping,
    number: mapping.containerPort,
  }));
}

/** Of a pod: those of all containers, in their order. A pod's containers are in the same networks. */
export function portsOfPod({
  networks,
  pod,
}: Pick<AppDefinition, "networks" | "pod">): readonly DeclaredPort[] {
  const isHost = isInHostNetwork({ networks });
  const endpoints = (pod?.containers ?? []).flatMap(({ endpoints: own = [] }) => own);
  return endpoints.map((endpoint) => portOfEndpoint(endpoint, isHost));
}

function portOfEndpoint(
  { name, protocol, labels, hostPort, containerPort = 0, networkNames }: PodEndpoint,
  isHost: boolean,
): DeclaredPort {
  const [first = "tcp"] = protocol;
  return {
    name,
    protocol: protocol.length > 1 ? "udp,tcp" : first,
    ...(labels === undefined ? {} : { labels }),
    servicePort: 0,
    number: containerPort,
    ...(hostPort === undefined ? {} : { hostPort }),
    ...(isHost ? {} : { containerPort }),
    ...(networkNames === undefined ? {} : { networkNames }),
  };
}

/** Those that an agent gives a port for, in the order in which it does. */
export const hostPortsOf = (ports: readonly DeclaredPort[]): readonly (number | undefined)[] =>
  ports.flatMap(({ hostPort }) => (hostPort === undefined ? [] : [hostPort === 0 ? undefined : hostPort]));

/**
 * What was declared, with what the instance was given. Numbers beyond what was declared are of a former definition.
 * `seed` is the task's id: a port within a container that nothing was said of follows from it.
 */
export function placedPorts(
  declared: readonly DeclaredPort[],
  given: readonly number[],
  seed: string,
): readonly PlacedPort[] {
  const placed: PlacedPort[] = [];
  let taken = 0;
  for (const [index, port] of declared.entries()) {
    const { containerPort = 0 } = port;
    const hostPort = port.hostPort === undefined ? undefined : given[taken];
    if (port.hostPort !== undefined) {
      if (hostPort === undefined) continue;
      taken += 1;
    }
    const ownPort = containerPort === 0 ? (hostPort ?? generatedPort(`${seed}/${index}`)) : containerPort;
    placed.push({ declared: port, hostPort, ownPort });
  }
  return placed;
}

const firstGenerated = 1_025;
const portMax = 65_535;

/** FNV-1a: the same for the same task, and seldom the same for two ports. */
function generatedPort(seed: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < seed.length; at += 1) hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193);
  return firstGenerated + ((hash >>> 0) % (portMax - firstGenerated + 1));
}
