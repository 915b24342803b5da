/**
 * Asking frameworks to leave machines that will not be there. Only advice: whatever they answer is recorded, and nothing
 * follows from it. Source: contract mesos.md section 5.5.
 */
import type { Filters, InverseOffer, OfferID } from "#contracts/kernel/messages.gen.ts";
import { refuseSecondsOf } from "./accept.ts";
import type { InverseAnswer, InverseOfferRecord } from "./maintenance-state.ts";
import { type AgentRecord, type FrameworkRecord, urlOf } from "./records.ts";
import type { MasterState, Turn } from "./state.ts";

/** Asks every framework that holds something on such an agent, unless it was asked and has not answered, or just has. */
export function makeInverseOffers(state: MasterState, turn: Turn): void {
  const { maintenance } = state;
  if (maintenance.windows.length === 0) return;
  state.timers.set("inverse offers", turn.now + state.policy.allocator.allocationIntervalMs, {
    kind: "inverseOffers",
  });
  const asked = new Set([...maintenance.inverseOffers.values()].map(placeOf));
  const made = new Map<FrameworkRecord, InverseOffer[]>();
  for (const agent of state.agents.values()) {
    const unavailability = maintenance.unavailabilityOf(agent);
    if (unavailability === undefined || agent.connection === undefined) continue;
    for (const frameworkId of holdersOf(agent)) {
      const framework = state.frameworks.get(frameworkId);
      const answer = maintenance.answers.get(agent.id)?.get(frameworkId);
      if (framework?.connection === undefined || asked.has(placeOf({ frameworkId, agentId: agent.id })))
        continue;
      if (answer !== undefined && answer.quietUntil > turn.now) continue;
      const id = `${state.identity.id}-O${state.nextOffer}`;
      state.nextOffer += 1;
      const wire: InverseOffer = {
        id: { value: id },
        framework_id: { value: frameworkId },
        agent_id: { value: agent.id },
        url: urlOf(agent),
        unavailability,
      };
      maintenance.inverseOffers.set(id, { id, frameworkId, agentId: agent.id, wire });
      made.set(framework, [...(made.get(framework) ?? []), wire]);
    }
  }
  for (const [framework, inverse_offers] of made)
    turn.tell(framework, { type: "INVERSE_OFFERS", inverse_offers: { inverse_offers } });
}

const placeOf = ({ frameworkId, agentId }: Pick<InverseOfferRecord, "frameworkId" | "agentId">): string =>
  `${agentId} ${frameworkId}`;

/** Whoever is offered something of it or uses something. */
function holdersOf(agent: AgentRecord): ReadonlySet<string> {
  const holders = new Set<string>();
  for (const { frameworkId } of agent.offers.values()) holders.add(frameworkId);
  for (const { frameworkId, isReleased } of agent.tasks) if (!isReleased) holders.add(frameworkId);
  return holders;
}

export function answerInverseOffers(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  answer: {
    readonly status: InverseAnswer["status"];
    readonly ids: readonly OfferID[];
    readonly filters: Filters | undefined;
  },
): void {
  const { inverseOffers, answers } = state.maintenance;
  const quietUntil = turn.now + Math.min(refuseSecondsOf(answer.filters) * 1000, quietMaxMs);
  for (const { value } of answer.ids) {
    const offer = inverseOffers.get(value);
    if (offer?.frameworkId !== framework.id) continue;
    inverseOffers.delete(value);
    const ofAgent = answers.get(offer.agentId) ?? new Map<string, InverseAnswer>();
    answers.set(
      offer.agentId,
      ofAgent.set(framework.id, { status: answer.status, at: turn.now, quietUntil }),
    );
  }
}

/** REVIVE: what it answered stays answered, and it may be asked again at once. */
export function reviveInverseOffers({ maintenance }: MasterState, turn: Turn, frameworkId: string): void {
  for (const ofAgent of maintenance.answers.values()) {
    const answer = ofAgent.get(frameworkId);
    if (answer !== undefined) ofAgent.set(frameworkId, { ...answer, quietUntil: turn.now });
  }
}

const quietMaxMs = 365 * 86_400_000;

/** The agent is gone, or what was said of it is no longer true: frameworks are told, and their answers forgotten. */
export function dropInverseOffers(state: MasterState, turn: Turn, agentId: string): void {
  const { inverseOffers, answers } = state.maintenance;
  answers.delete(agentId);
  if (inverseOffers.size === 0) return;
  for (const [id, offer] of inverseOffers) {
    if (offer.agentId !== agentId) continue;
    inverseOffers.delete(id);
    const framework = state.frameworks.get(offer.frameworkId);
    if (framework !== undefined)
      turn.tell(framework, {
        type: "RESCIND_INVERSE_OFFER",
        rescind_inverse_offer: { inverse_offer_id: { value: id } },
      });
  }
}

/** The framework has no stream: what it was asked it will be asked again. */
export function forgetInverseOffersTo(state: MasterState, frameworkId: string, isGone: boolean): void {
  const { inverseOffers, answers } = state.maintenance;
  for (const [id, offer] of inverseOffers) if (offer.frameworkId === frameworkId) inverseOffers.delete(id);
  if (isGone) for (const ofAgent of answers.values()) ofAgent.delete(frameworkId);
}
