/**
 * Operations as the master performs them: at once in its own tables, then by its agent, which makes them durable.
 *
 * The agent's word counts in the end. When it could not do it, or never got the order, it says what it has, and that
 * replaces what the master believed. Source: contract mesos.md sections 1.5 and 3.2.
 */
import type { OfferOperation } from "#contracts/kernel/messages.gen.ts";
import {
  type Conversion,
  conversionOf,
  isConversion,
  normalised,
  Resources,
  ResourcesInvalid,
} from "#domain/resources/index.ts";
import { frameworkDenial, operationNeeds } from "../authorization.ts";
import type { Reply } from "../effects.ts";
import type { MasterEvent } from "../events.ts";
import { rescindOffer, returnOffer } from "../offers.ts";
import type { AgentRecord, FrameworkRecord, OfferRecord } from "../records.ts";
import type { MasterState, Turn } from "../state.ts";
import { type Asker, operationProblem } from "./judge.ts";
import { tellOperation } from "./statuses.ts";

/** What an ACCEPT still has: for the operations that follow, and what only comes back at its end. */
export interface Remaining {
  readonly usable: Resources;
  /** Volumes that changed their size: not for later operations of the same call. */
  readonly setAside: Resources;
}

type Judged =
  | { readonly kind: "fit"; readonly conversion: Conversion; readonly info: OfferOperation }
  | { readonly kind: "unfit"; readonly problem: string };

/** One operation of an ACCEPT. A failing one is told and changes nothing. */
export function performAccepted(
  state: MasterState,
  turn: Turn,
  acceptance: {
    readonly framework: FrameworkRecord;
    readonly agent: AgentRecord;
    readonly offer: OfferRecord;
    readonly remaining: Remaining;
  },
  operation: OfferOperation,
): Remaining {
  const { framework, agent, offer, remaining } = acceptance;
  const holder = { frameworkId: framework.id, role: offer.role };
  const judged = judge(operation, agent, { kind: "framework", framework, role: offer.role });
  const problem =
    judged.kind === "unfit"
      ? judged.problem
      : (frameworkDenial(state.authorizer, framework, operationNeeds(operation)) ??
        (remaining.usable.contains(judged.conversion.consumed)
          ? undefined
          : `it takes ${judged.conversion.consumed}, of which the offers hold ${remaining.usable}`));
  if (judged.kind === "unfit" || problem !== undefined) {
    state.operations.end(operation, "OPERATION_ERROR");
    tellOperation(turn, framework, operation.id, {
      state: "OPERATION_ERROR",
      message: `${operation.type ?? "operation"}: ${problem ?? ""}`,
      agent_id: { value: agent.id },
    });
    return remaining;
  }
  const { conversion, info } = judged;
  rescindShared(state, turn, agent, conversion);
  state.allocator.convert(agent.id, conversion, holder);
  order(state, turn, agent, { conversion, info, frameworkId: framework.id });
  const left = remaining.usable.minus(conversion.consumed);
  return info.type === "GROW_VOLUME" || info.type === "SHRINK_VOLUME"
    ? { usable: left, setAside: remaining.setAside.plus(conversion.converted) }
    : { usable: left.plus(conversion.converted), setAside: remaining.setAside };
}

/** An operator's operation, on resources that nobody uses. Offers give way. */
export function performAsked(
  state: MasterState,
  turn: Turn,
  { agentId, operation }: Extract<MasterEvent, { kind: "operationAsked" }>,
): Reply {
  const agent = state.agents.get(agentId);
  if (agent === undefined) return { problem: "No agent found with specified ID" };
  const judged = judge(operation, agent, { kind: "operator" });
  if (judged.kind === "unfit") return { problem: `${operation.type ?? "operation"}: ${judged.problem}` };
  if (agent.connection === undefined) return { problem: "the agent is not connected", cause: "conflict" };
  const { conversion, info } = judged;
  makeRoom(state, turn, agent, conversion.consumed);
  rescindShared(state, turn, agent, conversion);
  if (!state.allocator.convert(agentId, conversion))
    return { problem: `${conversion.consumed} of agent ${agentId} are not free`, cause: "conflict" };
  order(state, turn, agent, { conversion, info, frameworkId: undefined });
  return {};
}

function judge(operation: OfferOperation, agent: AgentRecord, asker: Asker): Judged {
  if (operation.type === "CREATE_DISK" || operation.type === "DESTROY_DISK")
    return { kind: "unfit", problem: "the agent has no resource provider" };
  if (!isConversion(operation.type)) return { kind: "unfit", problem: "not an operation on resources" };
  try {
    const conversion = conversionOf(operation);
    const problem = operationProblem(operation, conversion, { agent, asker });
    return problem === undefined
      ? { kind: "fit", conversion, info: normalised(operation) }
      : { kind: "unfit", problem };
  } catch (error) {
    if (error instanceof ResourcesInvalid) return { kind: "unfit", problem: error.message };
    throw error;
  }
}

/** The agent is told, and what becomes of it is waited for. */
function order(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  {
    conversion,
    info,
    frameworkId,
  }: {
    readonly conversion: Conversion;
    readonly info: OfferOperation;
    readonly frameworkId: string | undefined;
  },
): void {
  agent.total = agent.total.minus(conversion.consumed).plus(conversion.converted);
  const uuid = state.random.uuid();
  state.operations.add({
    uuid,
    agentId: agent.id,
    frameworkId,
    info,
    status: {
      state: "OPERATION_PENDING",
      ...(info.id === undefined ? {} : { operation_id: info.id }),
      agent_id: { value: agent.id },
    },
  });
  turn.tellAgent(agent, {
    kind: "applyOperation",
    operationUuid: uuid,
    ...(frameworkId === undefined ? {} : { frameworkId }),
    operation: info,
  });
}

/** A shared volume may be in several offers; when it goes, they go. */
function rescindShared(state: MasterState, turn: Turn, agent: AgentRecord, { consumed }: Conversion): void {
  const keys = new Set(consumed.shared().entries.map(({ key }) => key));
  if (keys.size === 0) return;
  for (const offer of [...agent.offers.values()])
    if (offer.resources.entries.some(({ key }) => keys.has(key))) rescindOffer(state, turn, offer);
}

/** How long what an operator took out of an offer stays away from its framework, as after a decline. */
const refuseSeconds = 5;

/**
 * Takes offers back until they alone would do, whatever else is free: what a framework answers meanwhile would make
 * the operation fail.
 */
function makeRoom(state: MasterState, turn: Turn, agent: AgentRecord, wanted: Resources): void {
  const alone = wanted.notShared();
  const keys = new Set(alone.entries.map(({ key }) => key));
  let taken = Resources.empty;
  for (const offer of [...agent.offers.values()]) {
    if (taken.contains(alone)) return;
    if (!offer.resources.entries.some(({ key }) => keys.has(key))) continue;
    taken = taken.plus(offer.resources.notShared());
    returnOffer(state, turn, offer, { refuseSeconds });
    const framework = state.frameworks.get(offer.frameworkId);
    if (framework !== undefined)
      turn.tell(framework, { type: "RESCIND", rescind: { offer_id: { value: offer.id } } });
  }
}
