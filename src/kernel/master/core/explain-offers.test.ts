import { describe, expect, it } from "vitest";
import type { OfferReason } from "#contracts/kernel/allocation-endpoints.ts";
import { type Language, text } from "#contracts/messages/messages.ts";
import { MasterBench, noRegistry } from "../testing.ts";
import { explainOffers, type VerdictFacts } from "./explain-offers.ts";

const multiRole = { type: "MULTI_ROLE" as const };
const inRole = (role: string) => ({ capabilities: [multiRole], roles: [role] });
const domain = (region: string) => ({
  domain: { fault_domain: { region: { name: region }, zone: { name: "z" } } },
});

function limitOf(bench: MasterBench, role: string, cpus: number): void {
  const quota = { role, limits: { cpus: { value: cpus }, mem: { value: 0 } } };
  bench.do({ kind: "quotaAsked", request: 1, change: { kind: "update", configs: [quota], force: true } });
}

function guarantee(bench: MasterBench, role: string, cpus: number): void {
  const wishes = { cpus: { value: cpus }, mem: { value: 4096 } };
  const quota = { role, guarantees: wishes };
  bench.do({ kind: "quotaAsked", request: 1, change: { kind: "update", configs: [quota], force: true } });
}

function decline(bench: MasterBench, frameworkId: string, stream: string, seconds: number): void {
  const offer_ids = bench.offers(stream).map(({ id }) => id);
  bench.call(frameworkId, {
    type: "DECLINE",
    decline: { offer_ids, filters: { refuse_seconds: seconds } },
  });
}

/** What is done to a new master, whose framework `f` is asked about. */
const situations: readonly (readonly [OfferReason, (bench: MasterBench) => string, object])[] = [
  ["noNodes", (bench) => bench.framework("f"), { agents: 0 }],
  [
    "offered",
    (bench) => {
      bench.agent("one");
      return bench.framework("f");
    },
    { offered: 1, nodes: [{ cause: "offered", free: {}, offerable: { cpus: 4, mem: 4096 } }] },
  ],
  [
    "disconnected",
    (bench) => {
      const id = bench.framework("f");
      bench.do({ kind: "schedulerDisconnected", connection: "f" });
      return id;
    },
    {},
  ],
  [
    "suppressed",
    (bench) => {
      bench.agent("one");
      const id = bench.framework("f");
      bench.call(id, { type: "SUPPRESS" });
      decline(bench, id, "f", 0);
      return id;
    },
    { suppressed: true },
  ],
  [
    "filtered",
    (bench) => {
      bench.agent("one");
      const id = bench.framework("f");
      decline(bench, id, "f", 60);
      return id;
    },
    { filtered: 1, nodes: [{ cause: "filtered", until: 61_000, free: { cpus: 4, mem: 4096 } }] },
  ],
  [
    "nothingFree",
    (bench) => {
      bench.agent("one");
      bench.framework("other", inRole("a"));
      return bench.framework("f", inRole("b"));
    },
    { nothingFree: 1, roleShare: 0 },
  ],
  [
    "inactive",
    (bench) => {
      bench.agent("one");
      bench.do({ kind: "agentDisconnected", connection: "one" });
      return bench.framework("f");
    },
    { inactive: 1 },
  ],
  [
    "gpus",
    (bench) => {
      bench.agent("one", "cpus:4;mem:100;gpus:1");
      return bench.framework("f");
    },
    { gpus: 1 },
  ],
  [
    "reserved",
    (bench) => {
      bench.agent("one", "cpus(other):4;mem(other):100");
      return bench.framework("f");
    },
    { reserved: 1 },
  ],
  [
    "belowMinimum",
    (bench) => {
      bench.agent("one", "cpus:0.001;mem:1");
      return bench.framework("f");
    },
    { belowMinimum: 1, nodes: [{ free: { cpus: 0.001, mem: 1 } }] },
  ],
  [
    "limit",
    (bench) => {
      limitOf(bench, "a", 0);
      bench.agent("one");
      return bench.framework("f", inRole("a/b"));
    },
    { limit: 1, role: "a/b" },
  ],
  [
    "heldBack",
    (bench) => {
      guarantee(bench, "sure", 4);
      bench.agent("one");
      return bench.framework("f", inRole("b"));
    },
    { heldBack: 1 },
  ],
  [
    "otherRegion",
    (bench) => {
      bench.agent("far", undefined, domain("away"));
      return bench.framework("f");
    },
    { otherRegion: 1 },
  ],
  [
    "constraints",
    (bench) => {
      bench.agent("one");
      const selector = { attribute_name: "rack" };
      const attribute_constraints = [{ selector, predicate: { exists: {} } }];
      bench.do({
        kind: "schedulerSubscribed",
        connection: "f",
        subscribe: {
          framework_info: { user: "u", name: "f" },
          offer_constraints: { role_constraints: { "*": { groups: [{ attribute_constraints }] } } },
        },
      });
      return bench.events("f")[0]?.subscribed?.framework_id.value ?? "";
    },
    { constraints: 1 },
  ],
];

function explained(bench: MasterBench, frameworkId: string, agentsMax = 100): VerdictFacts {
  const framework = bench.core.state.frameworks.get(frameworkId);
  const [facts] = framework === undefined ? [] : explainOffers(bench.core.state, framework, agentsMax);
  if (facts === undefined) throw new Error("there is no verdict");
  return facts;
}

describe("why a framework is offered nothing", () => {
  it.each(situations)("%s is told, with what each node has", (reason, arrange, more) => {
    const bench = new MasterBench({}, noRegistry, domain("home"));
    const { verdict, parameters } = explained(bench, arrange(bench));
    expect(verdict).toMatchObject({ reason, frameworkName: "f", ...more });
    for (const language of ["en", "zh"] as const satisfies readonly Language[])
      expect(text(language, `offers.${reason}`, { ...parameters, seconds: 60 })).not.toMatch(/undefined|\{/);
  });

  it("paused is told after a failover with quota", () => {
    const quotas = new Map([["a", { guarantees: new Map([["cpus", 1000]]), limits: new Map() }]]);
    const agents = new Map([["A", { hostname: "a", standing: { kind: "inService" as const } }]]);
    const bench = new MasterBench({}, { ...noRegistry, agents, quotas });
    expect(explained(bench, bench.framework("f")).verdict.reason).toBe("paused");
  });

  it("asking changes nothing, and looks at no more nodes than are wanted", () => {
    const bench = new MasterBench();
    guarantee(bench, "sure", 4);
    for (const link of ["one", "two", "three"]) bench.agent(link);
    const id = bench.framework("f", inRole("b"));
    const before = [bench.core.wakeAt(), JSON.stringify(bench.core.snapshot())];
    const { verdict } = explained(bench, id, 2);
    expect([verdict.examined, verdict.agents, verdict.nodes.length]).toEqual([2, 3, 2]);
    expect([bench.core.wakeAt(), JSON.stringify(bench.core.snapshot())]).toEqual(before);
  });
});
