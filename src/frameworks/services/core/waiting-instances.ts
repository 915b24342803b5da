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
  /** How many of those that are bound there are by role; their role does not change while they are. */
  readonly #boundRoles = new Map<string, number>();

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
    this.#boundRoles.set(instance.role, (this.#boundRoles.get(instance.role) ?? 0) + 1);
    const bound = this.#boundTo.get(agentId);
    if (bound === undefined) this.#boundTo.set(agentId, new Set([instance]));
    else bound.add(instance);
  }

  delete(instance: Instance): void {
    if (this.#fresh.delete(instance)) return;
    const agentId = this.#agentOf.get(instance);
    if (agentId === undefined) return;
    this.#agentOf.delete(instance);
    const left = (this.#boundRoles.get(instance.role) ?? 0) - 1;
    if (left > 0) this.#boundRoles.set(instance.role, left);
    else this.#boundRoles.delete(instance.role);
    const bound = this.#boundTo.get(agentId);
    bound?.delete(instance);
    if (bound?.size === 0) this.#boundTo.delete(agentId);
  }

  /** The one that has waited longest of those that may go anywhere. */
  firstFresh(): Instance | undefined {
    return this.#fresh.first();
  }

  /** Roles of what waits; what may go anywhere has that of its app. */
  rolesWith(appRole: string): ReadonlySet<string> {
    const roles = new Set(this.#boundRoles.keys());
    if (this.#fresh.size > 0) roles.add(appRole);
    return roles;
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
