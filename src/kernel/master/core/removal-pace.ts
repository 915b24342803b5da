/**
 * How fast agents that don't answer are given up: a switch that fails takes a whole rack away for a moment, and that must
 * not move everything that runs there at once. Those that answer again before their turn keep what they have.
 * Source: Mesos' `--agent_removal_rate_limit`.
 */
import type { InstantMs } from "#foundation/base/core.ts";

/** At most so many in so long a time, evenly spaced. */
export interface RemovalRate {
  readonly agents: number;
  readonly perMs: number;
}

export class RemovalPace {
  readonly #everyMs: number;
  /** In the order of their silence. */
  readonly #waiting = new Set<string>();
  #nextAt: InstantMs = 0;
  #canceled = 0;

  constructor(rate: RemovalRate | undefined) {
    this.#everyMs = rate === undefined ? 0 : Math.ceil(rate.perMs / rate.agents);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get canceled(): number {
    return this.#canceled;
  }

  add(agentId: string): void {
    this.#waiting.add(agentId);
  }

  cancel(agentId: string): void {
    if (this.#waiting.delete(agentId)) this.#canceled += 1;
  }

  /** The next one whose turn has come. */
  take(now: InstantMs): string | undefined {
    const [first] = this.#waiting;
    if (first === undefined || now < this.#nextAt) return undefined;
    this.#waiting.delete(first);
    this.#nextAt = now + this.#everyMs;
    return first;
  }

  /** When the next one's turn comes, if one waits. */
  wakeAt(): InstantMs | undefined {
    return this.#waiting.size === 0 ? undefined : this.#nextAt;
  }
}
