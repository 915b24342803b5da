export { ElectedNode } from "./elected-node.ts";
export { type Disaster, type FaultPlan, roughPlan } from "./faults.ts";
export { LockService } from "./lock-service.ts";
export { type Either, pairCores } from "./paired-core.ts";
export {
  type BuiltSystem,
  type RunResult,
  rerunCommand,
  runScenario,
  runSeed,
  runTwice,
  type Scenario,
} from "./scenario.ts";
export type { CallHandler, CallResult, Connection } from "./sim-connection.ts";
export type { SimDisk } from "./sim-disk.ts";
export { SimNetwork } from "./sim-network.ts";
export {
  type Boot,
  type FaultyNode,
  type MakeProgram,
  onceATurn,
  type Process,
  type Program,
  SimNode,
  type SimNodeOptions,
} from "./sim-node.ts";
export { between, type Invariant, type Scheduled, World, worldStart } from "./world.ts";
