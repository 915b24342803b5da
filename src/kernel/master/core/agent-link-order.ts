/**
 * Which link of an agent is its newest. An agent gives a link up before it opens the next one, but what it said on the
 * old one may arrive after what it says on the new one, and then tells of tasks that have ended since.
 */
import type { ConnectionId } from "./events.ts";
import { BoundedHistory } from "./task.ts";

const addressesMax = 100_000;

export class AgentLinkOrder {
  readonly #numbers = new Map<ConnectionId, number>();
  /** By the agent's address, the newest link that it registered on. */
  readonly #newest = new BoundedHistory<number>(addressesMax);
  #last = 0;

  opened(connection: ConnectionId): number {
    this.#last += 1;
    this.#numbers.set(connection, this.#last);
    return this.#last;
  }

  closed(connection: ConnectionId): void {
    this.#numbers.delete(connection);
  }

  /** Whether the agent at this address has registered on a newer link; otherwise this one is the newest from now on. */
  isOutdated(connection: ConnectionId, pid: string): boolean {
    const number = this.#numbers.get(connection) ?? this.opened(connection);
    const newest = this.#newest.get(pid) ?? 0;
    if (number >= newest) this.#newest.add(pid, number);
    return number < newest;
  }
}
