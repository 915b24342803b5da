/** Offers: made from the allocator's grants, outstanding until answered or taken back. */
import type { Offer, Unavailability } from "#contracts/kernel/messages.gen.ts";
import type { Resources } from "#domain/resources/index.ts";
import type { Grant } from "../../allocator/index.ts";
import { type AgentRecord, type FrameworkRecord, type OfferRecord, urlOf } from "./records.ts";
import { isAware, type MasterState, type Turn } from "./state.ts";

/** Offers each framework what it was granted, all of one run in one event. */
export function makeOffers(state: MasterState, turn: Turn, grants: readonly Grant[]): void {
  const byFramework = new Map<FrameworkRecord, Offer[]>();
  for (const grant of grants) {
    const framework = state.frameworks.get(grant.frameworkId);
    const agent = state.agents.get(grant.agentId);
    if (framework?.connection === undefined || agent === undefined) {
      state.allocator.recover(grant, turn.now);
      continue;
    }
    const offers = byFramework.get(framework) ?? [];
    byFramework.set(framework, offers);
    offers.push(makeOffer(state, turn, framework, agent, grant).wire);
  }
  for (const [framework, offers] of byFramework) turn.tell(framework, { type: "OFFERS", offers: { offers } });
}

function makeOffer(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  agent: AgentRecord,
  grant: Grant,
): OfferRecord {
  const id = `${state.identity.id}-O${state.nextOffer}`;
  state.nextOffer += 1;
  const { frameworkId, agentId, role, resources } = grant;
  const record: OfferRecord = {
    id,
    frameworkId,
    agentId,
    role,
    resources,
    wire: wireOffer(id, framework, agent, grant, state.maintenance.unavailabilityOf(agent)),
  };
  state.offers.set(id, record);
  framework.offers.set(id, record);
  agent.offers.set(id, record);
  const { offerTimeoutMs } = state.policy;
  if (offerTimeoutMs !== undefined)
    state.timers.set(timerOf(id), turn.now + offerTimeoutMs, { kind: "offerTimeout", offerId: id });
  return record;
}

/** Source: contract mesos.md section 1.9. */
function wireOffer(
  id: string,
  framework: FrameworkRecord,
  agent: AgentRecord,
  grant: Grant,
  unavailability: Unavailability | undefined,
): Offer {
  const isMultiRole = isAware(framework, "MULTI_ROLE");
  const { hostname, attributes = [], domain } = agent.info;
  return {
    id: { value: id },
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    hostname,
    url: urlOf(agent),
    resources: grant.resources.toWire({
      format: isAware(framework, "RESERVATION_REFINEMENT") ? "stack" : "old",
      allocationRole: isMultiRole ? grant.role : undefined,
    }),
    ...(attributes.length === 0 ? {} : { attributes }),
    ...executorIdsOn(framework, agent),
    ...(domain === undefined ? {} : { domain }),
    ...(unavailability === undefined ? {} : { unavailability }),
    ...(isMultiRole ? { allocation_info: { role: grant.role } } : {}),
  };
}

/** The framework's executors that are there already. */
function executorIdsOn({ executors }: FrameworkRecord, { id }: AgentRecord): Pick<Offer, "executor_ids"> {
  const there = [...executors].filter(({ agentId }) => agentId === id);
  return there.length === 0 ? {} : { executor_ids: there.map(({ info }) => info.executor_id) };
}

/** The offer is over; what was in it is somebody else's matter. */
export function forgetOffer(state: MasterState, offer: OfferRecord): void {
  state.offers.delete(offer.id);
  state.timers.cancel(timerOf(offer.id));
  state.frameworks.get(offer.frameworkId)?.offers.delete(offer.id);
  state.agents.get(offer.agentId)?.offers.delete(offer.id);
}

/** The offer is over and its resources, or what is left of them, are free. */
export function returnOffer(
  state: MasterState,
  turn: Turn,
  offer: OfferRecord,
  {
    rest = offer.resources,
    refuseSeconds,
  }: { readonly rest?: Resources; readonly refuseSeconds?: number } = {},
): void {
  forgetOffer(state, offer);
  const { frameworkId, agentId, role } = offer;
  state.allocator.recover({ frameworkId, agentId, role, resources: rest }, turn.now, refuseSeconds);
}

const timerOf = (offerId: string): string => `offer ${offerId}`;

export function offerTimedOut(state: MasterState, turn: Turn, offerId: string): void {
  const offer = state.offers.get(offerId);
  if (offer !== undefined) rescindOffer(state, turn, offer);
}

/** Takes an offer back from its framework. */
export function rescindOffer(state: MasterState, turn: Turn, offer: OfferRecord): void {
  returnOffer(state, turn, offer);
  const framework = state.frameworks.get(offer.frameworkId);
  if (framework !== undefined)
    turn.tell(framework, { type: "RESCIND", rescind: { offer_id: { value: offer.id } } });
}
