/** What of the cluster needs a person: worst first, with the cause and where to act. */
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import type { DeploymentItem, ServiceItem } from "#contracts/services/own-endpoints.ts";
import type { Reason } from "#contracts/services/reasons.ts";

export type Attention =
  | { readonly kind: "service"; readonly service: ServiceItem; readonly reason: Reason | undefined }
  | { readonly kind: "node"; readonly node: NodeItem }
  | { readonly kind: "deployment"; readonly deployment: DeploymentItem; readonly reason: Reason };

/** A deployment that waits for less than this is only slow. */
const deploymentSlowMs = 120_000;
const severity: Readonly<Record<string, number>> = { failing: 0, unhealthy: 1, waiting: 3 };

export function needsAttention(
  found: {
    readonly services: readonly ServiceItem[];
    readonly nodes: readonly NodeItem[];
    readonly deployments: readonly DeploymentItem[];
  },
  now: number,
): readonly Attention[] {
  const weighed: { readonly weight: number; readonly item: Attention }[] = [];
  for (const service of found.services) {
    const weight = severity[service.status];
    if (weight !== undefined)
      weighed.push({ weight, item: { kind: "service", service, reason: service.reason } });
  }
  for (const node of found.nodes) {
    // One that was given up for ever is nobody's trouble any more.
    if (node.state !== "active" && node.standing !== "gone")
      weighed.push({ weight: 2, item: { kind: "node", node } });
  }
  const named = new Set(found.services.map(({ id }) => id));
  for (const deployment of found.deployments) {
    const { state, reason, startedAt, services } = deployment;
    // What its service says already is not said twice.
    const isSaid = services.some((id) => named.has(id));
    if (state === "running" && reason !== undefined && !isSaid && now - startedAt > deploymentSlowMs)
      weighed.push({ weight: 4, item: { kind: "deployment", deployment, reason } });
  }
  return weighed.sort((one, other) => one.weight - other.weight).map(({ item }) => item);
}
