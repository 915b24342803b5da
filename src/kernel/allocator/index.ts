export { Allocator } from "./allocator.ts";
export {
  type AllocatorPolicy,
  type Capability,
  defaultAllocatorPolicy,
  type Explanation,
  type FrameworkDescription,
  type Grant,
  type Holding,
  type MinimumQuantities,
} from "./types.ts";
