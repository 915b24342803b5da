import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Resource } from "#contracts/kernel/messages.gen.ts";
import type { ContainerExit, RecoveredContainer } from "#kernel/containerizer/driver.ts";
import { AgentBench, aRunTask, statusUpdates, testFacts } from "../testing.ts";

/** One thing that happens to an agent; numbers choose among what there is. */
type Action =
  | { readonly kind: "run"; readonly task: number; readonly framework: number; readonly cpus: number }
  | { readonly kind: "kill"; readonly task: number; readonly framework: number; readonly graceMs: number }
  | { readonly kind: "started" | "failed" | "exited"; readonly pick: number; readonly status: number }
  | { readonly kind: "acknowledge"; readonly pick: number }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "unplug" | "forgotten" | "restart" | "reboot" | "overload" }
  | { readonly kind: "shutdownFramework"; readonly framework: number };

const small = fc.nat({ max: 3 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("run" as const),
      task: small,
      framework: fc.nat({ max: 1 }),
      cpus: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("kill" as const),
      task: small,
      framework: fc.nat({ max: 1 }),
      graceMs: fc.nat({ max: 5_000 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("started" as const, "failed" as const, "exited" as const),
      pick: small,
      status: fc.nat({ max: 1 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("acknowledge" as const), pick: small }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.nat({ max: 100_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom<"unplug" | "forgotten" | "restart" | "reboot" | "overload">(
        "unplug",
        "forgotten",
        "restart",
        "reboot",
        "overload",
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("shutdownFramework" as const), framework: fc.nat({ max: 1 }) }),
  },
);

const lentOf = (resources: readonly Resource[]): readonly Resource[] =>
  resources.map((resource) => ({ ...resource, revocable: {} }));

/** Containers as a driver would know them, and a master that remembers what it was told. */
class World {
  readonly bench = new AgentBench({
    facts: { resources: [...testFacts.resources, ...lentOf(testFacts.resources)] },
    policy: { loadThreshold5Min: 1 },
  });
  readonly launching = new Set<string>();
  readonly running = new Set<string>();
  readonly launched = new Set<string>();
  /** uuids per run of a task, in the order they were first told. */
  readonly told: string[] = [];
  readonly acknowledged = new Set<string>();
  #seen = 0;
  #boot = 1;
  #epoch = 1;

  constructor() {
    this.bench.register();
    this.observe();
  }

  act(action: Action): void {
    this.#act(action);
    this.observe();
  }

  observe(): void {
    for (const effect of this.bench.effects.slice(this.#seen)) {
      if (effect.kind === "launchContainer") {
        const { containerId } = effect.plan;
        expect(this.launched.has(containerId), "a container is launched once").toBe(false);
        expect(this.bench.records.has(`tasks/${containerId}/spec`), "a launch is on the disk first").toBe(
          true,
        );
        this.launched.add(containerId);
        this.launching.add(containerId);
      }
    }
    for (const { status } of statusUpdates(this.bench.effects.slice(this.#seen))) {
      const uuid = status.uuid ?? "";
      expect(this.acknowledged.has(uuid), "what was acknowledged is not told again").toBe(false);
      if (!this.told.includes(uuid)) this.told.push(uuid);
    }
    this.#seen = this.bench.effects.length;
  }

  #act(action: Action): void {
    const { bench } = this;
    const framework = (index: number): string => `m-000${index}`;
    switch (action.kind) {
      case "run": {
        const id = framework(action.framework);
        const run = aRunTask(`t${action.task}`, {
          framework: { id: { value: id }, checkpoint: action.framework === 0 },
          resources: `cpus:${action.cpus};mem:32;ports:[${31_000 + action.task}-${31_001 + action.task}]`,
        });
        bench.master(action.cpus === 1 ? { ...run, resources: lentOf(run.resources) } : run);
        return;
      }
      case "kill":
        bench.master({
          kind: "killTask",
          frameworkId: framework(action.framework),
          taskId: `t${action.task}`,
          killPolicy: { grace_period: { nanoseconds: action.graceMs * 1e6 } },
        });
        return;
      case "started":
      case "failed":
      case "exited":
        return this.#container(action);
      case "acknowledge": {
        const open = statusUpdates(bench.effects).filter(
          ({ status }) => !this.acknowledged.has(status.uuid ?? ""),
        );
        const chosen = open[action.pick % Math.max(1, open.length)];
        if (chosen === undefined) return;
        const uuid = chosen.status.uuid ?? "";
        const before = bench.records.size;
        bench.master({
          kind: "acknowledge",
          frameworkId: chosen.frameworkId,
          taskId: chosen.status.task_id.value,
          uuid,
        });
        if (bench.records.size < before) this.acknowledged.add(uuid);
        return;
      }
      case "advance":
        bench.advance(action.ms);
        return;
      case "unplug":
        bench.send({ kind: "linkClosed", link: bench.link(), reason: "unplugged" });
        return this.#comeBack();
      case "forgotten":
        bench.master({ kind: "ping", connected: false });
        bench.master({ kind: "reregistered", agentId: "m-S0", pingTimeoutMs: 75_000, reconcile: [] });
        return;
      case "overload":
        bench.send({ kind: "loadMeasured", load: { over5Min: 2, over15Min: 0 } });
        return;
      case "restart":
      case "reboot":
        return this.#restart(action.kind === "reboot");
      case "shutdownFramework":
        bench.master({ kind: "shutdownFramework", frameworkId: framework(action.framework) });
    }
  }

  #container({ kind, pick, status }: Extract<Action, { readonly status: number }>): void {
    const from = [...(kind === "exited" ? this.running : this.launching)];
    const containerId = from[pick % Math.max(1, from.length)];
    if (containerId === undefined) return;
    this.launching.delete(containerId);
    if (kind === "started") {
      this.running.add(containerId);
      this.bench.send({ kind: "containerStarted", containerId, pid: 7 });
    } else if (kind === "failed") {
      this.bench.send({ kind: "containerLaunchFailed", containerId, code: "fetch", message: "no" });
    } else {
      this.running.delete(containerId);
      const exit: ContainerExit =
        status === 0
          ? { kind: "exited", status: 0 }
          : { kind: "signaled", signal: 9, signalName: "SIGKILL", core: false };
      this.bench.exit(containerId, exit);
    }
  }

  #comeBack(): void {
    this.bench.advance(61_000);
    this.#epoch += 1;
    this.bench.greet(this.#epoch);
  }

  #restart(reboot: boolean): void {
    if (reboot) {
      this.#boot += 1;
      this.running.clear();
    }
    const containers: RecoveredContainer[] = [...this.running].map((containerId) => ({
      kind: "running",
      containerId,
      pid: 7,
    }));
    this.launching.clear();
    this.bench.restart({ bootId: `boot-${this.#boot}` });
    this.#seen = 0;
    this.#epoch += 1;
    this.bench.register(containers, this.#epoch);
  }
}

describe("any sequence of events", () => {
  it("keeps the invariants, tells nothing again that was acknowledged, and launches nothing twice", () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 60 }), (actions) => {
        const world = new World();
        // The bench throws when an invariant is broken.
        for (const each of actions) world.act(each);
      }),
      { numRuns: 300 },
    );
  });

  it("ends, once everything ends and is acknowledged, with nothing on the disk but the agent and sandboxes", () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 40 }), (actions) => {
        const world = new World();
        for (const each of actions) world.act(each);
        world.bench.send({ kind: "linkClosed", link: world.bench.link(), reason: "once more" });
        for (const containerId of [...world.launching])
          world.bench.send({ kind: "containerLaunchFailed", containerId, code: "fetch", message: "no" });
        for (const containerId of world.running) world.bench.exit(containerId);
        world.bench.effects = [];
        world.bench.advance(61_000);
        world.bench.greet(99);
        world.bench.acknowledgeAll();
        const left = [...world.bench.records.keys()].filter((key) =>
          /^(tasks|updates|frameworks)\//.test(key),
        );
        expect(left).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("is the same when it happens again", () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 40 }), (actions) => {
        const [one, other] = [new World(), new World()];
        for (const each of actions) {
          one.act(each);
          other.act(each);
        }
        expect(one.bench.core.snapshot()).toEqual(other.bench.core.snapshot());
      }),
      { numRuns: 50 },
    );
  });
});
