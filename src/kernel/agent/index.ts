export { AgentCore, type AgentCoreOptions } from "./core/agent-core.ts";
export type { ContainerPlan } from "./core/container-plan.ts";
export type { AgentEffect, AgentEvent } from "./core/events.ts";
export { type AgentFacts, type AgentPolicy, defaultPolicy } from "./core/policy.ts";
