export type { Quantities } from "../../allocator/index.ts";
export { denial, type Need, operationNeeds, roleNeeds } from "./authorization.ts";
export type { MasterChange, MasterEffect, Reply, RoleQuota } from "./effects.ts";
export type { AgentOrder, ConnectionId, MasterEvent, QuotaChange } from "./events.ts";
export {
  amountsOf,
  explainOffers,
  judgementsMax,
  type VerdictFacts,
} from "./explain-offers.ts";
export { roleProblem } from "./framework-info.ts";
export { masterInfo } from "./frameworks.ts";
export { machineKey, machineOf } from "./maintenance-state.ts";
export { createMasterCore, type MasterCore, type MasterCoreOptions } from "./master-core.ts";
export { operationToWire } from "./operations/operation-table.ts";
export { defaultMasterPolicy, type MasterPolicy } from "./policy.ts";
export { quotasOf } from "./quota.ts";
export {
  type AgentRecord,
  type AgentStanding,
  type ExecutorRecord,
  type FrameworkRecord,
  holdersOn,
  isActive,
  type OfferRecord,
} from "./records.ts";
export { putEpoch, type Registry, RegistryInvalid, readRegistry } from "./registry.ts";
export type { RemovalRate } from "./removal-pace.ts";
export { type MasterIdentity, MasterState } from "./state.ts";
export { BoundedHistory, firstStatusAt, isTerminal, statusesOf, type TaskRecord } from "./task.ts";
