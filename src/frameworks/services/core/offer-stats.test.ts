import { describe, expect, it } from "vitest";
import { anOffer } from "#frameworks/base/core/testing/offers.ts";
import { OfferStats, unusedOffersEach } from "./offer-stats.ts";

const agentsOf = (stats: OfferStats): readonly string[] =>
  Array.from(stats.unusedOffers(), ({ offer }) => offer.agent_id.value);
const reject = (stats: OfferStats, agent: number, keepMax: number): void =>
  stats.rejected(
    anOffer({ id: `o-${agent}`, agentId: `agent-${agent}` }),
    ["InsufficientCpus"],
    agent,
    keepMax,
  );

describe("unused offers", () => {
  it.each([
    [0, 1_000],
    [1, 1_000],
    [100, 1_000],
    [1_000, 100],
    [10_000, 10],
    [1_000_000, 10],
  ])("of %i apps that wait are kept from %i agents each", (apps, each) => {
    expect(unusedOffersEach(apps)).toBe(each);
  });

  it("are forgotten from whom was heard longest ago, and at once when less may be kept; counts stay", () => {
    const stats = new OfferStats();
    for (const agent of [1, 2, 3, 4, 1]) reject(stats, agent, 3);
    expect(agentsOf(stats)).toEqual(["agent-3", "agent-4", "agent-1"]);
    reject(stats, 5, 2);
    expect(agentsOf(stats)).toEqual(["agent-1", "agent-5"]);
    expect(stats.lastOffersFunnel()[4]).toEqual({ reason: "InsufficientCpus", declined: 2, processed: 2 });
    expect(stats.launchAttemptFunnel()[4]).toEqual({
      reason: "InsufficientCpus",
      declined: 6,
      processed: 6,
    });
  });
});
