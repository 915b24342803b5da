/** Agents that fall silent together are given up one after the other, and those that answer meanwhile are not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyWrites } from "#foundation/runtime/index.ts";
import { MasterBench } from "../testing.ts";
import { readRegistry } from "./registry.ts";
import { RemovalPace } from "./removal-pace.ts";

const names = ["a", "b", "c", "d", "e", "f"];
const policy = { agentRemovalRate: { agents: 2, perMs: 60_000 } };
const everyMs = 30_000;
/** Six pings a quarter of a minute apart, the last of them answered by nobody. */
const patienceMs = 90_000;

describe("a rack that falls silent", () => {
  function silent(): { readonly bench: MasterBench; readonly ids: readonly string[] } {
    const bench = new MasterBench(policy);
    const ids = names.map((name) => bench.agent(name));
    bench.pass(patienceMs);
    return { bench, ids };
  }
  const unreachable = (bench: MasterBench): readonly string[] => [...bench.core.state.unreachable.keys()];

  it("reliability.md§4#F8 is given up at the pace that is set, in order", () => {
    const { bench, ids } = silent();
    for (let lost = 1; lost <= names.length; lost += 1) {
      expect(unreachable(bench)).toEqual(ids.slice(0, lost));
      expect(bench.core.check()).toEqual([]);
      bench.pass(everyMs - 1);
      expect(unreachable(bench)).toEqual(ids.slice(0, lost));
      bench.pass(1);
    }
  });

  it("reliability.md§4#F8 is kept when it answers before its turn, by a pong or on a new link", () => {
    const { bench, ids } = silent();
    bench.do({ kind: "agentSaid", connection: "b", message: { kind: "pong" } });
    bench.reregister("c again", ids[2] ?? "");
    bench.do({ kind: "agentDisconnected", connection: "d" });
    const pong = (connection: string): void =>
      bench.do({ kind: "agentSaid", connection, message: { kind: "pong" } });
    for (let time = 0; time < 20; time += 1) {
      bench.pass(15_000);
      for (const link of ["b", "c again"]) pong(link);
    }
    expect(unreachable(bench)).toEqual(["a", "d", "e", "f"].map((name) => ids[names.indexOf(name)]));
    expect(bench.core.state.removals).toMatchObject({ waiting: 0, canceled: 2 });
    expect(bench.core.check()).toEqual([]);
  });

  it("reliability.md§4#F8 is given up no faster by a new master that it does not come back to", () => {
    const { bench, ids } = silent();
    const records = new Map();
    applyWrites(records, bench.writes);
    const next = new MasterBench(policy, readRegistry(records));
    next.pass(600_000);
    expect(next.core.state.unreachable.size).toBe(2);
    next.reregister("f", ids[5] ?? "");
    next.pass(everyMs);
    expect([...next.core.state.agents.keys()]).toEqual([ids[5]]);
    next.pass(everyMs);
    expect([...next.core.state.recovered.keys()]).toEqual([ids[4]]);
  });

  it("is given up at once where no pace is set", () => {
    const bench = new MasterBench();
    for (const name of names) bench.agent(name);
    bench.pass(patienceMs);
    expect(bench.core.state.unreachable.size).toBe(names.length);
  });
});

it("never lets two go sooner after each other than the pace, nor one that was canceled", () => {
  const move = fc.record({
    afterMs: fc.integer({ min: 0, max: 400 }),
    agent: fc.constantFrom(...names),
    isSilent: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const pace = new RemovalPace({ agents: 3, perMs: 900 });
      const silent = new Set<string>();
      let now = 0;
      let last = Number.NEGATIVE_INFINITY;
      for (const { afterMs, agent, isSilent } of moves) {
        now += afterMs;
        if (isSilent) pace.add(agent);
        else pace.cancel(agent);
        if (isSilent) silent.add(agent);
        else silent.delete(agent);
        const taken = pace.take(now);
        if (taken === undefined) continue;
        if (now - last < 300 || !silent.delete(taken)) return false;
        last = now;
      }
      return pace.waiting === silent.size && (pace.wakeAt() !== undefined) === silent.size > 0;
    }),
  );
});
