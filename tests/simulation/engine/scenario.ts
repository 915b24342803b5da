/** One system under test, its faults, and what must be true of it in the end. */
import { type Disaster, FaultInjector, type FaultPlan } from "./faults.ts";
import { SimNetwork } from "./sim-network.ts";
import type { FaultyNode } from "./sim-node.ts";
import type { TraceOptions } from "./trace.ts";
import { World } from "./world.ts";

export interface BuiltSystem {
  /** Started in this order, restarted by the injector. */
  readonly nodes: readonly FaultyNode[];
  /** Faults of its own beside those of the plan. */
  readonly disasters?: readonly Disaster[];
  /** How long after the last fault it is first asked what is missing. */
  readonly settleMs: number;
  /** How soon after that nothing may be missing. */
  readonly convergeMs: number;
  /** What the system still lacks of its desired state; empty when it is reached. */
  missing(): readonly string[];
  /** Load during the faults and after, such as requests of users; called once at the start. */
  drive?(): void;
  /** Load while nothing fails and nothing is missing, judged by invariants; after so long nothing may be missing again. */
  readonly calm?: { readonly forMs: number; begin(): void };
}

export interface Scenario {
  readonly name: string;
  readonly plan: FaultPlan;
  /** How long faults go on. */
  readonly faultsMs: number;
  build(world: World, network: SimNetwork): BuiltSystem;
}

export interface RunResult {
  readonly scenario: string;
  readonly seed: number;
  /** Of every event, effect, frame, write and fault; absent when no trace was kept. */
  readonly hash?: string;
  readonly steps: number;
  readonly faults: number;
  readonly virtualMs: number;
  /** Empty when all went well. */
  readonly problems: readonly string[];
  /** The newest lines before the end, for a failure. */
  readonly tail: readonly string[];
}

export type RunOptions = TraceOptions;

const tailLines = 30;
const lookEveryMs = 1_000;

/** Runs a scenario once: faults, then calm until nothing is missing. */
export function runScenario(scenario: Scenario, seed: number, options: RunOptions = {}): RunResult {
  const world = new World({ seed, ...options });
  const network = new SimNetwork(world);
  const system = scenario.build(world, network);
  const injector = new FaultInjector(network, system.nodes, scenario.plan, system.disasters);
  for (const node of system.nodes) node.start();
  system.drive?.();
  injector.supervise();
  injector.start();
  world.run({ forMs: scenario.faultsMs });
  if (world.problems.length === 0) {
    injector.stop();
    converge(world, system);
  }
  return {
    scenario: scenario.name,
    seed,
    ...(options.isKept === false ? {} : { hash: world.trace.digest() }),
    steps: world.steps,
    faults: injector.faults,
    virtualMs: world.elapsedMs,
    problems: world.problems,
    tail: world.trace.newest(tailLines),
  };
}

function converge(world: World, system: BuiltSystem): void {
  const { settleMs, convergeMs, calm } = system;
  const expectReached = (isReached: boolean, when: string): void => {
    if (isReached || world.problems.length > 0) return;
    world.report(`7 convergence: not reached ${when}: ${system.missing().slice(0, 5).join("; ")}`);
  };
  const isReached = (): boolean => system.missing().length === 0;
  // Looking at everything after every step would take longer than the steps.
  let lookAt = 0;
  const isSeenReached = (): boolean => {
    if (world.now < lookAt) return false;
    lookAt = world.now + lookEveryMs;
    return isReached();
  };
  // What looks reached at the last fault may only be what nobody has noticed yet: it must still be so later.
  world.run({ forMs: settleMs });
  expectReached(
    world.run({ forMs: convergeMs, until: isSeenReached }),
    `within ${settleMs + convergeMs} ms after the last fault`,
  );
  if (calm === undefined || world.problems.length > 0) return;
  calm.begin();
  world.run({ forMs: calm.forMs });
  expectReached(isReached(), "after calm load");
}

/** What is not deterministic shows in any seed: of so many one runs twice. */
const twiceEvery = 5;

/** Runs a seed as a suite does: without a trace unless it runs twice, or again because something was wrong. */
export function runSeed(scenario: Scenario, seed: number): RunResult {
  if (seed % twiceEvery === 1) return runTwice(scenario, seed);
  const result = runScenario(scenario, seed, { isKept: false });
  return result.problems.length === 0 ? result : runTwice(scenario, seed);
}

/** Runs a seed twice; a trace that differs is a problem of its own. */
export function runTwice(scenario: Scenario, seed: number): RunResult {
  const first = runScenario(scenario, seed);
  const second = runScenario(scenario, seed);
  if (first.hash === second.hash) return first;
  const problem = `not deterministic: trace ${first.hash} in one run and ${second.hash} in the next`;
  return { ...first, problems: [...first.problems, problem] };
}

/** The line that repeats a run exactly; `by` is the option that names such a scenario. */
export function rerunCommand(result: RunResult, by: "scenario" | "plant" = "scenario"): string {
  return `npm run simulate -- --${by} ${result.scenario} --seed ${result.seed} --verbose`;
}
