/** The master's own stream of what becomes of agents. Contract: `contracts/kernel/node-events.ts`. */
import type { NodeEvent } from "#contracts/kernel/node-events.ts";
import {
  type Answer,
  encodeEvent,
  eventHeartbeat,
  openStream,
  type StreamWriter,
  takeOver,
} from "#foundation/http/index.ts";
import type { MasterChange, MasterState } from "../core/index.ts";

/** One more closes the oldest. */
const subscribersMax = 100;
const heartbeatMs = 10_000;

export class NodeEvents {
  readonly #state: MasterState;
  readonly #subscribers = new Set<StreamWriter>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(state: MasterState) {
    this.#state = state;
    this.#heartbeat = setInterval(() => this.#send(eventHeartbeat), heartbeatMs);
    this.#heartbeat.unref();
  }

  answer(): Answer {
    return takeOver((response) => {
      const writer = openStream(response, { "content-type": "text/event-stream" });
      writer.onClose(() => this.#subscribers.delete(writer));
      this.#subscribers.add(writer);
      writer.send(eventHeartbeat);
      if (this.#subscribers.size > subscribersMax) this.#subscribers.values().next().value?.close();
    });
  }

  changed(change: MasterChange): void {
    if (this.#subscribers.size === 0) return;
    if (change.kind === "agentAdded" || change.kind === "agentChanged" || change.kind === "agentRemoved")
      this.#send(encodeEvent({ data: JSON.stringify(nodeEvent(this.#state, change.agentId)) }));
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const writer of this.#subscribers) writer.close();
  }

  #send(frame: string): void {
    for (const writer of this.#subscribers) writer.send(frame);
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
