/**
 * Refusals that last: a framework that declined resources of an agent, in a role, is not offered the same or less
 * of them again until the filter ends.
 *
 * Source: Mesos, `Filters.refuse_seconds` (contract mesos.md section 1.11).
 */

import type { Resources } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { TimerQueue } from "#foundation/base/timer-queue.ts";

interface Filter {
  readonly resources: Resources;
  readonly key: string;
}

interface Place {
  readonly clientKey: string;
  readonly agentId: string;
}

export class FilterTable {
  readonly #byAgent = new Map<string, Map<string, Filter[]>>();
  readonly #ends = new TimerQueue<Place>();
  readonly #perAgentMax: number;
  #count = 0;

  constructor(perAgentMax: number) {
    this.#perAgentMax = perAgentMax;
  }

  get size(): number {
    return this.#ends.size;
  }

  /** How many each client has. */
  perClient(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const clients of this.#byAgent.values())
      for (const [key, { length }] of clients) counts.set(key, (counts.get(key) ?? 0) + length);
    return counts;
  }

  add(place: Place, resources: Resources, until: InstantMs): void {
    const clients = this.#byAgent.get(place.agentId) ?? new Map<string, Filter[]>();
    this.#byAgent.set(place.agentId, clients);
    const filters = clients.get(place.clientKey) ?? [];
    clients.set(place.clientKey, filters);
    this.#count += 1;
    const key = String(this.#count);
    filters.push({ resources, key });
    this.#ends.set(key, until, place);
    if (filters.length > this.#perAgentMax) {
      const oldest = filters.shift();
      if (oldest !== undefined) this.#ends.cancel(oldest.key);
    }
  }

  /** Whether a refusal covers all of `resources`: more than was refused breaks through. */
  covers(clientKey: string, agentId: string, resources: Resources): boolean {
    const filters = this.#byAgent.get(agentId)?.get(clientKey);
    return filters?.some((filter) => filter.resources.contains(resources)) ?? false;
  }

  /** When the last filter of the client on the agent ends. */
  endOf(clientKey: string, agentId: string): InstantMs | undefined {
    const ends =
      this.#byAgent
        .get(agentId)
        ?.get(clientKey)
        ?.flatMap(({ key }) => this.#ends.at(key) ?? []) ?? [];
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  nextEnd(): InstantMs | undefined {
    return this.#ends.nextAt();
  }

  /** Drops what ended, and answers the agents that have something to offer again. */
  expire(now: InstantMs): readonly string[] {
    const agents: string[] = [];
    for (let due = this.#ends.takeDue(now); due !== undefined; due = this.#ends.takeDue(now)) {
      const { clientKey, agentId } = due.timer;
      agents.push(agentId);
      const filters = this.#byAgent.get(agentId)?.get(clientKey);
      if (filters === undefined) continue;
      const index = filters.findIndex(({ key }) => key === due.key);
      if (index !== -1) filters.splice(index, 1);
      if (filters.length === 0) this.#byAgent.get(agentId)?.delete(clientKey);
    }
    return agents;
  }

  dropClient(clientKey: string): void {
    for (const clients of this.#byAgent.values()) this.#drop(clients, clientKey);
  }

  dropAgent(agentId: string): void {
    const clients = this.#byAgent.get(agentId);
    if (clients === undefined) return;
    for (const clientKey of [...clients.keys()]) this.#drop(clients, clientKey);
    this.#byAgent.delete(agentId);
  }

  #drop(clients: Map<string, Filter[]>, clientKey: string): void {
    for (const { key } of clients.get(clientKey) ?? []) this.#ends.cancel(key);
    clients.delete(clientKey);
  }
}
