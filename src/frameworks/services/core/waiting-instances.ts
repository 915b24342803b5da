/**
 * The instances of one app that wait for an offer: those that may go anywhere in the order in which they came, those whose
 * resources are reserved by the agent that has these, so that an offer is matched without a look at all others.
 */
import type { Instance } from "./instance.ts";
import { WaitingLine } from "./waiting-line.ts";

export class WaitingInstances {
  readonly #fresh = new WaitingLine<Instance>();
  readonly #boundTo = new Map<string, Set<Instance>>();
  /** The agent that an instance is bound to; those that go anywhere are in the line only. */
  readonly #agentOf = new Map<Instance, string>();

  get size(): number {
    return this.#fresh.size + this.#agentOf.size;
  }

  /** Takes an instance in, or looks again at where one that waits is bound to. */
  add(instance: Instance): void {
    const agentId = agentOf(instance);
    if (agentId === undefined) {
      if (this.#agentOf.has(instance)) this.delete(instance);
      this.#fresh.add(instance);
      return;
    }
    if (this.#agentOf.get(instance) === agentId) return;
    this.delete(instance);
    this.#agentOf.set(instance, agentId);
    const bound = this.#boundTo.get(agentId);
    if (bound === undefined) this.#boundTo.set(agentId, new Set([instance]));
    else bound.add(instance);
  }

  delete(instance: Instance): void {
    if (this.#fresh.delete(instance)) return;
    const agentId = this.#agentOf.get(instance);
    if (agentId === undefined) return;
    this.#agentOf.delete(instance);
    const bound = this.#boundTo.get(agentId);
    bound?.delete(instance);
    if (bound?.size === 0) this.#boundTo.delete(agentId);
  }

  /** The one that has waited longest of those that may go anywhere. */
  firstFresh(): Instance | undefined {
    return this.#fresh.first();
  }

  /** Those whose resources are reserved on this agent. */
  boundTo(agentId: string): Iterable<Instance> {
    return this.#boundTo.get(agentId) ?? [];
  }

  /** Those whose resources are reserved, wherever. */
  *bound(): IterableIterator<Instance> {
    for (const bound of this.#boundTo.values()) yield* bound;
  }

  /** Says which are not where they belong. */
  check(): readonly string[] {
    const places = [
      ...[...this.#fresh.members()].map((instance) => [instance, undefined] as const),
      ...this.#agentOf,
    ];
    return places.flatMap(([instance, agentId]) =>
      agentId === agentOf(instance) ? [] : [`instance ${instance.id} waits at "${agentId ?? ""}"`],
    );
  }
}

const agentOf = ({ reservation, agent }: Instance): string | undefined =>
  reservation === undefined ? undefined : agent?.agentId;
