/**
 * The instances of one app that wait for an offer: those that may go anywhere in the order in which they came, those whose
 * resources are reserved by the agent that has these, so that an offer is matched without a look at all others.
 */
import type { Instance } from "./instance.ts";
import { WaitingLine } from "./waiting-line.ts";

/** Where instances wait that go anywhere. No agent has this id. */
const anywhere = "";

export class WaitingInstances {
  readonly #fresh = new WaitingLine<Instance>();
  readonly #boundTo = new Map<string, Set<Instance>>();
  /** By instance, the agent it is bound to, or `anywhere`. */
  readonly #placeOf = new Map<Instance, string>();

  get size(): number {
    return this.#placeOf.size;
  }

  /** Takes an instance in, or looks again at where one that waits is bound to. */
  add(instance: Instance): void {
    const place = placeOf(instance);
    if (this.#placeOf.get(instance) === place) return;
    this.delete(instance);
    this.#placeOf.set(instance, place);
    if (place === anywhere) {
      this.#fresh.add(instance);
      return;
    }
    const bound = this.#boundTo.get(place);
    if (bound === undefined) this.#boundTo.set(place, new Set([instance]));
    else bound.add(instance);
  }

  delete(instance: Instance): void {
    const place = this.#placeOf.get(instance);
    if (place === undefined) return;
    this.#placeOf.delete(instance);
    if (place === anywhere) {
      this.#fresh.delete(instance);
      return;
    }
    const bound = this.#boundTo.get(place);
    bound?.delete(instance);
    if (bound?.size === 0) this.#boundTo.delete(place);
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
    return [...this.#placeOf].flatMap(([instance, place]) =>
      place === placeOf(instance) ? [] : [`instance ${instance.id} waits at "${place}"`],
    );
  }
}

const placeOf = ({ reservation, agent }: Instance): string =>
  reservation === undefined ? anywhere : (agent?.agentId ?? anywhere);
