import { beforeEach, describe, expect, it } from "vitest";
import type { MachineID, MaintenanceWindow } from "#contracts/kernel/messages.gen.ts";
import { applyWrites } from "#foundation/runtime/index.ts";
import { aTask, MasterBench } from "../testing.ts";
import { readRegistry } from "./registry.ts";

const second = 1_000_000_000;
/** Agents of the bench answer at an address of their name. */
const machine = (name: string): MachineID => ({ hostname: name, ip: name });
const window = (start: number, ...machines: MachineID[]): MaintenanceWindow => ({
  machine_ids: machines,
  unavailability: { start: { nanoseconds: start * second }, duration: { nanoseconds: 60 * second } },
});
const inTheOpen: MachineID = { hostname: "other.example", ip: "10.0.0.9" };

let bench: MasterBench;
let agentId: string;
beforeEach(() => {
  bench = new MasterBench();
  agentId = bench.agent("10.0.0.1");
});

const reply = (at: MasterBench) => {
  expect(at.core.check()).toEqual([]);
  return at.effects.findLast(({ kind }) => kind === "reply");
};
const done = { kind: "reply", request: 7 };
function schedule(windows: readonly MaintenanceWindow[], at = bench) {
  at.do({ kind: "maintenanceScheduleAsked", request: 7, schedule: { windows } });
  return reply(at);
}
function move(isDown: boolean, machines: readonly MachineID[], at = bench) {
  at.do({ kind: "maintenanceAsked", request: 7, isDown, machines });
  return reply(at);
}
function failOver(): MasterBench {
  const records = new Map();
  applyWrites(records, bench.writes);
  return new MasterBench({}, readRegistry(records));
}
const asked = (stream = "stream") =>
  bench.events(stream).flatMap(({ inverse_offers }) => inverse_offers?.inverse_offers ?? []);

const own = machine("10.0.0.1");

describe("a schedule", () => {
  it.each([
    ["a window without machines", [window(1)], "at least one machine"],
    ["a machine without a name", [window(1, {})], "a hostname, an ip or both"],
    ["an address that is none", [window(1, { ip: "1.2.3" })], "1.2.3 is not an IP address"],
    [
      "a machine twice, in other letters",
      [window(1, { hostname: "A" }), window(2, { hostname: "a" })],
      "twice",
    ],
    [
      "a negative duration",
      [{ ...window(1, own), unavailability: { start: { nanoseconds: 1 }, duration: { nanoseconds: -1 } } }],
      "must not be negative",
    ],
    [
      "more machines than it may have",
      [window(1, ...Array.from({ length: 5_001 }, (_, index) => ({ hostname: `h${index}` })))],
      "5000 machines",
    ],
  ])("with %s is refused whole", (_name, windows, problem) => {
    expect(schedule(windows)).toMatchObject({ problem: expect.stringContaining(problem) });
    expect(bench.core.state.maintenance.windows).toEqual([]);
  });

  it("takes offers back and makes them again with what is known now, whatever was declined", () => {
    const id = bench.framework("stream");
    bench.pass(1_000);
    const [first] = bench.offers("stream");
    expect(first).not.toHaveProperty("unavailability");
    bench.call(id, {
      type: "DECLINE",
      decline: { offer_ids: first ? [first.id] : [], filters: { refuse_seconds: 600 } },
    });
    expect(schedule([window(100, own), window(200, inTheOpen)])).toEqual(done);
    bench.pass(1_000);
    expect(bench.offers("stream").at(-1)).toMatchObject({
      unavailability: { start: { nanoseconds: 100 * second }, duration: { nanoseconds: 60 * second } },
    });
    bench.effects.length = 0;
    schedule([]);
    bench.pass(1_000);
    expect(bench.events("stream").map(({ type }) => type)).toEqual([
      "RESCIND",
      "RESCIND_INVERSE_OFFER",
      "OFFERS",
    ]);
    expect(bench.offers("stream")[0]).not.toHaveProperty("unavailability");
  });

  it("outlives the master, and keeps those that are down", () => {
    schedule([window(100, own, inTheOpen)]);
    move(true, [inTheOpen]);
    const next = failOver();
    expect(next.core.state.maintenance.record()).toEqual(bench.core.state.maintenance.record());
    next.framework("stream");
    next.reregister("10.0.0.1", agentId, [], [], undefined, [], "10.0.0.1");
    next.pass(2_000);
    expect(next.offers("stream")[0]).toHaveProperty("unavailability");
    expect(schedule([window(100, own)], next)).toMatchObject({ problem: expect.stringContaining("is down") });
  });
});

describe("an inverse offer", () => {
  beforeEach(() => {
    const id = bench.framework("stream");
    bench.framework("bystander", { roles: [] });
    bench.launch(id, "stream", [aTask("t", agentId)], 600);
    bench.effects.length = 0;
  });
  const framework = () =>
    [...bench.core.state.frameworks.values()].find(({ info }) => info.name === "stream");

  it("asks each framework that holds something there, once until it answers, and again after its filter", () => {
    schedule([window(100, own)]);
    bench.pass(3_000);
    expect(asked()).toMatchObject([
      {
        agent_id: { value: agentId },
        unavailability: { start: { nanoseconds: 100 * second } },
        url: {
          scheme: "http",
          address: { hostname: "10.0.0.1", ip: "10.0.0.1", port: 5051 },
          path: "/slave(1)",
        },
      },
    ]);
    const answer = (type: "ACCEPT" | "DECLINE", seconds: number) => {
      const ids = asked()
        .slice(-1)
        .map(({ id }) => id);
      const body = { inverse_offer_ids: ids, filters: { refuse_seconds: seconds } };
      const name = framework()?.id ?? "";
      if (type === "ACCEPT") bench.call(name, { type: "ACCEPT_INVERSE_OFFERS", accept_inverse_offers: body });
      else bench.call(name, { type: "DECLINE_INVERSE_OFFERS", decline_inverse_offers: body });
      return bench.core.state.maintenance.answers.get(agentId)?.get(name)?.status;
    };
    expect(answer("DECLINE", 4)).toBe("DECLINE");
    bench.pass(3_000);
    expect(asked()).toHaveLength(1);
    bench.pass(2_000);
    expect(asked()).toHaveLength(2);
    expect(answer("ACCEPT", 600)).toBe("ACCEPT");
    bench.pass(20_000);
    expect(asked()).toHaveLength(2);
    bench.call(framework()?.id ?? "", { type: "REVIVE" });
    bench.pass(2_000);
    expect(asked()).toHaveLength(3);
    expect(bench.core.state.maintenance.answers.get(agentId)?.size).toBe(1);
  });

  it.each([
    ["the schedule changes", () => schedule([window(500, own)])],
    ["the schedule ends", () => schedule([])],
    ["the agent is away", () => bench.do({ kind: "agentDisconnected", connection: "10.0.0.1" })],
    ["the machine goes down", () => move(true, [own])],
  ])("is taken back when %s", (_name, act) => {
    schedule([window(100, own)]);
    bench.pass(1_000);
    const [offer] = asked();
    act();
    expect(
      bench.events("stream").flatMap(({ rescind_inverse_offer: rescind }) => rescind?.inverse_offer_id ?? []),
    ).toEqual([offer?.id]);
    expect(bench.core.state.maintenance.inverseOffers.size).toBe(0);
  });
});

describe("a machine that goes down", () => {
  it("takes its agent along, also from those who understand more, and refuses it until it is up", () => {
    const id = bench.framework("stream", { capabilities: [{ type: "PARTITION_AWARE" }] });
    bench.launch(id, "stream", [aTask("t", agentId)]);
    expect(move(true, [own])).toMatchObject({
      problem: expect.stringContaining("not in the maintenance schedule"),
    });
    schedule([window(100, own)]);
    expect(move(true, [own])).toEqual(done);
    expect(bench.updates("stream").at(-1)).toMatchObject({
      state: "TASK_LOST",
      reason: "REASON_AGENT_REMOVED",
    });
    expect(bench.toAgent("10.0.0.1").at(-1)).toMatchObject({ kind: "shutdownAgent", mayReturn: true });
    expect(bench.core.state.agents.size).toBe(0);
    expect(move(true, [own])).toMatchObject({ problem: expect.stringContaining("not draining") });
    expect(bench.agent("10.0.0.1")).toBe(agentId);
    expect(bench.toAgent("10.0.0.1").at(-1)).toMatchObject({ kind: "refused", final: false });
    bench.reregister("10.0.0.1", agentId, [], [], undefined, [], "10.0.0.1");
    expect(bench.core.state.agents.size).toBe(0);

    expect(move(false, [own, inTheOpen])).toMatchObject({ problem: expect.stringContaining("is not down") });
    expect(move(false, [own])).toEqual(done);
    expect(bench.core.state.maintenance.windows).toEqual([]);
    expect(bench.agent("10.0.0.1")).not.toBe(agentId);
  });

  it("is not drained besides", () => {
    schedule([window(100, own)]);
    bench.do({
      kind: "agentOrdered",
      request: 7,
      agentId,
      order: { kind: "drain", drain: { markGone: false } },
    });
    expect(reply(bench)).toMatchObject({ problem: expect.stringContaining("in the maintenance schedule") });
  });
});
