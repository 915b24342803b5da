import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Core, Outcome } from "#foundation/base/core.ts";
import { createCoreHost, createVirtualTime } from "#foundation/runtime/index.ts";
import { ledgerScenario } from "../toy/ledger-scenario.ts";
import { type Connection, runScenario, runTwice, SimNetwork, SimNode, World } from "./index.ts";

const seeds = Array.from({ length: 15 }, (_, index) => index + 1);

/** The problems of the first seed that has any. */
function firstProblems(scenario: Parameters<typeof runScenario>[0]): readonly string[] {
  for (const seed of seeds) {
    const { problems } = runScenario(scenario, seed);
    if (problems.length > 0) return problems;
  }
  return [];
}

describe("the simulation", () => {
  it("gives the same trace for the same seed, and another for another", () => {
    const scenario = ledgerScenario("toy");
    const results = seeds.map((seed) => runTwice(scenario, seed));
    expect(results.flatMap(({ problems }) => problems)).toEqual([]);
    expect(new Set(results.map(({ hash }) => hash)).size).toBe(seeds.length);
    expect(results.every(({ faults }) => faults > 5)).toBe(true);
  });

  it("catches an effect that leaves before its write is durable", () => {
    const problems = firstProblems(ledgerScenario("toy", {}, { effectsBeforeWrites: true }));
    expect(problems.join()).toMatch(/was acknowledged and is lost/);
  });

  it("catches a message that is counted twice", () => {
    expect(firstProblems(ledgerScenario("toy", { countsTwice: true })).join()).toMatch(
      /counts once: counted/,
    );
  });

  it("catches a message that is never sent again", () => {
    const problems = firstProblems(ledgerScenario("toy", { sendsOnce: true }));
    expect(problems.join()).toMatch(/not reached within .* entries left/);
  });

  it("catches a run that depends on something else than its seed", () => {
    let runs = 0;
    const scenario = ledgerScenario("toy");
    const unstable = {
      ...scenario,
      build: (world: World, network: SimNetwork) => {
        runs += 1;
        world.trace.add(0, "test", "run", runs);
        return scenario.build(world, network);
      },
    };
    expect(runTwice(unstable, 1).problems.join()).toMatch(/not deterministic/);
  });
});

interface Ends {
  readonly world: World;
  readonly network: SimNetwork;
  readonly near: Connection;
  readonly received: unknown[];
  readonly closed: string[];
}

function connected(seed = 1): Ends {
  const world = new World({ seed });
  const network = new SimNetwork(world);
  const received: unknown[] = [];
  const closed: string[] = [];
  network.listen("b", {
    accept: (connection) => {
      connection.onFrame = (frame) => received.push(frame);
      connection.onClose = () => closed.push("b");
    },
  });
  network.listen("a", {});
  const near = network.connect("a", "b", "test");
  near.onClose = () => closed.push("a");
  return { world, network, near, received, closed };
}

describe("a simulated connection", () => {
  it("delivers every frame in order, however long each takes", () => {
    for (const seed of seeds) {
      const { world, network, near, received } = connected(seed);
      network.faults = { callLost: 0, callTwice: 0, cutYoung: 0, slow: 0.5, slowMs: 300 };
      const frames = Array.from({ length: 30 }, (_, index) => index);
      for (const frame of frames) near.send(frame);
      world.run({ forMs: 20_000 });
      expect(received).toEqual(frames);
    }
  });

  it("tells both ends when it breaks, once, and loses what was on its way", () => {
    const { world, network, near, received, closed } = connected();
    world.run({ forMs: 100 });
    near.send("lost");
    network.connections()[0]?.breakOff();
    near.send("too late");
    world.run({ forMs: 60_000 });
    expect(received).toEqual([]);
    expect(closed.sort()).toEqual(["a", "b"]);
  });

  it("cut in the middle delivers a first part of what was sent, at times when the other end knows already", () => {
    const parts = new Set<number>();
    const orders = new Set<string>();
    for (const seed of seeds) {
      const { world, network, near, received, closed } = connected(seed);
      world.run({ forMs: 100 });
      network.connections()[0]?.cut(world.fork("cut"), { chokedMs: 1_000, lateMs: 3_000 });
      const frames = Array.from({ length: 5 }, (_, index) => index);
      near.onClose = () => closed.push(`a after ${received.length}`);
      for (const frame of frames) near.send(frame);
      world.run({ forMs: 60_000 });
      expect(received).toEqual(frames.slice(0, received.length));
      expect(closed).toHaveLength(2);
      expect(network.connections()).toEqual([]);
      parts.add(received.length);
      orders.add(closed.join());
    }
    expect(parts.size).toBeGreaterThan(1);
    expect([...orders].some((order) => order === "a after 0,b")).toBe(true);
  });

  it("takes longer in the one direction that is slow", () => {
    const { world, network, near, received } = connected(3);
    world.run({ forMs: 100 });
    network.slowDown("b", "a", 60_000);
    near.send("quick");
    world.run({ forMs: 100 });
    network.slowDown("a", "b", 60_000);
    near.send("slow");
    world.run({ forMs: 100 });
    expect(received).toEqual(["quick"]);
    world.run({ forMs: 60_000 });
    expect(received).toEqual(["quick", "slow"]);
  });

  it("holds frames while their way is blocked, and breaks when that lasts", () => {
    const { world, network, near, received, closed } = connected();
    world.run({ forMs: 100 });
    network.block("a", "b");
    near.send("held");
    world.run({ forMs: 5_000 });
    expect(received).toEqual([]);
    network.unblock("a", "b");
    world.run({ forMs: 100 });
    expect(received).toEqual(["held"]);
    network.block("a", "b");
    near.send("lost");
    world.run({ forMs: 60_000 });
    expect(received).toEqual(["held"]);
    expect(closed.sort()).toEqual(["a", "b"]);
  });

  it("ends for the peer of a node that crashes, and is refused where nobody listens", () => {
    const { world, network, closed } = connected();
    world.run({ forMs: 100 });
    network.drop("b");
    const refused = network.connect("a", "b", "test");
    refused.onClose = () => closed.push("refused");
    world.run({ forMs: 1_000 });
    expect(closed.sort()).toEqual(["a", "refused"]);
  });
});

type Step = { readonly id: number; readonly writes: number };

class StepCore implements Core<Step, number> {
  apply({ id, writes }: Step): Outcome<number> {
    const puts = Array.from({ length: writes }, (_, index) => ({
      kind: "put" as const,
      key: `${id}/${index}`,
      value: id,
    }));
    return { writes: puts, effects: [id] };
  }
  wakeAt(): undefined {
    return undefined;
  }
  wake(): Outcome<number> {
    return { writes: [], effects: [] };
  }
  snapshot() {
    return null;
  }
  check() {
    return [];
  }
}

describe("a simulated node", () => {
  it("performs what the real host performs, in the same order", async () => {
    const steps = fc.array(fc.record({ writes: fc.integer({ min: 0, max: 2 }) }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(steps, async (shapes) => {
        const script = shapes.map(({ writes }, id) => ({ id, writes }));
        const time = createVirtualTime();
        const real: number[] = [];
        const host = createCoreHost<Step, number>({
          core: new StepCore(),
          clock: time.clock,
          timers: time.timers,
          storage: { commit: async () => undefined },
          perform: (effect) => real.push(effect),
          onFatal: (error) => {
            throw error;
          },
        });
        for (const step of script) host.dispatch(step);
        await host.close();
        const world = new World({ seed: 1 });
        const simulated: number[] = [];
        const node = new SimNode<Step, number>(new SimNetwork(world), "n", () => ({
          core: new StepCore(),
          perform: (effect) => simulated.push(effect),
        }));
        node.start();
        for (const step of script) node.dispatch(step);
        world.run({ forMs: 10_000 });
        expect(simulated).toEqual(real);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps what was acknowledged through a crash", () => {
    for (const seed of seeds) {
      const world = new World({ seed });
      const acknowledged: number[] = [];
      const node = new SimNode<Step, number>(new SimNetwork(world), "n", () => ({
        core: new StepCore(),
        perform: (effect) => acknowledged.push(effect),
      }));
      node.start();
      for (let id = 0; id < 10; id += 1) {
        world.schedule(id * 3, () => node.dispatch({ id, writes: 1 }));
      }
      world.run({ forMs: 12 });
      node.crash("test");
      world.run({ forMs: 100 });
      for (const id of acknowledged) expect(node.disk.get(`${id}/0`)).toBe(id);
    }
  });
});
