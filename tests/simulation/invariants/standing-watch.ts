import { isJsonObject } from "#foundation/base/json.ts";
import type { MasterEffect } from "#kernel/master/core/effects.ts";
import type { MasterEvent } from "#kernel/master/core/events.ts";
import type { SimDisk } from "../engine/index.ts";
import type { Tell } from "./sentences.ts";

type Ordered = Extract<MasterEvent, { kind: "agentOrdered" }>;

/**
 * Invariant 11: once an operator was told yes, it holds in every life of the master. Nothing of an agent that is set
 * aside is offered, one that is gone is never admitted again, and nothing runs on one that is called drained.
 */
export class StandingWatch {
  readonly #tell: Tell;
  /** Orders of the present life that were not answered. */
  #asked = new Map<number, Ordered>();
  readonly #setAside = new Set<string>();
  readonly #gone = new Set<string>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  masterStarted(): void {
    this.#asked = new Map();
  }

  decided(event: MasterEvent | undefined): void {
    if (event?.kind !== "agentOrdered") return;
    this.#asked.set(event.request, event);
    // From here on it may be offered, whether the operator hears of it or not.
    if (event.order.kind === "reactivate") this.#setAside.delete(event.agentId);
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
      if (!isKept) this.#tell("promises", `agent ${agentId} was set aside and the registry does not say so`);
      this.#setAside.add(agentId);
    }
  }
}
