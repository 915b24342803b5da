/** One system under test, its faults, and what must be true of it in the end. */
import { type Disaster, FaultInjector, type FaultPlan } from "./faults.ts";
import { SimNetwork } from "./sim-network.ts";
import type { FaultyNode } from "./sim-node.ts";
import { World } from "./world.ts";

export interface BuiltSystem {
  /** Started in this order, restarted by the injector. */
  readonly nodes: readonly FaultyNode[];
  /** Faults of its own beside those of the plan. */
  readonly disasters?: readonly Disaster[];
  /** What the system still lacks of its desired state; empty when it is reached. */
  missing(): readonly string[];
  /** Load during the faults and after, such as requests of users; called once at the start. */
  drive?(): void;
}

export interface Scenario {
  readonly name: string;
  readonly plan: FaultPlan;
  /** How long faults go on. */
  readonly faultsMs: number;
  /** How long after the last fault it is first asked what is missing. */
  readonly settleMs: number;
  /** How soon after that nothing may be missing. */
  readonly convergeMs: number;
  build(world: World, network: SimNetwork): BuiltSystem;
}

export interface RunResult {
  readonly scenario: string;
  readonly seed: number;
  /** Of every event, effect, frame, write and fault. */
  readonly hash: string;
  readonly steps: number;
  readonly faults: number;
  readonly virtualMs: number;
  /** Empty when all went well. */
  readonly problems: readonly string[];
  /** The newest lines before the end, for a failure. */
  readonly tail: readonly string[];
}

export interface RunOptions {
  readonly print?: ((line: string) => void) | undefined;
}

const tailLines = 30;

/** Runs a scenario once: faults, then calm until nothing is missing. */
export function runScenario(scenario: Scenario, seed: number, options: RunOptions = {}): RunResult {
  const world = new World({ seed, print: options.print });
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
    // What looks reached at the last fault may only be what nobody has noticed yet: it must still be so later.
    world.run({ forMs: scenario.settleMs });
    const isReached = world.run({ forMs: scenario.convergeMs, until: () => system.missing().length === 0 });
    if (!isReached && world.problems.length === 0) {
      const missing = system.missing().slice(0, 5).join("; ");
      world.report(
        `7 convergence: not reached within ${scenario.settleMs + scenario.convergeMs} ms after the last fault: ${missing}`,
      );
    }
  }
  return {
    scenario: scenario.name,
    seed,
    hash: world.trace.digest(),
    steps: world.steps,
    faults: injector.faults,
    virtualMs: world.elapsedMs,
    problems: world.problems,
    tail: world.trace.newest(tailLines),
  };
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
