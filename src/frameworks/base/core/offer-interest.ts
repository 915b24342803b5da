/**
 * Tells the master when offers are wanted and when not.
 *
 * New work asks for offers at once, since a person waits for it; only the pace of doing so again is bounded.
 * Work that was asked for already is asked for once more after `reviveRepeatMs`, then at the pace at which
 * declined offers come back by themselves. The pace for new work grows
 * with the number of offers that a REVIVE brings: on a large cluster each one is expensive for everybody.
 * Source: contract marathon.md section 12; ADR 0045 for the departure.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { SharedTurn, Surroundings } from "./surroundings.ts";

/** What one offer adds to the wait before the next REVIVE, in milliseconds. */
const pacePerOfferMs = 1;

/** What waits for offers at the end of a step. */
export interface OfferWork {
  readonly isThere: boolean;
  /** Some of it came up since the last step. */
  readonly isNew: boolean;
}

const timerKey = "offer-interest";

export class OfferInterest {
  #isSuppressed = false;
  #revivedAt: InstantMs | undefined;
  #offersSinceRevive = 0;
  #isReviveWanted = false;
  /** When to ask once more for the same work. */
  #repeatAt: InstantMs | undefined;
  #idleSince: InstantMs | undefined;

  /** The master was told to offer nothing. */
  get isSuppressed(): boolean {
    return this.#isSuppressed;
  }

  /** A new stream: the master has forgotten suppression and filters, and offers everything once. */
  connected(state: Surroundings, now: InstantMs, isWorkThere: boolean): void {
    this.#isSuppressed = false;
    this.#revivedAt = now;
    this.#offersSinceRevive = 0;
    this.#isReviveWanted = isWorkThere;
    this.#repeatAt = now + state.policy.reviveRepeatMs;
    this.#idleSince = undefined;
  }

  /** What was told to the master may not have arrived: it is told again when due. */
  callFailed(): void {
    this.#isReviveWanted = true;
    this.#isSuppressed = false;
    this.#offersSinceRevive = Number.POSITIVE_INFINITY;
  }

  /** Something is to be given back that only an offer brings. */
  wantOffers(): void {
    this.#isReviveWanted = true;
  }

  offersSeen(count: number): void {
    this.#offersSinceRevive += count;
  }

  /** At the end of each step. */
  settle(turn: SharedTurn, state: Surroundings, work: OfferWork): void {
    const { policy, timers } = state;
    if (work.isNew) this.#isReviveWanted = true;
    if (!state.connection.isConnected) {
      timers.cancel(timerKey);
      return;
    }
    if (!work.isThere) {
      this.#settleIdle(turn, state);
      return;
    }
    this.#idleSince = undefined;
    const wanted = this.#isReviveWanted || this.#isSuppressed;
    const paceMs = Math.min(
      Math.max(policy.reviveNewWorkMs, this.#offersSinceRevive * pacePerOfferMs),
      policy.reviveRepeatMs,
    );
    const dueAt = wanted ? (this.#revivedAt ?? turn.now - paceMs) + paceMs : this.#repeatAt;
    if (dueAt === undefined) timers.cancel(timerKey);
    else if (dueAt > turn.now) timers.set(timerKey, dueAt, { kind: "offerInterest" });
    else this.#revive(turn, state, wanted);
  }

  snapshot(): JsonValue {
    return [this.#isSuppressed, this.#revivedAt ?? null, this.#isReviveWanted, this.#repeatAt ?? null];
  }

  #revive(turn: SharedTurn, state: Surroundings, isNewWork: boolean): void {
    const { policy, timers } = state;
    turn.call({ type: "REVIVE", revive: { roles: [policy.role] } });
    this.#isSuppressed = false;
    this.#isReviveWanted = false;
    this.#revivedAt = turn.now;
    this.#offersSinceRevive = 0;
    this.#repeatAt = turn.now + (isNewWork ? policy.reviveRepeatMs : policy.declineMs);
    timers.set(timerKey, this.#repeatAt, { kind: "offerInterest" });
  }

  /** Work comes in waves; only a longer silence is told to the master. */
  #settleIdle(turn: SharedTurn, state: Surroundings): void {
    const { policy, timers } = state;
    this.#isReviveWanted = false;
    this.#repeatAt = undefined;
    if (this.#isSuppressed) {
      timers.cancel(timerKey);
      return;
    }
    this.#idleSince ??= turn.now;
    const dueAt = this.#idleSince + policy.suppressAfterMs;
    if (dueAt > turn.now) {
      timers.set(timerKey, dueAt, { kind: "offerInterest" });
      return;
    }
    turn.call({ type: "SUPPRESS", suppress: { roles: [policy.role] } });
    this.#isSuppressed = true;
    timers.cancel(timerKey);
  }
}
