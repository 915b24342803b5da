/** The launch queue in Marathon's JSON. Source: contract marathon.md section 18. */
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import { podOf } from "#domain/definitions/pod.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { backoffEndsAt } from "./backoff.ts";
import { roleOfApp } from "./framework-roles.ts";
import type { QueueEntry } from "./launch-queue.ts";
import type { OfferStats, UnusedOffer } from "./offer-stats.ts";
import type { ServicesState } from "./state.ts";
import type { QueueItemJson } from "./views.ts";

export function queueJson(
  state: ServicesState,
  now: InstantMs,
  options: { readonly lastUnusedOffers: boolean },
): readonly QueueItemJson[] {
  const items: QueueItemJson[] = [];
  // Most apps saw the same offers.
  const shown = new Map<Offer, JsonObject>();
  const show = (offer: Offer): JsonObject => {
    const known = shown.get(offer) ?? offerJson(offer);
    shown.set(offer, known);
    return known;
  };
  for (const entry of state.queue.entries()) {
    const item = entry.waiting === 0 ? undefined : itemJson(state, entry, now, { ...options, show });
    if (item !== undefined) items.push(item);
  }
  return items;
}

function itemJson(
  state: ServicesState,
  entry: QueueEntry,
  now: InstantMs,
  options: { readonly lastUnusedOffers: boolean; readonly show: (offer: Offer) => JsonObject },
): QueueItemJson | undefined {
  const app = state.apps.get(entry.appId);
  if (app === undefined) return undefined;
  const pod = podOf(app.definition);
  const leftMs = entry.backoff === undefined ? 0 : Math.max(0, backoffEndsAt(entry.backoff) - now);
  return {
    ...(pod === undefined ? { app: app.definition } : { pod }),
    count: entry.waiting,
    role: roleOfApp(state, app),
    delay: { timeLeftSeconds: Math.ceil(leftMs / 1_000), overdue: leftMs === 0 },
    since: formatInstant(entry.since),
    processedOffersSummary: summaryJson(entry.stats),
    ...(options.lastUnusedOffers
      ? {
          lastUnusedOffers: Array.from(entry.stats.unusedOffers(), (unused) =>
            unusedJson(unused, options.show),
          ),
        }
      : {}),
  };
}

function summaryJson(stats: OfferStats): JsonObject {
  return {
    processedOffersCount: stats.processed,
    unusedOffersCount: stats.unused,
    ...(stats.lastUnusedAt === undefined ? {} : { lastUnusedOfferAt: formatInstant(stats.lastUnusedAt) }),
    ...(stats.lastUsedAt === undefined ? {} : { lastUsedOfferAt: formatInstant(stats.lastUsedAt) }),
    rejectSummaryLastOffers: stats.lastOffersFunnel().map((entry) => ({ ...entry })),
    rejectSummaryLaunchAttempt: stats.launchAttemptFunnel().map((entry) => ({ ...entry })),
  };
}

function unusedJson({ offer, reasons, at }: UnusedOffer, show: (offer: Offer) => JsonObject): JsonObject {
  return { offer: show(offer), reason: reasons, timestamp: formatInstant(at) };
}

function offerJson(offer: Offer): JsonObject {
  return {
    id: offer.id.value,
    hostname: offer.hostname,
    agentId: offer.agent_id.value,
    resources: (offer.resources ?? []).map(resourceJson),
    attributes: (offer.attributes ?? []).map((attribute) => ({
      name: attribute.name,
      ...(attribute.scalar === undefined ? {} : { scalar: attribute.scalar.value }),
      ...(attribute.text === undefined ? {} : { text: attribute.text.value }),
      ...(attribute.ranges === undefined
        ? {}
        : { ranges: (attribute.ranges.range ?? []).map(({ begin, end }) => ({ begin, end })) }),
      ...(attribute.set === undefined ? {} : { set: attribute.set.item ?? [] }),
    })),
  };
}

function resourceJson(resource: NonNullable<Offer["resources"]>[number]): JsonValue {
  return {
    name: resource.name,
    role: resource.role ?? resource.reservations?.at(-1)?.role ?? "*",
    ...(resource.scalar === undefined ? {} : { scalar: resource.scalar.value }),
    ...(resource.ranges === undefined
      ? {}
      : { ranges: (resource.ranges.range ?? []).map(({ begin, end }) => ({ begin, end })) }),
    ...(resource.set === undefined ? {} : { set: resource.set.item ?? [] }),
  };
}
