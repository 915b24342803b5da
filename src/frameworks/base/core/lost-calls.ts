/**
 * What is done about calls that did not arrive, or may not have.
 *
 * Kills are repeated by their own timer and acknowledgements asked for again by the agent. An offer whose
 * ACCEPT or DECLINE got lost would stay ours for ever as far as the master knows: it is given back again.
 */

import type { FrameworkCall } from "./framework-call.ts";
import type { OfferInterest } from "./offer-interest.ts";
import { reconcileSoon } from "./reconcile.ts";
import type { SharedTurn, Surroundings } from "./surroundings.ts";

/** Before an offer is given back again. */
const giveBackAfterMs = 5_000;
/** Offers remembered; more than this many lost calls in one stream end in the stream's end anyhow. */
const unreturnedMax = 10_000;

const timerKey = "give-back";

export interface OfferHolder extends Surroundings {
  readonly interest: OfferInterest;
  /** Offers that the master may still believe to be ours. */
  readonly unreturnedOffers: Set<string>;
}

export function takeCallFailed(turn: SharedTurn, state: OfferHolder, call: FrameworkCall): void {
  switch (call.type) {
    case "REVIVE":
      return state.interest.callFailed(call.revive?.roles ?? []);
    case "SUPPRESS":
      return state.interest.callFailed(call.suppress?.roles ?? []);
    case "RECONCILE":
      return reconcileSoon(turn, state);
    case "ACCEPT":
      reconcileSoon(turn, state);
      return remember(turn, state, call.accept?.offer_ids ?? []);
    case "DECLINE":
      return remember(turn, state, call.decline?.offer_ids ?? []);
    default:
      return;
  }
}

function remember(
  turn: SharedTurn,
  state: OfferHolder,
  offerIds: readonly { readonly value: string }[],
): void {
  for (const { value } of offerIds) {
    if (state.unreturnedOffers.size < unreturnedMax) state.unreturnedOffers.add(value);
  }
  if (!state.timers.has(timerKey)) {
    state.timers.set(timerKey, turn.now + giveBackAfterMs, { kind: "giveBackOffers" });
  }
}

/** A master ignores offers it doesn't know, so giving back once too often does no harm. */
export function giveBackOffers(turn: SharedTurn, state: OfferHolder): void {
  if (state.unreturnedOffers.size === 0 || !state.connection.isConnected) return;
  turn.call({
    type: "DECLINE",
    decline: {
      offer_ids: [...state.unreturnedOffers].map((value) => ({ value })),
      // Whatever is on offer there was never looked at properly.
      filters: { refuse_seconds: 0 },
    },
  });
  state.unreturnedOffers.clear();
}

/** A new stream: the master has taken every offer back. */
export function forgetOffers(state: OfferHolder): void {
  state.unreturnedOffers.clear();
  state.timers.cancel(timerKey);
}
