/** What a launch says of capabilities and system calls, as the shim's spec has it. */
import type { ContainerConfinement } from "../driver.ts";
import { capabilityMask, capabilityNames } from "./capabilities.ts";
import { loadProfile } from "./seccomp/load.ts";
import type { ShimSpec } from "./spec-file.ts";

/** Throws an error with a sentence for what cannot be. `isMighty`: its programs start with all that is not bounded. */
export function confinementOf(
  { boundingCapabilities: bounding, effectiveCapabilities: effective, seccompProfile }: ContainerConfinement,
  isMighty: boolean,
): Pick<ShimSpec, "boundingCapabilities" | "effectiveCapabilities" | "seccompFilter"> {
  const held = effective ?? (isMighty ? (bounding ?? capabilityNames) : []);
  return {
    ...(bounding === undefined ? {} : { boundingCapabilities: capabilityMask(bounding) }),
    ...(effective === undefined ? {} : { effectiveCapabilities: capabilityMask(effective) }),
    ...(seccompProfile === undefined ? {} : { seccompFilter: loadProfile(seccompProfile, new Set(held)) }),
  };
}
