/**
 * Why a framework is, or is not, offered resources: read from the allocator's own judgement of each node, so that what is
 * told is what is done. What one question costs is bounded: so many nodes are looked at and no more, and it says how many.
 */
import type {
  NodeOffer,
  OfferCause,
  OfferReason,
  OfferVerdict,
} from "#contracts/kernel/allocation-endpoints.ts";
import type { Resources } from "#domain/resources/index.ts";
import type { AgentVerdict, Explanation } from "../../allocator/index.ts";
import type { FrameworkRecord } from "./records.ts";
import type { MasterState } from "./state.ts";

/** Judgements of one question, over all frameworks that it is about. */
export const judgementsMax = 20_000;
/** Nodes named in an answer, each role. */
export const nodesShownMax = 100;

/** A verdict without its texts, and the numbers that they are made of. */
export interface VerdictFacts {
  readonly verdict: Omit<OfferVerdict, "text" | "remedy">;
  readonly parameters: Readonly<Record<string, string | number>>;
}

export function explainOffers(
  state: MasterState,
  framework: FrameworkRecord,
  agentsMax: number,
  pick: (role: string) => boolean = () => true,
): readonly VerdictFacts[] {
  return state.allocator
    .explain(framework.id, agentsMax)
    .filter(({ role }) => pick(role))
    .map((explanation) => verdictOf(state, framework, explanation));
}

function verdictOf(state: MasterState, framework: FrameworkRecord, explanation: Explanation): VerdictFacts {
  const { role, suppressed, share, roleShare, ahead, agents, verdicts } = explanation;
  const offeredOn = new Map<string, Resources>();
  for (const offer of framework.offers.values())
    if (offer.role === role) offeredOn.set(offer.agentId, offer.resources);
  const counts = noCounts();
  const nodes: NodeOffer[] = [];
  let until: number | undefined;
  for (const found of verdicts) {
    const cause = offeredOn.has(found.agentId) ? "offered" : found.cause;
    counts[cause] += 1;
    if (found.until !== undefined) until = Math.min(until ?? found.until, found.until);
    if (nodes.length < nodesShownMax) nodes.push(nodeOffer(found, cause, offeredOn.get(found.agentId)));
  }
  const reason = reasonOf(state, framework, explanation, counts);
  return {
    verdict: {
      frameworkId: framework.id,
      frameworkName: framework.info.name,
      role,
      reason,
      suppressed,
      share,
      roleShare,
      ahead,
      agents,
      examined: verdicts.length,
      ...counts,
      nodes,
    },
    parameters: {
      framework: framework.info.name,
      role,
      count: reason in counts ? counts[reason as OfferCause] : 0,
      nodes: verdicts.length,
      ahead,
      until: until ?? 0,
      back: state.agents.size,
      wanted: state.allocator.paused?.agents ?? 0,
    },
  };
}

function nodeOffer(
  { agentId, facts, free, offerable, until }: AgentVerdict,
  cause: OfferCause,
  offered: Resources | undefined,
): NodeOffer {
  return {
    id: agentId,
    hostname: facts.hostname,
    cause,
    free: amountsOf(free),
    offerable: amountsOf(offered ?? offerable),
    ...(until === undefined || cause !== "filtered" ? {} : { until }),
  };
}

/** What goes before all nodes; then whatever most nodes have in common. */
function reasonOf(
  { allocator }: MasterState,
  { connection }: FrameworkRecord,
  { suppressed, agents }: Explanation,
  counts: Readonly<Record<OfferCause, number>>,
): OfferReason {
  if (connection === undefined) return "disconnected";
  if (counts.offered > 0) return "offered";
  if (allocator.paused !== undefined) return "paused";
  if (suppressed) return "suppressed";
  if (agents === 0) return "noNodes";
  if (counts.offerable > 0) return "offerable";
  let most: OfferCause = "nothingFree";
  // Nodes that hold nothing free say little, as long as others say more.
  for (const cause of causesByWeight)
    if (counts[cause] > (most === "nothingFree" ? 0 : counts[most])) most = cause;
  return most;
}

/** Of equal counts the first is told. */
const causesByWeight: readonly OfferCause[] = [
  "limit",
  "heldBack",
  "filtered",
  "constraints",
  "gpus",
  "reserved",
  "missingCapability",
  "otherRegion",
  "belowMinimum",
  "inactive",
];

const noCounts = (): Record<OfferCause, number> => ({
  offered: 0,
  offerable: 0,
  inactive: 0,
  otherRegion: 0,
  constraints: 0,
  nothingFree: 0,
  gpus: 0,
  reserved: 0,
  missingCapability: 0,
  limit: 0,
  heldBack: 0,
  belowMinimum: 0,
  filtered: 0,
});

/** Scalars by name; what is revocable has a name of its own. */
export function amountsOf(resources: Resources): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { name, amount, revocable } of resources.entries) {
    if (amount.kind !== "scalar") continue;
    const key = revocable ? `${name}_revocable` : name;
    sums.set(key, (sums.get(key) ?? 0) + amount.millis);
  }
  return Object.fromEntries([...sums].map(([name, millis]) => [name, millis / 1000]));
}
