import { describe, expect, it } from "vitest";
import type { QuotaQuotaConfig, Resource } from "#contracts/kernel/messages.gen.ts";
import { MasterBench, noRegistry, wireResources } from "../testing.ts";
import type { QuotaChange } from "./events.ts";
import { readRegistry } from "./registry.ts";

const scalars = (amounts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, { value }]));

function config(
  role: string,
  guarantees: Readonly<Record<string, number>>,
  limits: Readonly<Record<string, number>> = {},
): QuotaQuotaConfig {
  return { role, guarantees: scalars(guarantees), limits: scalars(limits) };
}

class QuotaBench extends MasterBench {
  #requests = 0;

  change(change: QuotaChange): { readonly problem?: string; readonly cause?: string } {
    this.#requests += 1;
    const request = this.#requests;
    this.do({ kind: "quotaAsked", request, change });
    const reply = this.effects.findLast((effect) => effect.kind === "reply" && effect.request === request);
    expect(this.core.check()).toEqual([]);
    return reply?.kind === "reply" ? reply : {};
  }

  set(configs: readonly QuotaQuotaConfig[], force = false): string | undefined {
    return this.change({ kind: "update", configs, force }).problem;
  }

  /** Of outstanding offers, as the frameworks of this name were told of them. */
  offered(name: string, quantity: string): number {
    let sum = 0;
    for (const offer of this.core.state.offers.values())
      if (this.core.state.frameworks.get(offer.frameworkId)?.info.name === name)
        sum += offer.resources.scalarMillis(quantity) / 1000;
    return sum;
  }

  rescinds(stream: string): number {
    return this.events(stream).filter(({ type }) => type === "RESCIND").length;
  }
}

const inRole = (role: string) => ({ capabilities: [{ type: "MULTI_ROLE" as const }], roles: [role] });

describe("what is refused", () => {
  it.each<[string, readonly QuotaQuotaConfig[], string]>([
    ["a nested role", [config("a/b", { cpus: 1 })], "role a/b is below a"],
    ["a role without a name", [config("", { cpus: 1 })], "no name"],
    ["a negative guarantee", [config("a", { cpus: -1 })], "guarantees of role a: cpus is -1"],
    ["a limit that is no number", [config("a", {}, { mem: Number.NaN })], "limits of role a: mem is NaN"],
    ["a guarantee above its limit", [config("a", { cpus: 2 }, { cpus: 1 })], "guarantee of 2 cpus is above"],
    ["a role twice", [config("a", { cpus: 1 }), config("a", { cpus: 1 })], "names role a twice"],
    [
      "more than the cluster has",
      [config("a", { cpus: 3 }), config("b", { cpus: 2 })],
      "all guarantees together are 5 cpus and the cluster has 4",
    ],
  ])("%s, and then nothing of the call is done", (_name, configs, problem) => {
    const bench = new QuotaBench();
    bench.agent("one");
    expect(bench.set([config("fine", {}, { cpus: 1 }), ...configs])).toContain(problem);
    expect(bench.core.state.quotas.size).toBe(0);
    expect(bench.writes.filter(({ key }) => key.startsWith("quotas/"))).toEqual([]);
  });

  it("mesos.md§8#78 a limit below what is used, unless forced", () => {
    const bench = new QuotaBench();
    const agentId = bench.agent("one");
    const id = bench.framework("f", inRole("a"));
    bench.launch(id, "f", [
      {
        name: "t",
        task_id: { value: "t" },
        agent_id: { value: agentId },
        resources: wireResources("cpus:2;mem:100"),
        command: { value: "true" },
      },
    ]);
    expect(bench.set([config("a", {}, { cpus: 1 })])).toContain("uses 2 cpus already");
    expect(bench.set([config("a", {}, { cpus: 1 })], true)).toBeUndefined();
    bench.pass(10_000);
    expect(bench.offered("f", "cpus")).toBe(0);
  });

  it("guarantees above the cluster's capacity are taken when forced", () => {
    const bench = new QuotaBench();
    expect(bench.set([config("a", { cpus: 100 })])).toContain("the cluster has 0");
    expect(bench.set([config("a", { cpus: 100 })], true)).toBeUndefined();
    expect(bench.core.state.quotas.get("a")?.guarantees.get("cpus")).toBe(100_000);
  });
});

describe("what follows", () => {
  it("mesos.md§8#78 offers above a new limit are rescinded, and no more than it comes again", () => {
    const bench = new QuotaBench();
    bench.agent("one");
    bench.agent("two");
    bench.framework("f", inRole("a/x"));
    expect(bench.offered("f", "cpus")).toBe(8);
    expect(bench.set([config("a", {}, { cpus: 5, mem: 6000 })])).toBeUndefined();
    expect(bench.offered("f", "cpus")).toBe(4);
    expect(bench.rescinds("f")).toBe(1);
    bench.pass(3000);
    expect(bench.offered("f", "cpus")).toBe(5);
  });

  it("mesos.md§8#77 offers of others are rescinded for a new guarantee, which its role then gets", () => {
    const bench = new QuotaBench();
    for (const link of ["one", "two", "three"]) bench.agent(link);
    bench.framework("hungry", inRole("h"));
    bench.framework("sure", inRole("s"));
    expect(bench.offered("hungry", "cpus") + bench.offered("sure", "cpus")).toBe(12);
    const before = bench.offered("sure", "cpus");
    expect(bench.set([config("s", { cpus: 12 })])).toBeUndefined();
    bench.pass(3000);
    expect(bench.offered("sure", "cpus")).toBe(12);
    expect(before).toBeLessThan(12);
  });

  it("is written before it is answered, removed with empty maps, and read again", () => {
    const bench = new QuotaBench();
    bench.agent("one");
    bench.set([config("a", { cpus: 1.5 }, { cpus: 2 }), config("b", {}, { mem: 0 })]);
    const written = bench.writes.flatMap((write) => (write.kind === "put" ? [[write.key, write.value]] : []));
    const { quotas } = readRegistry(new Map(written as [string, never][]));
    expect([...quotas]).toEqual([
      ["a", { guarantees: new Map([["cpus", 1500]]), limits: new Map([["cpus", 2000]]) }],
      ["b", { guarantees: new Map(), limits: new Map([["mem", 0]]) }],
    ]);
    expect(bench.set([config("a", {})])).toBeUndefined();
    expect(bench.writes.at(-1)).toEqual({ kind: "delete", key: "quotas/a" });
    bench.do({ kind: "quotaListed", request: 99 });
    expect(bench.effects.at(-1)).toMatchObject({ request: 99, quotas: [{ role: "b" }] });
  });

  it("mesos.md§8#79 a new master offers nothing before 80 % of its agents are back", () => {
    const away = ["M-S0", "M-S1", "M-S2", "M-S3", "M-S4"];
    const quotas = new Map([["a", { guarantees: new Map([["cpus", 1000]]), limits: new Map() }]]);
    const agents = new Map(
      away.map((id) => [id, { hostname: id, standing: { kind: "inService" as const } }]),
    );
    const back = new MasterBench({}, { ...noRegistry, agents, quotas });
    back.framework("f", inRole("b"));
    for (const [index, id] of away.entries()) {
      back.do({
        kind: "agentSaid",
        connection: id,
        message: { kind: "hello", versions: { min: 1, max: 1 }, bootId: "b", masterEpoch: 0 },
      });
      back.reregister(id, id);
      back.pass(5000);
      expect(back.offers("f").length > 0, `${index + 1} of 5 are back`).toBe(index >= 3);
    }
    const late = new MasterBench({ pingIntervalMs: 10_000_000 }, { ...noRegistry, agents, quotas });
    late.framework("f", inRole("b"));
    late.agent("new");
    late.pass(599_000);
    expect(late.offers("f")).toEqual([]);
    late.pass(2_000);
    expect(late.offers("f")).toHaveLength(1);
  });
});

describe("the older calls", () => {
  const cpus: Resource = { name: "cpus", type: "SCALAR", scalar: { value: 1 } };

  it("set a guarantee that is the limit too, once, and remove it", () => {
    const bench = new QuotaBench();
    bench.agent("one");
    const set: QuotaChange = { kind: "set", request: { role: "a", guarantee: [cpus] } };
    expect(bench.change(set).problem).toBeUndefined();
    expect(bench.core.state.quotas.get("a")).toEqual({
      guarantees: new Map([["cpus", 1000]]),
      limits: new Map([["cpus", 1000]]),
    });
    expect(bench.change(set).problem).toContain("has quota already");
    expect(bench.change({ kind: "remove", role: "a" }).problem).toBeUndefined();
    expect(bench.change({ kind: "remove", role: "a" }).problem).toContain("no quota");
  });

  it("conflict with what the cluster has", () => {
    const bench = new QuotaBench();
    expect(bench.change({ kind: "set", request: { role: "a", guarantee: [cpus] } })).toMatchObject({
      cause: "conflict",
    });
  });

  it.each<[string, readonly Resource[], string]>([
    ["nothing", [], "is empty"],
    ["ranges", [{ name: "ports", type: "RANGES", ranges: { range: [] } }], "not a scalar"],
    ["what is reserved", [{ ...cpus, role: "x" }], "is reserved"],
    ["what is revocable", [{ ...cpus, revocable: {} }], "revocable"],
    ["a quantity twice", [cpus, cpus], "names cpus twice"],
  ])("refuse %s", (_name, guarantee, problem) => {
    const bench = new QuotaBench();
    bench.agent("one");
    expect(bench.change({ kind: "set", request: { role: "a", guarantee } }).problem).toContain(problem);
  });
});

describe("weights", () => {
  it("are written as far as they change something, the last of several for a role", () => {
    const bench = new MasterBench();
    const set = (...weights: readonly (readonly [string, number])[]): readonly unknown[] => {
      bench.writes.length = 0;
      const given = weights.map(([role, weight]) => ({ role, weight }));
      bench.do({ kind: "weightsAsked", request: 1, weights: given });
      return bench.writes.map((write) => (write.kind === "put" ? write.value : write.key));
    };
    const stored = (role: string, weight: number) => expect.objectContaining({ role, weight });
    expect(set(["a", 2], ["b", 1])).toEqual([stored("a", 2), stored("b", 1)]);
    expect(set(["a", 2], ["b", 3])).toEqual([stored("b", 3)]);
    expect(set(["a", 5], ["a", 2])).toEqual([stored("a", 2)]);
    expect(set(["b", 3], ["a", 2])).toEqual([]);
    expect([...bench.core.state.weights]).toEqual([
      ["a", 2],
      ["b", 3],
    ]);
    expect(bench.core.state.allocator.weightOf("b")).toBe(3);
  });
});
