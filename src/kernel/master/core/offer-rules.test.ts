/** Rules of who is offered which agent: constraints of frameworks, regions, and how long an offer lasts. */
import { describe, expect, it } from "vitest";
import type { DomainInfo, SchedulerOfferConstraints } from "#contracts/kernel/messages.gen.ts";
import { MasterBench, noRegistry, wireResources } from "../testing.ts";

const domain = (region: string): DomainInfo => ({
  fault_domain: { region: { name: region }, zone: { name: "z" } },
});
const rack = (value: string) => ({
  attributes: [{ name: "rack", type: "TEXT" as const, text: { value } }],
});
const onRack = (regex: string): SchedulerOfferConstraints => ({
  role_constraints: {
    "*": {
      groups: [
        {
          attribute_constraints: [
            { selector: { attribute_name: "rack" }, predicate: { text_matches: { regex } } },
          ],
        },
      ],
    },
  },
});

describe("offer constraints", () => {
  const info = { user: "u", name: "f", failover_timeout: 100, checkpoint: true };

  it("mesos.md§8#30 keep out agents, and change with an update of the framework", () => {
    const bench = new MasterBench();
    bench.agent("one", undefined, rack("r1"));
    bench.agent("two", undefined, rack("r2"));
    bench.do({
      kind: "schedulerSubscribed",
      connection: "f",
      subscribe: { framework_info: info, offer_constraints: onRack("r1|r3") },
    });
    expect(bench.offers("f").map(({ hostname }) => hostname)).toEqual(["one"]);
    const frameworkId = bench.offers("f")[0]?.framework_id.value ?? "";
    bench.do({
      kind: "frameworkUpdateAsked",
      request: 1,
      frameworkId,
      update: {
        framework_info: { ...info, id: { value: frameworkId } },
        offer_constraints: onRack("r2"),
      },
    });
    expect(bench.effects.find((effect) => effect.kind === "reply")).toEqual({ kind: "reply", request: 1 });
    bench.pass(1000);
    expect(bench.offers("f").map(({ hostname }) => hostname)).toEqual(["one", "two"]);
  });

  it("that can't be read refuse the subscription, and leave an update undone", () => {
    const bench = new MasterBench();
    bench.do({
      kind: "schedulerSubscribed",
      connection: "bad",
      subscribe: { framework_info: info, offer_constraints: onRack("r(") },
    });
    expect(bench.events("bad")[0]?.error?.message).toContain('"r(" is not a valid regular expression');
    expect(bench.effects.at(-1)).toEqual({ kind: "closeStream", connection: "bad" });
    const frameworkId = bench.framework("good");
    bench.do({
      kind: "frameworkUpdateAsked",
      request: 2,
      frameworkId,
      update: {
        framework_info: { ...info, user: "u", id: { value: frameworkId } },
        offer_constraints: { role_constraints: { other: { groups: [] } } },
      },
    });
    const reply = bench.effects.find((effect) => effect.kind === "reply");
    expect(reply?.kind === "reply" ? reply.problem : "").toContain('role_constraints["other"]');
    expect(bench.core.state.frameworks.get(frameworkId)?.offerConstraints).toBeUndefined();
  });

  it("mesos.md§8#30 are judged anew when an agent comes back with other attributes", () => {
    const bench = new MasterBench();
    const agentId = bench.agent("one", undefined, rack("r1"));
    bench.do({
      kind: "schedulerSubscribed",
      connection: "f",
      subscribe: { framework_info: info, offer_constraints: onRack("r2") },
    });
    expect(bench.offers("f")).toEqual([]);
    bench.do({ kind: "agentDisconnected", connection: "one" });
    bench.do({
      kind: "agentSaid",
      connection: "again",
      message: { kind: "hello", versions: { min: 1, max: 1 }, bootId: "b", masterEpoch: 0 },
    });
    const changed = { hostname: "one", resources: wireResources("cpus:4;mem:4096"), ...rack("r2") };
    bench.do({
      kind: "agentSaid",
      connection: "again",
      message: {
        kind: "reregister",
        info: { ...changed, id: { value: agentId } },
        pid: "slave(1)@one:5051",
        version: "1",
        capabilities: [],
        frameworks: [],
        executors: [],
        tasks: [],
      },
    });
    expect(bench.offers("f").map(({ agent_id }) => agent_id.value)).toEqual([agentId]);
  });
});

describe("regions", () => {
  const refusal = (bench: MasterBench, link: string): string | undefined =>
    bench.toAgent(link).flatMap((message) => (message.kind === "refused" ? [message.reason] : []))[0];

  it("mesos.md§8#81 an agent of another region is for frameworks that know of regions", () => {
    const bench = new MasterBench({}, noRegistry, { domain: domain("home") });
    bench.agent("near", undefined, { domain: domain("home") });
    bench.agent("far", undefined, { domain: domain("away") });
    bench.agent("nowhere");
    bench.framework("plain");
    const hosts = (stream: string) =>
      bench
        .offers(stream)
        .map(({ hostname }) => hostname)
        .sort();
    expect(hosts("plain")).toEqual(["near", "nowhere"]);
    bench.framework("aware", { capabilities: [{ type: "REGION_AWARE" }] });
    expect(hosts("aware")).toEqual(["far"]);
    expect(bench.offers("aware")[0]?.domain).toEqual(domain("away"));
    expect(bench.events("aware")[0]?.subscribed?.master_info?.domain).toEqual(domain("home"));
  });

  it("mesos.md§8#81 an agent with a domain needs a master with one, and a master may require them", () => {
    const bare = new MasterBench();
    bare.agent("told", undefined, { domain: domain("home") });
    expect(refusal(bare, "told")).toContain("this master has none");
    const strict = new MasterBench({ requireAgentDomain: true }, noRegistry, { domain: domain("home") });
    strict.agent("silent");
    expect(refusal(strict, "silent")).toContain("has no domain, which this master requires");
    expect(strict.agent("told", undefined, { domain: domain("home") })).not.toBe("");
  });
});

describe("an offer", () => {
  it("mesos.md§8#32 that is not answered in time is taken back, and made again without a filter", () => {
    const bench = new MasterBench({ offerTimeoutMs: 30_000 });
    bench.agent("one");
    bench.framework("f");
    bench.pass(29_000);
    expect(bench.offers("f")).toHaveLength(1);
    bench.pass(1_000);
    expect(bench.events("f").flatMap(({ rescind }) => rescind?.offer_id ?? [])).toEqual([
      bench.offers("f")[0]?.id,
    ]);
    bench.pass(1_000);
    expect(bench.offers("f")).toHaveLength(2);
  });

  it("that is answered has no timeout any more", () => {
    const bench = new MasterBench({ offerTimeoutMs: 30_000 });
    bench.agent("one");
    const id = bench.framework("f");
    const offer_ids = bench.offers("f").map((offer) => offer.id);
    bench.call(id, { type: "DECLINE", decline: { offer_ids, filters: { refuse_seconds: 1000 } } });
    bench.pass(60_000);
    expect(bench.events("f").filter(({ type }) => type === "RESCIND")).toEqual([]);
  });
});
