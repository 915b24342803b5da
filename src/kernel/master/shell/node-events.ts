/** The master's own stream of what becomes of agents. Contract: `contracts/kernel/node-events.ts`. */
import type { NodeEvent } from "#contracts/kernel/node-events.ts";
import { type Answer, EventFanOut } from "#foundation/http/index.ts";
import type { MasterChange, MasterState } from "../core/index.ts";

export class NodeEvents {
  readonly #state: MasterState;
  readonly #events = new EventFanOut();

  constructor(state: MasterState) {
    this.#state = state;
  }

  answer(): Answer {
    return this.#events.answer();
  }

  changed(change: MasterChange): void {
    if (!this.#events.hasListeners) return;
    if (change.kind === "agentAdded" || change.kind === "agentChanged" || change.kind === "agentRemoved")
      this.#events.tell(nodeEvent(this.#state, change.agentId));
  }

  close(): void {
    this.#events.close();
  }
}

export function nodeEvent(state: MasterState, agentId: string): NodeEvent {
  const agent = state.agents.get(agentId);
  if (agent !== undefined)
    return {
      agentId,
      state: agent.connection === undefined ? "disconnected" : "active",
      standing: agent.standing.kind,
      hostname: agent.info.hostname,
    };
  const away = state.recovered.get(agentId);
  if (away !== undefined)
    return { agentId, state: "disconnected", standing: away.standing.kind, hostname: away.hostname };
  const lost = state.unreachable.get(agentId);
  if (lost !== undefined)
    return { agentId, state: "unreachable", standing: lost.standing.kind, hostname: lost.hostname ?? "" };
  const gone = state.gone.get(agentId);
  if (gone !== undefined) return { agentId, state: "removed", standing: "gone", hostname: gone.hostname };
  return { agentId, state: "removed", hostname: "" };
}
