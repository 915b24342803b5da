export type { MasterChange, MasterEffect } from "./effects.ts";
export type { ConnectionId, MasterEvent } from "./events.ts";
export { masterInfo } from "./frameworks.ts";
export { createMasterCore, type MasterCore, type MasterCoreOptions } from "./master-core.ts";
export { defaultMasterPolicy, type MasterPolicy } from "./policy.ts";
export type { AgentRecord, FrameworkRecord, OfferRecord } from "./records.ts";
export { putEpoch, type Registry, RegistryInvalid, readRegistry } from "./registry.ts";
export { type MasterIdentity, MasterState } from "./state.ts";
export { isTerminal, statusesOf, type TaskRecord } from "./task.ts";
