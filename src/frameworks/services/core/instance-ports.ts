/** Where an instance's ports are reached from outside of it. Source: contract marathon.md section 15.2. */
import type { AppDefinition, CheckedPort } from "#domain/definitions/app.ts";
import { isInHostNetwork, placedPorts, portsOf } from "#domain/definitions/ports.ts";
import type { Instance } from "./instance.ts";

/** On the agent where a port of it leads there, and else at the container's own address. */
export function placeOf(
  definition: AppDefinition,
  { agent, ports, ipAddresses, taskId }: Instance,
  { port, portIndex }: CheckedPort,
): { readonly host: string; readonly port: number } | undefined {
  const isHost = isInHostNetwork(definition);
  const address = isHost ? agent?.host : ipAddresses[0]?.ipAddress;
  if (port !== undefined) return address === undefined ? undefined : { host: address, port };
  const placed = placedPorts(portsOf(definition), ports, taskId ?? "")[portIndex ?? 0];
  if (placed === undefined || agent === undefined) return undefined;
  if (placed.hostPort !== undefined) return { host: agent.host, port: placed.hostPort };
  return address === undefined ? undefined : { host: address, port: placed.ownPort };
}
