/** A reason without its sentence: that is made where the language is known. */
import { endCauses, type NodeVerdict, type Reason, type ReasonCode } from "#contracts/services/reasons.ts";

export type ReasonFacts = Omit<Reason, "message" | "remedy" | "nodes"> & { readonly nodes: NodeFacts[] };

/** A node's verdict without its name and sentences. */
export type NodeFacts = Omit<NodeVerdict, "name" | "causes"> & {
  readonly causes: { readonly code: ReasonCode; readonly detail: string }[];
};

/**
 * Which reason is told first when several hold: the cause before its consequence. Nothing of ours works without the
 * kernel; what may not start yet has no faults of its own; an end has a backoff and a missing instance behind it; a
 * lost agent leaves instances without a place; what runs badly comes before what is only slow.
 */
const order: readonly (readonly ReasonCode[])[] = [
  ["kernelUnreachable"],
  ["dependencyNotReady"],
  [...endCauses, "finished"],
  // Above what it holds back: that its instances are ill is part of it.
  ["healthKillsLimited"],
  ["unhealthy"],
  ["agentUnreachable"],
  [
    "noAgents",
    "roleMissing",
    "roleRefused",
    "quotaLimited",
    "volumesAway",
    "volumesLost",
    "constraintNotSatisfiable",
    "largerThanAnyNode",
    "gpusMissing",
    "disksMissing",
    "nodesSetAside",
  ],
  ["constraintUnsatisfied", "insufficientResources", "portsTaken"],
  ["notReady"],
  ["stagingLong", "killing"],
  ["backoff"],
  ["offersSuppressed", "noOffersYet", "waitsItsTurn"],
  ["launching", "startingImage", "pullingImage", "healthUnknown"],
  ["unreachableReplaced"],
  ["deploymentWaitsForPlace", "deploymentWaitsForHealth", "deploymentWaitsForReadiness", "deploymentRunning"],
];
const ranks = new Map(order.flatMap((codes, rank) => codes.map((code) => [code, rank] as const)));

/** The true cause first; what ranks the same stays in the order in which it was found. */
export function inOrder(reasons: readonly ReasonFacts[]): readonly ReasonFacts[] {
  const rank = ({ code }: ReasonFacts): number => ranks.get(code) ?? order.length;
  return [...reasons].sort((one, other) => rank(one) - rank(other));
}
