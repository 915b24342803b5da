import type { InstantMs, Outcome, Write } from "#foundation/base/core.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import type { MasterEffect } from "#kernel/master/core/effects.ts";
import type { MasterEvent } from "#kernel/master/core/events.ts";
import type { RemovalRate } from "#kernel/master/core/index.ts";
import type { SimDisk } from "../engine/index.ts";
import type { Tell } from "./sentences.ts";

type Ordered = Extract<MasterEvent, { kind: "agentOrdered" }>;

/**
 * Invariant 11: once an operator was told yes, it holds in every life of the master. Nothing of an agent that is set
 * aside is offered, one that is gone is never admitted again, and nothing runs on one that is called drained. An agent
 * whose machine is taken down leaves the cluster, and what was decided about it with it. Agents that fall silent are given
 * up no faster than operators allow.
 */
export class StandingWatch {
  readonly #tell: Tell;
  readonly #removalEveryMs: number;
  /** Of this life, when an agent was given up last. */
  #removedAt = Number.NEGATIVE_INFINITY;
  /** Orders of the present life that were not answered. */
  #asked = new Map<number, Ordered>();
  readonly #setAside = new Set<string>();
  /** The newest order of the present life that puts an agent back. */
  #reactivated = new Map<string, number>();
  readonly #gone = new Set<string>();

  constructor(tell: Tell, removalRate: RemovalRate | undefined) {
    this.#tell = tell;
    this.#removalEveryMs = removalRate === undefined ? 0 : removalRate.perMs / removalRate.agents;
  }

  masterStarted(): void {
    this.#removedAt = Number.NEGATIVE_INFINITY;
    this.#asked = new Map();
    this.#reactivated = new Map();
  }

  decided(event: MasterEvent | undefined, { writes }: Outcome<MasterEffect>, now: InstantMs): void {
    for (const { kind, key } of writes)
      if (kind === "put" && key.startsWith("unreachable/") && event?.kind !== "agentOrdered")
        this.#removed(key, now);
    for (const { kind, key } of writes)
      if (kind === "delete" && key.startsWith("agents/")) this.#left(key, writes);
    if (event?.kind !== "agentOrdered") return;
    this.#asked.set(event.request, event);
    if (event.order.kind !== "reactivate") return;
    // From here on it may be offered, whether the operator hears of it or not, and of what was asked before.
    this.#setAside.delete(event.agentId);
    this.#reactivated.set(event.agentId, event.request);
  }

  left(effect: MasterEffect, disk: SimDisk): void {
    if (effect.kind === "reply") return this.#replied(effect, disk);
    if (effect.kind === "sendEvent")
      for (const { agent_id: id } of effect.event.offers?.offers ?? [])
        if (this.#setAside.has(id.value) || this.#gone.has(id.value))
          this.#tell("standing", `agent ${id.value} is offered, and an operator was told that it won't be`);
    if (effect.kind === "sendToAgent") {
      const { message } = effect;
      const isAdmission = message.kind === "registered" || message.kind === "reregistered";
      if (isAdmission && this.#gone.has(message.agentId))
        this.#tell("standing", `agent ${message.agentId} is gone for ever and was admitted again`);
    }
  }

  /** The master calls this agent drained; `running` is what runs on its machine. */
  drained(agentId: string, running: readonly string[]): void {
    if (running.length > 0)
      this.#tell("standing", `agent ${agentId} is drained and runs ${running.join(", ")}`);
  }

  #removed(key: string, now: InstantMs): void {
    if (now - this.#removedAt < this.#removalEveryMs)
      this.#tell("standing", `${key} is given up ${now - this.#removedAt} ms after the one before it`);
    this.#removedAt = now;
  }

  /** Its machine was taken down, or it said goodbye: it is no agent any more, and starts anew if it comes back. */
  #left(key: string, writes: readonly Write[]): void {
    const id = key.slice("agents/".length);
    const isKept = writes.some(
      (write) => write.kind === "put" && (write.key === `unreachable/${id}` || write.key === `gone/${id}`),
    );
    if (!isKept) this.#setAside.delete(decodeURIComponent(id));
  }

  #replied({ request, problem }: Extract<MasterEffect, { kind: "reply" }>, disk: SimDisk): void {
    const asked = this.#asked.get(request);
    if (asked === undefined || problem !== undefined) return;
    const { agentId, order } = asked;
    const id = encodeURIComponent(agentId);
    const isGone = disk.has(`gone/${id}`);
    if (order.kind === "markGone") {
      this.#gone.add(agentId);
      if (!isGone)
        this.#tell("promises", `agent ${agentId} was called gone and the registry does not say so`);
    } else if (order.kind !== "reactivate") {
      const record = disk.get(`agents/${id}`) ?? disk.get(`unreachable/${id}`);
      const isKept =
        isGone || (record !== undefined && isJsonObject(record) && record["standing"] !== undefined);
      // Both may be durable by one commit; then the registry says the later of them.
      if (request < (this.#reactivated.get(agentId) ?? 0)) return;
      if (!isKept) this.#tell("promises", `agent ${agentId} was set aside and the registry does not say so`);
      this.#setAside.add(agentId);
    }
  }
}
