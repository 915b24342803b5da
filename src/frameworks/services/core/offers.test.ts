/** How waiting instances and offers come together: turns, tokens, pace, reasons. */
import { describe, expect, it } from "vitest";
import type { FrameworkCall } from "#frameworks/base/core/framework-call.ts";
import { anOffer, type OfferFields } from "#frameworks/base/core/testing/offers.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

function put(world: World, ...apps: Parameters<typeof anApp>[0][]): void {
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: apps.map((fields) => ({ definition: anApp(fields), expect: "any" })),
    removals: [],
    force: true,
  }));
}

/** A world whose master makes no offers; the test does. */
function quiet(policy: ConstructorParameters<typeof World>[0] = {}): {
  world: World;
  offer: (...offers: OfferFields[]) => FrameworkCall[];
} {
  const world = new World({ agents: 0, ...policy });
  world.master.connect();
  world.drain();
  let count = 0;
  return {
    world,
    offer: (...offers) => {
      const heard = world.master.calls.length;
      world.apply({
        kind: "offersReceived",
        offers: offers.map((fields) => {
          count += 1;
          return anOffer({ id: `o-${count}`, ...fields });
        }),
      });
      return world.master.calls.slice(heard);
    },
  };
}

const launchedBy = (call: FrameworkCall | undefined): string[] =>
  (call?.accept?.operations ?? []).flatMap(({ launch }) =>
    (launch?.task_infos ?? []).map(({ name }) => name),
  );

describe("an offer", () => {
  it("is declined for 120 s when nothing waits", () => {
    const { offer } = quiet();
    expect(offer({}, {})).toMatchObject([
      {
        type: "DECLINE",
        decline: { offer_ids: [{ value: "o-1" }, { value: "o-2" }], filters: { refuse_seconds: 120 } },
      },
    ]);
  });

  it("takes at most five launches, and is wanted back at once while more wait", () => {
    const { world, offer } = quiet();
    put(world, { instances: 7, cpus: 0.1 });
    const [accept] = offer({});
    expect(launchedBy(accept)).toHaveLength(5);
    expect(accept?.accept?.filters).toEqual({ refuse_seconds: 0 });
    const [last] = offer({});
    expect(launchedBy(last)).toHaveLength(2);
    expect(last?.accept?.filters).toEqual({ refuse_seconds: 120 });
  });

  it("is shared by the apps that wait, each in its turn", () => {
    const { world, offer } = quiet({ policy: { maxInstancesPerOffer: 2 } });
    put(world, { id: "/a", instances: 4, cpus: 0.1 }, { id: "/b", instances: 4, cpus: 0.1 });
    expect(launchedBy(offer({})[0])).toEqual(["a", "a"]);
    expect(launchedBy(offer({})[0])).toEqual(["b", "b"]);
    expect(launchedBy(offer({})[0])).toEqual(["a", "a"]);
  });

  it("is never given more than it has", () => {
    const { world, offer } = quiet();
    put(world, { instances: 5, cpus: 1.5 });
    expect(launchedBy(offer({ cpus: 4 })[0])).toHaveLength(2);
  });

  it("isn't used beyond the launch tokens; running tasks and time give new ones", () => {
    const { world, offer } = quiet({ policy: { launchTokens: 3 } });
    put(world, { instances: 9, cpus: 0.1 });
    expect(launchedBy(offer({})[0])).toHaveLength(3);
    expect(offer({})[0]?.type).toBe("DECLINE");
    const [task] = world.core.queries.allTasks();
    world.apply({
      kind: "statusReceived",
      status: {
        task_id: { value: task?.id ?? "" },
        agent_id: { value: "agent-1" },
        state: "TASK_RUNNING",
        uuid: "u",
      },
    });
    expect(launchedBy(offer({})[0])).toHaveLength(1);
    // The master doesn't know these offers and would say that the tasks were dropped.
    world.master.outbox.length = 0;
    world.pass(30_000);
    expect(launchedBy(offer({})[0])).toHaveLength(3);
  });

  it("on a second agent is used when UNIQUE forbids the first", () => {
    const { world, offer } = quiet();
    put(world, { instances: 3, cpus: 0.1, constraints: [["hostname", "UNIQUE"]] });
    const calls = offer({ agentId: "one" }, { agentId: "two" }, { agentId: "one" });
    expect(calls.map(({ type }) => type)).toEqual(["ACCEPT", "ACCEPT", "DECLINE"]);
    expect(world.core.queries.queue(world.now, { lastUnusedOffers: false })).toMatchObject([{ count: 1 }]);
  });

  it("isn't blocked by instances of an older version", () => {
    const { world, offer } = quiet();
    const fields = { instances: 1, cpus: 0.1, constraints: [["hostname", "UNIQUE"]] };
    put(world, { ...fields, cmd: "one" });
    offer({ agentId: "one" });
    put(world, { ...fields, cmd: "two" });
    expect(offer({ agentId: "one" })[0]?.type).toBe("ACCEPT");
  });
});

describe("asking for offers", () => {
  const asked = (world: World) => world.master.calls.filter(({ type }) => type === "REVIVE").length;

  it("happens at once for new work, then once more after 5 s, then every 120 s", () => {
    const { world } = quiet();
    world.pass(10_000);
    put(world, {});
    expect(asked(world)).toBe(1);
    world.pass(4_999);
    expect(asked(world)).toBe(1);
    world.pass(1);
    expect(asked(world)).toBe(2);
    world.pass(119_000);
    expect(asked(world)).toBe(2);
    world.pass(2_000);
    expect(asked(world)).toBe(3);
  });

  it("for a burst of new work happens every 20 ms at most", () => {
    const { world } = quiet();
    world.pass(10_000);
    for (let app = 0; app < 50; app += 1) put(world, { id: `/a${app}` });
    expect(asked(world)).toBe(1);
    world.pass(20);
    expect(asked(world)).toBe(2);
  });

  it("slows down with the number of offers that it brings", () => {
    const { world, offer } = quiet();
    world.pass(10_000);
    put(world, { cpus: 100 });
    offer(...Array.from({ length: 1_000 }, (_, index) => ({ agentId: `agent-${index}` })));
    put(world, { id: "/other", cpus: 100 });
    world.pass(999);
    expect(asked(world)).toBe(1);
    world.pass(1);
    expect(asked(world)).toBe(2);
  });

  it("is taken back after a second without work, once", () => {
    const { world } = quiet();
    world.pass(60_000);
    expect(world.master.calls.filter(({ type }) => type === "SUPPRESS")).toHaveLength(1);
  });

  it("is repeated when the call got lost", () => {
    const { world } = quiet();
    world.pass(10_000);
    world.callsToLose = 1;
    put(world, {});
    expect(asked(world)).toBe(0);
    world.drain();
    world.pass(5_000);
    expect(asked(world)).toBe(1);
  });

  it("an offer whose answer got lost is given back", () => {
    const { world, offer } = quiet();
    world.callsToLose = 1;
    offer({});
    world.drain();
    world.pass(5_000);
    expect(world.master.calls.filter(({ type }) => type === "DECLINE")).toMatchObject([
      { decline: { offer_ids: [{ value: "o-1" }] } },
    ]);
  });
});

describe("the queue", () => {
  const queue = (world: World, lastUnusedOffers = false) =>
    world.core.queries.queue(world.now, { lastUnusedOffers });

  it("says by a funnel why offers were not used", () => {
    const { world, offer } = quiet();
    put(world, { cpus: 1_000, mem: 1e9 });
    offer({ agentId: "one" }, { agentId: "two" }, { agentId: "two", reservedFor: "other" });
    const [item] = queue(world);
    expect(item).toMatchObject({ count: 1, delay: { timeLeftSeconds: 0, overdue: true } });
    const summary = item?.processedOffersSummary as {
      processedOffersCount: number;
      unusedOffersCount: number;
      rejectSummaryLaunchAttempt: { reason: string; declined: number; processed: number }[];
      rejectSummaryLastOffers: { reason: string; declined: number; processed: number }[];
    };
    expect([summary.processedOffersCount, summary.unusedOffersCount]).toEqual([3, 3]);
    const funnel = summary.rejectSummaryLaunchAttempt;
    expect(funnel).toHaveLength(10);
    expect(funnel[0]).toEqual({ reason: "UnfulfilledRole", declined: 1, processed: 3 });
    expect(funnel.find(({ reason }) => reason === "InsufficientCpus")).toEqual({
      reason: "InsufficientCpus",
      declined: 2,
      processed: 2,
    });
    expect(funnel.at(-1)?.processed).toBe(0);
    for (const [index, entry] of funnel.entries()) {
      const before = funnel[index - 1];
      if (before !== undefined) expect(entry.processed).toBe(before.processed - before.declined);
    }
    expect(summary.rejectSummaryLastOffers[0]?.processed).toBe(2);
  });

  it("shows the last unused offer of each agent when asked", () => {
    const { world, offer } = quiet();
    put(world, { cpus: 1_000 });
    offer({ agentId: "one", attributes: { rack: "r1" } }, { agentId: "one" }, { agentId: "two" });
    expect(queue(world)[0]?.lastUnusedOffers).toBeUndefined();
    expect(queue(world, true)[0]?.lastUnusedOffers).toMatchObject([
      { offer: { agentId: "one", hostname: "one.example" }, reason: ["InsufficientCpus"] },
      { offer: { agentId: "two" } },
    ]);
  });

  it("forgets an app when nothing of it waits, and counts afresh", () => {
    const { world, offer } = quiet();
    put(world, { cpus: 10 });
    offer({});
    offer({ cpus: 10 });
    expect(queue(world)).toEqual([]);
    put(world, { cpus: 10, instances: 2 });
    expect(queue(world)[0]?.processedOffersSummary).toMatchObject({ processedOffersCount: 0 });
  });

  it("keeps the delay over scaling and drops it with another configuration", () => {
    const { world, offer } = quiet();
    put(world, { backoffSeconds: 60 });
    offer({});
    const [task] = world.core.queries.allTasks();
    world.apply({
      kind: "statusReceived",
      status: {
        task_id: { value: task?.id ?? "" },
        agent_id: { value: "agent-1" },
        state: "TASK_FAILED",
        uuid: "u",
      },
    });
    expect(queue(world)[0]?.delay).toEqual({ timeLeftSeconds: 60, overdue: false });
    put(world, { backoffSeconds: 60, instances: 2 });
    expect(queue(world)[0]?.delay).toEqual({ timeLeftSeconds: 60, overdue: false });
    expect(offer({})[0]?.type).toBe("DECLINE");
    put(world, { backoffSeconds: 60, instances: 2, cmd: "other" });
    expect(queue(world)[0]?.delay).toEqual({ timeLeftSeconds: 0, overdue: true });
  });
});
