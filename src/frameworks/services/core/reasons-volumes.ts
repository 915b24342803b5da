/** Why instances wait that have volumes: they go nowhere but where these are. */
import type { ReasonCode } from "#contracts/services/reasons.ts";
import { type KnownNode, type KnownNodes, setAsideAt } from "#frameworks/base/core/known-nodes.ts";
import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import type { App } from "./app-table.ts";
import type { Instance } from "./instance.ts";
import { keepsReservation } from "./residency.ts";
import type { ServicesState } from "./state.ts";

type VolumeCode = Extract<ReasonCode, "volumesAway" | "volumesLost" | "nodesSetAside" | "noOffersYet">;

/** Each cause once with the number of its instances; `waiting` is how many instances are told of. */
export function volumeReasons(
  state: ServicesState,
  app: App,
  known: KnownNodes | undefined,
  facts: (code: ReasonCode, parameters?: ReasonFacts["parameters"]) => ReasonFacts,
): { readonly reasons: readonly ReasonFacts[]; readonly waiting: number } {
  const bound = [...(state.instances.population(app.id)?.scheduled.bound() ?? [])].filter(keepsReservation);
  if (bound.length === 0) return { reasons: [], waiting: 0 };
  const nodes = new Map((known?.nodes ?? []).map((node) => [node.agent.agentId, node]));
  const groups = new Map<VolumeCode, Instance[]>();
  for (const instance of bound) {
    const code = codeOf(instance, { known, node: nodes.get(instance.agent?.agentId ?? "") }, state);
    groups.set(code, [...(groups.get(code) ?? []), instance]);
  }
  const reasons = [...groups].map(([code, instances]) => {
    const [first] = instances;
    const reason = facts(code, {
      count: instances.length,
      nodes: new Set(instances.map(({ agent }) => agent?.agentId)).size,
      instance: first?.id ?? "",
      host: first?.agent?.host ?? "",
    });
    const isGivenUp = code === "volumesAway" || code === "volumesLost";
    const commands = [...reason.commands, `service wipe ${app.id} ${first?.id ?? ""}`];
    return isGivenUp ? { ...reason, commands } : reason;
  });
  return { reasons, waiting: bound.length };
}

function codeOf(
  instance: Instance,
  { known, node }: { readonly known: KnownNodes | undefined; readonly node: KnownNode | undefined },
  { policy }: ServicesState,
): VolumeCode {
  if (known === undefined) return "noOffersYet";
  if (node === undefined) return "volumesAway";
  if (setAsideAt(node, { now: known.at, drainingMs: policy.drainingMs }) !== undefined)
    return "nodesSetAside";
  if (!node.isActive) return "volumesAway";
  return node.reservedFor?.has(instance.id) === false ? "volumesLost" : "noOffersYet";
}
