/**
 * How often somebody may try to log in. Two counts: of a user from one address, which is what somebody who guesses
 * a password reaches first, and of one address over all users. A user that does not exist is counted as one that does,
 * so that the answer tells nothing.
 *
 * The tables are bounded; over the bound the entry that was touched longest ago goes.
 */
import type { InstantMs } from "#foundation/base/core.ts";

export interface LoginLimitPolicy {
  /** Failures of one user from one address within the window. */
  readonly failuresMax: number;
  /** Failures from one address within the window, whoever they name. */
  readonly addressFailuresMax: number;
  readonly windowMs: number;
  readonly entriesMax: number;
}

export const defaultLoginLimits: LoginLimitPolicy = {
  failuresMax: 10,
  addressFailuresMax: 100,
  windowMs: 60_000,
  entriesMax: 10_000,
};

interface Count {
  readonly since: InstantMs;
  readonly failures: number;
}

export interface Attempt {
  readonly uid: string;
  readonly from: string;
}

export class LoginLimits {
  readonly #policy: LoginLimitPolicy;
  readonly #counts = new Map<string, Count>();

  constructor(policy: LoginLimitPolicy = defaultLoginLimits) {
    this.#policy = policy;
  }

  /** How long to wait before the next try, in ms; 0: now. */
  waitMs(attempt: Attempt, now: InstantMs): number {
    const { failuresMax, addressFailuresMax } = this.#policy;
    return Math.max(
      this.#wait(userEntry(attempt), failuresMax, now),
      this.#wait(addressEntry(attempt), addressFailuresMax, now),
    );
  }

  failed(attempt: Attempt, now: InstantMs): void {
    for (const key of [userEntry(attempt), addressEntry(attempt)]) this.#add(key, now);
  }

  /** The user's own count starts anew; the address' goes on. */
  succeeded(attempt: Attempt): void {
    this.#counts.delete(userEntry(attempt));
  }

  /** Entries kept, for tests and metrics. */
  get size(): number {
    return this.#counts.size;
  }

  #wait(key: string, max: number, now: InstantMs): number {
    const count = this.#counts.get(key);
    if (count === undefined || count.failures < max) return 0;
    return Math.max(0, count.since + this.#policy.windowMs - now);
  }

  #add(key: string, now: InstantMs): void {
    const count = this.#counts.get(key);
    const isOver = count === undefined || now - count.since >= this.#policy.windowMs;
    // Deleted and set again, so that the order of the map is that of the last touch.
    this.#counts.delete(key);
    this.#counts.set(key, isOver ? { since: now, failures: 1 } : { ...count, failures: count.failures + 1 });
    if (this.#counts.size <= this.#policy.entriesMax) return;
    const oldest = this.#counts.keys().next().value;
    if (oldest !== undefined) this.#counts.delete(oldest);
  }
}

const userEntry = ({ uid, from }: Attempt): string => `u ${from} ${uid}`;
const addressEntry = ({ from }: Attempt): string => `a ${from}`;
