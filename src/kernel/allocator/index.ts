export { Allocator } from "./allocator.ts";
export { type AgentFacts, type AgentPredicate, readOfferConstraints } from "./offer-constraints.ts";
export { topRoleOf } from "./quota-table.ts";
export {
  type AgentVerdict,
  type AllocatorPolicy,
  type Capability,
  defaultAllocatorPolicy,
  type Explanation,
  type FrameworkDescription,
  type Grant,
  type Holding,
  type MinimumQuantities,
  type Quantities,
  type Quota,
} from "./types.ts";
