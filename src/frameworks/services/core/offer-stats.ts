/**
 * What offers came by for an app that waits, and why they were not used.
 *
 * Source: Marathon `/v2/queue` (contract marathon.md sections 13 and 18).
 */
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import type { InstantMs } from "#foundation/base/core.ts";

/** In the order of the funnel: an offer counts for the first of its reasons only. */
export const rejectReasons = [
  "UnfulfilledRole",
  "UnfulfilledConstraint",
  "NoCorrespondingReservationFound",
  "AgentMaintenance",
  "InsufficientCpus",
  "InsufficientMemory",
  "InsufficientDisk",
  "InsufficientGpus",
  "InsufficientPorts",
  "DeclinedScarceResources",
] as const;
export type RejectReason = (typeof rejectReasons)[number];

export interface UnusedOffer {
  readonly offer: Offer;
  readonly reasons: readonly RejectReason[];
  readonly at: InstantMs;
}

/** Agents of which an app keeps the last unused offer; the one heard of longest ago goes first. */
const unusedOffersOfAppMax = 1_000;
/** Of all apps that wait together, so that neither memory nor an answer that shows them all grows with both. */
const unusedOffersTotalMax = 100_000;
const unusedOffersOfAppMin = 10;

/** How many unused offers each of so many apps keeps. */
export function unusedOffersEach(appsWaiting: number): number {
  const share = Math.floor(unusedOffersTotalMax / Math.max(1, appsWaiting));
  return Math.max(unusedOffersOfAppMin, Math.min(unusedOffersOfAppMax, share));
}

export class OfferStats {
  processed = 0;
  unused = 0;
  lastUnusedAt: InstantMs | undefined;
  lastUsedAt: InstantMs | undefined;
  readonly #declined = new Map<RejectReason, number>();
  readonly #byAgent = new Map<string, UnusedOffer>();

  used(offer: Offer, now: InstantMs): void {
    this.processed += 1;
    this.lastUsedAt = now;
    this.#byAgent.delete(offer.agent_id.value);
  }

  /** Keeps at most `keepMax` offers afterwards. */
  rejected(offer: Offer, reasons: readonly RejectReason[], now: InstantMs, keepMax: number): void {
    this.processed += 1;
    this.unused += 1;
    this.lastUnusedAt = now;
    const counted = firstInFunnel(reasons);
    if (counted !== undefined) this.#declined.set(counted, (this.#declined.get(counted) ?? 0) + 1);
    const agentId = offer.agent_id.value;
    this.#byAgent.delete(agentId);
    this.#byAgent.set(agentId, { offer, reasons, at: now });
    for (const oldest of this.#byAgent.keys()) {
      if (this.#byAgent.size <= keepMax) return;
      this.#byAgent.delete(oldest);
    }
  }

  unusedOffers(): IterableIterator<UnusedOffer> {
    return this.#byAgent.values();
  }

  /** Every reason with the offers that came as far as it, and those that ended there. */
  launchAttemptFunnel(): readonly FunnelEntry[] {
    return funnel(this.processed, this.#declined);
  }

  /** The same over the last offer of each agent. */
  lastOffersFunnel(): readonly FunnelEntry[] {
    const declined = new Map<RejectReason, number>();
    for (const { reasons } of this.#byAgent.values()) {
      const counted = firstInFunnel(reasons);
      if (counted !== undefined) declined.set(counted, (declined.get(counted) ?? 0) + 1);
    }
    return funnel(this.#byAgent.size, declined);
  }
}

export interface FunnelEntry {
  readonly reason: RejectReason;
  readonly declined: number;
  readonly processed: number;
}

export function firstInFunnel(reasons: readonly RejectReason[]): RejectReason | undefined {
  return rejectReasons.find((reason) => reasons.includes(reason));
}

function funnel(offers: number, declined: ReadonlyMap<RejectReason, number>): readonly FunnelEntry[] {
  let processed = offers;
  return rejectReasons.map((reason) => {
    const entry = { reason, declined: declined.get(reason) ?? 0, processed };
    processed -= entry.declined;
    return entry;
  });
}
